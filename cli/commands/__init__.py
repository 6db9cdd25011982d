"""One module a subcommand: its arguments, and a thin call of the code that does the work."""
