"""Damaged files that were set aside: found beside the spool, and declared exactly once.

A name is noted as declared in the transaction that stores its gaps and ledger rows, so a crash or a full disk
between setting a file aside and declaring it only puts the declaration off to the next opening.
"""

from __future__ import annotations

import re
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool.drops import note_damage
from edge_components.runtime.spool.ledger import carry_over
from edge_components.runtime.spool.salvage import DECLARED_PREFIX, LostCount, Salvage, salvage

LOG_SUFFIX = "-wal"
SUFFIXES = ("", LOG_SUFFIX, "-shm")
"""Parts of a spool file, in the order they are set aside: without its main file a log cannot be misread."""


@dataclass(frozen=True)
class SetAside:
    """A damaged file: where it lies now, and what its ledger still told about the records in it."""

    path: Path
    counts: list[LostCount]


def new_name(path: Path) -> Path:
    """Return where the damaged file at `path` goes."""
    return path.with_name(f"{path.name}.damaged-{time.time_ns()}")


def set_aside_files(path: Path) -> list[Path]:
    """Return the damaged files that were set aside from `path`, the oldest first."""
    form = re.compile(rf"({re.escape(path.name)}\.damaged-\d+)({LOG_SUFFIX})?")
    matches = [form.fullmatch(other.name) for other in path.parent.iterdir()]
    names = {match[1] for match in matches if match}
    return [path.with_name(name) for name in sorted(names, key=lambda name: int(name.rpartition("-")[2]))]


def declare(connection: sqlite3.Connection, path: Path, clock: DeviceClock) -> tuple[SetAside, ...]:
    """Take what lies set aside and undeclared into the ledger and the gaps; return it.

    What a newer damaged file had declared, as far as it can be read, is in its own ledger already.
    """
    known = {
        str(name).removeprefix(DECLARED_PREFIX)
        for (name,) in connection.execute(
            "SELECT name FROM properties WHERE name GLOB ?", (f"{DECLARED_PREFIX}*",)
        )
    }
    found = {file: salvage(file) for file in set_aside_files(path) if file.name not in known}
    known = known.union(*(told.declared for told in found.values()))
    declared: list[SetAside] = []
    for file, told in found.items():
        if file.name not in known:
            _declare_one(connection, told, clock)
            declared.append(SetAside(file, told.counts))
        connection.execute(
            "INSERT INTO properties (name, value) VALUES (?, ?)",
            (DECLARED_PREFIX + file.name, str(clock.now_ms())),
        )
    return tuple(declared)


def _declare_one(connection: sqlite3.Connection, told: Salvage, clock: DeviceClock) -> None:
    now_ms = clock.now_ms()
    carry_over(connection, told.counts, now_ms=now_ms)
    note_damage(connection, told.counts, complete=told.complete, now_ms=now_ms, clock_quality=clock.quality)
