"""Tells how a device is: reads what the system knows of itself, keeps it at hand and sends it as records."""
