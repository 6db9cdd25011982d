"""`crowdlens demo`: the whole system on one machine, from a camera to the dashboard page."""
