"""A demo's folder is either the old result or the new one, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo.output_folder import OutputFolder, OutputFolderError


def test_results_appear_together_and_replace_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "old.parquet").write_text("old")
    with OutputFolder(tmp_path) as folder:
        (folder.staging / "lake").mkdir()
        (folder.staging / "lake" / "new.parquet").write_text("new")
        (folder.staging / "summary.json").write_text("{}")
        assert not (tmp_path / "summary.json").exists()
        folder.publish()
    assert sorted(path.name for path in (tmp_path / "lake").iterdir()) == ["new.parquet"]
    assert (tmp_path / "summary.json").read_text() == "{}"


def test_a_run_that_fails_leaves_the_old_results_alone(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("old")

    def fail() -> None:
        with OutputFolder(tmp_path) as folder:
            (folder.staging / "summary.json").write_text("half")
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        fail()
    assert (tmp_path / "summary.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".staging-dead").mkdir()
    with OutputFolder(tmp_path):
        assert not (tmp_path / ".staging-dead").exists()


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with OutputFolder(tmp_path), pytest.raises(OutputFolderError, match="is in use by another run"):
        OutputFolder(tmp_path)


def test_a_file_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFolderError, match="expected a folder that can be written to"):
        OutputFolder(tmp_path / "file" / "out")
