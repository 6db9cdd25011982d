"""What components share: the spool, the clock and the component configuration."""
