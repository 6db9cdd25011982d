"""Numbered SQL files, applied once and recorded."""
