"""The scheduler in this process: how often it calls, and what a call that fails does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from infra.ingest_settings import (
    DEAD_LETTERS,
    LAKE_WRITER,
    MIGRATIONS_HANDLER,
    RDS_LOADER,
    SCHEDULED_FUNCTIONS,
)
from infra.local.aws_environment import REPOSITORY_ROOT
from infra.local.invocation import LambdaContext, load_handler
from infra.local.scheduler import Scheduler, SchedulerSettings, SchedulerStatistics


def settings(
    tmp_path: Path, every_seconds: float = 0.05, handler: str = "x:y", timeout_seconds: float = 60.0
) -> SchedulerSettings:
    return SchedulerSettings(
        "compactor",
        handler,
        every_seconds,
        {"day": "all"},
        "eu-west-1",
        timeout_seconds,
        128,
        str(tmp_path / "figures.json"),
    )


def test_a_function_is_called_with_its_event_until_told_to_stop(tmp_path: Path) -> None:
    calls: list[tuple[dict[str, Any], str]] = []
    started = time.monotonic()

    def handler(event: dict[str, Any], context: LambdaContext) -> object:
        calls.append((event, context.function_name))
        if len(calls) == 3:
            scheduler.stop()
        return {"objects": len(calls)}

    scheduler = Scheduler(settings(tmp_path), handler)
    scheduler.run()
    assert calls == [({"day": "all"}, "compactor")] * 3
    assert time.monotonic() - started >= 0.15
    kept = SchedulerStatistics.read(tmp_path / "figures.json")
    assert (kept.calls, kept.failed_calls, kept.running) == (3, 0, False)
    assert json.loads(kept.last_answer) == {"objects": 3}


def crash(event: dict[str, Any], context: LambdaContext) -> object:
    raise ValueError("no good")


def sleep(event: dict[str, Any], context: LambdaContext) -> object:
    time.sleep(10)
    return None


@pytest.mark.parametrize(
    ("handler", "says"),
    [(crash, "ValueError: no good"), (sleep, "FunctionTimeoutError")],
    ids=["raises", "hangs"],
)
def test_a_call_that_fails_is_told_and_does_not_end_the_schedule(
    tmp_path: Path, handler: Any, says: str
) -> None:
    scheduler = Scheduler(settings(tmp_path, timeout_seconds=0.3), handler)
    scheduler.call_once()
    scheduler.call_once()
    kept = SchedulerStatistics.read(tmp_path / "figures.json")
    assert (kept.calls, kept.failed_calls, kept.running) == (2, 2, False)
    assert kept.last_error.startswith(says)


class VirtualTime:
    """A clock that goes only where somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_a_long_call_puts_off_the_next_and_is_not_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualTime()
    monkeypatch.setattr("infra.local.scheduler.time", clock)
    starts: list[float] = []

    def handler(event: dict[str, Any], context: LambdaContext) -> object:
        starts.append(clock.seconds - 1000)
        clock.sleep(35 if len(starts) == 1 else 0)
        if len(starts) == 4:
            scheduler.stop()
        return None

    scheduler = Scheduler(settings(tmp_path, every_seconds=10), handler)
    scheduler.run()
    assert starts == [10, 45, 55, 65]


def test_a_scheduler_that_waits_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings(tmp_path, every_seconds=600, handler="no.such.module:f").write(path)
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.scheduler", str(path)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "figures.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.mark.parametrize(
    "handler",
    [
        *(one.handler for one in SCHEDULED_FUNCTIONS),
        LAKE_WRITER.handler,
        RDS_LOADER.handler,
        DEAD_LETTERS.handler,
        MIGRATIONS_HANDLER,
    ],
)
def test_every_function_that_the_settings_name_is_there(handler: str) -> None:
    assert callable(load_handler(handler))
