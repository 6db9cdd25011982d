"""A run of the suite forgives what passes alone, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ONCE = """
from pathlib import Path
MARK = Path(__file__).with_name("mark")
def test_once():
    first = not MARK.exists()
    MARK.touch()
    assert not first
"""
FAILS = "def test_fails(): assert False\n"
PASSES = "def test_passes(): pass\n"
MANY = "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_many(n): assert False\n"


@pytest.mark.parametrize(
    ("text", "workers", "status", "said"),
    [
        pytest.param(PASSES, "0", 0, "1 passed", id="all pass"),
        pytest.param(PASSES + ONCE, "0", 0, "FLAKY ", id="one passes alone"),
        pytest.param(PASSES + ONCE, "2", 0, "FLAKY ", id="one passes alone after several workers"),
        pytest.param(ONCE + FAILS, "0", 1, "2 failed: asked once more", id="one fails twice"),
        pytest.param(MANY, "0", 1, "6 failed", id="too many to be chance"),
        pytest.param("import nowhere\n", "0", 2, "1 error", id="cannot be collected"),
    ],
)
def test_what_fails_is_asked_once_more(
    text: str, workers: str, status: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(text)
    (tmp_path / "pytest.ini").touch()
    run = subprocess.run(
        [sys.executable, "-m", "tests.suite", file.name, "-n", workers],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    output = run.stdout + run.stderr
    assert (run.returncode, said in output) == (status, True), output
    assert ("FLAKY" in output) is (said == "FLAKY ")
