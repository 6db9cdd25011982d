"""A scene for a camera nobody has drawn one for: the whole frame, and a line across its middle."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import available_timezones

from contract.scene import Scene, parse_scene

SITE = "local"
CAMERA = "camera-1"
ZONE = "frame"
LINE = "middle"
_LOCAL_TIME = Path("/etc/localtime")


def default_scene(width: int, height: int, labels: tuple[str, ...]) -> Scene:
    """Return a scene of `width` x `height` pixels that counts persons, or every class when there are none.

    The line runs from top to bottom, so left to right counts as "in".
    """
    return parse_scene(
        {
            "site": SITE,
            "time_zone": system_time_zone(),
            "camera": CAMERA,
            "frame": {"width": width, "height": height},
            "zones": [{"name": ZONE, "polygon": [[0, 0], [width, 0], [width, height], [0, height]]}],
            "lines": [{"name": LINE, "points": [[width / 2, 0], [width / 2, height]]}],
            "classes": ["person"] if "person" in labels else list(labels),
        }
    )


def system_time_zone(local_time: Path = _LOCAL_TIME) -> str:
    """Return this machine's time zone, ``UTC`` when it has none."""
    parts = local_time.resolve().parts
    for start in range(len(parts) - 1, 0, -1):
        name = "/".join(parts[start:])
        if name in available_timezones():
            # The longest name that fits is the zone's own: Asia/Seoul rather than Seoul.
            longer = "/".join(parts[start - 1 :])
            return longer if longer in available_timezones() else name
    return "UTC"
