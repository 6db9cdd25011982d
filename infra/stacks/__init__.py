"""Stacks: composition and grants."""
