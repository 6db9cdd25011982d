"""The repository as it was at a revision, in a private folder, and a page drawn by what is there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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
    """Give a folder with the files of `reference`, which is gone afterwards; raises `RevisionError`."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if found.returncode:
        raise RevisionError(f"revision is {reference!r}: expected a commit, branch or tag of a git checkout")
    with tempfile.TemporaryDirectory(prefix="crowdlens-before-") as folder:
        tree = Path(folder) / "tree"
        added = _git(root, "worktree", "add", "--quiet", "--detach", str(tree), found.stdout.strip())
        if added.returncode:
            raise RevisionError(f"revision {reference!r} cannot be checked out: {added.stderr.strip()}")
        try:
            yield tree
        finally:
            _git(root, "worktree", "remove", "--force", str(tree))


def draw(tree: Path, lake: Path, page: Path, options: Sequence[str], *, name: str) -> None:
    """Write the page of the version in `tree`; an older one that knows no options draws what it has.

    Raises `DrawingFailedError`, which calls the version `name`.
    """
    command = [sys.executable, "-m", "cli.main", "preview", "--headless"]
    places = ["--lake", str(lake.resolve()), "--out", str(page)]
    drawn = _run([*command, *places, *options], tree)
    if drawn.returncode == _WRONG_CALL and "unrecognized arguments" in drawn.stderr:
        drawn = _run([*command, *places], tree)
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
