"""A roll-out, a bad model and a roll-back: real process, real SDK, real models, a bucket over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from contract.model_manifest import ManifestFile, ModelManifest, manifest_bytes
from edge_components.model_store.__main__ import main
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus

COMPONENT = "com.crowdlens.model_store"
SHIPPED = ROOT / "edge_components/vision/models/person_demo"
DEADLINE_SECONDS = 60.0
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process"), pytest.mark.timeout(240)]


class S3Handler(BaseHTTPRequestHandler):
    """GetObject alone."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        key = self.path.partition("?")[0].partition("/artifacts/")[2]
        self.asked.append(key)
        content = self.objects.get(key)
        status, body = (
            (200, content) if content is not None else (404, b"<Error><Code>NoSuchKey</Code></Error>")
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


class Device:
    """A nucleus with the component deployed, its processes, and the bucket."""

    def __init__(self, folder: Path, *, is_lite: bool) -> None:
        self.folder = folder
        self.nucleus = Nucleus("jetson-7", is_lite=is_lite)
        folders = {
            "folder": str(folder / "state"),
            "run": str(folder / "run"),
            "settings": str(folder / "etc"),
        }
        self.nucleus.install(
            COMPONENT,
            {**folders, "artifactsBucket": "artifacts", "model": "", "buildMinutes": 60, "engine": "auto"},
        )
        self.endpoint = IpcEndpoint(self.nucleus, folder / "ipc")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), S3Handler)
        self.processes: list[subprocess.Popen[str]] = []

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.server.server_port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "ap-northeast-2",
        }

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_components.model_store"],
            cwd=self.folder,
            env={**self.environment(), **self.endpoint.environment(COMPONENT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def operator(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "edge_components.model_store",
                *words,
                "--folder",
                str(self.folder / "state"),
            ],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def active(self) -> str | None:
        path = self.folder / "state/models/active.json"
        return str(json.loads(path.read_text())["version"]) if path.exists() else None

    def status(self) -> dict[str, Any]:
        path = self.folder / "run/status/model_store.json"
        return dict(json.loads(path.read_text())) if path.exists() else {"state": "none", "details": {}}

    def wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.status(), self.nucleus.states)
            time.sleep(0.05)

    def wait_active(self, version: str) -> None:
        """Wait until the pointer and the status, which is written every two seconds, say so."""
        told = ("running", f"person_demo@{version}")
        self.wait(lambda: self.active() == version and self._told() == told)

    def _told(self) -> tuple[str, str | None]:
        status = self.status()
        return str(status["state"]), status["details"].get("active")


def push(version: str, **changed: bytes) -> None:
    files = {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    files.update({name.replace("__", "."): content for name, content in changed.items()})
    listed = tuple(
        ManifestFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )
    manifest = ModelManifest("person_demo", version, "detection", listed)
    for name, content in files.items():
        S3Handler.objects[manifest.reference.key(name)] = content
    S3Handler.objects[manifest.reference.key("manifest.json")] = manifest_bytes(manifest)


@pytest.fixture
def bucket() -> Iterator[None]:
    """person_demo@1, @2, and @3, whose golden picture promises a box that the model does not find."""
    golden = (SHIPPED / "golden.json").read_bytes()
    push("1")
    push("2", golden__json=golden + b"\n")
    push("3", golden__json=golden.replace(b"294.97", b"144.97"))
    yield
    S3Handler.objects.clear()
    S3Handler.asked.clear()


# The runtime's own tests hold every component to lite in the gate; the whole story on it is `make e2e`'s.
LITE = pytest.param(True, id="lite")


@pytest.fixture(params=[pytest.param(False, id="classic"), LITE])
def device(request: pytest.FixtureRequest, tmp_path: Path, bucket: None) -> Iterator[Device]:
    device = Device(tmp_path, is_lite=request.param)
    serving = threading.Thread(target=device.server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        with device.endpoint:
            yield device
            for process in device.processes:
                if process.poll() is None:
                    process.kill()
                process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        device.server.shutdown()
        serving.join()
        device.server.server_close()


def test_a_roll_out_a_bad_model_and_a_roll_back(device: Device) -> None:
    nucleus = device.nucleus
    process = device.start()
    assert nucleus.wait_for(lambda: "RUNNING" in nucleus.states[COMPONENT], seconds=DEADLINE_SECONDS)
    assert nucleus.deploy(COMPONENT, {"model": "person_demo@1"}, seconds=DEADLINE_SECONDS) is None
    device.wait_active("1")
    assert nucleus.deploy(COMPONENT, {"model": "person_demo@2"}, seconds=DEADLINE_SECONDS) is None
    device.wait_active("2")
    details = device.status()["details"]
    assert (details["active"], details["previous"], details["engine"]) == (
        "person_demo@2",
        "person_demo@1",
        None,
    )

    # The bad model: refused, told, and the old one stays.
    assert nucleus.deploy(COMPONENT, {"model": "person_demo@3"}, seconds=DEADLINE_SECONDS) is None
    assert process.wait(DEADLINE_SECONDS) == 1
    assert nucleus.states[COMPONENT][-1] == "ERRORED"
    status = device.status()
    assert (status["state"], device.active()) == ("failed", "2")
    assert "person at (145, 90, 324, 156)" in status["reason"]

    # The nucleus starts it again: it knows, without trying. Then it rolls the configuration back.
    S3Handler.asked.clear()
    assert device.start().wait(DEADLINE_SECONDS) == 1
    assert nucleus.states[COMPONENT][-1] == "ERRORED"
    assert set(S3Handler.asked) == {"models/person_demo/3/manifest.json"}
    nucleus.merge(COMPONENT, ("model",), "person_demo@2")
    process = device.start()
    device.wait_active("2")
    assert nucleus.states[COMPONENT][-1] == "RUNNING"
    if nucleus.is_lite:
        return
    objection = nucleus.deploy(COMPONENT, {"model": "person_demo@3"}, seconds=DEADLINE_SECONDS)
    assert "person_demo@3 is refused" in str(objection)

    # An operator goes back further; that holds although the configuration names the other version.
    said = device.operator("rollback")
    assert (said.returncode, said.stdout) == (0, "person_demo@1 is active again\n"), said.stderr
    process.terminate()
    assert process.wait(DEADLINE_SECONDS) == 0
    device.start()
    device.wait(lambda: "stays out: rolled back by an operator" in str(device.status().get("reason")))
    assert (device.active(), device.status()["state"]) == ("1", "running")
    listed = json.loads(device.operator("list", "--json").stdout)
    assert {one["model"]: one["state"] for one in listed["installed"]} == {
        "person_demo@1": "active",
        "person_demo@2": "previous",
        "person_demo@3": "kept",
    }
    assert device.operator("verify").returncode == 0
    assert device.operator("activate", "person_demo@2").stdout == "person_demo@2 is active\n"


@pytest.mark.parametrize("device", [pytest.param(False, id="classic")], indirect=True)
def test_a_wrong_value_and_a_bucket_that_does_not_answer(device: Device) -> None:
    process = device.start()
    nucleus = device.nucleus
    assert nucleus.wait_for(lambda: "RUNNING" in nucleus.states[COMPONENT], seconds=DEADLINE_SECONDS)
    objection = nucleus.deploy(COMPONENT, {"model": "person_demo"}, seconds=DEADLINE_SECONDS)
    assert "expected NAME@VERSION" in str(objection)
    objection = nucleus.deploy(COMPONENT, {"precision": "fp4"}, seconds=DEADLINE_SECONDS)
    assert "precision is 'fp4': expected one of fp32, fp16, int8" in str(objection)
    kept = dict(S3Handler.objects)
    # XML is what S3 answers errors with; this server's answer to all is a fault of its own.
    S3Handler.objects["models/person_demo/1/model.onnx"] = kept["models/person_demo/1/model.onnx"][:1000]
    assert nucleus.deploy(COMPONENT, {"model": "person_demo@1"}, seconds=DEADLINE_SECONDS) is None
    device.wait(lambda: "ended after 1000 of" in str(device.status().get("reason")))
    assert device.status()["state"] == "waiting"
    S3Handler.objects.update(kept)
    device.wait_active("1")
    assert process.poll() is None


def test_the_command_line_without_greengrass_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> tuple[int, str]:
        try:
            status = main(words)
        except SystemExit as ended:
            status = int(str(ended.code))
        return status, "".join(capsys.readouterr())

    state = tmp_path / "state"
    state.mkdir()
    here = ("--folder", str(state))
    assert said("list", *here) == (0, "no versions are installed: the shipped model runs\n")
    assert "there is no model before the active one" in said("rollback", *here)[1]
    assert said("list", "--folder", str(tmp_path / "nowhere"))[0] == 2
    assert "expected NAME@VERSION" in said("activate", "person_demo", *here)[1]
    assert "is not on this device" in said("activate", "person_demo@1", *here)[1]
    assert "expected a public key" in said("activate", "p@1", "--signing-key", str(tmp_path / "no"), *here)[1]
    assert "holds until a deployment" in said("--help")[1]
