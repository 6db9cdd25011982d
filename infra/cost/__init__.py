"""What a fleet of cameras asks of AWS and what that costs: figures, limits, a simulation."""
