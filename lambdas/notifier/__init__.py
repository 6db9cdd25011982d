"""Alerts → people: what devices and the reconciler tell becomes few, clear messages through SNS."""
