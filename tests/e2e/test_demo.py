"""The two promises of the demo: every record is accounted for, and nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
StartDemo = Callable[..., subprocess.Popen[str]]
SUMMARY_FIELDS = {
    "frames",
    "seconds",
    "detector",
    "provider",
    "detections",
    "tracks",
    "records",
    "zones",
    "lines",
    "latency_ms",
}
SHARED = Path(__file__).parents[3] / "shared" / "data"


def finished(process: subprocess.Popen[str], status: int = 0) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == status, output
    return output


def summary_of(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "summary.json").read_text(encoding="utf-8")))


def processes_naming(folder: Path) -> list[str]:
    """Command lines of running processes that have `folder` in their environment or command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if int(process.name) != os.getpid() and (str(folder) in environment or str(folder) in command):
            found.append(command)
    return found


def wait_for_no_processes(folder: Path, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while (left := processes_naming(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def test_the_sample_clip_is_counted_right_and_every_record_arrives(
    tmp_path: Path, start_demo: StartDemo
) -> None:
    out = tmp_path / "out"
    finished(start_demo(out))
    summary = summary_of(out)
    assert set(summary) >= SUMMARY_FIELDS
    records = summary["records"]
    assert records["made"] > 100
    assert records["made"] == records["lake"]
    if shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin"):
        assert records["mysql_accounted"] == records["lake"]
    else:
        assert summary["mysql_missing"] or records["mysql_accounted"] == records["lake"]
    assert (records["dropped"], records["quarantined"]) == (0, 0)
    crossings = [one for one in summary["truth"] if one["name"].endswith((" in", " out"))]
    assert crossings
    assert all(abs(one["error"]) <= max(1, 0.1 * one["true"]) for one in crossings), crossings
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert f"Nothing is lost: {records['made']} records made, {records['lake']} in the lake" in page
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "key_frame.jpg",
        "lake",
        "report.html",
        "summary.json",
    ]
    wait_for_no_processes(tmp_path)


@pytest.mark.parametrize("seconds", [0.3, 2.0, 4.5, 7.0])
def test_a_demo_killed_at_any_moment_leaves_nothing_and_the_next_one_works(
    seconds: float, tmp_path: Path, start_demo: StartDemo
) -> None:
    out = tmp_path / "out"
    killed = start_demo(out)
    time.sleep(seconds)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    wait_for_no_processes(tmp_path)
    assert [path.name for path in out.glob("*") if not path.name.startswith(".")] == []
    finished(start_demo(out, "--seconds", "3", "--no-mysql"))
    assert summary_of(out)["records"]["made"] == summary_of(out)["records"]["lake"]
    assert [path.name for path in out.glob(".staging-*")] == []


def test_ctrl_c_ends_the_camera_and_keeps_what_was_counted(tmp_path: Path, start_demo: StartDemo) -> None:
    out = tmp_path / "out"
    demo = start_demo(out, "--no-mysql")
    assert demo.stdout is not None
    for line in demo.stdout:
        if "detector" in line:
            break
    time.sleep(1.0)
    demo.send_signal(signal.SIGINT)
    finished(demo)
    summary = summary_of(out)
    assert summary["stopped"] is True
    assert summary["records"]["made"] == summary["records"]["lake"] > 0


def test_two_demos_run_side_by_side(tmp_path: Path, start_demo: StartDemo) -> None:
    demos = {name: start_demo(tmp_path / name, "--seconds", "4") for name in ("first", "second")}
    for name, demo in demos.items():
        finished(demo)
        records = summary_of(tmp_path / name)["records"]
        assert records["made"] == records["lake"]


def test_the_same_folder_is_not_written_by_two_demos(tmp_path: Path, start_demo: StartDemo) -> None:
    first = start_demo(tmp_path / "out", "--seconds", "3", "--no-mysql")
    time.sleep(2.0)
    output = finished(start_demo(tmp_path / "out"), status=2)
    assert "is in use by another run: expected another folder" in output
    finished(first)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared is not there")
def test_real_video_conserves_every_record(tmp_path: Path, start_demo: StartDemo) -> None:
    out = tmp_path / "out"
    source, model = SHARED / "media" / "vtest.avi", SHARED / "models" / "yolox_nano.onnx"
    finished(
        start_demo(out, "--source", str(source), "--model", str(model), "--scene", "examples/plaza.yaml")
    )
    summary = summary_of(out)
    assert summary["frames"] == 795
    records = summary["records"]
    assert records["made"] == records["lake"] == records["mysql_accounted"]
    assert records["dropped"] == 0
