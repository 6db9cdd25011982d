"""What the compactor is invoked with: nothing, for all there is to do, or one piece."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from contract.errors import CrowdLensError
from contract.tables import TABLES
from lambdas.compactor.compactor import Piece


class EventError(CrowdLensError):
    """Raised when an event names no piece; the text says which field is wrong."""


def piece_of(event: Mapping[str, Any]) -> Piece | None:
    """Return the piece ``{"table": …, "day": …, "bucket": …}``, None for any other event of a schedule.

    ``bucket`` may be left out. Raises `EventError` when only a part of it is there.
    """
    if not {"table", "day", "bucket"} & set(event):
        return None
    table, day, bucket = event.get("table"), event.get("day"), event.get("bucket")
    if table not in TABLES:
        raise EventError(f"table is {table!r}: expected one of {', '.join(TABLES)}")
    if not isinstance(day, str) or not _is_day(day):
        raise EventError(f"day is {day!r}: expected a UTC day, YYYY-MM-DD")
    if bucket is not None and (isinstance(bucket, bool) or not isinstance(bucket, int) or bucket < 0):
        raise EventError(f"bucket is {bucket!r}: expected a number from 0, or none")
    return Piece(table, day, bucket)


def event_of(piece: Piece) -> dict[str, Any]:
    """Return the event that asks for `piece`."""
    event: dict[str, Any] = {"table": piece.table, "day": piece.day}
    return event if piece.bucket is None else {**event, "bucket": piece.bucket}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
