"""A demo's folder holds the old results or the new ones, whatever happens on the way, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo.output_folder import RESULTS, OutputFolder, OutputFolderError


def stage(folder: OutputFolder, text: str, names: tuple[str, ...] = RESULTS) -> None:
    for name in names:
        if name == "lake":
            (folder.staging / name).mkdir()
            (folder.staging / name / f"{text}.parquet").write_text(text)
        else:
            (folder.staging / name).write_text(text)


def contents(path: Path) -> dict[str, str]:
    """What each result holds: the text of the run that made it."""
    return {
        name: next((path / name).iterdir()).read_text() if name == "lake" else (path / name).read_text()
        for name in RESULTS
        if (path / name).exists()
    }


def run(path: Path, text: str, names: tuple[str, ...] = RESULTS) -> None:
    with OutputFolder(path) as folder:
        stage(folder, text, names)
        folder.publish()


def test_results_appear_together_and_replace_the_old_ones(tmp_path: Path) -> None:
    run(tmp_path, "old")
    run(tmp_path, "new")
    assert contents(tmp_path) == dict.fromkeys(RESULTS, "new")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [".crowdlens"]


def test_a_result_the_new_run_does_not_have_is_not_the_old_ones(tmp_path: Path) -> None:
    run(tmp_path, "old")
    run(tmp_path, "new", ("summary.json", "report.html", "lake"))
    assert "key_frame.jpg" not in contents(tmp_path)


def test_a_run_that_fails_leaves_the_old_results_alone(tmp_path: Path) -> None:
    run(tmp_path, "old")

    def fail() -> None:
        with OutputFolder(tmp_path) as folder:
            stage(folder, "half")
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        fail()
    assert contents(tmp_path) == dict.fromkeys(RESULTS, "old")


@pytest.mark.parametrize("moves", range(len(RESULTS) * 2 + 1))
def test_a_run_killed_while_it_publishes_is_undone_or_whole(
    moves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "old")
    left = moves
    replace = Path.replace

    class KilledError(Exception):
        pass

    def replace_until_killed(self: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return replace(self, target)

    folder = OutputFolder(tmp_path)
    stage(folder, "new")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace_until_killed)
        if moves < len(RESULTS) * 2:
            with pytest.raises(KilledError):
                folder.publish()
        else:
            folder.publish()
    # As after kill -9: nothing is tidied up, only the lock is gone.
    folder._lock.close()
    found = contents(tmp_path)
    assert "summary.json" not in found or len(set(found.values())) == 1
    with OutputFolder(tmp_path):
        expected = "old" if moves < len(RESULTS) * 2 else "new"
        assert contents(tmp_path) == dict.fromkeys(RESULTS, expected)


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".staging-dead").mkdir()
    with OutputFolder(tmp_path):
        assert not (tmp_path / ".staging-dead").exists()


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with OutputFolder(tmp_path), pytest.raises(OutputFolderError, match="is in use by another run"):
        OutputFolder(tmp_path)


def test_a_folder_with_a_lake_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "thesis.parquet").write_text("precious")
    with pytest.raises(OutputFolderError, match="holds lake, which no run of CrowdLens made"):
        OutputFolder(tmp_path)
    assert (tmp_path / "lake" / "thesis.parquet").read_text() == "precious"


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    run(tmp_path, "new")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFolderError, match="expected a folder that can be written to"):
        OutputFolder(tmp_path / "file" / "out")
