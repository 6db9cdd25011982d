"""What the end of a stage takes, and what outlives it."""
