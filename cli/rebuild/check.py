"""Whether MySQL holds what the lake holds: digests of each table and UTC day, and of live state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from cli.rebuild.digest import PROJECTED, Digest, Projected, digest_of, mysql_rows
from cli.rebuild.lake import Lake, ListedObject, list_objects, read_records
from contract.tables import TABLES, ZONE_COUNTS
from lambdas.rds_loader import live
from lambdas.rds_loader.rows import latest_rows
from lambdas.shared.lake_schema import arrow_schema

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection


@dataclass(frozen=True)
class DayCheck:
    """A table's UTC day in the lake and in MySQL; of live state the day is empty.

    Where they differ, `lake_only` counts the keys that MySQL lacks, `mysql_only` those that the lake lacks;
    the rest has other values.
    """

    table: str
    day: str
    lake: Digest
    mysql: Digest
    lake_only: int = 0
    mysql_only: int = 0

    @property
    def equal(self) -> bool:
        """Whether both hold the same rows, to the byte."""
        return self.lake == self.mysql


def check(
    lake: Lake, connection: Connection, first_days: Mapping[str, str], now: datetime
) -> Iterator[DayCheck]:
    """Yield the comparison of each table and UTC day, then of live state as of `now` (naive UTC).

    `connection` has begun its snapshot before the lake is listed here: what comes meanwhile is in the lake
    only. Memory holds one table's day. Raises `pymysql.MySQLError` and errors of `CrowdLensError`'s kind.
    """
    latest = _Latest(now)
    for table in PROJECTED[:-1]:
        record_table = TABLES[table.name]
        by_day: dict[str, list[ListedObject]] = {}
        for one in list_objects(lake, record_table, first_days[table.name]):
            by_day.setdefault(one.day, []).append(one)
        days = sorted(by_day.keys() | _mysql_days(connection, table.name, first_days[table.name]))
        for day in days:
            records = _plain(read_records(lake, record_table, by_day.get(day, [])))
            if record_table is ZONE_COUNTS:
                latest.add(records)
            stored = pa.concat_tables(
                [records.slice(0, 0), *mysql_rows(connection, table, day, last_day=day)]
            )
            yield _compared(table, day, records, stored)
    zone_live = PROJECTED[-1]
    stored = pa.concat_tables(
        [latest.rows().slice(0, 0), *mysql_rows(connection, zone_live, first_days[zone_live.name])]
    )
    yield _compared(zone_live, "", latest.rows(), stored)


class _Latest:
    """What live state follows from the records of all days, a day at a time."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._rows = _live_columns(live.latest(_no_zone_counts(), now))

    def add(self, zone_counts: pa.Table) -> None:
        """Take the records of another day into account."""
        more = _live_columns(live.latest(zone_counts, self._now))
        self._rows = latest_rows(pa.concat_tables([self._rows, more]), live.KEY, live.ORDER)

    def rows(self) -> pa.Table:
        """Return the latest row of each key, by key."""
        return self._rows


def _no_zone_counts() -> pa.Table:
    return arrow_schema(ZONE_COUNTS).empty_table()


def _live_columns(rows: pa.Table) -> pa.Table:
    return _plain(rows.select([column.name for column in live.COLUMNS]))


def _plain(rows: pa.Table) -> pa.Table:
    """Return the rows without what the schema says of nulls, which is no part of their content."""
    return rows.cast(pa.schema([pa.field(field.name, field.type) for field in rows.schema]))


def _mysql_days(connection: Connection, table: str, first_day: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT DATE(`event_time`) FROM `{table}` WHERE `event_time` >= %s",  # noqa: S608
            (first_day,),
        )
        return {str(day) for (day,) in cursor.fetchall()}


def _compared(table: Projected, day: str, lake: pa.Table, mysql: pa.Table) -> DayCheck:
    lake_digest, mysql_digest = digest_of(table, [lake]), digest_of(table, [mysql])
    if lake_digest == mysql_digest:
        return DayCheck(table.name, day, lake_digest, mysql_digest)
    ours, theirs = _keys(table, lake), _keys(table, mysql)
    return DayCheck(table.name, day, lake_digest, mysql_digest, _not_in(ours, theirs), _not_in(theirs, ours))


def _keys(table: Projected, rows: pa.Table) -> Any:
    join: Any = pc.binary_join_element_wise
    return join(*(rows.column(name) for name in table.key), "\x1f")


def _not_in(keys: Any, others: Any) -> int:
    found: Any = pc.is_in(keys, value_set=others.combine_chunks())
    return len(keys) - int(pc.sum(found).as_py() or 0)
