"""The migrations on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest

from contract.columns import Column, ColumnType
from contract.tables import TABLES, TRACKS
from infra.local.mariadb import MySqlServer
from lambdas.migrations.handler import handler
from lambdas.migrations.runner import MigrationError, apply_migrations, read_migrations
from lambdas.rds_loader import live

NAMES = [migration.name for migration in read_migrations()]


@pytest.fixture
def connection(empty_mysql: MySqlServer) -> Iterator[Any]:
    with closing(empty_mysql.connect()) as connection:
        yield connection


def query(connection: Any, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def server_columns(connection: Any, table: str) -> dict[str, tuple[str, str]]:
    rows = query(
        connection,
        "SELECT column_name, column_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position",
        table,
    )
    return {str(name): (str(kind), str(nullable)) for name, kind, nullable in rows}


def as_server_says(column: Column) -> tuple[str, str]:
    # MariaDB shows a display width of whole numbers that MySQL 8 no longer has.
    kind = "bigint(20)" if column.type is ColumnType.INTEGER else column.mysql_type.lower()
    return kind, "YES" if column.nullable else "NO"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_server_has_the_columns_of_the_contract(connection: Any, table: Any) -> None:
    apply_migrations(connection)
    assert server_columns(connection, table.name) == {
        column.name: as_server_says(column) for column in table.columns
    }


def test_the_live_table_has_the_columns_the_loader_writes(connection: Any) -> None:
    apply_migrations(connection)
    not_null = {"camera"}
    assert server_columns(connection, live.TABLE_NAME) == {
        column.name: (
            as_server_says(column)[0],
            "NO" if column.name in not_null else as_server_says(column)[1],
        )
        for column in live.COLUMNS
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_keys_and_indexes_are_those_of_the_contract(connection: Any, table: Any) -> None:
    apply_migrations(connection)
    rows = query(
        connection,
        "SELECT index_name, column_name FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND table_name = %s ORDER BY index_name, seq_in_index",
        table.name,
    )
    indexes: dict[str, tuple[str, ...]] = {}
    for name, column in rows:
        indexes[name] = (*indexes.get(name, ()), column)
    assert indexes.pop("PRIMARY") == ("record_id",)
    of_migrations = [("event_time",), *([("site", "event_time")] if table is TRACKS else [])]
    assert sorted(indexes.values()) == sorted([*table.mysql_indexes, *of_migrations])


def test_text_is_compared_byte_by_byte(connection: Any) -> None:
    apply_migrations(connection)
    rows = query(
        connection,
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND collation_name IS NOT NULL",
    )
    assert rows == [("utf8mb4_bin",)]


def test_a_second_run_applies_nothing(connection: Any) -> None:
    assert apply_migrations(connection).applied == NAMES
    second = apply_migrations(connection)
    assert (second.applied, second.present) == ([], NAMES)


def test_two_at_once_take_turns(empty_mysql: MySqlServer) -> None:
    def run(_: int) -> list[str]:
        with closing(empty_mysql.connect()) as connection:
            return apply_migrations(connection).applied

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(run, range(4)))
    assert sorted(applied) == [[], [], [], NAMES]


def test_a_failed_statement_is_named_and_repeated_after_the_repair(connection: Any, tmp_path: Path) -> None:
    file = tmp_path / "0001_two.sql"
    file.write_text("CREATE TABLE IF NOT EXISTS one (a INT); CREATE TABEL two (a INT);")
    with pytest.raises(MigrationError, match=r"0001_two\.sql: .* in: CREATE TABEL two"):
        apply_migrations(connection, tmp_path)
    file.write_text("CREATE TABLE IF NOT EXISTS one (a INT); CREATE TABLE IF NOT EXISTS two (a INT);")
    assert apply_migrations(connection, tmp_path).applied == ["0001_two.sql"]
    assert {name for (name,) in query(connection, "SHOW TABLES")} == {"one", "two", "schema_migrations"}


def test_a_column_or_key_added_before_the_failure_is_passed_over(connection: Any, tmp_path: Path) -> None:
    file = tmp_path / "0001_more.sql"
    added = (
        "CREATE TABLE IF NOT EXISTS one (a INT); "
        "ALTER TABLE one ADD COLUMN b INT; ALTER TABLE one ADD KEY k (b);"
    )
    file.write_text(f"{added} ALTER TABLE two ADD COLUMN c INT;")
    with pytest.raises(MigrationError, match=r"0001_more\.sql: .* in: ALTER TABLE two"):
        apply_migrations(connection, tmp_path)
    file.write_text(added)
    assert apply_migrations(connection, tmp_path).applied == ["0001_more.sql"]
    assert [row[0] for row in query(connection, "SHOW COLUMNS FROM one")] == ["a", "b"]


def test_a_file_changed_after_it_was_applied_is_an_error(connection: Any, tmp_path: Path) -> None:
    file = tmp_path / "0001_one.sql"
    file.write_text("CREATE TABLE one (a INT);")
    apply_migrations(connection, tmp_path)
    file.write_text("CREATE TABLE one (a BIGINT);")
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed after it had been applied"):
        apply_migrations(connection, tmp_path)


def test_a_file_slipped_in_behind_a_later_one_is_an_error(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (a INT);")
    apply_migrations(connection, tmp_path)
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (a INT);")
    with pytest.raises(MigrationError, match=r"0001_one\.sql is older than the applied 0002_two\.sql"):
        apply_migrations(connection, tmp_path)


def test_the_lock_is_free_after_an_error(empty_mysql: MySqlServer, tmp_path: Path) -> None:
    (tmp_path / "0001_bad.sql").write_text("NO SQL;")
    with closing(empty_mysql.connect()) as connection:
        with pytest.raises(MigrationError):
            apply_migrations(connection, tmp_path)
        # The first session is still open: a lock that it kept would hold the second for two minutes.
        with closing(empty_mysql.connect()) as other:
            assert apply_migrations(other).applied == NAMES


def test_the_function_says_what_it_applied(empty_mysql: MySqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in empty_mysql.environment().items():
        monkeypatch.setenv(name, value)
    assert handler({}, None) == {"applied": NAMES, "present": [], "accounts": []}
    assert handler({}, None) == {"applied": [], "present": NAMES, "accounts": []}


def test_a_table_refuses_what_the_contract_refuses(connection: Any) -> None:
    apply_migrations(connection)
    with connection.cursor() as cursor, pytest.raises(pymysql.MySQLError):
        cursor.execute("INSERT INTO gaps (record_id) VALUES ('x')")
