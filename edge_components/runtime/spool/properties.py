"""What a spool file remembers about itself: whose it is, and how much it may hold."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge_components.runtime.spool.errors import SpoolError

DEFAULT_MAXIMUM_BYTES = 2 * 1024**3
"""Holds seven days of at least one very busy camera: the package's docstring does the arithmetic."""


def check_device(connection: sqlite3.Connection, path: Path, device: str) -> None:
    """Take the file for `device` when it is nobody's; raises `SpoolError` when it is another's."""
    connection.execute(
        "INSERT INTO properties (name, value) VALUES ('device', ?) ON CONFLICT (name) DO NOTHING", (device,)
    )
    owner = connection.execute("SELECT value FROM properties WHERE name = 'device'").fetchone()[0]
    if owner != device:
        raise SpoolError(
            f"spool {path} belongs to device {owner!r}: expected it to be opened as that, "
            f"not as {device!r}; give another spool path"
        )


def set_bound(connection: sqlite3.Connection, maximum_bytes: int | None) -> None:
    """Keep the bound in the file: a publisher that does not know it must not drop by another."""
    connection.execute(
        "INSERT INTO properties (name, value) VALUES ('maximum_bytes', ?) ON CONFLICT (name) DO UPDATE "
        "SET value = coalesce(?, value)",
        (str(maximum_bytes or DEFAULT_MAXIMUM_BYTES), maximum_bytes and str(maximum_bytes)),
    )


def bound(connection: sqlite3.Connection) -> int:
    """Return how many bytes may wait."""
    row = connection.execute("SELECT value FROM properties WHERE name = 'maximum_bytes'").fetchone()
    return int(row[0])
