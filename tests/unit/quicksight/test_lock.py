from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from quicksight import __main__ as command
from quicksight.dashboards import operations
from quicksight.data_set import QuickSightType
from quicksight.data_sets import DATA_SETS, PEOPLE_NOW
from quicksight.lock import LockedId, LockError, check_lock, ids_of, lock_text, losses, read_lock

LOCKED = ids_of(DATA_SETS, [operations.DASHBOARD])


def changed(kind: str, path: str, nature: str | None) -> set[LockedId]:
    """The locked ids without one of them, or with another type of it."""
    (one,) = (found for found in LOCKED if (found.kind, found.path) == (kind, path))
    rest = LOCKED - {one}
    return rest if nature is None else rest | {replace(one, nature=nature)}


@pytest.mark.parametrize(
    ("kind", "path", "lost"),
    [
        pytest.param("theme", "crowdlens-theme", "lose their colours", id="theme"),
        pytest.param("data-set", "crowdlens-people-now", "lose its data", id="data set"),
        pytest.param("column", "crowdlens-people-now/zone", "would break", id="column"),
        pytest.param("calculated", "crowdlens-zone-hours/mean_inside", "would break", id="calculated"),
        pytest.param("dashboard", "crowdlens-operations", "would lead nowhere", id="dashboard"),
        pytest.param("sheet", "crowdlens-operations/operations", "links to it", id="sheet"),
        pytest.param("visual", "crowdlens-operations/operations/kpi-in", "bookmarks", id="visual"),
    ],
)
def test_what_would_go_is_said_with_what_a_copy_would_lose(kind: str, path: str, lost: str) -> None:
    (sentence,) = losses(LOCKED, changed(kind, path, None))
    assert sentence.startswith(f"{kind} {path} would go: ")
    assert lost in sentence
    assert "\n" not in sentence


def test_a_column_that_changes_its_type_is_a_loss() -> None:
    zone = changed("column", "crowdlens-people-now/zone", "INTEGER")
    (sentence,) = losses(LOCKED, zone)
    assert sentence.startswith("column crowdlens-people-now/zone would change from STRING to INTEGER: ")


def test_a_renamed_column_is_refused() -> None:
    renamed = replace(
        PEOPLE_NOW, columns=tuple(replace(one, name=f"{one.name}_") for one in PEOPLE_NOW.columns)
    )
    with pytest.raises(
        LockError, match=r"column crowdlens-people-now/age_minutes would go: .*\(and \d+ more\)"
    ):
        check_lock(LOCKED, ids_of([renamed, *DATA_SETS[1:]], [operations.DASHBOARD]))


def test_a_new_id_asks_for_the_command() -> None:
    more = LOCKED | {LockedId("column", "crowdlens-people-now/age", QuickSightType.INTEGER.value)}
    with pytest.raises(LockError, match=r"people-now/age is not in ids\.lock: run python -m quicksight lock"):
        check_lock(LOCKED, more)


def test_the_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ids.lock"
    path.write_text(lock_text(LOCKED), encoding="utf-8")
    assert read_lock(path) == LOCKED
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert lines == sorted(lines)


@pytest.mark.parametrize("line", ["visual", "picture a/b", "visual a b c"])
def test_a_line_that_is_no_id_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ids.lock"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(LockError, match=f"'{line}' is no locked id"):
        read_lock(path)


def test_the_command_adds_and_never_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ids.lock"
    monkeypatch.setattr(command, "LOCK_FILE", path)
    monkeypatch.setattr(command, "read_lock", lambda: read_lock(path))
    assert command.main(["lock"]) == 0
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("visual crowdlens-operations/operations/kpi-in KPIVisual\n", ""))
    assert command.main(["lock"]) == 0
    assert path.read_text(encoding="utf-8") == whole
    assert "1 of them new" in capsys.readouterr().out
    path.write_text(whole + "visual crowdlens-operations/operations/pie PieChartVisual\n")
    assert command.main(["lock"]) == 2
    assert "operations/pie would go: " in capsys.readouterr().err
    assert "pie" in path.read_text(encoding="utf-8")


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["unlock"]) == 2
    assert "usage: python -m quicksight" in capsys.readouterr().err
