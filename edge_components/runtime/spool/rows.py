"""A record as a row of the spool file and back."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from contract.columns import Column, ColumnType
from contract.identity import check_identifier, stream_name
from contract.records import Record, RecordError, StoredRecord, Value, check_record
from contract.tables import TABLES

ROW_OVERHEAD_BYTES = 45
"""What a row takes beside its payload: its other columns, the index entry and their headers (measured)."""

# JSON escapes control characters and the contract refuses lone surrogates; these two are left, and SQS
# refuses a message that holds one.
_UNSENDABLE = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class SpooledRow:
    """A waiting record and the row id to acknowledge it by; `again`: an earlier read returned it as well."""

    row_id: int
    stored: StoredRecord
    again: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class PreparedRow:
    """A checked record, ready to be stored once its sequence is known."""

    record: Record
    stream: str
    priority: int
    shape: str
    payload: bytes


def row_bytes(payload: bytes) -> int:
    """Return what a row counts against the spool's bound."""
    return len(payload) + ROW_OVERHEAD_BYTES


def checksum(  # noqa: PLR0917 - called for each row
    epoch: str, shape: str, sequence: int, event_time_ms: int, clock_quality: str, payload: bytes
) -> int:
    """Return a signed 32-bit sum (CRC-32) over all that makes the row: damage must not pass for a count."""
    row = f"{sequence} {event_time_ms} {clock_quality} ".encode()
    return zlib.crc32(payload, zlib.crc32(row, _checksum_of_head(epoch, shape))) - 2**31


@lru_cache(maxsize=256)
def _checksum_of_head(epoch: str, shape: str) -> int:
    return zlib.crc32(f"{epoch} {shape}".encode())


def prepare(record: Record) -> PreparedRow:
    """Check `record` and encode it; real numbers keep the decimals they will be sent with.

    Raises `RecordError` (or `InvalidNameError` for the camera) when it could not be sent.
    """
    check_record(record)
    if record.camera is not None:
        _check_camera(record.camera)
    table = TABLES[record.table]
    values = [_stored_value(column, record.values.get(column.name)) for column in table.own_columns]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    shape = _shape(table.name, record.camera, record.scene_version, record.time_zone)
    for part in (text, shape):
        found = _UNSENDABLE.search(part)
        if found:
            raise RecordError(f"a text of {table.name} holds {found[0]!r}: expected characters SQS can carry")
    return PreparedRow(
        record, stream_name(record.camera, table.name), table.priority, shape, text.encode("utf-8")
    )


@lru_cache(maxsize=256)
def _check_camera(camera: str) -> None:
    check_identifier("camera", camera)


def _stored_value(column: Column, value: Value) -> Value:
    if column.type is ColumnType.REAL and value is not None:
        return round(float(value), column.decimals)
    return value


@lru_cache(maxsize=256)
def _shape(table: str, camera: str | None, scene_version: str | None, time_zone: str | None) -> str:
    names = [column.name for column in TABLES[table].own_columns]
    return json.dumps([table, camera, scene_version, time_zone, names], ensure_ascii=False)


@dataclass(frozen=True)
class Shape:
    """What the rows of one shape share."""

    table: str
    camera: str | None
    scene_version: str | None
    time_zone: str | None
    names: Sequence[str]


@lru_cache(maxsize=256)
def parse_shape(text: str) -> Shape:
    """Return the shape in `text`, as `prepare` wrote it."""
    return Shape(*json.loads(text))


def decode_row(
    shape: Shape, payload: bytes, *, event_time_ms: int, clock_quality: str, epoch: str, sequence: int
) -> StoredRecord:
    """Return the record of a row."""
    values = dict(zip(shape.names, json.loads(payload), strict=True))
    record = Record(
        shape.table,
        shape.camera,
        shape.scene_version,
        shape.time_zone,
        event_time_ms,
        clock_quality,
        values,
    )
    return StoredRecord(record, epoch, stream_name(shape.camera, shape.table), sequence)
