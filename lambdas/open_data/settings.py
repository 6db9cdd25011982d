"""What `open_data` is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.shared.settings import SettingError

DEFAULT_LARGEST_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class OpenDataSettings:
    """Where the rows go, and the largest file that is taken: it lies on the disk while it is read."""

    lake_bucket: str
    largest_bytes: int = DEFAULT_LARGEST_BYTES


def open_data_settings(environment: Mapping[str, str] = os.environ) -> OpenDataSettings:
    """Return the settings of `open_data`; raises `SettingError`."""
    bucket = environment.get("LAKE_BUCKET", "").strip()
    if not bucket:
        raise SettingError("LAKE_BUCKET is not set: expected a value in the environment")
    largest = environment.get("OPEN_DATA_LARGEST_BYTES") or str(DEFAULT_LARGEST_BYTES)
    if not largest.isascii() or not largest.isdigit() or int(largest) < 1:
        raise SettingError(f"OPEN_DATA_LARGEST_BYTES is {largest!r}: expected a whole number above 0")
    return OpenDataSettings(bucket, int(largest))
