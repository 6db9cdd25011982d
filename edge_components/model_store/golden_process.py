"""Starts the golden check beside the store, with a time limit, and reads what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_components.model_store.child_process import Finished, run_child
from edge_components.model_store.errors import CutOffError, tells_of_memory

_MODULE = "edge_components.model_store.golden_run"


@dataclass(frozen=True)
class GoldenOutcome:
    """Whether the golden picture gave what it should, on which provider, and how fast."""

    passed: bool
    reason: str | None
    provider: str
    milliseconds: float
    provider_note: str | None = None


class GoldenRunner(Protocol):
    """Anything that checks a package as `run_golden` does."""

    def __call__(
        self,
        package: Path,
        *,
        engine: Path | None,
        provider: str,
        limit_seconds: float,
        cancelled: Callable[[], bool],
    ) -> GoldenOutcome:
        """Return the outcome."""
        ...


def run_golden(
    package: Path,
    *,
    engine: Path | None,
    provider: str,
    limit_seconds: float,
    cancelled: Callable[[], bool] = lambda: False,
) -> GoldenOutcome:
    """Return the outcome of the golden check; a crash is an outcome, too.

    Raises `CutOffError` where the device may be at fault (no memory, killed, no end in time), and
    `SupersededError` when `cancelled`.
    """
    command = [sys.executable, "-m", _MODULE, str(package), "--provider", provider]
    command += ["--engine", str(engine)] if engine else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        finished = run_child(
            command, limit_seconds=limit_seconds, cancelled=cancelled, environment=environment
        )
    except subprocess.TimeoutExpired as error:
        raise CutOffError(f"the golden check did not end within {limit_seconds:g} s") from error
    outcome = _outcome(finished)
    if not outcome.passed and tells_of_memory(str(outcome.reason)):
        raise CutOffError(str(outcome.reason))
    return outcome


def _outcome(finished: Finished) -> GoldenOutcome:
    lines = finished.output.strip().splitlines()
    last = lines[-1][:200] if lines else "it said nothing"
    if finished.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
        raise CutOffError("the golden check was killed: the device was probably out of memory")
    if finished.returncode < 0:
        if tells_of_memory(finished.output):
            raise CutOffError(f"the golden check had too little memory: {last}")
        name = signal.Signals(-finished.returncode).name
        return _failed(f"the golden check crashed ({name}) while it ran the model")
    try:
        return GoldenOutcome(**json.loads(lines[-1]))
    except (ValueError, IndexError, TypeError):
        return _failed(f"the golden check failed: {last}")


def _failed(reason: str) -> GoldenOutcome:
    return GoldenOutcome(False, reason, "", 0.0)
