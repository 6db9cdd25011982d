from __future__ import annotations

import re
from pathlib import Path

import pytest

from lambdas.migrations.runner import MigrationError, read_migrations
from lambdas.migrations.statements import split_statements


def test_our_migrations_are_numbered_without_a_hole_and_can_be_cut() -> None:
    migrations = read_migrations()
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(split_statements(migration.sql, migration.name) for migration in migrations)


def test_our_statements_are_safe_to_repeat_after_a_failure_half_way() -> None:
    for migration in read_migrations():
        for statement in split_statements(migration.sql, migration.name):
            safe = r"CREATE TABLE IF NOT EXISTS|ALTER TABLE `\w+` ADD (COLUMN|KEY) "
            assert re.match(safe, statement), (migration.name, statement[:60])


def test_a_line_end_of_another_system_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\nSELECT 2;\n")
    (unix,) = read_migrations(tmp_path)
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    (windows,) = read_migrations(tmp_path)
    assert unix.checksum == windows.checksum


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        pytest.param(["1_a.sql"], "migration is named '1_a.sql'", id="short number"),
        pytest.param(["0001_A.sql"], "migration is named '0001_A.sql'", id="capital letter"),
        pytest.param(["0001_a.sql", "0001_b.sql"], "have the same number", id="number twice"),
    ],
)
def test_a_name_that_does_not_fit_is_named(tmp_path: Path, names: list[str], sentence: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=sentence):
        read_migrations(tmp_path)
