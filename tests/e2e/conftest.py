"""Runs `crowdlens demo` as a user's shell would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CROWDLENS = Path(sys.executable).with_name("crowdlens")


@pytest.fixture
def start_demo(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts a headless demo; its temporary files stay below the test's folder."""

    def start(out: Path, *arguments: str) -> subprocess.Popen[str]:
        import os

        return subprocess.Popen(
            [CROWDLENS, "demo", "--headless", "--out", out, *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary_folder(tmp_path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def temporary_folder(tmp_path: Path) -> Path:
    """A short path: MariaDB's socket must fit into 107 characters."""
    folder = tmp_path / "t"
    folder.mkdir(exist_ok=True)
    return folder
