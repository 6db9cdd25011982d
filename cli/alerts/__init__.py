"""What `crowdlens alerts` does: rules, subscriptions and a test."""
