"""A cut of power anywhere in an activation leaves the old model or the new one, and the next try succeeds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.bundles import ROOT

pytestmark = [pytest.mark.device, pytest.mark.xdist_group("processes")]


def run(scenario: str, folder: Path) -> list[dict[str, Any]]:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.functional.model_store.kill_at_every_step", scenario, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def kills(scenario: str, folder: Path) -> list[dict[str, Any]]:
    found = run(scenario, folder)
    assert {kill["after"] for kill in found} == {None, "people@2"}
    return found


def test_killed_before_every_file_operation_of_an_activation(tmp_path: Path) -> None:
    states = [kill["state"] for kill in kills("new", tmp_path)]
    # Old until one operation, new from there on; and there was something to kill on both sides.
    switch = states.index("people@2")
    assert set(states[:switch]) == {"people@1"}
    assert set(states[switch:]) == {"people@2"}
    assert switch > 15


def test_killed_while_a_damaged_active_package_is_replaced(tmp_path: Path) -> None:
    states = [kill["state"] for kill in kills("damaged", tmp_path)]
    assert states[0].startswith("people@2: model.onnx on this device has sha256")
    assert states[-1] == "people@2"
    assert "no active model" not in states


def test_killed_in_the_middle_of_a_download(tmp_path: Path) -> None:
    left_whole, left_damaged = run("download", tmp_path)
    for kill in (left_whole, left_damaged):
        assert kill.pop("there") > 0
        assert kill == {"killed": True, "state": "people@1", "resumed": True, "after": "people@2"}
