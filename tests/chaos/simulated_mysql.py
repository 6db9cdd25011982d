"""The MySQL projection on SQLite, behind the driver's interface: our own SQL runs, and fails as MySQL does.

Only what differs in grammar is rewritten; a statement that SQLite cannot run fails the schedule loudly. One
transaction runs at a time: how InnoDB interleaves two is MySQL's own business and tried against a true one.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import pymysql

from contract.tables import TABLES
from lambdas.rds_loader import live
from tests.chaos.world import World

_DEADLOCK = (1213, "Deadlock found when trying to get lock; try restarting transaction")
_LOST = (2013, "Lost connection to MySQL server during query")
_REFUSED = (2003, "Can't connect to MySQL server")
_KEYS = dict.fromkeys(TABLES, ("record_id",)) | {
    "load_ledger": ("object_key",),
    live.TABLE_NAME: live.KEY,
}
_LEDGER_COLUMNS = ("object_key", "etag", "table_name", "day", "rows_in_object", "object_bytes", "loaded_at")
_open_sqlite = sqlite3.connect


class MySql:
    """The server; `connect` is what a client calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.data = _open_sqlite(":memory:", isolation_level=None)
        for statement in _tables():
            self.data.execute(statement)
        self._held_by: FakeConnection | None = None

    def connect(self) -> FakeConnection:
        """Return a new connection; raises `pymysql.OperationalError`."""
        self.world.point("before connecting to MySQL")
        if self.world.is_out("mysql") or self.world.fault("mysql_refuses"):
            raise pymysql.OperationalError(*_REFUSED)
        return FakeConnection(self)

    def begin(self, connection: FakeConnection) -> None:
        """Give `connection` the one transaction; whoever held it and is dead has lost it."""
        if self._held_by is connection:
            return
        if self._held_by is not None:
            self.data.execute("ROLLBACK")
        self._held_by = connection
        self.data.execute("BEGIN")

    def end(self, connection: FakeConnection, statement: str) -> None:
        """Commit or roll back what `connection` did."""
        if self._held_by is connection:
            self._held_by = None
            self.data.execute(statement)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table, for whoever checks it."""
        cursor = self.data.execute(f"SELECT * FROM `{table}`")  # noqa: S608 - a table of ours
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


class FakeConnection:
    """What `pymysql.connect` returns, as far as our code uses it."""

    def __init__(self, server: MySql) -> None:
        self.server = server
        self.open = True

    def cursor(self, *_: object) -> FakeCursor:
        return FakeCursor(self)

    def commit(self) -> None:
        world = self.server.world
        world.point("before COMMIT")
        if not self.open or world.is_out("mysql") or world.fault("mysql_lost_before_commit"):
            self._lose()
        self.server.end(self, "COMMIT")
        if world.fault("mysql_lost_after_commit"):
            self._lose()
        world.point("after COMMIT")

    def rollback(self) -> None:
        self.server.end(self, "ROLLBACK")

    def close(self) -> None:
        self.open = False
        self.server.end(self, "ROLLBACK")

    def ping(self, reconnect: bool = False) -> None:
        if not self.open:
            self._lose()

    def _lose(self) -> None:
        self.close()
        raise pymysql.OperationalError(*_LOST)

    def run(self, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """Run one statement of a transaction."""
        world = self.server.world
        world.point(f"before {statement[:40]}")
        if not self.open or world.is_out("mysql") or world.fault("mysql_lost_in_query"):
            self._lose()
        if world.fault("mysql_deadlock"):
            self.server.end(self, "ROLLBACK")
            raise pymysql.OperationalError(*_DEADLOCK)
        self.server.begin(self)
        return self.server.data.execute(translated(statement), list(values))


class FakeCursor:
    """A cursor of `FakeConnection`."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self._found: sqlite3.Cursor | None = None
        self.rowcount = -1

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        self._found = self.connection.run(statement, values or ())
        self.rowcount = self._found.rowcount
        return self.rowcount

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> int:
        return sum(self.execute(statement, values) for values in many)

    def fetchone(self) -> Any:
        return None if self._found is None else self._found.fetchone()

    def fetchall(self) -> list[Any]:
        return [] if self._found is None else self._found.fetchall()

    def close(self) -> None:
        self._found = None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def __enter__(self) -> FakeCursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _tables() -> Iterator[str]:
    columns = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
    columns["load_ledger"] = list(_LEDGER_COLUMNS)
    columns[live.TABLE_NAME] = [column.name for column in live.COLUMNS]
    for name, listed in columns.items():
        key = ", ".join(f"`{part}`" for part in _KEYS[name])
        quoted = ", ".join(f"`{column}`" for column in listed)
        yield f"CREATE TABLE `{name}` ({quoted}, PRIMARY KEY ({key})) WITHOUT ROWID"


@lru_cache(maxsize=512)
def translated(statement: str) -> str:
    """Return a statement of MySQL in SQLite's grammar."""
    table = re.search(r"INSERT (?:IGNORE )?INTO `?(\w+)`?", statement)
    text = (
        statement.replace("UTC_TIMESTAMP(3)", "'now'")
        .replace("%s", "?")
        .replace("INSERT IGNORE", "INSERT OR IGNORE")
    )
    if table and "ON DUPLICATE KEY UPDATE" in text:
        key = ", ".join(f"`{part}`" for part in _KEYS[table[1]])
        head, _, updates = text.partition("ON DUPLICATE KEY UPDATE")
        updates = re.sub(r"VALUES\((`?\w+`?)\)", r"excluded.\1", updates)
        # In an update, MySQL's bare column is the row that is there; so it is in SQLite.
        updates = re.sub(r"\bIF\(", "iif(", updates)
        text = f"{head}ON CONFLICT ({key}) DO UPDATE SET{updates}"
    return text.removesuffix("FOR UPDATE").rstrip()
