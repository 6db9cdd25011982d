"""Time zones by name, also where the machine has no data of them: then from the bundled library pytz."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_PROBE = "Asia/Seoul"


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Return whether `name` is a time zone that can be reckoned with."""
    use_bundled_data()
    return _is_known(name)


@lru_cache(maxsize=1)
def use_bundled_data() -> None:
    """Have `zoneinfo` read pytz's files where the machine has none, as small container images do."""
    spec = None if _is_known(_PROBE) else find_spec("pytz")
    if spec is not None and spec.origin is not None:
        zoneinfo.reset_tzpath([str(Path(spec.origin).parent / "zoneinfo")])


def _is_known(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Also a folder of the time-zone files, such as "Asia".
        return False
    return True
