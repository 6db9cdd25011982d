"""The message that travels from a device to the cloud: a header and columnar blocks, as JSON text.

::

    {"crowdlens": 1, "site": "seoul-1", "device": "jetson-7", "blocks": [
        {"table": "zone_counts", "camera": "plaza-1", "epoch": "9f0c…", "stream": "plaza-1/zone_counts",
         "rows": 2, "columns": {"sequence": {"b": 41, "s": 1}, "zone": ["hall", "door"], …}}]}

SQS bills by 64 KiB steps and takes text only, so a body stays below `MAXIMUM_BODY_BYTES`, plain JSON that a
person can read in a queue browser. A newer device's unknown header fields, tables' unknown columns and
unknown tables are ignored or reported, never guessed; a missing column is null when it may be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from contract.columns import Column
from contract.encoding import DictionaryValues, decode_column, encode_column, expand
from contract.errors import CrowdLensError
from contract.identity import record_id
from contract.outline import (
    MAXIMUM_ROWS_PER_MESSAGE,
    EncodedBlock,
    MessageError,
    parse_json,
    read_blocks,
    read_header,
)
from contract.records import Record, StoredRecord, Value
from contract.tables import CLOCK_QUALITIES, SCHEMA_VERSION, TABLES, Table

__all__ = [
    "MAXIMUM_BODY_BYTES",
    "MAXIMUM_ROWS_PER_MESSAGE",
    "Block",
    "Message",
    "MessageError",
    "MessageTooLargeError",
    "PackedMessage",
    "decode_message",
    "encode_message",
    "pack_messages",
    "record_ids",
    "stored_records",
]

MAXIMUM_BODY_BYTES = 60 * 1024
"""Leaves 4 KiB of SQS's 64 KiB billing step for attributes."""


class MessageTooLargeError(CrowdLensError):
    """Raised when a single record does not fit into a message."""


@dataclass(frozen=True)
class Block:
    """Rows of one table from one stream, column by column.

    `columns` maps each row column of the table to its values (`rows` of them).
    """

    table: Table
    camera: str | None
    epoch: str
    stream: str
    rows: int
    columns: dict[str, list[Value] | DictionaryValues]


