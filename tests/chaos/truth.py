"""What must hold after every schedule and every run of real processes, to the record.

* each record the spool took is in the lake under one id, or inside a range that a `gaps` record declares,
* never both, and no record twice, none that nobody made, none whose values changed,
* sequences of a stream run from 1 without holes, and the newest `stream_ledger` rows say how many there are,
* every row of MySQL is the lake's row, and the other way round; live state is the newest of the lake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from contract.columns import ColumnType
from contract.identity import record_id
from contract.lake import (
    COMPACTED_PREFIX,
    COVERS_PREFIX,
    RAW_PREFIX,
    day_of,
    parse_compacted_key,
    parse_raw_key,
)
from contract.tables import GAPS, STREAM_LEDGER, TABLES, ZONE_COUNTS
from lambdas.rds_loader import live
from lambdas.shared.lake_parquet import decode_parquet
from tests.chaos.simulated_s3 import Stored

Row = dict[str, Any]
Stream = tuple[str, str, str]
"""Device, epoch, stream."""
LIVE_TOLERANCE_MS = 600_000


@dataclass
class Lake:
    """Distinct rows by record id, and when each was first stored."""

    rows: dict[str, tuple[str, Row]] = field(default_factory=dict)
    stored_at: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def of(self, table: str) -> list[Row]:
        return [row for name, row in self.rows.values() if name == table]


@dataclass(frozen=True)
class Facts:
    """What the stations hold: the lake, MySQL's rows by table, and each device's epochs, oldest first.

    `kept` says whether MySQL must have a table's rows of a UTC day: of days that it does not keep, it may.
    """

    lake: Lake
    mysql: Callable[[str], list[Row]]
    epochs: Mapping[str, Sequence[str]]
    kept: Callable[[str, str], bool] = lambda table, day: True


def read_lake(objects: Mapping[str, Stored]) -> Lake:
    """Return what a reader that drops duplicates by record id sees of `objects`, by key."""
    lake = Lake()
    for key, stored in objects.items():
        if key.startswith(COVERS_PREFIX):
            continue
        if key.startswith(COMPACTED_PREFIX):
            compacted = parse_compacted_key(key)
            table, day = compacted.table, compacted.day
        elif key.startswith(RAW_PREFIX):
            table, day, _ = parse_raw_key(key)
        else:
            lake.problems.append(f"an object nobody expected: {key}")
            continue
        for row in plain_rows(table, stored.body, key):
            _take(lake, table, row, stored.put_at)
            if day_of(row["event_time"]) != day:
                lake.problems.append(f"{row['record_id']} of {day_of(row['event_time'])} lies in {key}")
    return lake


@lru_cache(maxsize=1_000)
def plain_rows(table: str, body: bytes, key: str) -> list[Row]:
    """Return the rows of a lake object with times in milliseconds since 1970; nobody may change them."""
    import pyarrow as pa

    data = decode_parquet(body, TABLES[table], key)
    for position, column in enumerate(TABLES[table].columns):
        if column.type is ColumnType.TIMESTAMP:
            data = data.set_column(position, column.name, data.column(column.name).cast(pa.int64()))
    return list(data.to_pylist())


def _take(lake: Lake, table: str, row: Row, put_at: float) -> None:
    identity = row["record_id"]
    known = lake.rows.setdefault(identity, (table, row))
    if known != (table, row):
        lake.problems.append(f"{identity} has two contents: {known[1]} and {row}")
    lake.stored_at[identity] = min(put_at, lake.stored_at.get(identity, put_at))


def find_problems(facts: Facts) -> list[str]:
    """Return every way in which the stations do not agree; empty when all is well."""
    lake = facts.lake
    problems = list(lake.problems)
    gaps = declared_gaps(lake, problems)
    _check_foreign(facts, problems)
    _check_sequences(lake, gaps, problems)
    _check_ledger(facts, gaps, problems)
    _check_mysql(facts, problems)
    _check_live(facts, problems)
    return problems


def _stream_of(row: Row) -> Stream:
    return row["device"], row["epoch"], row["stream"]


def declared_gaps(lake: Lake, problems: list[str]) -> dict[Stream, set[int]]:
    """Return the sequences that `gaps` records declare dropped, by stream."""
    gaps: dict[Stream, set[int]] = defaultdict(set)
    for row in lake.of(GAPS.name):
        if row["records"] == 0:
            continue
        sequences = set(range(row["first_sequence"], row["last_sequence"] + 1))
        stream = (row["device"], row["gap_epoch"], row["gap_stream"])
        if len(sequences) != row["records"]:
            problems.append(
                f"{row['record_id']} declares {row['records']} records in {len(sequences)} numbers"
            )
        if sequences & gaps[stream]:
            problems.append(f"{row['record_id']} declares {sorted(sequences & gaps[stream])} again")
        gaps[stream] |= sequences
    return gaps


def _check_foreign(facts: Facts, problems: list[str]) -> None:
    for table, row in facts.lake.rows.values():
        identity = record_id(row["device"], row["epoch"], row["stream"], row["sequence"])
        if row["record_id"] != identity or row["epoch"] not in facts.epochs.get(row["device"], ()):
            problems.append(f"{table} {row['record_id']} is not of this system")


def arrived_sequences(lake: Lake) -> dict[Stream, set[int]]:
    """Return the numbers of the records that are in the lake, by stream."""
    sequences: dict[Stream, set[int]] = defaultdict(set)
    for _, row in lake.rows.values():
        sequences[_stream_of(row)].add(row["sequence"])
    return sequences


def _check_sequences(lake: Lake, gaps: Mapping[Stream, set[int]], problems: list[str]) -> None:
    arrived = arrived_sequences(lake)
    for stream in {*arrived, *gaps}:
        there, dropped = arrived.get(stream, set()), gaps.get(stream, set())
        if there & dropped:
            problems.append(f"{stream}: {sorted(there & dropped)} arrived and are declared dropped")
        holes = set(range(1, max(there | dropped) + 1)) - there - dropped
        if holes:
            problems.append(f"{stream}: {sorted(holes)} neither arrived nor are declared dropped")


def _check_ledger(facts: Facts, gaps: Mapping[Stream, set[int]], problems: list[str]) -> None:
    """Hold the newest ledger row of each epoch, stream and day against what arrived."""
    lake = facts.lake
    order = {epoch: position for epochs in facts.epochs.values() for position, epoch in enumerate(epochs)}
    newest: dict[tuple[Stream, str], Row] = {}
    for row in sorted(lake.of(STREAM_LEDGER.name), key=lambda row: (order[row["epoch"]], row["sequence"])):
        newest[(row["device"], row["ledger_epoch"], row["ledger_stream"]), row["ledger_day"]] = row
    made: dict[Stream, int] = defaultdict(int)
    dropped: dict[Stream, int] = defaultdict(int)
    for (stream, _), row in newest.items():
        made[stream] += row["made"]
        dropped[stream] += row["dropped"]
    arrived = arrived_sequences(lake)
    for stream in {*arrived, *gaps}:
        if stream[2].endswith(f"/{STREAM_LEDGER.name}"):
            continue
        there, gone = len(arrived.get(stream, ())), len(gaps.get(stream, ()))
        if (made[stream], dropped[stream]) != (there + gone, gone):
            problems.append(
                f"{stream}: the ledger says {made[stream]} made and {dropped[stream]} dropped, the lake "
                f"{there} arrived and {gone} declared dropped"
            )
    _check_days(lake, gaps, newest, problems)


def _check_days(
    lake: Lake, gaps: Mapping[Stream, set[int]], newest: Mapping[tuple[Stream, str], Row], problems: list[str]
) -> None:
    days: dict[tuple[Stream, str], int] = defaultdict(int)
    for _, row in lake.rows.values():
        days[_stream_of(row), day_of(row["event_time"])] += 1
    for key, row in newest.items():
        if not gaps.get(key[0]) and row["made"] != days.get(key, 0):
            problems.append(f"{key}: the ledger says {row['made']} made, {days.get(key, 0)} lie on that day")


def _check_mysql(facts: Facts, problems: list[str]) -> None:
    in_lake: dict[str, dict[str, Row]] = defaultdict(dict)
    for identity, (table, row) in facts.lake.rows.items():
        in_lake[table][identity] = row
    for table in TABLES:
        rows = {row["record_id"]: _from_mysql(table, row) for row in facts.mysql(table)}
        expected = in_lake[table]
        problems += [f"{table} {one} is only in MySQL" for one in rows.keys() - expected.keys()]
        problems += [
            f"{table} {one} is only in the lake"
            for one in expected.keys() - rows.keys()
            if facts.kept(table, day_of(expected[one]["event_time"]))
        ]
        for identity in rows.keys() & expected.keys():
            if rows[identity] != expected[identity]:
                problems.append(
                    f"{table} {identity} is {rows[identity]} in MySQL, {expected[identity]} in the lake"
                )


def _from_mysql(table: str, row: Row) -> Row:
    return {
        column.name: _milliseconds(row[column.name])
        if column.type is ColumnType.TIMESTAMP
        else row[column.name]
        for column in TABLES[table].columns
    }


def _milliseconds(value: str | datetime | None) -> int | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _check_live(facts: Facts, problems: list[str]) -> None:
    """Live state is the newest row that was not ahead of the clock when its object came."""
    lake = facts.lake
    best: dict[tuple[str, ...], tuple[int, int, str]] = {}
    by_key: dict[tuple[str, ...], set[tuple[int, int, str]]] = defaultdict(set)
    for row in lake.of(ZONE_COUNTS.name):
        key = tuple(row[name] or "" for name in live.KEY)
        rank = (row["event_time"], row["sequence"], row["record_id"])
        by_key[key].add(rank)
        first_put = lake.stored_at[row["record_id"]]
        is_kept = facts.kept(ZONE_COUNTS.name, day_of(row["event_time"]))
        if is_kept and row["event_time"] <= int(first_put) * 1000 + LIVE_TOLERANCE_MS - 1000:
            best[key] = max(best.get(key, rank), rank)
    found = {
        tuple(row[name] for name in live.KEY): (
            _milliseconds(row["event_time"]) or 0,
            row["sequence"],
            row["record_id"],
        )
        for row in facts.mysql(live.TABLE_NAME)
    }
    for key, rank in best.items():
        if key not in found or found[key] < rank or found[key] not in by_key[key]:
            problems.append(f"zone_live {key} is {found.get(key)}: the lake's newest is {rank}")
    problems.extend(f"zone_live {key} is of no zone of the lake" for key in found.keys() - by_key.keys())
