"""QuickSight as code: data sets, theme, dashboards as small builders, and the same drawn offline."""
