"""Messages in quarantine: found, shown, and sent back to the queues they came from."""
