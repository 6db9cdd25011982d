"""Athena on one machine: its API over DuckDB, restricted to what means the same in both."""
