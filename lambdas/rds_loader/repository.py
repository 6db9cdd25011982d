"""A group of lake objects into MySQL, within the transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pymysql.cursors import Cursor

from contract.tables import TABLES, ZONE_COUNTS
from lambdas.rds_loader import live
from lambdas.rds_loader.bulk import upsert_rows
from lambdas.rds_loader.ledger import LedgerEntry, claim


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

    `now` is naive UTC. Ledger rows first and by key, then tables in the contract's order, rows by key: every
    loader takes its locks in the same order.
    """
    ordered = sorted(group, key=lambda prepared: prepared.entry.object_key)
    new = [prepared for prepared in ordered if claim(cursor, prepared.entry)]
    for name, table in TABLES.items():
        parts = [prepared.data for prepared in new if prepared.entry.table_name == name]
        if not parts:
            continue
        data = pa.concat_tables(parts)
        upsert_rows(cursor, table, data)
        if table is ZONE_COUNTS:
            live.advance(cursor, data, now)
    return {prepared.entry.object_key for prepared in new}
