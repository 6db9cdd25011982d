"""Brings a scene to the devices that shall count by it, and back: `crowdlens scene push|rollback|status`."""
