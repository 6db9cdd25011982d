"""The retries of `Database` against a connection that fails on purpose; the real server is in integration."""

from __future__ import annotations

from typing import Any

import pymysql
import pytest

from lambdas.shared.mysql import MAXIMUM_ATTEMPTS, Database, DatabaseError, DatabaseUnavailableError
from lambdas.shared.settings import MySQLAuthentication, MySQLSettings

SETTINGS = MySQLSettings("db", 3306, "u", "crowdlens", MySQLAuthentication.PASSWORD, "p", False, None)


class FakeCursor:
    def __enter__(self) -> FakeCursor:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class FakeConnection:
    def __init__(self, log: list[str], commit_errors: list[Exception]) -> None:
        self.log = log
        self.commit_errors = commit_errors

    def cursor(self) -> FakeCursor:
        return FakeCursor()

    def commit(self) -> None:
        if self.commit_errors:
            raise self.commit_errors.pop(0)
        self.log.append("commit")

    def rollback(self) -> None:
        self.log.append("rollback")

    def close(self) -> None:
        self.log.append("close")


class Server:
    """Hands out connections and remembers what happened to them."""

    def __init__(self, *, connect_errors: list[Exception] | None = None) -> None:
        self.log: list[str] = []
        self.connect_errors = connect_errors or []
        self.commit_errors: list[Exception] = []
        self.pauses: list[float] = []
        self.database = Database(SETTINGS, connect=self.connect, sleep=self.pauses.append)

    def connect(self) -> Any:
        if self.connect_errors:
            raise self.connect_errors.pop(0)
        self.log.append("connect")
        return FakeConnection(self.log, self.commit_errors)


def failing(errors: list[Exception]) -> Any:
    def work(_: object) -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    return work


def test_one_connection_serves_many_transactions() -> None:
    server = Server()
    assert [server.database.run(failing([])) for _ in range(3)] == ["done"] * 3
    assert server.log == ["connect", "commit", "commit", "commit"]


@pytest.mark.parametrize("code", [1213, 1205])
def test_a_deadlock_is_rolled_back_and_run_again_on_the_same_connection(code: int) -> None:
    server = Server()
    errors: list[Exception] = [pymysql.err.OperationalError(code, "deadlock")] * 2
    assert server.database.run(failing(errors)) == "done"
    assert server.log == ["connect", "rollback", "rollback", "commit"]
    assert len(server.pauses) == 2
    assert server.pauses[0] < server.pauses[1] * 3


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(pymysql.err.OperationalError(2006, "gone away"), id="gone away"),
        pytest.param(pymysql.err.OperationalError(2013, "lost"), id="lost during a query"),
        pytest.param(pymysql.err.InterfaceError(0, ""), id="closed socket"),
    ],
)
def test_a_lost_connection_is_made_anew(error: Exception) -> None:
    server = Server()
    assert server.database.run(failing([error])) == "done"
    assert server.log == ["connect", "close", "connect", "commit"]


def test_a_connection_lost_during_the_commit_runs_the_work_again() -> None:
    server = Server()
    server.commit_errors.append(pymysql.err.OperationalError(2013, "lost"))
    assert server.database.run(failing([])) == "done"
    assert server.log == ["connect", "close", "connect", "commit"]


def test_a_server_that_starts_late_is_waited_for() -> None:
    server = Server(connect_errors=[pymysql.err.OperationalError(2003, "refused")] * 2)
    assert server.database.run(failing([])) == "done"


def test_a_server_that_is_away_is_told_apart() -> None:
    server = Server(connect_errors=[pymysql.err.OperationalError(2003, "refused")] * 10)
    with pytest.raises(DatabaseUnavailableError, match="MySQL at db:3306/crowdlens failed"):
        server.database.run(failing([]))
    assert len(server.pauses) == MAXIMUM_ATTEMPTS - 1


def test_another_error_is_not_repeated() -> None:
    server = Server()
    with pytest.raises(DatabaseError, match="too long") as caught:
        server.database.run(failing([pymysql.err.DataError(1406, "too long")]))
    assert caught.value.code == 1406
    assert not isinstance(caught.value, DatabaseUnavailableError)
    assert server.log == ["connect", "rollback"]
    assert server.pauses == []


def test_our_own_error_is_rolled_back_and_raised_as_it_is() -> None:
    server = Server()
    with pytest.raises(KeyError):
        server.database.run(failing([KeyError("ours")]))
    assert server.log == ["connect", "rollback"]


def test_a_closed_database_connects_again() -> None:
    server = Server()
    server.database.run(failing([]))
    server.database.close()
    server.database.run(failing([]))
    assert server.log == ["connect", "commit", "close", "connect", "commit"]


def timed_out() -> Exception:
    """Return what the driver raises when it has waited for long enough."""
    error = pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query (timed out)")
    error.__context__ = TimeoutError("timed out")
    return error


@pytest.mark.parametrize(
    ("error", "log"),
    [
        pytest.param(timed_out(), ["connect", "close"], id="a query that took too long"),
        pytest.param(
            pymysql.err.OperationalError(2006, "gone away"),
            ["connect", "close", "connect", "close"],
            id="a connection that is lost",
        ),
        pytest.param(
            pymysql.err.OperationalError(3024, "maximum statement execution time exceeded"),
            ["connect", "rollback"],
            id="a query that the server ended",
        ),
    ],
)
def test_for_somebody_who_waits_nothing_slow_is_repeated(error: Exception, log: list[str]) -> None:
    server = Server()
    database = Database(
        SETTINGS, connect=server.connect, sleep=server.pauses.append, attempts=2, repeat_slow=False
    )

    def fail(_: object) -> None:
        raise error

    with pytest.raises(DatabaseUnavailableError):
        database.run(fail)
    assert server.log == log
