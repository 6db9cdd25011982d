"""Run folders: private, locked by the living, swept after the dead."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra.local.run_directory import RUN_VARIABLE, RunDirectory, RunDirectoryError

ROOT = Path(__file__).parents[3]


def test_a_run_has_a_private_folder_that_goes_with_it(tmp_path: Path) -> None:
    base = tmp_path / "base"
    with RunDirectory(base) as run:
        (run.path / "file").write_text("x")
        assert [stat.S_IMODE(path.stat().st_mode) for path in (base, run.path)] == [0o700, 0o700]
        assert run.temporary.is_dir()
        assert run.log_path("it").parent == run.path
    assert [path.name for path in base.iterdir()] == ["sweep.lock"]


def test_it_goes_with_an_exception_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), RunDirectory(tmp_path) as run:
        raise RuntimeError
    assert not run.path.exists()


def test_runs_leave_each_other_alone(tmp_path: Path) -> None:
    with RunDirectory(tmp_path) as first, RunDirectory(tmp_path) as second:
        assert second.swept == []
        assert first.path.exists()
        assert first.path != second.path


DYING_OWNER = """
import os, subprocess, sys
from pathlib import Path
from infra.local.run_directory import RUN_VARIABLE, RunDirectory
run = RunDirectory(Path(sys.argv[1]))
left = subprocess.Popen(["sleep", "300"], env={RUN_VARIABLE: str(run.path)}, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
print(run.path, left.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_next_run_sweeps_a_dead_one_and_what_runs_in_its_name(tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DYING_OWNER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    path, left = died.stdout.split()
    assert Path(path).exists()
    with RunDirectory(tmp_path) as run:
        assert [str(swept) for swept in run.swept] == [path]
        assert not Path(path).exists()
        assert f"{RUN_VARIABLE}={path}" not in _environment(int(left))


def _environment(process: int) -> str:
    try:
        return Path(f"/proc/{process}/environ").read_text()
    except OSError:
        return ""


def test_a_folder_without_a_lock_is_a_dead_one(tmp_path: Path) -> None:
    (tmp_path / "run-half").mkdir()
    with RunDirectory(tmp_path) as run:
        assert run.swept == [tmp_path / "run-half"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_base_that_is_not_a_folder_of_ours_is_refused(tmp_path: Path, kind: str) -> None:
    base = tmp_path / "base"
    if kind == "file":
        base.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunDirectoryError, match=f"{base} "):
        RunDirectory(base)


def test_the_default_base_names_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with RunDirectory() as run:
        assert run.base == tmp_path / f"crowdlens-{os.getuid()}"
