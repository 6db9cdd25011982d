"""Time zones by name, as `lambdas.shared.time_zones` knows them for every function."""

from __future__ import annotations

from lambdas.shared.time_zones import is_time_zone

__all__ = ["is_time_zone"]
