"""Where a device finds its own things in the artifacts bucket; each prefix is spelled here alone."""

from __future__ import annotations

SCENES_PREFIX = "scenes/"
MODELS_PREFIX = "models/"


def scenes_prefix(device: str) -> str:
    """Return the prefix that holds the scenes of the cameras of `device`, and that no other may read."""
    return f"{SCENES_PREFIX}{device}/"
