"""One module per dashboard; each returns its whole QuickSight definition."""
