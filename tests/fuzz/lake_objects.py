"""Damaged lake objects through what `rds_loader` reads them with: all the rows, or one clear error."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contract.envelope import decode_message
from contract.errors import CrowdLensError
from contract.lake import raw_key
from contract.tables import TABLES, Table
from lambdas.lake_writer.columns import build_tables
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.objects import read_object
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.lake_schema import arrow_schema
from lambdas.shared.lake_store import LakeObject
from tests.fuzz.messages import whole_messages
from tests.fuzz.writing import FuzzError

DAY = "2025-11-21"


@dataclass
class ObjectTally:
    """What became of the objects; `errors` counts by class."""

    objects: int = 0
    read: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class OneObject:
    """A bucket with one object in it."""

    bucket = "lake"

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get(self, key: str, version_id: str | None = None) -> LakeObject:
        """Return the object, whatever the key."""
        del key, version_id
        return LakeObject(self._body, "etag", datetime(2026, 11, 21, tzinfo=UTC))

    def keys(self, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        """Name no other object: a damaged one has no compacted twin to be read in its place."""
        del prefix, start_after
        return iter(())


@dataclass(frozen=True)
class Original:
    """An object nobody damaged, and its rows."""

    table: Table
    body: bytes
    rows: pa.Table


def originals(chance: random.Random, count: int) -> list[Original]:
    """Return objects as `lake_writer` makes them."""
    made: list[Original] = []
    while len(made) < count:
        for rows in build_tables([decode_message(body) for body in whole_messages(chance, 2)]):
            body = encode_parquet(rows.data, rows.table)
            made.append(Original(rows.table, body, load(rows.table, body)))
    return made[:count]


def load(table: Table, body: bytes) -> pa.Table:
    """Return the rows as `rds_loader` reads them."""
    created = ObjectCreated("lake", raw_key(table.name, DAY, "a"), None)
    return pa.concat_tables(read_object(OneObject(body), created).parts())


def _truncate(body: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(body))
    return chance.choice([body[:place], body[place:], body[:place] + body[-8:]])


def _flip_bits(body: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(body)
    for _ in range(chance.choice([1, 1, 1, 2, 8])):
        # Half of it hits the footer, which has no checksum of its own.
        low = len(damaged) * 2 // 3 if chance.random() < 0.5 else 0
        damaged[chance.randrange(low, len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _overwrite(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body))
    length = chance.choice([1, 4, 64, 1000])
    filler = (
        chance.choice([b"\x00", b"\xff", b"PAR1"]) * length
        if chance.random() < 0.5
        else chance.randbytes(length)
    )
    return body[:start] + filler[:length] + body[start + length :]


def _move(body: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(body)), chance.randrange(len(body))))
    middle = body[start:end]
    return chance.choice(
        [body[:start] + body[end:], body[:end] + middle + body[end:], middle + body[:start] + body[end:]]
    )


def _footer_length(body: bytes, chance: random.Random) -> bytes:
    length = chance.choice([0, 1, len(body), 2**31 - 1, 2**32 - 1, chance.randrange(2**16)])
    return body[:-8] + length.to_bytes(4, "little") + body[-4:]


def _nothing_of_it(body: bytes, chance: random.Random) -> bytes:
    return chance.choice([b"", b"PAR1", b"PAR1PAR1", b"{}", chance.randbytes(500), body + body, body[::-1]])


_BYTE_FAULTS: list[Callable[[bytes, random.Random], bytes]] = [
    _truncate, _flip_bits, _flip_bits, _flip_bits, _flip_bits, _overwrite, _overwrite, _move,
    _footer_length, _nothing_of_it,
]  # fmt: skip


def _other_column(rows: pa.Table, chance: random.Random) -> pa.Table:
    """Return the rows with one column of another kind, missing, or with values that no device makes."""
    place = chance.randrange(rows.num_columns)
    name, count = rows.column_names[place], rows.num_rows
    kind: Any = chance.choice([pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.binary(), pa.int32(),
                               pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.list_(pa.int64()),
                               pa.date32()])  # fmt: skip
    others: list[Any] = [
        pa.nulls(count, kind), pa.array([float("nan")] * count), pa.array([float("inf")] * count),
        pa.array(["x" * 5000] * count), pa.array([b"\xff\xfe"] * count, pa.binary()), pa.array([-1] * count),
        pa.array([2**62] * count), pa.array([2**62] * count).cast(pa.timestamp("ms")),
        pa.array([{"a": 1}] * count),
        pa.array([1] * count, pa.uint8()), pa.array([2**64 - 1] * count, pa.uint64()),
        pa.array(["1"] * count),
    ]  # fmt: skip
    other = chance.choice(others)
    change = chance.randrange(3)
    if change == 0:
        return rows.remove_column(place)
    return (
        rows.set_column(place, name, other)
        if change == 1
        else rows.append_column(chance.choice([name, "mood"]), other)
    )


def rewritten(original: Original, chance: random.Random) -> bytes:
    """Return readable parquet with the original's rows, one column changed."""
    data = original.rows.cast(pa.schema([item.with_nullable(True) for item in original.rows.schema]))
    buffer = io.BytesIO()
    try:
        pq.write_table(
            _other_column(data, chance), buffer, compression=chance.choice(["snappy", "none", "gzip"])
        )
    except pa.ArrowException:
        return original.body[::-1]
    return buffer.getvalue()


def check_damaged(original: Original, body: bytes, tally: ObjectTally, *, may_differ: bool) -> None:
    """Load `body`; raises `FuzzError` when some of the rows come, or others than the original's.

    With `may_differ`, somebody else wrote the object: its rows need only be as many, and of the table.
    """
    tally.objects += 1
    try:
        data = load(original.table, body)
    except CrowdLensError as error:
        if not str(error) or len(str(error)) > 2000:
            raise FuzzError(f"the reason is no sentence: {str(error)[:200]!r}") from error
        tally.errors[type(error).__name__] += 1
        return
    tally.read += 1
    data.validate(full=True)
    data.to_pylist()
    if data.num_rows != original.rows.num_rows or data.schema != arrow_schema(original.table):
        raise FuzzError(f"{data.num_rows} rows of {original.rows.num_rows} were read")
    if not may_differ and not data.equals(original.rows):
        names = [name for name in data.column_names if not data[name].equals(original.rows[name])]
        raise FuzzError(f"other values than were written: {names}")


def fuzz_objects(seed: int, count: int) -> ObjectTally:
    """Load `count` damaged objects; raises `FuzzError` naming the one."""
    tally = ObjectTally()
    while tally.objects < count:
        number = tally.objects
        if number % 2000 == 0:
            whole = originals(random.Random(f"{seed}-objects-{number}"), 40)
        chance = random.Random(f"{seed}-object-{number}")
        original = chance.choice(whole)
        try:
            if chance.random() < 0.15:
                check_damaged(original, rewritten(original, chance), tally, may_differ=True)
            elif chance.random() < 0.03:
                other = Original(chance.choice(list(TABLES.values())), original.body, original.rows)
                check_damaged(other, original.body, tally, may_differ=True)
            else:
                body = chance.choice(_BYTE_FAULTS)(original.body, chance)
                check_damaged(original, body, tally, may_differ=False)
        except Exception as error:
            raise FuzzError(f"seed {seed}, object {number}: {type(error).__name__}: {error}") from error
    return tally
