"""A store that is killed or stopped while it builds takes the build with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_components.model_store.pointers import read_active
from edge_components.model_store.store_folder import StoreFolder
from infra.bundles import ROOT
from tests.functional.model_store.store_kit import Rig, write_trtexec

SHIPPED = ROOT / "edge_components/vision/models/person_demo"
pytestmark = [
    pytest.mark.device,
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs util-linux"),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a device on which person_demo@1 is active without an engine."""
    rig = Rig.at(tmp_path / "state")
    files = {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    rig.store().ensure(rig.bucket.push("person_demo", "1", files))
    return tmp_path / "state"


def is_alive(process_id: int) -> bool:
    """Return whether a process works; one that ended and waits for its new parent does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_no_build_outlives_the_store(state: Path, tmp_path: Path, number: signal.Signals) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    write_trtexec(tools, "10.3.0", "hangs").rename(tools / "trtexec")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "edge_components.model_store",
            "activate",
            "person_demo@1",
            "--folder",
            str(state),
        ],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not (found := list((state / "models/engines").glob(".*.pid"))) or not found[0].read_text():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        builder = int(found[0].read_text())
        assert is_alive(builder)
        process.send_signal(number)
        process.wait(60)
        while is_alive(builder):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait(60)
    active = read_active(StoreFolder(state / "models"))
    assert active is not None
    assert active.engine is None
