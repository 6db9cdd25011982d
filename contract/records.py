"""Records: one row of one table, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.identity import record_id
from contract.tables import CLOCK_QUALITIES, TABLES

Value = str | int | float | bool | None

TIMESTAMP_MAXIMUM_MILLISECONDS = 4_102_444_800_000
"""2100-01-01: a later time is a broken clock, not a record."""
INTEGER_LIMIT = 2**63


class RecordError(CrowdLensError):
    """Raised when a record does not fit its table."""


@dataclass(frozen=True)
class Record:
    """One row as its component makes it.

    `values` holds the table's own columns by name; a nullable column may be left out. `event_time_ms` is
    in milliseconds since 1970 UTC. `camera`, `scene_version` and `time_zone` are None for records about the
    device; the other records carry their site's time zone, so that local days need no look-up.
    """

    table: str
    camera: str | None
    scene_version: str | None
    time_zone: str | None
    event_time_ms: int
    clock_quality: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class StoredRecord:
    """A record with the identity the spool gave it in the transaction that stored it."""

    record: Record
    epoch: str
    stream: str
    sequence: int

    def record_id(self, device: str) -> str:
        """Return the record's id on `device`."""
        return record_id(device, self.epoch, self.stream, self.sequence)


def check_value(column: Column, value: object, field: str) -> None:
    """Raise `RecordError` when `value` does not fit `column`; `field` names it in the sentence."""
    if value is None:
        if not column.nullable:
            raise RecordError(f"{field} is missing: expected {column.type.value}")
        return
    problem = _problem(column, value)
    if problem:
        raise RecordError(f"{field} is {_shown(value)}: expected {problem}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _problem(column: Column, value: object) -> str | None:
    if column.type is ColumnType.TEXT:
        if not isinstance(value, str) or len(value) > column.maximum_length:
            return f"text of at most {column.maximum_length} characters"
        return None if _is_unicode(value) else "text that can be written as UTF-8"
    if column.type is ColumnType.BOOLEAN:
        return None if isinstance(value, bool) else "true or false"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"a number ({column.type.value})"
    if column.type is ColumnType.REAL:
        return None if _is_finite(value) else "a finite number"
    if not isinstance(value, int):
        return "a whole number"
    if column.type is ColumnType.TIMESTAMP:
        fits = 0 <= value <= TIMESTAMP_MAXIMUM_MILLISECONDS
        return None if fits else "milliseconds between 1970 and 2100 UTC"
    return None if -INTEGER_LIMIT <= value < INTEGER_LIMIT else "a 64-bit whole number"


def _is_unicode(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which is no character.
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond double precision
        return False


def check_record(record: Record) -> None:
    """Raise `RecordError` when the record does not fit its table; a bad record is refused at birth."""
    table = TABLES.get(record.table)
    if table is None:
        raise RecordError(f"table is {record.table!r}: expected one of {', '.join(TABLES)}")
    if record.clock_quality not in CLOCK_QUALITIES:
        raise RecordError(
            f"{table.name}.clock_quality is {record.clock_quality!r}: expected one of "
            f"{', '.join(CLOCK_QUALITIES)}"
        )
    check_value(table.column("event_time"), record.event_time_ms, f"{table.name}.event_time")
    check_value(table.column("camera"), record.camera, f"{table.name}.camera")
    check_value(table.column("scene_version"), record.scene_version, f"{table.name}.scene_version")
    check_value(table.column("time_zone"), record.time_zone, f"{table.name}.time_zone")
    unknown = set(record.values) - {column.name for column in table.own_columns}
    if unknown:
        raise RecordError(f"{table.name}.{min(unknown)} is not a column of the table")
    for column in table.own_columns:
        check_value(column, record.values.get(column.name), f"{table.name}.{column.name}")
