"""The repository as it was at a revision, in a private folder, and a page drawn by what is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from contract.errors import CrowdLensError, WorkFailedError

ROOT = Path(__file__).resolve().parents[2]
_DRAWING_SECONDS = 1800
_WRONG_CALL = 2


class RevisionError(CrowdLensError):
    """Raised when a revision is none, or this is no git checkout."""


class DrawingFailedError(WorkFailedError):
    """Raised when one of the two versions could not be drawn; says which and why."""


@contextmanager
def checked_out(reference: str, root: Path = ROOT) -> Iterator[Path]:
    """Give a folder with the files of `reference`, which is gone afterwards, also when the process is ended.

    Git keeps no note of it, as it would of a worktree. Raises `RevisionError`.
    """
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if found.returncode:
        raise RevisionError(f"revision is {reference!r}: expected a commit, branch or tag of a git checkout")
    with _leaving_when_ended(), tempfile.TemporaryDirectory(prefix="crowdlens-before-") as folder:
        tree, packed = Path(folder) / "tree", Path(folder) / "tree.tar"
        archived = _git(root, "archive", "--format=tar", f"--output={packed}", found.stdout.strip())
        if archived.returncode:
            raise RevisionError(f"revision {reference!r} cannot be checked out: {archived.stderr.strip()}")
        with tarfile.open(packed) as files:
            files.extractall(tree, filter="data")
        packed.unlink()
        yield tree


@contextmanager
def _leaving_when_ended() -> Iterator[None]:
    """Let SIGTERM, which a cancelled CI job gets, leave by an exception, so that folders are cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def draw(tree: Path, lake: Path, page: Path, options: Sequence[str], *, name: str) -> None:
    """Write the page of the version in `tree`; an older one that knows no options draws what it has.

    Raises `DrawingFailedError`, which calls the version `name`.
    """
    command = [sys.executable, "-m", "cli.main", "preview", "--headless"]
    places = ["--lake", str(lake.resolve()), "--out", str(page)]
    try:
        drawn = _run([*command, *places, *options], tree)
        if drawn.returncode == _WRONG_CALL and "unrecognized arguments" in drawn.stderr:
            drawn = _run([*command, *places], tree)
    except subprocess.TimeoutExpired as error:
        raise DrawingFailedError(
            f"the dashboards of {name} were not drawn within {error.timeout:.0f} seconds: "
            "expected a machine less busy, or a smaller lake"
        ) from error
    if drawn.returncode:
        said = (drawn.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise DrawingFailedError(f"the dashboards of {name} could not be drawn: {said}")


def _run(command: Sequence[str], tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=_DRAWING_SECONDS,
        check=False,
    )


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
