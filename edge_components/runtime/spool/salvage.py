"""What a damaged spool file can still tell about the records it held."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from contract.columns import NAME_MAXIMUM_LENGTH
from contract.errors import DiskFullError
from contract.identity import DEVICE_STREAM_CAMERA, is_epoch
from edge_components.runtime.spool.errors import SpoolBusyError, translated

DECLARED_PREFIX = "set_aside:"
"""Begins the name of the property that says which damaged file was declared."""
_LEDGER = (
    "SELECT epoch, stream, day, made, acknowledged, dropped, first_sequence, ledger.last_sequence "
    "FROM ledger JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) "
    "ORDER BY epoch_id, stream_id, day"
)
_NOTED = (
    "SELECT camera, scene_version, time_zone, clock_quality, reason, stream, epoch, "
    "first_sequence, last_sequence, records, start_ms, end_ms FROM drops"
)
_STREAM = re.compile(rf"({DEVICE_STREAM_CAMERA}|[A-Za-z0-9][A-Za-z0-9_-]*)/[a-z_]+")
_STREAM_MAXIMUM_LENGTH = NAME_MAXIMUM_LENGTH + 32


@dataclass(frozen=True)
class LostCount:
    """One ledger row of a damaged file: what an epoch and stream made on a UTC day and what of it waited."""

    epoch: str
    stream: str
    day: str
    made: int
    acknowledged: int
    dropped: int
    first_sequence: int
    last_sequence: int

    @property
    def lost(self) -> int:
        """Records that still waited in the file."""
        return self.made - self.acknowledged - self.dropped


@dataclass(frozen=True)
class Salvage:
    """What was read of a damaged file.

    `complete` is False where the ledger could not be read, or not all of it: then more may be missing.
    `noted` is what it had dropped and not yet declared, in the order of `gap_records.note`; `epochs` are
    those it numbered under; `maximum_bytes` is its bound; `declared` names the damaged files that this one
    had declared.
    """

    counts: list[LostCount] = field(default_factory=list)
    noted: list[tuple[Any, ...]] = field(default_factory=list)
    epochs: frozenset[str] = frozenset()
    maximum_bytes: int | None = None
    complete: bool = False
    declared: frozenset[str] = frozenset()


def salvage(path: Path) -> Salvage:
    """Return what the damaged file at `path` still tells; nothing where it cannot be read.

    Raises `DiskFullError` and `SpoolBusyError`, which pass: what they hide must not be taken for lost.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return Salvage()  # SQLite would make a file here, or delete the log of an empty one.
    rows = _rows(path, _LEDGER)
    names = _rows(path, f"SELECT name FROM properties WHERE name GLOB '{DECLARED_PREFIX}*'")  # noqa: S608 - ours
    declared = frozenset(name.removeprefix(DECLARED_PREFIX) for (name,) in names or [])
    noted = _rows(path, _NOTED)
    counts = [LostCount(*row) for row in rows or [] if _is_sound(row)]
    named = {epoch for (epoch,) in _rows(path, "SELECT epoch FROM epochs") or []}
    return Salvage(
        counts,
        noted or [],
        frozenset(epoch for epoch in named if isinstance(epoch, str) and is_epoch(epoch)),
        _bound(path),
        complete=rows is not None and noted is not None and len(counts) == len(rows),
        declared=declared,
    )


def _rows(path: Path, query: str) -> list[tuple[Any, ...]] | None:
    try:
        with translated(path):
            connection = sqlite3.connect(path, timeout=1.0)
            try:
                return connection.execute(query).fetchall()
            finally:
                connection.close()
    except (DiskFullError, SpoolBusyError):
        raise
    except Exception:  # noqa: BLE001 - bytes of any kind may stand in a damaged file
        return None


def _bound(path: Path) -> int | None:
    for (value,) in _rows(path, "SELECT value FROM properties WHERE name = 'maximum_bytes'") or []:
        if isinstance(value, str) and value.isdecimal() and len(value) < 16:
            return int(value)
    return None


def is_stream(name: object) -> TypeGuard[str]:
    """Return whether `name` has the form of a stream's."""
    return isinstance(name, str) and bool(_STREAM.fullmatch(name)) and len(name) <= _STREAM_MAXIMUM_LENGTH


def _is_sound(row: Sequence[object]) -> bool:
    """Return whether the row can be declared: its bytes may be anybody's."""
    epoch, stream, day, *numbers = row
    if not (isinstance(epoch, str) and is_epoch(epoch) and is_stream(stream) and isinstance(day, str)):
        return False
    return _is_day(day) and _add_up(numbers)


def _is_day(text: str) -> bool:
    try:
        return datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d") == text  # noqa: DTZ007 - a day only
    except ValueError:
        return False


def _add_up(numbers: list[object]) -> bool:
    whole = [number for number in numbers if isinstance(number, int) and number >= 0]
    if len(whole) != len(numbers):
        return False
    made, acknowledged, dropped, first_sequence, last_sequence = whole
    return made >= acknowledged + dropped and 1 <= first_sequence <= last_sequence
