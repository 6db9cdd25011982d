"""The account of a run: every record made is in the lake, and every lake row is accounted for in MySQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.lake import COMPACTED_PREFIX, QUARANTINE_PREFIX, RAW_PREFIX, is_compacted, table_and_day

if TYPE_CHECKING:
    import pymysql


@dataclass(frozen=True)
class TableAccount:
    """The records of one table at each station; `mysql_accounted` is None when no MySQL could be had."""

    table: str
    made: int
    lake: int
    mysql_accounted: int | None
    dropped: int

    @property
    def holds(self) -> bool:
        """Whether nothing of the table was lost between the device and the last station that ran."""
        accounted = self.mysql_accounted is None or self.mysql_accounted == self.lake
        return self.made == self.lake + self.dropped and accounted


@dataclass(frozen=True)
class Conservation:
    """Records counted at each station, by table, and messages in quarantine.

    `made` counts every record the device stored; `lake` distinct record ids; `mysql_accounted` the distinct
    record ids of raw objects that MySQL's load ledger lists with the right number of rows, and those of
    compacted objects that came by raw ones it lists and the lake has no more; `dropped` what a full spool
    gave up, declared; `quarantined` messages that could not be read.
    """

    tables: tuple[TableAccount, ...]
    quarantined: int

    @property
    def holds(self) -> bool:
        """Whether every record of every table is accounted for."""
        return self.quarantined == 0 and all(table.holds for table in self.tables)

    def as_dict(self) -> dict[str, int | None]:
        """Return the `records` of summary.json."""
        accounted = [table.mysql_accounted for table in self.tables]
        return {
            "made": sum(table.made for table in self.tables),
            "lake": sum(table.lake for table in self.tables),
            "mysql_accounted": None if None in accounted else sum(count or 0 for count in accounted),
            "dropped": sum(table.dropped for table in self.tables),
            "quarantined": self.quarantined,
        }

    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        records = self.as_dict()
        if not self.holds:
            wrong = ", ".join(table.table for table in self.tables if not table.holds) or "quarantine"
            return (
                f"NOT conserved (see {wrong}): {records['made']} made, {records['lake']} in the "
                f"lake, {records['mysql_accounted']} accounted for in MySQL, {records['dropped']} dropped, "
                f"{self.quarantined} messages quarantined"
            )
        where = "in the lake"
        if records["mysql_accounted"] is not None:
            where += " and accounted for in MySQL"
        if records["dropped"]:
            return (
                f"all {records['made']} records made are {where} or declared dropped ({records['dropped']})"
            )
        return f"all {records['made']} records made are {where}, none dropped"


@dataclass(frozen=True)
class StreamTotal:
    """What a device made and dropped of one stream (``camera/table``)."""

    stream: str
    made: int
    dropped: int


def account(
    streams: Iterable[StreamTotal],
    ids: Mapping[str, list[str]],
    ledger: Iterable[tuple[str, int]] | None,
    quarantined: int,
) -> Conservation:
    """Return the account of a run.

    `streams` are the device's counts, `ids` the record ids of each object of the lake by key, raw or
    compacted, `ledger` MySQL's load ledger as (object key, rows), None when there is no MySQL.
    """
    made: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for stream in streams:
        table = stream.stream.rpartition("/")[2]
        made[table] += stream.made
        dropped[table] += stream.dropped
    in_lake = _distinct_by_table(ids)
    listed = None if ledger is None else dict(ledger)
    loaded = {
        key: of_object for key, of_object in ids.items() if listed and listed.get(key) == len(of_object)
    }
    in_mysql = _distinct_by_table(loaded) + _by_objects_that_went(ids, listed or {})
    return Conservation(
        tuple(
            TableAccount(
                table=table,
                made=made[table],
                lake=in_lake[table],
                mysql_accounted=None if listed is None else in_mysql[table],
                dropped=dropped[table],
            )
            for table in sorted({*made, *in_lake})
        ),
        quarantined,
    )


def _by_objects_that_went(ids: Mapping[str, list[str]], listed: Mapping[str, int]) -> Counter[str]:
    """Return, by table, how many records that only compacted objects have came to MySQL by raw ones."""
    in_sight = {one for key, of_object in ids.items() if not is_compacted(key) for one in of_object}
    folded = {key: [one for one in of_object if one not in in_sight] for key, of_object in ids.items()}
    only_folded = _distinct_by_table(folded)
    brought: Counter[str] = Counter()
    for key, rows in listed.items():
        if key not in ids:
            brought[table_and_day(key)[0]] += rows
    # A record that came in two objects is one.
    return Counter({table: min(count, brought[table]) for table, count in only_folded.items()})


def _distinct_by_table(ids: Mapping[str, list[str]]) -> Counter[str]:
    distinct: dict[str, set[str]] = {}
    for key, of_object in ids.items():
        distinct.setdefault(table_and_day(key)[0], set()).update(of_object)
    return Counter({table: len(of_table) for table, of_table in distinct.items()})


def lake_record_ids(lake: Path) -> dict[str, list[str]]:
    """Return the record ids of each raw and each compacted object below `lake`, by object key."""
    from pyarrow import parquet

    ids: dict[str, list[str]] = {}
    paths = [path for prefix in (RAW_PREFIX, COMPACTED_PREFIX) for path in (lake / prefix).rglob("*.parquet")]
    for path in sorted(paths):
        column = parquet.read_table(path, columns=["record_id"], partitioning=None).column("record_id")
        ids[path.relative_to(lake).as_posix()] = [str(one) for one in column.to_pylist()]
    return ids


def quarantined_messages(lake: Path) -> int:
    """Return the number of messages in quarantine."""
    return sum(1 for _ in (lake / QUARANTINE_PREFIX).rglob("*.json"))


def read_load_ledger(connection: pymysql.Connection[Any]) -> list[tuple[str, int]]:
    """Return object key and rows of every object that MySQL's load ledger lists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT object_key, rows_in_object FROM load_ledger")
        return [(str(key), int(rows)) for key, rows in cursor.fetchall()]
