"""From the ranges noted in the `drops` table to `gaps` records, and back when such a record is dropped.

A full spool drops its own `gaps` records in the end, too. What they declared is then noted again, so that the
next declaration names it: a drop is forgotten by nobody until the queue has accepted a record that says so.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from contract.errors import CrowdLensError
from contract.records import Record
from contract.tables import GAPS
from edge_components.runtime.spool.rows import parse_shape, prepare

_NOTE = """
    INSERT INTO drops (camera, scene_version, time_zone, clock_quality, reason, stream, epoch,
        first_sequence, last_sequence, records, start_ms, end_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_TAKE = """
    DELETE FROM drops RETURNING camera, scene_version, time_zone, clock_quality, reason, stream, epoch,
        first_sequence, last_sequence, records, start_ms, end_ms"""
_PAYLOADS = """
    SELECT shape, clock_quality, payload FROM records JOIN shapes USING (shape_id)
    WHERE row_id IN (SELECT value FROM json_each(?))"""
_NAMES = (
    "reason",
    "gap_stream",
    "gap_epoch",
    "first_sequence",
    "last_sequence",
    "records",
    "gap_start",
    "gap_end",
)
_Noted = tuple[Any, ...]


def is_gap(shape: str) -> bool:
    """Return whether rows of `shape` are `gaps` records."""
    return parse_shape(shape).table == GAPS.name


def note(connection: sqlite3.Connection, noted: tuple[Any, ...]) -> None:
    """Note what is missing, to be declared later.

    In order: camera, scene version, time zone, clock quality, reason, stream, epoch, first and last sequence,
    records, start and end (ms).
    """
    connection.execute(_NOTE, noted)


def note_carried(connection: sqlite3.Connection, rows: Iterable[_Noted]) -> bool:
    """Note what a damaged file had noted and not declared; return whether all of it made sense."""
    sound = True
    for row in rows:
        try:
            prepare(_gap(row))
        except (CrowdLensError, TypeError, ValueError):
            sound = False
        else:
            note(connection, row)
    return sound


def note_again(connection: sqlite3.Connection, row_ids: Iterable[int]) -> None:
    """Note what the `gaps` records with `row_ids`, which are about to be dropped, declare."""
    found = connection.execute(_PAYLOADS, (json.dumps(list(row_ids)),)).fetchall()
    connection.executemany(_NOTE, [_noted(*row) for row in found])


def _noted(shape_text: str, clock_quality: str, payload: bytes) -> _Noted:
    shape = parse_shape(shape_text)
    values = dict(zip(shape.names, json.loads(payload), strict=True))
    known = (shape.camera, shape.scene_version, shape.time_zone, clock_quality)
    return (*known, *(values[name] for name in _NAMES))


def take_gaps(connection: sqlite3.Connection) -> list[Record]:
    """Close all noted ranges and return the `gaps` records that declare them, one for ranges that touch."""
    return [_gap(noted) for noted in _joined(connection.execute(_TAKE).fetchall())]


def _joined(rows: Iterable[_Noted]) -> list[_Noted]:
    joined: list[_Noted] = []
    for row in sorted(rows, key=_order):
        before = joined[-1] if joined else None
        if before is not None and _touch(before, row):
            records, start_ms, end_ms = before[9] + row[9], min(before[10], row[10]), max(before[11], row[11])
            joined[-1] = (*before[:8], row[8], records, start_ms, end_ms)
        else:
            joined.append(row)
    return joined


def _order(row: _Noted) -> tuple[Any, ...]:
    # Silences have no range: they come last, by time.
    return (row[7] is None, *(part or "" for part in row[3:7]), row[7] or 0, row[10])


def _touch(before: _Noted, row: _Noted) -> bool:
    """Return whether `row` goes on where `before` ends: same quality, reason, stream and epoch."""
    if before[3:7] != row[3:7] or before[8] is None:
        return False
    complete = before[9] == before[8] - before[7] + 1 and row[9] == row[8] - row[7] + 1
    return complete and bool(row[7] == before[8] + 1)


def _gap(noted: _Noted) -> Record:
    camera, scene_version, time_zone, clock_quality, *values = noted
    named = dict(zip(_NAMES, values, strict=True))
    return Record(GAPS.name, camera, scene_version, time_zone, named["gap_start"], clock_quality, named)
