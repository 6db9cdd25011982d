"""The agent as a component of both nuclei: records, live changes, a link test, refusals, its end."""

from __future__ import annotations

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

from edge_components.runtime.spool import Spool
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus

COMPONENT = "com.crowdlens.fleet_agent"
DEADLINE_SECONDS = 60.0
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process")]


class Files(ThreadingHTTPServer):
    """Gives bytes and takes them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.taken_bytes = 0
        self.asked_ranges: list[str | None] = []


class _Answers(BaseHTTPRequestHandler):
    server: Files
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked_ranges.append(self.headers["Range"])
        if self.path != "/big":
            self.send_error(403, "Forbidden")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(10**9))
        self.end_headers()
        chunk = bytes(65536)
        while True:
            try:
                self.wfile.write(chunk)
            except OSError:
                self.close_connection = True
                return

    def do_PUT(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size)
            self.server.taken_bytes += size
            self.rfile.readline()
        self.rfile.readline()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with Files() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to pass within a minute")


def details_in(folder: Path) -> dict[str, Any]:
    path = folder / "run/status/fleet_agent.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {"details": {}}
    details: dict[str, Any] = document["details"]
    return details


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_components.fleet_agent", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("is_lite", [pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def test_it_reports_changes_live_and_refuses(tmp_path: Path, files: Files, is_lite: bool) -> None:
    nucleus = Nucleus("jetson-7", is_lite=is_lite)
    places = {"folder": "state", "run": "run", "settings": "etc"}
    configuration: dict[str, Any] = {key: str(tmp_path / name) for key, name in places.items()}
    nucleus.install(COMPONENT, {**configuration, "reportSeconds": 60})
    endpoint = IpcEndpoint(nucleus, tmp_path / "ipc")
    with endpoint:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_components.fleet_agent"],
            env={**os.environ, "PYTHONPATH": str(ROOT), **endpoint.environment(COMPONENT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
            refused = nucleus.deploy(COMPONENT, {"reportSeconds": "1"}, seconds=DEADLINE_SECONDS)
            assert refused == "configuration reportSeconds is '1': expected a number from 10 to 3600"
            link = {"run": "first", "downloadUrl": f"{files.url}/big", "maximumBytes": "300000"}
            assert nucleus.deploy(COMPONENT, {"linkTest": link}, seconds=DEADLINE_SECONDS) is None
            until(lambda: details_in(tmp_path).get("link_test"))
            assert details_in(tmp_path)["link_test"]["result"].startswith("down ")
            until(lambda: details_in(tmp_path).get("reports"))
        finally:
            process.terminate()
            said = process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert (process.returncode, "Traceback" in said) == (0, False), said
    with Spool(tmp_path / "state/spool.db", device="jetson-7") as spool:
        records = [row.stored.record for row in spool.read(maximum_rows=10)]
    assert {record.table for record in records} == {"device_health"}
    values: dict[str, Any] = {}
    for record in records:
        values |= record.values
    assert values["memory_total_bytes"] > 0
    assert values["link_down_bits_per_second"] > 0
    assert values["component_versions"] == "fleet_agent 0.0.0"


def test_a_process_that_asks_once_is_told_what_is_known_and_what_is_not(tmp_path: Path) -> None:
    done = run("--once", "--json", "--folder", str(tmp_path))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["health"]["memory_total_bytes"] > document["health"]["memory_used_bytes"] > 0
    assert document["cannot"]["spool_rows"] == "the publisher does not say"
    # What is neither known nor explained has no place: a null says why.
    unknown = {name for name, value in document["health"].items() if value is None}
    assert unknown <= set(document["cannot"])


def test_the_agent_has_nothing_large_in_memory(tmp_path: Path) -> None:
    script = (
        "import sys, edge_components.fleet_agent.__main__\n"
        "large = {'boto3', 'numpy', 'pandas', 'cv2', 'awscrt', 'pynvml', 'psutil', 'http.client'}\n"
        "print(sorted(large & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
    assert tmp_path.exists()


def test_a_link_test_is_bounded(files: Files) -> None:
    before = files.taken_bytes
    words = (
        "link-test",
        "--download",
        f"{files.url}/big",
        "--upload",
        f"{files.url}/put",
        "--bytes",
        "200000",
    )
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["link_down_bits_per_second"] > 0
    assert found["link_up_bits_per_second"] > 0
    assert files.asked_ranges[-1] == "bytes=0-199999"
    assert files.taken_bytes - before == 200_000


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        pytest.param(("link-test",), 2, "has no URL", id="no URL"),
        pytest.param(("link-test", "--download", "file:///etc/passwd"), 2, "expected an http or", id="file"),
        pytest.param(
            ("link-test", "--download", "http://127.0.0.1:9/x"), 1, "download: ", id="nobody there"
        ),
        pytest.param(("link-test", "--download", "URL/no"), 1, "answered 403 Forbidden", id="refused"),
    ],
)  # fmt: skip
def test_link_tests_that_cannot_be_done(
    files: Files, words: tuple[str, ...], status: int, sentence: str
) -> None:
    done = run(*(word.replace("URL", files.url) for word in words))
    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
