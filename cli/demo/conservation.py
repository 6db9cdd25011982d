"""The account of a run: every record made is in the lake, and every lake row is accounted for in MySQL."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pymysql

from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX


@dataclass(frozen=True)
class Conservation:
    """Records counted at each station; `mysql_accounted` is None when no MySQL could be had.

    `made` counts every record the device stored; `lake` distinct record ids; `mysql_accounted` the distinct
    record ids of lake objects that MySQL's load ledger lists with the right number of rows; `dropped` what
    a full spool gave up, declared; `quarantined` messages that could not be read.
    """

    made: int
    lake: int
    mysql_accounted: int | None
    dropped: int
    quarantined: int

    @property
    def holds(self) -> bool:
        """Whether nothing was lost between the device and the last station that ran."""
        accounted = self.mysql_accounted is None or self.mysql_accounted == self.lake
        return self.made == self.lake + self.dropped and self.quarantined == 0 and accounted

    def as_dict(self) -> dict[str, int | None]:
        """Return the `records` of summary.json."""
        return asdict(self)

    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        if not self.holds:
            return (
                f"NOT conserved: {self.made} made, {self.lake} in the lake, {self.mysql_accounted} accounted "
                f"for in MySQL, {self.dropped} dropped, {self.quarantined} messages quarantined"
            )
        where = "in the lake" if self.mysql_accounted is None else "in the lake and accounted for in MySQL"
        dropped = f"; {self.dropped} were dropped and declared" if self.dropped else ", none dropped"
        return f"all {self.made} records made are {where}{dropped}"


def lake_record_ids(lake: Path) -> dict[str, list[str]]:
    """Return the record ids of each raw object below `lake`, by object key."""
    from pyarrow import parquet

    ids: dict[str, list[str]] = {}
    for path in sorted((lake / RAW_PREFIX).rglob("*.parquet")):
        column = parquet.read_table(path, columns=["record_id"], partitioning=None).column("record_id")
        ids[path.relative_to(lake).as_posix()] = [str(one) for one in column.to_pylist()]
    return ids


def quarantined_messages(lake: Path) -> int:
    """Return the number of messages in quarantine."""
    return sum(1 for _ in (lake / QUARANTINE_PREFIX).rglob("*.json"))


def accounted_record_ids(ids: dict[str, list[str]], ledger: Iterable[tuple[str, int]]) -> int:
    """Return how many distinct record ids lie in objects that `ledger` lists with their number of rows."""
    listed = dict(ledger)
    return len(
        {one for key, of_object in ids.items() if listed.get(key) == len(of_object) for one in of_object}
    )


def read_load_ledger(connection: pymysql.Connection[Any]) -> list[tuple[str, int]]:
    """Return object key and rows of every object that MySQL's load ledger lists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT object_key, rows_in_object FROM load_ledger")
        return [(str(key), int(rows)) for key, rows in cursor.fetchall()]


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return dict(document)
