"""Damaged messages through `lake_writer`, compared with what the contract's own reader says of each."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contract.columns import ColumnType
from contract.encoding import expand
from contract.envelope import Block, Message, decode_message, record_ids
from contract.errors import CrowdLensError
from contract.lake import parse_raw_key
from contract.tables import TABLES
from lambdas.lake_writer.build import MAXIMUM_DAYS_PER_MESSAGE
from lambdas.lake_writer.writer import LakeWriter
from lambdas.shared.sqs import SqsRecord
from tests.fuzz.messages import DAY_MILLISECONDS, damaged_or_giant, whole_messages

MESSAGES_PER_BATCH = 40
SENT_AT = datetime(2026, 11, 21, tzinfo=UTC)


class FuzzError(AssertionError):
    """Raised when a message was lost, altered, or judged otherwise than the contract judges it."""


@dataclass
class Tally:
    """What became of the messages; `errors` counts refusals by class."""

    messages: int = 0
    written: int = 0
    refused: int = 0
    rows: int = 0
    objects: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class MemoryStore:
    """An S3 of a dictionary."""

    bucket = "lake"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Keep the object."""
        del content_type
        self.objects[key] = body


@dataclass(frozen=True)
class Verdict:
    """What must become of a body: its rows by table, and the error and reason it is quarantined with."""

    rows: dict[str, list[str]]
    refusal: tuple[str, str] | None


def verdict_on(body: str) -> Verdict:
    """Return what the contract's own reader says of `body`."""
    try:
        message = decode_message(body)
    except CrowdLensError as error:
        return Verdict({}, (type(error).__name__, str(error)[:1000]))
    days = {
        int(time or 0) // DAY_MILLISECONDS
        for block in message.blocks
        for time in expand(block.columns["event_time"])
    }
    if len(days) > MAXIMUM_DAYS_PER_MESSAGE:
        return Verdict(
            {}, ("TooManyDaysError", f"the rows lie on {len(days)} UTC days: expected at most 100")
        )
    rows: dict[str, list[str]] = {}
    for block in message.blocks:
        rows.setdefault(block.table.name, []).extend(_rows_of_block(message, block))
    if not message.unknown_tables:
        return Verdict(rows, None)
    listed = ", ".join(
        f"{name[:64]} ({count} rows)" for name, count in sorted(message.unknown_tables.items())
    )
    reason = f"schema version {message.schema_version} has tables that are unknown here: {listed}"[:1000]
    return Verdict(rows, ("UnknownTable", reason))


def _rows_of_block(message: Message, block: Block) -> list[str]:
    header = {"site": message.site, "device": message.device, "camera": block.camera, "epoch": block.epoch,
              "stream": block.stream}  # fmt: skip
    columns: list[list[Any]] = []
    for column in block.table.columns:
        if column.name == "record_id":
            columns.append(list(record_ids(message.device, block)))
        elif column.name in header:
            columns.append([header[column.name]] * block.rows)
        else:
            values: list[Any] = expand(block.columns[column.name])
            is_real = column.type is ColumnType.REAL
            columns.append([float(v) if v is not None else None for v in values] if is_real else values)
    return [repr(row) for row in zip(*columns, strict=True)]


def rows_in_lake(store: MemoryStore) -> dict[str, list[str]]:
    """Return the rows of all raw objects by table, as `verdict_on` writes them; each lies in its own day."""
    rows: dict[str, list[str]] = {}
    for key, body in store.objects.items():
        if not key.startswith("raw/"):
            continue
        name, day, _ = parse_raw_key(key)
        data = pq.ParquetFile(io.BytesIO(body)).read()
        times = data.column("event_time").cast(pa.string())
        if not all(str(time).startswith(day) for time in times.unique()):
            raise FuzzError(f"{key} has rows of another day")
        columns = []
        for column in TABLES[name].columns:
            values = data.column(column.name)
            columns.append(
                (values.cast(pa.int64()) if column.type is ColumnType.TIMESTAMP else values).to_pylist()
            )
        rows.setdefault(name, []).extend(repr(row) for row in zip(*columns, strict=True))
    return rows


def write_and_compare(bodies: Sequence[str], tally: Tally) -> None:
    """Write `bodies` as one batch; raises `FuzzError` when one is not where the contract says it must be."""
    records = [SqsRecord(f"m{number}", body, "AROA:x", SENT_AT) for number, body in enumerate(bodies)]
    store = MemoryStore()
    result = LakeWriter(store).write(records)  # type: ignore[arg-type]
    if result.failed_message_ids or result.store_errors:
        raise FuzzError(f"messages were left in the queue: {result.failed_message_ids}")
    verdicts = {body: verdict_on(body) for body in bodies}
    _compare_rows(verdicts, store)
    _compare_quarantine(records, verdicts, store)
    tally.messages += len(bodies)
    tally.refused += sum(verdicts[body].refusal is not None for body in bodies)
    tally.written += sum(bool(verdicts[body].rows) for body in bodies)
    tally.rows += result.rows
    tally.objects += len(store.objects)
    tally.errors.update(refusal.error for refusal in result.refusals)


def _compare_rows(verdicts: dict[str, Verdict], store: MemoryStore) -> None:
    expected: dict[str, list[str]] = {}
    for verdict in verdicts.values():
        for name, rows in verdict.rows.items():
            expected.setdefault(name, []).extend(rows)
    found = rows_in_lake(store)
    for name in sorted({*expected, *found}):
        wanted, got = Counter(expected.get(name, [])), Counter(found.get(name, []))
        if wanted != got:
            raise FuzzError(f"{name}: missing {list(wanted - got)[:2]}, too many {list(got - wanted)[:2]}")


def _compare_quarantine(records: list[SqsRecord], verdicts: dict[str, Verdict], store: MemoryStore) -> None:
    kept = [json.loads(body) for key, body in store.objects.items() if key.startswith("quarantine/")]
    by_id: dict[str, list[Any]] = {}
    for document in kept:
        by_id.setdefault(document["message_id"], []).append(document)
    for record in records:
        refusal = verdicts[record.body].refusal
        documents = by_id.get(record.message_id, [])
        if refusal is None and not documents:
            continue
        if len(documents) != 1 or refusal is None or documents[0]["body"] != record.body:
            found = f"{len(documents)} in quarantine, expected {refusal}"
            raise FuzzError(f"{record.message_id}: {found}: {record.body[:300]!r}")
        if (documents[0]["error"], documents[0]["reason"]) != refusal:
            raise FuzzError(f"{record.message_id}: {documents[0]['reason']!r}: expected {refusal}")


def fuzz_messages(seed: int, count: int) -> Tally:
    """Write `count` messages, nine in ten of them damaged; raises `FuzzError` naming the batch."""
    tally = Tally()
    batch = 0
    while tally.messages < count:
        chance = random.Random(f"{seed}-{batch}")
        if batch % 50 == 0:
            whole = whole_messages(random.Random(f"{seed}-whole-{batch}"), 60)
        size = min(MESSAGES_PER_BATCH, count - tally.messages)
        bodies = [chance.choice(whole) for _ in range(size)]
        bodies = [body if chance.random() < 0.1 else damaged_or_giant(body, chance) for body in bodies]
        try:
            write_and_compare(bodies, tally)
        except Exception as error:
            raise FuzzError(f"seed {seed}, batch {batch}: {type(error).__name__}: {error}") from error
        batch += 1
    return tally
