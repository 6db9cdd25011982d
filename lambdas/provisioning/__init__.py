"""Decides which device may provision itself, before AWS IoT makes it a thing."""
