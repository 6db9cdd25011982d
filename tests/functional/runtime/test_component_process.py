"""A component's whole process with the real SDK against the local nucleus, classic and lite."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_components.runtime.status import read_status
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus
from infra.local.greengrass.operations import deliver

COMPONENT = "com.crowdlens.echo"
DEADLINE_SECONDS = 60.0
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process")]


class Device:
    """A nucleus, its socket and the processes that were started under it."""

    def __init__(self, folder: Path, *, is_lite: bool) -> None:
        self.folder = folder
        self.nucleus = Nucleus("jetson-7", is_lite=is_lite)
        self.nucleus.install(COMPONENT, {**self.folders, "threshold": 0.5, "threads": 1}, version="1.2.3")
        self.endpoint = IpcEndpoint(self.nucleus, folder / "ipc")
        self.processes: list[subprocess.Popen[str]] = []

    @property
    def folders(self) -> dict[str, str]:
        return {
            name: str(self.folder / part)
            for name, part in (("folder", "state"), ("run", "run"), ("settings", "etc"))
        }

    def start(self, **variables: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CROWDLENS_VERSION": "1.2.3",
            **self.endpoint.environment(COMPONENT),
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.runtime.echo_component"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def said(self) -> list[str]:
        return [one.payload.decode() for one in self.nucleus.mqtt if one.topic == "from/echo"]

    def wait_said(self, text: str, times: int = 1) -> None:
        heard = self.nucleus.wait_for(lambda: self.said().count(text) >= times, seconds=DEADLINE_SECONDS)
        assert heard, self.said()

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "run/status/echo.json").read_text("utf-8"))
        return document

    def wait_status(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if (self.folder / "run/status/echo.json").exists() and holds(self.status()):
                return self.status()
            time.sleep(0.05)
        raise AssertionError(self.status())


@pytest.fixture(params=[pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path, is_lite=request.param)
    with device.endpoint:
        yield device
        for process in device.processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=DEADLINE_SECONDS)


def test_a_component_starts_takes_updates_and_stops(device: Device) -> None:
    """Text for numbers, live change, refusal that keeps the old one, a fresh process in place, SIGTERM."""
    nucleus, process = device.nucleus, device.start()
    device.wait_said("start 0.5 1")
    assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
    assert nucleus.wait_for(lambda: nucleus.is_subscribed("mqtt", "to/jetson-7/x"))
    deliver(nucleus, "to/jetson-7/x", b"hello")
    device.wait_said("to/jetson-7/x hello")
    assert nucleus.deploy(COMPONENT, {"threshold": 0.7}, seconds=DEADLINE_SECONDS) is None
    device.wait_said("apply 0.7 1")
    refused = nucleus.deploy(COMPONENT, {"threshold": 7}, seconds=DEADLINE_SECONDS)
    shown = "'7'" if nucleus.is_lite else "7"
    assert refused == f"configuration threshold is {shown}: expected a number from 0 to 1"
    assert nucleus.configurations[COMPONENT]["threshold"] == 0.7
    assert nucleus.deploy(COMPONENT, {"threads": 2}, seconds=DEADLINE_SECONDS) is None
    device.wait_said("start 0.7 2")
    assert device.wait_status(lambda status: status["details"].get("threads") == 2)["pid"] == process.pid
    assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING", "RUNNING"])
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) == 0
    assert time.monotonic() - started < 30
    assert device.said()[-1] == "stop 0.7 2"


def test_a_change_that_nobody_checked_is_refused_too(device: Device) -> None:
    """As on a nucleus that does not ask, or for a change by the device's own console."""
    device.start()
    device.wait_said("start 0.5 1")
    assert device.nucleus.wait_for(lambda: device.nucleus.states[COMPONENT] == ["RUNNING"])
    device.nucleus.merge(COMPONENT, (), {"threshold": "much"})
    status = device.wait_status(lambda status: bool(status["details"].get("configuration_problem")))
    assert status["details"]["configuration_problem"] == (
        "refused, the one before stays: configuration threshold is 'much': expected a number from 0 to 1"
    )
    assert (status["state"], status["details"]["threshold"]) == ("running", 0.5)
    device.nucleus.merge(COMPONENT, (), {"threshold": "0.25"})
    device.wait_said("apply 0.25 1")
    device.wait_status(lambda status: status["details"]["configuration_problem"] is None)


