"""What a deployment asks of MySQL: reads the master's secret and has `migrations` do the work."""
