"""The publisher's process where there is no queue: it stops in time and says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.records import Record
from edge_components.runtime.spool import Spool

REPOSITORY = Path(__file__).parents[3]
NOON_MS = 1_795_176_000_000


def start(
    spool: Path, *, endpoint: str, queue_url: str = "http://127.0.0.1/0/queue", log: Path | None = None
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "edge_components.publisher", "--spool", str(spool), "--site", "seoul-1"]
    command += ["--device", "jetson-7", "--queue-url", queue_url]
    secrets = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
    environment = {**os.environ, **secrets, "AWS_ENDPOINT_URL": endpoint, "PYTHONPATH": str(REPOSITORY)}
    with (log or log_of(spool)).open("wb") as lines:
        return subprocess.Popen(command, env=environment, stderr=lines)


def log_of(spool: Path) -> Path:
    return spool.with_suffix(".log")


def lines_of(spool: Path) -> list[dict[str, Any]]:
    """Return the whole lines of the log: the last may be half written."""
    text = log_of(spool).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def logged(spool: Path) -> list[str]:
    return [line["message"] for line in lines_of(spool)]


def wait_until_logged(spool: Path, message: str) -> None:
    deadline = time.monotonic() + 60
    while message not in logged(spool):
        assert time.monotonic() < deadline, f"{message!r} was not logged: {logged(spool)}"
        time.sleep(0.05)


def fill(path: Path, rows: int) -> None:
    values = {"state": "ok", "previous_state": None, "frames_per_second": None, "detail": None}
    with Spool(path, device="jetson-7") as spool:
        spool.append([Record("camera_status", "plaza-1", None, None, NOON_MS, "synced", values)] * rows)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_stop_while_the_queue_hangs_takes_at_most_five_seconds(tmp_path: Path, black_hole: str):
    fill(tmp_path / "spool.sqlite", 5_000)
    path = tmp_path / "spool.sqlite"
    process = start(path, endpoint=black_hole)
    wait_until_logged(path, "publisher started")
    time.sleep(1.0)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    # Three times the promise: other tests run beside this one.
    assert time.monotonic() - asked < 15
    messages = logged(path)
    assert messages[0] == "publisher started"
    assert messages[-1] == "publisher stopped in the middle of a send; it will be sent again"
    with Spool(path, device="jetson-7") as spool:
        counts = spool.counts()
    assert (counts.acknowledged, counts.dropped) == (0, 0)
    assert counts.waiting == counts.made >= 5_000


def test_an_outage_is_logged_with_its_reason(tmp_path: Path):
    fill(tmp_path / "spool.sqlite", 5_000)
    path = tmp_path / "spool.sqlite"
    process = start(path, endpoint="http://127.0.0.1:9")
    wait_until_logged(path, "messages not accepted")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    refused = [line for line in lines_of(path) if line["message"] == "messages not accepted"]
    assert refused[0]["reasons"] == {"EndpointConnectionError": refused[0]["messages"]}


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        pytest.param({"queue_url": "ingest"}, "queue_url is 'ingest'", id="no URL"),
        pytest.param({"endpoint": "localhost:4566"}, "Invalid endpoint: localhost:4566", id="bare endpoint"),
        pytest.param({"endpoint": "http://localhost:http"}, "AWS_ENDPOINT_URL", id="endpoint without port"),
        pytest.param({"spool": "/proc/nowhere/spool"}, "cannot be used", id="folder that cannot be made"),
        pytest.param({"spool": "notes.txt"}, "is no spool file", id="not a spool"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(tmp_path: Path, prepare: dict[str, str], sentence: str):
    (tmp_path / "notes.txt").write_text("a line of text that is no database\n")
    spool = tmp_path / prepare.get("spool", "spool.sqlite")
    url = prepare.get("queue_url", "http://127.0.0.1/0/queue")
    log = tmp_path / "publisher.log"
    process = start(spool, endpoint=prepare.get("endpoint", "http://127.0.0.1:9"), queue_url=url, log=log)
    assert process.wait(60) == 2
    errors = log.read_text(encoding="utf-8")
    assert len(errors.splitlines()) == 1
    assert errors.startswith("publisher: ")
    assert sentence in errors
