"""Commands that answer, fail, hang and are not there; readers that hang."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from edge_components.fleet_agent.background import BackgroundReader
from edge_components.fleet_agent.commands import CommandError, CommandMissingError, run_command
from edge_components.fleet_agent.reading import Reading


def test_a_command_answers_in_english() -> None:
    assert run_command((sys.executable, "-c", "import os; print(os.environ['LC_ALL'])")) == "C\n"


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(CommandMissingError, match="no-such-command is not installed"):
        run_command(("no-such-command", "-q"))


def test_a_command_that_may_not_be_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be run"):
        run_command((str(tmp_path),))


def test_a_command_that_fails() -> None:
    with pytest.raises(CommandError, match="ended with status 3"):
        run_command((sys.executable, "-c", "raise SystemExit(3)"))


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    late = tmp_path / "late"
    script = f"(sleep 3; touch {late}) & sleep 600"
    with pytest.raises(CommandError, match="did not answer in time"):
        run_command(("sh", "-c", script), limit_seconds=0.5)
    time.sleep(3)
    assert not late.exists()


class Slow:
    """Hangs until a test lets it go."""

    name, columns, every_seconds = "slow", ("gpu_name",), 5.0

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def read(self) -> Reading:
        self.asked.set()
        self.go.wait(60)
        return Reading({"gpu_name": "A2"})


def test_a_reader_that_hangs_holds_nothing_up() -> None:
    now = [0.0]
    slow = Slow()
    reader = BackgroundReader(slow, lambda: now[0])
    assert reader.read() == Reading()
    assert slow.asked.wait(60)
    now[0] = 26.0
    assert reader.read().cannot == {"gpu_name": "slow does not answer"}
    slow.go.set()
    deadline = time.monotonic() + 60
    while not reader.read().values and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reader.read().values == {"gpu_name": "A2"}
    reader.stop()
