"""The accounts on a real server: what they may do is enough for their work, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pymysql
import pytest

from contract.mysql import LOADER_ACCOUNT, PLACES_ACCOUNT, READER_ACCOUNT
from infra.local import mariadb
from infra.local.mariadb import MySqlServer
from infra.local.run_directory import RunDirectory
from lambdas.live_api.editing import PlaceEditor
from lambdas.live_api.validation import place_draft
from lambdas.migrations.accounts import account_statements
from lambdas.migrations.runner import apply_migrations
from lambdas.shared.settings import mysql_settings

PASSWORD = "only-for-this-test"
DENIED = 1142
Connect = Callable[[str], Any]


@pytest.fixture
def master_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MySqlServer]:
    """A server of its own, whose one user may make others, as RDS's master may; skips without MariaDB."""
    usual = mariadb._first_statements

    def with_more(server: MySqlServer) -> str:
        account = f"'{server.user}'@'{server.host}'"
        return usual(server) + (
            f"GRANT CREATE USER ON *.* TO {account};\n"
            f"GRANT ALL ON {server.database}.* TO {account} WITH GRANT OPTION;\n"
        )

    monkeypatch.setattr(mariadb, "_first_statements", with_more)
    with RunDirectory() as run:
        found = mariadb.find_mysql(run)
        if isinstance(found, str):
            pytest.skip(found)
        assert isinstance(found, mariadb.MariaDb)
        yield found.server
        found.process.stop()


@pytest.fixture
def connect_as(master_server: MySqlServer) -> Iterator[Connect]:
    """Return a function that connects as an account; MariaDB has no IAM, so here they have a password."""
    with closing(master_server.connect()) as master, master.cursor() as cursor:
        apply_migrations(master)
        for statement in account_statements(master_server.database, f"IDENTIFIED BY '{PASSWORD}'") * 2:
            # The private server speaks no TLS.
            cursor.execute(statement.replace("REQUIRE SSL", "REQUIRE NONE"))
        yield lambda account: closing(replace(master_server, user=account, password=PASSWORD).connect())


def test_the_loader_writes_rows_and_nothing_else(connect_as: Connect) -> None:
    with connect_as(LOADER_ACCOUNT) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO projection_state (name, value_time) VALUES ('x', UTC_TIMESTAMP(3))")
        cursor.execute("UPDATE projection_state SET value_time = UTC_TIMESTAMP(3)")
        cursor.execute("DELETE FROM projection_state")
        for statement in (
            "DROP TABLE tracks",
            "ALTER TABLE tracks ADD COLUMN x INT",
            "CREATE TABLE x (y INT)",
        ):
            with pytest.raises(pymysql.MySQLError) as caught:
                cursor.execute(statement)
            assert caught.value.args[0] == DENIED


def test_a_reader_only_asks(connect_as: Connect) -> None:
    with connect_as(READER_ACCOUNT) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM tracks")
        assert cursor.fetchone() == (0,)
        with pytest.raises(pymysql.MySQLError) as caught:
            cursor.execute("DELETE FROM tracks")
        assert caught.value.args[0] == DENIED


def test_who_writes_places_writes_places_and_sees_nothing_else(connect_as: Connect) -> None:
    with connect_as(PLACES_ACCOUNT) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO places (id, name, site, longitude, latitude, version, updated_at) "
            "VALUES ('plaza', '광장', 'seoul-1', 127, 37.5, 1, UTC_TIMESTAMP(3))"
        )
        cursor.execute("UPDATE places SET version = version + 1")
        cursor.execute("SELECT version FROM places")
        assert cursor.fetchone() == (2,)
        cursor.execute("DELETE FROM places")
        cursor.execute("DELETE FROM place_feeds")
        for statement in ("SELECT * FROM zone_live", "DELETE FROM zone_hours", "DELETE FROM hours_due"):
            with pytest.raises(pymysql.MySQLError) as caught:
                cursor.execute(statement)
            assert caught.value.args[0] == DENIED


def test_an_editor_needs_no_other_account(connect_as: Connect, master_server: MySqlServer) -> None:
    with connect_as(PLACES_ACCOUNT):
        environment = replace(master_server, user=PLACES_ACCOUNT, password=PASSWORD).environment()
        editor = PlaceEditor(mysql_settings(environment))
        box = {"kind": "box", "site": "seoul-1", "west": 1, "south": 1, "east": 2, "north": 2}
        body: dict[str, Any] = {"name": "광장", "site": "seoul-1", "longitude": 127, "latitude": 37.5}
        body["feeds"] = [{**box, "object_classes": ["person"]}]
        version = editor.make(place_draft(body, "plaza"), None)
        editor.change(place_draft(body, "plaza"), version, None)
        editor.set_photo("plaza", None, None, None, site="seoul-1")
        editor.remove("plaza", version + 2)
