"""Open data: a file as a municipality publishes it becomes typed parquet, a quarantine and a report."""
