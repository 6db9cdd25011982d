"""Runs pytest and asks a few failed tests once more, alone: `python -m tests.suite [pytest's arguments]`.

Thousands of tests with real processes run side by side on a machine that others share. A test that fails
there and passes alone was starved, or is flaky: it is named at the end, so that somebody mends it, and does
not fail the run. One that fails twice does, and so does every run with more failures than a busy machine
explains.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

MAXIMUM_FAILED = 5


class FailedTests:
    """Remembers which tests failed; with pytest-xdist its main process hears of every one."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a failure in any part of a test."""
        if report.failed and report.nodeid not in self.names:
            self.names.append(report.nodeid)


def run(arguments: Sequence[str]) -> int:
    """Return the exit status of pytest with `arguments`, after a second look at the tests that failed."""
    failed = FailedTests()
    status = int(pytest.main(list(arguments), plugins=[failed]))
    if status != pytest.ExitCode.TESTS_FAILED or not 0 < len(failed.names) <= MAXIMUM_FAILED:
        return status
    names = [name.rpartition("@")[0] if "@" in name.rpartition("]")[2] else name for name in failed.names]
    _say(f"{len(names)} failed: asked once more, alone")
    again = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *names], check=False)
    if again.returncode == 0:
        for name in names:
            _say(f"FLAKY {name}: failed beside others, passed alone")
    return again.returncode


def _say(text: str) -> None:
    sys.stdout.write(f"suite: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
