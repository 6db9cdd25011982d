"""What the cameras' journals say was made, against what is in the lake."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.records import Record
from contract.tables import GAPS, STREAM_LEDGER, TABLES
from edge_components.runtime.spool.refusals import REASON_DISK_FULL
from tests.chaos.real.camera_process import digest
from tests.chaos.truth import Lake, Row, Stream

_TIME_TOLERANCE_MS = 30_000
"""On a machine that stands still for seconds, frames come in bunches, which vision spreads over the time of
the gap: some lie ahead. What is looked for here are clocks that are wrong by hours or decades."""


@dataclass
class Journal:
    """Records by id with their digest and time; digests of what was refused, and of what nobody knows."""

    made: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def read_journals(paths: Iterable[Path]) -> Journal:
    """Return what the journals say; a line that a kill tore is none."""
    journal = Journal()
    tried: dict[str, list[str]] = {}
    for line in _lines(paths):
        if "tried" in line:
            tried[line["tried"]] = line["digests"]
        elif "refused" in line:
            journal.refused.update(tried.pop(line["refused"]))
        else:
            tried.pop(line["stored"])
            for identity, content, event_time_ms, quality in line["rows"]:
                journal.made[identity] = content, event_time_ms, quality
    for digests in tried.values():
        journal.unknown.update(digests)
    return journal


def _lines(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for text in path.read_bytes().split(b"\n") if path.exists() else ():
            try:
                yield json.loads(text)
            except ValueError:
                continue


def find_journal_problems(
    journal: Journal, lake: Lake, gaps: Mapping[Stream, set[int]], span_ms: tuple[int, int]
) -> list[str]:
    """Return what was made and is neither in the lake nor declared dropped, and what nobody made.

    `span_ms` is the time of the run: records of a synced clock lie within it.
    """
    problems: list[str] = []
    rows = {
        identity: (table, row)
        for identity, (table, row) in lake.rows.items()
        if identity in journal.made or not _is_made_by_the_spool(table, row)
    }
    dropped = {
        f"{device}:{epoch}:{stream}:{n}" for (device, epoch, stream), some in gaps.items() for n in some
    }
    for identity, (content, event_time_ms, quality) in journal.made.items():
        if identity not in rows:
            if identity not in dropped:
                problems.append(f"{identity} is LOST")
            continue
        table, row = rows.pop(identity)
        if _digest(table, row) != content:
            problems.append(f"{identity} has other values than were made: {row}")
        moved = row["event_time"] != event_time_ms or row["clock_quality"] != quality
        if moved and row["clock_quality"] != "restamped":
            problems.append(f"{identity} was made {quality} at {event_time_ms}, and is {row}")
        _check_time(row, span_ms, problems)
    _check_unjournalled(journal, rows, problems)
    _check_refused(journal, lake, problems)
    return problems


def _is_made_by_the_spool(table: str, row: Row) -> bool:
    if table != GAPS.name:
        return table == STREAM_LEDGER.name
    return row["reason"].startswith("spool_") or row["reason"] == REASON_DISK_FULL


def _check_refused(journal: Journal, lake: Lake, problems: list[str]) -> None:
    """No more is declared refused by a full disk than cameras were refused, or never heard of."""
    declared = sum(row["records"] for row in lake.of(GAPS.name) if row["reason"] == REASON_DISK_FULL)
    if declared > journal.refused.total() + journal.unknown.total():
        problems.append(f"{declared} are declared refused by a full disk, {journal.refused.total()} were")


def _check_unjournalled(journal: Journal, rows: dict[str, tuple[str, Row]], problems: list[str]) -> None:
    """What the journal does not know must be what a killed camera had tried, once."""
    unknown = Counter(journal.unknown)
    for identity, (table, row) in rows.items():
        content = _digest(table, row)
        if not unknown[content]:
            problems.append(f"{identity} was made by nobody: {row}")
        unknown[content] -= 1


def _check_time(row: Row, span_ms: tuple[int, int], problems: list[str]) -> None:
    if row["clock_quality"] == "unsynced":
        return
    first, last = span_ms[0] - _TIME_TOLERANCE_MS, span_ms[1] + _TIME_TOLERANCE_MS
    if not first <= row["event_time"] <= last:
        problems.append(
            f"{row['record_id']} ({row['clock_quality']}) is at {row['event_time']}, outside the run"
        )


def _digest(table: str, row: Row) -> str:
    values = {column.name: row[column.name] for column in TABLES[table].own_columns}
    record = Record(
        table,
        row["camera"],
        row["scene_version"],
        row["time_zone"],
        row["event_time"],
        row["clock_quality"],
        values,
    )
    return digest(record)


def counts_by_table(lake: Lake) -> dict[str, int]:
    """Return how many distinct records of each table are in the lake."""
    counts: dict[str, int] = defaultdict(int)
    for table, _ in lake.rows.values():
        counts[table] += 1
    return dict(counts)
