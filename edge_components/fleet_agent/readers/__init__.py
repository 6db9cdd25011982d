"""Readers: each asks the machine one thing, by a common shape, and says what it cannot tell."""
