"""The MySQL projection on SQLite, behind the driver's interface: our own SQL runs, and fails as MySQL does.

Only what differs in grammar is rewritten; a statement that SQLite cannot run fails the schedule loudly. One
transaction runs at a time: how InnoDB interleaves two is MySQL's own business and tried against a true one.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import pymysql

from contract.columns import Column, ColumnType
from contract.tables import TABLES
from lambdas.rds_loader import live
from lambdas.shared.settings import MySQLAuthentication, MySQLSettings
from tests.chaos.world import World

_DEADLOCK = (1213, "Deadlock found when trying to get lock; try restarting transaction")
_LOST = (2013, "Lost connection to MySQL server during query")
_REFUSED = (2003, "Can't connect to MySQL server")
_KEYS = dict.fromkeys(TABLES, ("record_id",)) | {
    "load_ledger": ("object_key",),
    "projection_state": ("name",),
    live.TABLE_NAME: live.KEY,
    "hours_due": ("hour_start", "source", "site", "camera"),
}
_LEDGER_COLUMNS = (
    "object_key", "etag", "table_name", "day", "rows_in_object", "object_bytes", "loaded_at", "rows_new",
)  # fmt: skip
MYSQL_SETTINGS = MySQLSettings(
    "mysql", 3306, "loader", "crowdlens", MySQLAuthentication.PASSWORD, "", require_tls=False, ca_file=None
)
open_sqlite = sqlite3.connect


class MySql:
    """The server; `connect` is what a client calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.data = open_sqlite(":memory:", isolation_level=None)
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
        # As on the connection that the functions make: LOAD DATA LOCAL takes its lines from here.
        self.takes_local_rows = True
        self.rows_to_send: memoryview | None = None

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

    def run(self, statement: str, values: Sequence[Any]) -> tuple[sqlite3.Cursor, int]:
        """Run one statement of a transaction; return its cursor and the rows it affected, as MySQL counts."""
        world = self.server.world
        world.point(f"before {statement[:40]}")
        if not self.open or world.is_out("mysql") or world.fault("mysql_lost_in_query"):
            self._lose()
        if world.fault("mysql_deadlock"):
            self.server.end(self, "ROLLBACK")
            raise pymysql.OperationalError(*_DEADLOCK)
        self.server.begin(self)
        plain = [_plain(value) for value in values]
        if statement.startswith("INSERT INTO load_ledger"):
            return self._claim(statement, plain)
        found = self.server.data.execute(translated(statement), plain)
        return found, found.rowcount

    def _claim(self, statement: str, values: list[Any]) -> tuple[sqlite3.Cursor, int]:
        """Count as MySQL does: 1 for a new row, 2 for a changed one, 0 for one that stays as it is."""
        look = "SELECT * FROM load_ledger WHERE object_key = ?"
        before = self.server.data.execute(look, values[:1]).fetchone()
        found = self.server.data.execute(translated(statement), values)
        after = self.server.data.execute(look, values[:1]).fetchone()
        return found, 1 if before is None else 2 * (before != after)

    def load(self, table: str) -> tuple[int, int]:
        """Do a LOAD DATA LOCAL that keeps what is there; return how many lines came and were stored."""
        columns = TABLES[table].columns
        lines = bytes(self.rows_to_send or b"").decode().removesuffix("\n").split("\n")
        rows = [[_from_line(*one) for one in zip(columns, line.split("\t"), strict=True)] for line in lines]
        marks = ", ".join("?" * len(columns))
        self.server.begin(self)
        done = self.server.data.executemany(f"INSERT OR IGNORE INTO `{table}` VALUES ({marks})", rows)  # noqa: S608
        return len(rows), done.rowcount


_ESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\0": "\0"}


def _from_line(column: Column, text: str) -> Any:
    """Return the value that MySQL reads in a field of LOAD DATA."""
    if text == "\\N":
        return None
    if column.type is ColumnType.REAL:
        return float(text)
    if column.type in (ColumnType.INTEGER, ColumnType.BOOLEAN):
        return int(text)
    return re.sub(r"\\.", lambda found: _ESCAPED[found[0]], text)


def _plain(value: Any) -> Any:
    return value.isoformat(sep=" ", timespec="milliseconds") if isinstance(value, datetime) else value


class FakeCursor:
    """A cursor of `FakeConnection`."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self._found: sqlite3.Cursor | None = None
        self.rowcount = -1
        self.warning_count = 0

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        load = re.match(r"LOAD DATA LOCAL .* INTO TABLE `(\w+)`", statement)
        if load is None:
            self._found, self.rowcount = self.connection.run(statement, values or ())
            return self.rowcount
        self.connection.run("SELECT 1", ())
        lines, self.rowcount = self.connection.load(load[1])
        self.warning_count = lines - self.rowcount
        return self.rowcount

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> int:
        return sum(self.execute(statement, values) for values in many)

    def fetchone(self) -> Any:
        row = None if self._found is None else self._found.fetchone()
        if self._found is not None and row and self._found.description[0][0] == "value_time":
            return (datetime.fromisoformat(row[0]),)
        return row

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
    columns["projection_state"] = ["name", "value_time"]
    columns["hours_due"] = list(_KEYS["hours_due"])
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
    # How MySQL finds its rows is nothing to the account.
    text = re.sub(r"FORCE INDEX \(`\w+`\) ", "", text)
    if table and "ON DUPLICATE KEY UPDATE" in text:
        key = ", ".join(f"`{part}`" for part in _KEYS[table[1]])
        head, _, updates = text.partition("ON DUPLICATE KEY UPDATE")
        updates = re.sub(r"VALUES\((`?\w+`?)\)", r"excluded.\1", updates)
        # In an update, MySQL's bare column is the row that is there; so it is in SQLite.
        updates = re.sub(r"\bIF\(", "iif(", updates)
        # SQLite sets a column by its bare name.
        updates = re.sub(r"(^|, )(\s*)`\w+`\.(`\w+`) =", r"\1\2\3 =", updates)
        text = f"{head}ON CONFLICT ({key}) DO UPDATE SET{updates}"
    return text.removesuffix("FOR UPDATE").rstrip()
