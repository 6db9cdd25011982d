"""The private MariaDB: who gets in, and what a user's own server must look like."""

from __future__ import annotations

import pymysql
import pytest

from infra.local.mariadb import MySqlServer, MySqlServerError, server_from_url


def test_it_keeps_utc_and_milliseconds_and_any_script(empty_mysql: MySqlServer) -> None:
    with empty_mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE places (name VARCHAR(20) PRIMARY KEY, seen DATETIME(3))")
        cursor.execute("INSERT INTO places VALUES (%s, %s)", ["광장 🎈", "2026-11-21 01:02:03.456"])
        cursor.execute("SELECT name, seen, @@time_zone FROM places")
        ((name, seen, zone),) = cursor.fetchall()
    assert (name, seen.microsecond, zone) == ("광장 🎈", 456_000, "+00:00")


@pytest.mark.parametrize("user", ["root", "", "mariadb.sys"])
def test_nobody_else_gets_in(mariadb_instance: MySqlServer, user: str) -> None:
    with pytest.raises(pymysql.err.OperationalError, match=r"1045|4151"):
        pymysql.connect(host=mariadb_instance.host, port=mariadb_instance.port, user=user, ssl_disabled=True)


def url(server: MySqlServer, *, password: str | None = None, port: int | None = None) -> str:
    place = f"{server.host}:{port or server.port}/{server.database}"
    return f"mysql://{server.user}:{password or server.password}@{place}"


def test_a_server_named_by_url_is_used(mariadb_instance: MySqlServer) -> None:
    assert server_from_url(url(mariadb_instance)) == mariadb_instance


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"password": "wrong-secret"}, "does not let crowdlens in: Access denied", id="password"),
        pytest.param({"port": 1}, "does not let crowdlens in: Can't connect", id="nobody-listens"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    mariadb_instance: MySqlServer, change: dict[str, str | int], says: str
) -> None:
    with pytest.raises(MySqlServerError, match=says) as caught:
        server_from_url(url(mariadb_instance, **change))  # type: ignore[arg-type]  # table of either
    assert "secret" not in str(caught.value)