@dataclass(frozen=True)
class Message:
    """A message as the cloud reads it. `unknown_tables` maps a newer device's tables to their row counts."""

    schema_version: int
    site: str
    device: str
    blocks: list[Block]
    unknown_tables: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of rows in all readable blocks."""
        return sum(block.rows for block in self.blocks)


@dataclass(frozen=True)
class PackedMessage:
    """A body ready to send, and the records in it."""

    body: str
    records: Sequence[StoredRecord]


_PROBED_RECORDS = 128
"""So many are encoded to learn how large they are; all that wait may be a hundred times what fits."""
_PROBES = 3
_FULL = 0.85


def pack_messages(
    site: str, device: str, records: Sequence[StoredRecord], *, maximum_bytes: int = MAXIMUM_BODY_BYTES
) -> list[PackedMessage]:
    """Return as few messages as hold `records`, in order, each body at most `maximum_bytes` of UTF-8.

    Raises `MessageTooLargeError` when one record alone is larger.
    """
    messages: list[PackedMessage] = []
    rest = list(records)
    size_of_chunk = min(len(rest), _PROBED_RECORDS)
    probes = _PROBES if size_of_chunk < len(rest) else 0
    while rest:
        chunk = rest[:size_of_chunk]
        body = encode_message(site, device, chunk)
        size = len(body.encode())
        likely = max(1, min(len(rest), int(len(chunk) * maximum_bytes / size * 0.95)))
        if probes and size < _FULL * maximum_bytes and likely > len(chunk):
            # It only tells how large records are, many together less than a few: a message is to be full.
            probes, size_of_chunk = probes - 1, likely
        elif size <= maximum_bytes:
            messages.append(PackedMessage(body, chunk))
            rest = rest[len(chunk) :]
            # What fitted once is a good guess for what is left.
            size_of_chunk = min(max(1, len(rest)), likely)
        elif len(chunk) == 1:
            raise MessageTooLargeError(
                f"a record of {chunk[0].stream} takes {size} bytes: expected at most {maximum_bytes}"
            )
        else:
            size_of_chunk = min(len(chunk) - 1, likely)
    return messages


def encode_message(site: str, device: str, records: Sequence[StoredRecord]) -> str:
    """Return the body that carries `records`, grouped by epoch and stream."""
    ordered = sorted(records, key=_stream_key)
    blocks = [_encode_block(list(group)) for _, group in groupby(ordered, key=_stream_key)]
    document = {"crowdlens": SCHEMA_VERSION, "site": site, "device": device, "blocks": blocks}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _stream_key(stored: StoredRecord) -> tuple[str, str]:
    return stored.epoch, stored.stream


def _encode_block(group: list[StoredRecord]) -> dict[str, Any]:
    first = group[0]
    table = TABLES[first.record.table]
    columns = {
        column.name: encode_column(column, _values(group, column.name)) for column in table.row_columns
    }
    return {
        "table": table.name,
        "camera": first.record.camera,
        "epoch": first.epoch,
        "stream": first.stream,
        "rows": len(group),
        "columns": {name: encoded for name, encoded in columns.items() if encoded != {"k": None}},
    }


_FIELDS: Mapping[str, Callable[[StoredRecord], Value]] = {
    "sequence": attrgetter("sequence"),
    "event_time": attrgetter("record.event_time_ms"),
    "scene_version": attrgetter("record.scene_version"),
    "time_zone": attrgetter("record.time_zone"),
    "clock_quality": attrgetter("record.clock_quality"),
}
"""What stands in fields of a record and not in its values."""


def _values(group: Sequence[StoredRecord], name: str) -> list[Value]:
    if (field := _FIELDS.get(name)) is not None:
        return [field(stored) for stored in group]
    return [stored.record.values.get(name) for stored in group]


def decode_message(body: str | bytes) -> Message:
    """Return the message in `body`, every value checked against its column.

    Raises `MessageError` (or another `CrowdLensError`) with one sentence when it cannot be read. This is the
    reference of what a message means: a quicker reader must take and refuse the same.
    """
    header = read_header(parse_json(body))
    blocks = [_decode_block(block) for block in read_blocks(header)]
    return Message(header.schema_version, header.site, header.device, blocks, header.unknown_tables)


def _decode_block(block: EncodedBlock) -> Block:
    decoded = {
        column.name: _decode(column, block.columns, block.rows, block.where)
        for column in block.table.row_columns
    }
    read = Block(block.table, block.camera, block.epoch, block.stream, block.rows, decoded)
    _check_identity(read, block.where)
    return read


def _decode(
    column: Column, columns: Mapping[str, Any], rows: int, where: str
) -> list[Value] | DictionaryValues:
    try:
        return decode_column(column, columns.get(column.name, {"k": None}), rows)
    except CrowdLensError as error:
        raise MessageError(f"{where}: {error}") from error


def _check_identity(block: Block, where: str) -> None:
    sequences = expand(block.columns["sequence"])
    if min(sequences) < 1:  # type: ignore[type-var, operator]
        raise MessageError(f"{where}.sequence is {min(sequences)}: expected 1 or more")  # type: ignore[type-var]
    qualities = block.columns["clock_quality"]
    known = qualities.distinct if isinstance(qualities, DictionaryValues) else qualities
    for quality in set(known) - set(CLOCK_QUALITIES):
        raise MessageError(
            f"{where}.clock_quality is {quality!r}: expected one of {', '.join(CLOCK_QUALITIES)}"
        )


def stored_records(message: Message) -> list[StoredRecord]:
    """Return a decoded message row by row: for tests and tools, not for the columnar path."""
    records: list[StoredRecord] = []
    for block in message.blocks:
        columns = {name: expand(values) for name, values in block.columns.items()}
        own = [column.name for column in block.table.own_columns]
        for row in range(block.rows):
            record = Record(
                block.table.name,
                block.camera,
                _text_or_none(columns["scene_version"][row]),
                _text_or_none(columns["time_zone"][row]),
                int(columns["event_time"][row] or 0),
                str(columns["clock_quality"][row]),
                {name: columns[name][row] for name in own},
            )
            records.append(
                StoredRecord(record, block.epoch, block.stream, int(columns["sequence"][row] or 0))
            )
    return records


def _text_or_none(value: Value) -> str | None:
    return None if value is None else str(value)


def record_ids(device: str, block: Block) -> list[str]:
    """Return the record id of each row of `block`."""
    return [
        record_id(device, block.epoch, block.stream, int(sequence or 0))
        for sequence in expand(block.columns["sequence"])
    ]
