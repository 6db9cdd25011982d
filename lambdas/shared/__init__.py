"""What functions share: settings, lake schemas, MySQL connections, event parsing."""
