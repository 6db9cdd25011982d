"""A question asked again is not translated again, and is answered as of now all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.athena import LocalAthena, LocalFolderLake, translation


class Clock:
    """A present that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 23, 59, 59, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def athena(tmp_path: Path, clock: Clock) -> LocalAthena:
    """A database of its own: the process keeps what was asked of any with the same definitions."""
    found = LocalAthena(LocalFolderLake(tmp_path), now=clock)
    found.query("CREATE VIEW mine AS SELECT 1 AS a")
    return found


@pytest.fixture
def translations(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What has been translated since the test began."""
    made: list[object] = []
    original = translation.translated

    def recorded(*arguments: object) -> object:
        made.append(arguments[0])
        return original(*arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(translation, "translated", recorded)
    return made


def test_a_question_is_translated_once(athena: LocalAthena, translations: list[object]) -> None:
    for _ in range(3):
        athena.query("SELECT count(*) FROM zone_counts_by_hour")
        athena.check_syntax("SELECT count(*) FROM zone_counts_by_hour")
    assert len(translations) == 1
    athena.query("SELECT count(*) FROM zone_counts_by_minute")
    assert len(translations) == 2


def test_a_kept_question_is_answered_as_of_now(athena: LocalAthena, clock: Clock) -> None:
    sql = "SELECT current_date AS today, localtimestamp AS present, 'present-' AS word"
    (first,) = athena.query(sql).rows
    clock.now += timedelta(seconds=2)
    (second,) = athena.query(sql).rows
    assert [str(value) for value in first] == ["2026-11-21", "2026-11-21 23:59:59.250000", "present-"]
    assert [str(value) for value in second] == ["2026-11-22", "2026-11-22 00:00:01.250000", "present-"]


def test_a_changed_view_is_read_anew(athena: LocalAthena) -> None:
    athena.query("CREATE VIEW answer AS SELECT 1 AS a")
    assert athena.query("SELECT a FROM answer").rows == [(1,)]
    athena.query("CREATE OR REPLACE VIEW answer AS SELECT 2 AS a")
    assert athena.query("SELECT a FROM answer").rows == [(2,)]


def test_databases_share_what_was_asked_until_one_is_changed(
    athena: LocalAthena, translations: list[object], tmp_path: Path
) -> None:
    sql = "SELECT count(*) AS databases_share_this FROM zone_counts"
    one, other = LocalAthena(LocalFolderLake(tmp_path)), LocalAthena(LocalFolderLake(tmp_path / "other"))
    one.query(sql)
    other.query(sql)
    assert len(translations) == 1
    other.query("CREATE VIEW databases_share_this AS SELECT 2 AS a")
    other.query(sql)
    athena.query(sql)
    assert len(translations) == 3
    assert one.query(sql).rows == [(0,)]


def test_parameters_make_another_question(athena: LocalAthena) -> None:
    assert athena.query("SELECT ? AS a", (1,)).rows == [(1,)]
    assert athena.query("SELECT ? AS a", (2,)).rows == [(2,)]


def test_only_the_latest_are_kept(
    athena: LocalAthena, translations: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "_KEPT_TRANSLATIONS", 2)
    for number in (1, 2, 3, 3, 2, 1):
        athena.query(f"SELECT {number} AS a")
    assert len(translations) == 4
