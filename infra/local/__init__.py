"""The same cloud on one machine: MiniStack, MariaDB, the event-source poller, Athena over DuckDB."""
