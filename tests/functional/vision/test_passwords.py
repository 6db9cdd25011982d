"""A camera's password is in no log, no file of a run and no list of processes, in a real process."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PASSWORD = "hunter2-is-secret"


@pytest.fixture
def camera() -> Iterator[tuple[int, threading.Event]]:
    """A camera that takes a connection, and never answers."""
    asked = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connections.append(connection)
            asked.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1], asked
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("kind", [pytest.param("rtsp", id="RTSP"), pytest.param("onvif", id="ONVIF")])
def test_a_run_shows_its_password_nowhere(
    kind: str, camera: tuple[int, threading.Event], tmp_path: Path
) -> None:
    port, asked = camera
    secret = tmp_path / "source"
    secret.write_text(f"{kind}://viewer:{PASSWORD}@127.0.0.1:{port}/live\n")
    secret.chmod(0o640)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "run", "--source", f"@{secret}", "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert asked.wait(60), "the camera was never asked"
        seen = listed(process.pid)
    finally:
        # It would try for 15 s; what it says then is held by test_rtsp.py and test_onvif.py.
        process.kill()
        output, _ = process.communicate(timeout=60)
    kept = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert str(secret).encode() in seen
    for content in (seen, output, kept):
        assert PASSWORD.encode() not in content


def listed(process: int) -> bytes:
    """Return what `ps` and the environment show of a process and its children."""
    found = b""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if process in (parent, int(folder.name)):
                found += (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
    return found
