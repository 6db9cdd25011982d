"""What the retries of `Database` rest on: how a real server behaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.mariadb import MySqlServer
from lambdas.shared.mysql import Database, DatabaseError
from lambdas.shared.settings import mysql_settings


@pytest.fixture
def databases(empty_mysql: MySqlServer) -> Iterator[tuple[Database, Database]]:
    settings = mysql_settings(empty_mysql.environment())
    pair = Database(settings), Database(settings)
    pair[0].run(
        lambda cursor: cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
    )
    pair[0].run(lambda cursor: cursor.execute("INSERT INTO t VALUES (1, 0), (2, 0)"))
    yield pair
    for database in pair:
        database.close()


def rows(database: Database) -> list[Any]:
    def read(cursor: Any) -> list[Any]:
        cursor.execute("SELECT id, n FROM t ORDER BY id")
        return list(cursor.fetchall())

    return database.run(read)


def test_two_that_lock_crosswise_both_get_through(databases: tuple[Database, Database]) -> None:
    both_hold_one = threading.Barrier(2)
    attempts = []

    def cross(database: Database, first: int, second: int) -> None:
        def work(cursor: Any) -> None:
            attempts.append(first)
            cursor.execute("UPDATE t SET n = n + 1 WHERE id = %s", (first,))
            if len(attempts) <= 2:
                both_hold_one.wait(timeout=10)
            cursor.execute("UPDATE t SET n = n + 1 WHERE id = %s", (second,))

        database.run(work)

    threads = [
        threading.Thread(target=cross, args=(database, *ids))
        for database, ids in zip(databases, [(1, 2), (2, 1)], strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(attempts) == 3
    assert rows(databases[0]) == [(1, 2), (2, 2)]


def test_a_session_is_utc_strict_and_reads_what_is_committed(databases: tuple[Database, Database]) -> None:
    def read(cursor: Any) -> Any:
        cursor.execute("SELECT @@session.time_zone, @@session.tx_isolation, @@session.autocommit")
        return cursor.fetchone()

    assert databases[0].run(read) == ("+00:00", "READ-COMMITTED", 0)
    databases[0].run(lambda cursor: cursor.execute("CREATE TABLE short (name VARCHAR(2))"))
    with pytest.raises(DatabaseError, match="Data too long"):
        databases[0].run(lambda cursor: cursor.execute("INSERT INTO short VALUES ('three')"))


def test_an_error_undoes_the_whole_transaction(databases: tuple[Database, Database]) -> None:
    def work(cursor: Any) -> None:
        cursor.execute("UPDATE t SET n = 9")
        cursor.execute("INSERT INTO t VALUES (1, 1)")

    with pytest.raises(DatabaseError, match="Duplicate entry"):
        databases[0].run(work)
    assert rows(databases[1]) == [(1, 0), (2, 0)]
