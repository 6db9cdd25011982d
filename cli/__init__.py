"""The `crowdlens` command."""
