"""The component as Greengrass starts it: a real clip, the shipped model, S3 over HTTP, SIGTERM."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.scene import parse_scene
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.spool import Spool
from edge_components.vision.scene_file import read_scene
from infra.local.greengrass import IpcEndpoint, Nucleus
from infra.local.greengrass.shadow_topics import apply_to_shadow

pytestmark = [pytest.mark.device, pytest.mark.xdist_group("vision_component")]
ROOT = Path(__file__).parents[3]
DEMO = ROOT / "examples" / "demo"
COMPONENT, THING = "com.crowdlens.vision", "jetson-7"


@pytest.fixture
def objects() -> dict[str, bytes]:
    return {}


@pytest.fixture
def s3_url(objects: dict[str, bytes]) -> Iterator[str]:
    """An S3 that answers GetObject, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = objects.get(self.path.split("?")[0].removeprefix("/artifacts/"))
            self.send_response(404 if content is None else 200)
            body = b"<Error><Code>NoSuchKey</Code></Error>" if content is None else content
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def device(tmp_path: Path, s3_url: str) -> Iterator[Any]:
    """Return what starts the component's process with a configuration; it is ended in the end."""
    nucleus, folders = Nucleus(THING, is_lite=True), DeviceFolders.below(tmp_path)
    nucleus.install(COMPONENT, {})
    processes: list[subprocess.Popen[bytes]] = []
    with IpcEndpoint(nucleus, tmp_path / "ipc") as endpoint:

        def start(**configuration: Any) -> subprocess.Popen[bytes]:
            paths = {name: str(getattr(folders, name)) for name in ("state", "run", "settings")}
            folder = {"folder": paths.pop("state"), **paths}
            nucleus.merge(COMPONENT, (), {**folder, "artifactsBucket": "artifacts", **configuration})
            environment = {
                **os.environ,
                **endpoint.environment(COMPONENT),
                "PYTHONPATH": str(ROOT),
                "AWS_ENDPOINT_URL_S3": s3_url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "ap-northeast-2",
            }
            with (tmp_path / "log").open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "edge_components.vision"],
                    env=environment,
                    stdout=log,
                    stderr=log,
                    cwd=tmp_path,
                )
            processes.append(process)
            return process

        start.nucleus, start.folders, start.log = nucleus, folders, tmp_path / "log"  # type: ignore[attr-defined]
        yield start
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def records_of(folders: DeviceFolders) -> list[Any]:
    with Spool(folders.spool, device=THING) as spool:
        return [row.stored.record for row in spool.read(maximum_rows=100_000)]


def test_a_clip_is_counted_under_the_scene_that_the_shadow_names(
    device: Any, objects: dict[str, bytes]
) -> None:
    content = (DEMO / "scene.yaml").read_bytes()
    scene = parse_scene(yaml.safe_load(content))
    key = f"scenes/{THING}/plaza-1/v1.yaml"
    objects[key] = content
    digest = hashlib.sha256(content).hexdigest()
    wanted = {"version": "v1", "key": key, "sha256": digest, "bytes": len(content)}
    apply_to_shadow(device.nucleus, THING, "camera-plaza-1", {"desired": {"scene": wanted}})
    process = device(cameras={"plaza-1": {"source": str(DEMO / "demo.mp4")}})

    def reported() -> bool:
        shadow = device.nucleus.shadows[(THING, "camera-plaza-1")]
        return bool(shadow.reported.get("scene") == {"version": "v1", "state": "in_force"})

    assert device.nucleus.wait_for(reported), device.log.read_text()
    deadline = time.monotonic() + 60
    while '"message": "camera ended"' not in device.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, device.log.read_text()
    records = records_of(device.folders)
    crossings = [one for one in records if one.table == "line_crossings"]
    assert len(crossings) > 3
    assert {one.scene_version for one in records if one.table != "stream_ledger"} == {scene.version}
    assert scene.version == read_scene(DEMO / "scene.yaml").version


@pytest.mark.parametrize("flags", [pytest.param(False, id="component"), pytest.param(True, id="flags")])
def test_it_ends_within_five_seconds_while_a_driver_hangs(device: Any, flags: bool, tmp_path: Path) -> None:
    """FFmpeg waits in native code for a camera that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as camera:
        address = f"rtsp://127.0.0.1:{camera.getsockname()[1]}/stream"
        scene = DEMO / "scene.yaml"
        if flags:
            (tmp_path / "source").touch(mode=0o600)
            (tmp_path / "source").write_text(address)
            process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "edge_components.vision",
                        "--source-file",
                        str(tmp_path / "source"),
                    ),
                    *("--scene", str(scene), "--spool", str(tmp_path / "spool.db"), "--device", THING),
                ],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=subprocess.DEVNULL,
            )
        else:
            process = device(cameras={"plaza-1": {"source": address, "sceneFile": str(scene)}})
        camera.settimeout(60)
        connection, _ = camera.accept()
        with connection:
            connection.settimeout(60)
            assert connection.recv(100)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            seconds = time.monotonic() - began
    # Four seconds are waited; the rest is room for a machine that is busy.
    assert seconds < 30
