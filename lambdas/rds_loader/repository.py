"""A group of lake objects into MySQL, within the transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pymysql.cursors import Cursor

from contract.tables import TABLES, ZONE_COUNTS, Table
from lambdas.rds_loader import live
from lambdas.rds_loader.bulk import upsert_rows
from lambdas.rds_loader.ledger import LedgerEntry, add_new_rows, claim


@dataclass(frozen=True)
class PreparedObject:
    """A lake object, read and in the schema of its table."""

    entry: LedgerEntry
    data: pa.Table

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return int(self.data.num_rows)


def write_group(cursor: Cursor, group: Sequence[PreparedObject], now: datetime) -> set[str]:
    """Write ledger rows, records and live state of the objects; return the keys that MySQL did not have.

    `now` is naive UTC. Ledger rows first and by key, then tables in the contract's order, their days, rows by
    key: every loader takes its locks in the same order.
    """
    ordered = sorted(group, key=lambda prepared: prepared.entry.object_key)
    new = [prepared for prepared in ordered if claim(cursor, prepared.entry)]
    for name, table in TABLES.items():
        own = [prepared for prepared in new if prepared.entry.table_name == name]
        for day in sorted({prepared.entry.day for prepared in own}):
            _write_day(cursor, table, [prepared for prepared in own if prepared.entry.day == day])
        if own and table is ZONE_COUNTS:
            live.advance(cursor, pa.concat_tables([prepared.data for prepared in own]), now)
    return {prepared.entry.object_key for prepared in new}


def _write_day(cursor: Cursor, table: Table, objects: Sequence[PreparedObject]) -> None:
    rows_new = upsert_rows(cursor, table, pa.concat_tables([prepared.data for prepared in objects]))
    add_new_rows(cursor, objects[0].entry.object_key, rows_new)