def test_a_bad_configuration_at_the_start_fails_and_later_gives_way_to_the_last_good_one(
    device: Device,
) -> None:
    """Three starts fail, so that a deployment is rolled back; where none is, the device works again."""
    process = device.start()
    device.wait_said("start 0.5 1")
    process.terminate()
    process.communicate(timeout=DEADLINE_SECONDS)
    device.nucleus.merge(COMPONENT, (), {"colour": "blue"})
    for _ in range(3):
        failed = device.start()
        said = failed.communicate(timeout=DEADLINE_SECONDS)[1]
        assert failed.returncode == 2
        assert "Traceback" not in said
        assert said.splitlines()[-1] == (
            "echo: key colour is not known: expected one of hangs, threads, threshold"
        )
        assert device.nucleus.states[COMPONENT][-1] == "ERRORED"
    assert device.status()["state"] == "failed"
    device.start()
    device.wait_said("start 0.5 1", times=2)
    status = device.wait_status(lambda status: status["state"] == "running")
    assert "colour is not known" in status["details"]["configuration_problem"]


def test_the_nucleus_goes_and_comes_back(device: Device) -> None:
    """The work goes on; what was subscribed to is so again, and a change that was missed is made up for."""
    process, nucleus = device.start(), device.nucleus
    device.wait_said("start 0.5 1")
    assert nucleus.wait_for(lambda: nucleus.is_subscribed("mqtt", "to/jetson-7/x"))
    assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
    device.endpoint.drop_connections()
    assert nucleus.wait_for(lambda: not nucleus.is_subscribed("mqtt", "to/jetson-7/x"))
    nucleus.merge(COMPONENT, (), {"threshold": 0.9})
    device.wait_said("apply 0.9 1")
    assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING", "RUNNING"])
    assert nucleus.wait_for(lambda: nucleus.is_subscribed("mqtt", "to/jetson-7/x"))
    deliver(nucleus, "to/jetson-7/x", b"again")
    device.wait_said("to/jetson-7/x again")
    assert process.poll() is None


def test_a_nucleus_that_forgot_the_token_ends_the_process(device: Device) -> None:
    """A new nucleus starts its own processes: two of us would be one too many."""
    process = device.start()
    device.wait_said("start 0.5 1")
    assert device.nucleus.wait_for(lambda: device.nucleus.states[COMPONENT] == ["RUNNING"])
    device.nucleus.install(COMPONENT, device.nucleus.configurations[COMPONENT])
    device.endpoint.drop_connections()
    assert process.wait(DEADLINE_SECONDS) == 1
    status = read_status(device.folder / "run/status/echo.json")
    assert status is not None
    assert status.state == "failed"
    assert "lets nobody in with the token" in str(status.reason)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param(
            {"SVCUID": "made up"},
            "echo: Greengrass lets nobody in with the token in SVCUID: expected that of this run of the",
            id="bad-token",
        ),
        pytest.param(
            {"AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": "/nowhere/ipc"},
            "echo: Greengrass cannot be reached at /nowhere/ipc",
            id="no-socket",
        ),
        pytest.param(
            {"SVCUID": ""}, "echo: SVCUID is not set: expected to be started by Greengrass", id="no-token"
        ),
    ],
)
def test_one_sentence_for_who_is_not_let_in(device: Device, variables: dict[str, str], sentence: str) -> None:
    process = device.start(**variables)
    said = process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in said


def test_a_failure_while_running_is_reported_and_ends_the_process(device: Device) -> None:
    device.nucleus.merge(COMPONENT, (), {"threads": 13})
    process = device.start()
    process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 1
    assert device.nucleus.states[COMPONENT][-1] == "ERRORED"
    assert (device.status()["state"], device.status()["reason"]) == (
        "failed",
        "thirteen threads bring bad luck",
    )


def test_work_that_does_not_stop_is_left(device: Device) -> None:
    device.nucleus.merge(COMPONENT, (), {"hangs": True})
    process = device.start()
    device.wait_said("start 0.5 1")
    process.terminate()
    said = process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert process.returncode == 0
    assert "the work did not stop in time" in said
