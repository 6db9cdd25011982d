"""Time zones by name, also where the machine has no data of them, as small container images have not.

The data then come with `dateutil`, which boto3 needs and so every runtime with boto3 has.
"""

from __future__ import annotations

import tarfile
import tempfile
import zoneinfo
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_PROBE = "Asia/Seoul"
_ARCHIVE = Path("zoneinfo") / "dateutil-zoneinfo.tar.gz"


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Return whether `name` is a time zone that can be reckoned with."""
    use_other_data()
    return _is_known(name)


@lru_cache(maxsize=1)
def use_other_data() -> None:
    """Have `zoneinfo` read dateutil's files where the machine has none."""
    spec = None if _is_known(_PROBE) else find_spec("dateutil")
    if spec is None or spec.origin is None:
        return
    archive = Path(spec.origin).parent / _ARCHIVE
    if archive.is_file():
        # `zoneinfo` looks for files; the folder lives as long as the process's machine.
        folder = tempfile.mkdtemp(prefix="zoneinfo-")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        zoneinfo.reset_tzpath([folder])


def _is_known(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Also a folder of the time-zone files, such as "Asia".
        return False
    return True
