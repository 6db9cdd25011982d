"""The three folders of a device, and what is kept in them over restarts."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.device_folders import DeviceFolders, DeviceFoldersError
from edge_components.runtime.last_good import STARTS_REFUSED, LastGood, Refusal

BAD = {"threshold": 7}


def test_folders_are_the_usual_ones_unless_named() -> None:
    folders = DeviceFolders.of({"folder": "/data", "run": ""})
    assert (folders.state, folders.run, folders.settings) == (
        Path("/data"),
        Path("/run/crowdlens"),
        Path("/etc/crowdlens"),
    )
    assert folders.spool == Path("/data/spool.db")


@pytest.mark.parametrize("value", [pytest.param("data", id="relative"), pytest.param(7, id="number")])
def test_a_folder_has_an_absolute_path(value: Any) -> None:
    with pytest.raises(DeviceFoldersError, match=r"configuration folder is .*: expected an absolute path"):
        DeviceFolders.of({"folder": value})


def test_folders_are_made_and_a_site_is_read(tmp_path: Path) -> None:
    folders = DeviceFolders.below(tmp_path)
    folders.make()
    assert folders.models.is_dir()
    assert folders.status.is_dir()
    with pytest.raises(DeviceFoldersError, match=r"site file .* cannot be read"):
        folders.site()
    folders.settings.mkdir()
    (folders.settings / "site").write_text("seoul-1\n", encoding="utf-8")
    assert folders.site() == "seoul-1"
    (folders.settings / "site").write_text("a b", encoding="utf-8")
    with pytest.raises(CrowdLensError, match=r"site in .* is 'a b'"):
        folders.site()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    with pytest.raises(DeviceFoldersError, match="could not be made: File exists; expected it to exist"):
        DeviceFolders.below(tmp_path).make()


def test_a_run_folder_that_cannot_be_made_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").write_text("", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        DeviceFolders.below(tmp_path).make()
    assert (tmp_path / "state" / "models").is_dir()
    assert {record.message for record in caplog.records} == {"folder not made"}


def test_a_configuration_that_stays_bad_gives_way_to_the_last_good_one(tmp_path: Path) -> None:
    kept = LastGood(tmp_path, "vision")
    kept.keep({"threshold": 0.5})
    refusals = [LastGood(tmp_path, "vision").refused_start(BAD) for _ in range(STARTS_REFUSED + 1)]
    assert refusals == [None] * STARTS_REFUSED + [{"threshold": 0.5}]
    kept.keep({"threshold": 0.5})
    assert kept.refused_start(BAD) is None


def test_without_a_good_one_every_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vision.json").write_text("[cut", encoding="utf-8")
    kept = LastGood(tmp_path, "vision")
    assert [kept.refused_start(BAD) for _ in range(STARTS_REFUSED + 2)] == [None] * (STARTS_REFUSED + 2)


def test_what_was_taken_while_running_gives_way_at_once(tmp_path: Path) -> None:
    kept = LastGood(tmp_path, "vision")
    kept.keep({"threshold": 0.5})
    kept.offer(BAD)
    assert kept.refused_start(BAD) == {"threshold": 0.5}


def test_where_starts_cannot_be_counted_the_good_one_is_worked_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full, or that the kernel has made read-only."""
    kept = LastGood(tmp_path, "vision")
    kept.keep({"threshold": 0.5})

    def full(_descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert kept.refused_start(BAD) == {"threshold": 0.5}
    assert kept.refuse(BAD, "too much") is False


def test_a_refusal_holds_for_the_version_that_refused(tmp_path: Path) -> None:
    kept = LastGood(tmp_path, "vision", "1.0.0")
    kept.keep({"threshold": 0.5})
    assert kept.refuse(BAD, "too much")
    assert LastGood(tmp_path, "vision", "1.0.0").refused(BAD) == Refusal(
        {"threshold": 0.5}, "too much", at_start=False
    )
    assert kept.refused({"threshold": 0.6}) is None
    assert LastGood(tmp_path, "vision", "1.1.0").refused(BAD) is None
    kept.keep(BAD)
    assert kept.refused(BAD) is None
