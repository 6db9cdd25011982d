"""A group of lake objects into MySQL, within the transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
from pymysql.cursors import Cursor

from contract.tables import TABLES, TRACKS, ZONE_COUNTS, Table
from lambdas.rds_loader import hours, live
from lambdas.rds_loader.bulk import upsert_rows
from lambdas.rds_loader.ledger import LedgerEntry, add_new_rows, claim

ROWS_PER_PORTION: Final = 50_000
"""So many rows are sorted and sent at a time: about 60 MB, with the text that MySQL reads."""


@dataclass(frozen=True)
class PreparedObject:
    """A lake object whose rows come in `parts`, in the schema of their table, as often as they are asked for.

    A large one is decoded part by part, so that its rows are never all in memory; then `parts` may raise a
    `CrowdLensError`.
    """

    entry: LedgerEntry
    parts: Callable[[], Iterable[pa.Table]]

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return self.entry.rows_in_object


def write_group(cursor: Cursor, group: Sequence[PreparedObject], now: datetime) -> set[str]:
    """Write ledger rows, records and live state of the objects; return the keys that MySQL did not have.

    `now` is naive UTC. Ledger rows first and by key, then tables in the contract's order, their days, rows by
    key: every loader takes its locks in the same order. The hours to be totalled are noted last, for they are
    those of other loaders too.
    """
    ordered = sorted(group, key=lambda prepared: prepared.entry.object_key)
    new = [prepared for prepared in ordered if claim(cursor, prepared.entry)]
    due: set[hours.DueHour] = set()
    for name, table in TABLES.items():
        own = [prepared for prepared in new if prepared.entry.table_name == name]
        for day in sorted({prepared.entry.day for prepared in own}):
            _write_day(cursor, table, [prepared for prepared in own if prepared.entry.day == day])
        if table in (ZONE_COUNTS, TRACKS):
            for rows in _portions(own):
                if table is ZONE_COUNTS:
                    live.advance(cursor, rows, now)
                due |= hours.due_hours(table, rows)
    hours.note_due(cursor, due)
    return {prepared.entry.object_key for prepared in new}


def _write_day(cursor: Cursor, table: Table, objects: Sequence[PreparedObject]) -> None:
    rows_new = sum(upsert_rows(cursor, table, rows) for rows in _portions(objects))
    add_new_rows(cursor, objects[0].entry.object_key, rows_new)


def _portions(objects: Sequence[PreparedObject]) -> Iterator[pa.Table]:
    """Yield the rows of `objects`, those of small ones together."""
    waiting: list[pa.Table] = []
    for prepared in objects:
        for part in prepared.parts():
            if waiting and sum(map(len, waiting)) + len(part) > ROWS_PER_PORTION:
                yield pa.concat_tables(waiting)
                waiting = []
            waiting.append(part)
    if waiting:
        yield pa.concat_tables(waiting)
