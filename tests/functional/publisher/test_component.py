"""The publisher as a component of both nuclei: configuration by IPC, live changes, status, refusals."""

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
from typing import Any

import pytest

from contract.records import Record
from edge_components.runtime.spool import Spool
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus

COMPONENT = "com.crowdlens.publisher"
DEADLINE_SECONDS = 60.0
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process")]


class Cloud(ThreadingHTTPServer):
    """Takes what SQS takes by its JSON protocol, and remembers the bodies by queue."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.bodies: dict[str, list[str]] = {}


class _Answers(BaseHTTPRequestHandler):
    server: Cloud

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for entry in asked["Entries"]:
            self.server.bodies.setdefault(asked["QueueUrl"], []).append(entry["MessageBody"])
        taken = [
            {
                "Id": entry["Id"],
                "MessageId": entry["Id"],
                "MD5OfMessageBody": hashlib.md5(entry["MessageBody"].encode()).hexdigest(),  # noqa: S324
            }
            for entry in asked["Entries"]
        ]
        answer = json.dumps({"Successful": taken, "Failed": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fill(path: Path, rows: int) -> None:
    values = {"state": "ok", "previous_state": None, "frames_per_second": None, "detail": None}
    now_ms = 1_795_176_000_000
    with Spool(path, device="jetson-7") as spool:
        spool.append([Record("camera_status", "plaza-1", None, None, now_ms, "synced", values)] * rows)


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to pass within a minute")


def status_in(folder: Path) -> dict[str, Any]:
    path = folder / "run/status/publisher.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {"details": {}}
    return document


@pytest.mark.parametrize("is_lite", [pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def test_it_sends_changes_live_and_refuses(tmp_path: Path, cloud: Cloud, is_lite: bool) -> None:
    first_url, second_url = f"{cloud.url}/1/first", f"{cloud.url}/1/second"
    fill(tmp_path / "state/spool.db", 40)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/site").write_text("seoul-1\n", encoding="utf-8")
    nucleus = Nucleus("jetson-7", is_lite=is_lite)
    places = {"folder": "state", "run": "run", "settings": "etc"}
    configuration: dict[str, Any] = {key: str(tmp_path / name) for key, name in places.items()}
    configuration |= {"queueUrl": first_url, "maximumMessagesPerSecond": 20}
    nucleus.install(COMPONENT, configuration)
    endpoint = IpcEndpoint(nucleus, tmp_path / "ipc")
    with endpoint:
        environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_components.publisher"],
            env={**environment, **endpoint.environment(COMPONENT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
            until(lambda: status_in(tmp_path)["details"].get("sent_records") == 40)
            body = json.loads(cloud.bodies[first_url][0])
            assert (body["site"], body["device"]) == ("seoul-1", "jetson-7")
            refused = nucleus.deploy(COMPONENT, {"profile": "rapid"}, seconds=DEADLINE_SECONDS)
            assert refused == "configuration profile is 'rapid': expected one of economy, live"
            change = {"queueUrl": second_url, "profile": "economy", "maximumMessagesPerSecond": "50"}
            assert nucleus.deploy(COMPONENT, change, seconds=DEADLINE_SECONDS) is None
            # Economy waits for company: so many rows that a message is full.
            fill(tmp_path / "state/spool.db", 6_000)
            until(lambda: cloud.bodies.get(second_url))
            status = until(lambda: (s := status_in(tmp_path)) and s["details"]["sent_records"] > 40 and s)
            assert (status["state"], status["pid"]) == ("running", process.pid)
            assert status["details"]["spool"]["maximum_bytes"] > 0
        finally:
            process.terminate()
            said = process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert (process.returncode, "Traceback" in said) == (0, False)
