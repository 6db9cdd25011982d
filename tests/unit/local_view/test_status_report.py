from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from edge_components.local_view import status_report
from edge_components.local_view.pages import static_file
from edge_components.local_view.status_report import camera_names, gives_pictures, status_document
from edge_components.runtime.annotate import LINE_COLOUR, ZONE_COLOURS
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.status import StatusWriter
from edge_components.runtime.time_sync import BELIEVED, TimeSync

VIEWERS = {"now": 1, "most": 16}


@pytest.fixture
def folders(tmp_path: Path) -> DeviceFolders:
    folders = DeviceFolders.below(tmp_path)
    folders.make()
    return folders


def tell(folders: DeviceFolders, component: str, *, old_seconds: float = 0.0, **details: Any) -> None:
    writer = StatusWriter(folders.status, component, "1.2.0")
    writer.report("running", None, details)
    writer.write()
    path = folders.status / f"{component}.json"
    document = json.loads(path.read_text("utf-8"))
    document["monotonic_seconds"] = time.monotonic() - old_seconds
    path.write_text(json.dumps(document), encoding="utf-8")


def report(folders: DeviceFolders, thermal: Path = Path("/nowhere")) -> dict[str, Any]:
    return status_document(folders, "jetson-7", VIEWERS, thermal=thermal)


def test_a_device_of_which_nothing_is_known_says_so(folders: DeviceFolders) -> None:
    found = report(folders)
    assert found["cameras"] == []
    assert [(one["name"], one["state"]) for one in found["components"]] == [("vision", "untold")]
    assert {name for name, reading in found["readings"].items() if reading is not None} == {"clock"}
    assert found["readings"]["clock"]["value"] in ("synced", "believed", "unsynced")
    assert found["viewers"] == VIEWERS


def test_cameras_are_those_that_vision_tells_of_and_those_that_share(folders: DeviceFolders) -> None:
    writer = FrameShare.writer(folders.view, "gate-2")
    camera = {"state": "running", "frames_per_second": 24.8, "zones": {"입구": {"person": 3}}, "secret": "x"}
    tell(folders, "vision", cameras={"plaza-1": camera})
    first, second = report(folders)["cameras"]
    assert (first["name"], first["has_picture"], first["state"]) == ("gate-2", True, None)
    assert (second["name"], second["has_picture"], second["is_old"]) == ("plaza-1", False, False)
    assert (second["frames_per_second"], second["zones"]) == (24.8, {"입구": {"person": 3}})
    assert "secret" not in second, "only what the page shows leaves the device's folder"
    assert camera_names(folders) == ["gate-2", "plaza-1"]
    writer.close()
    assert camera_names(folders) == ["plaza-1"]


def test_what_is_old_is_said_to_be_old(folders: DeviceFolders) -> None:
    tell(folders, "vision", old_seconds=40, cameras={"plaza-1": {"state": "running"}})
    tell(folders, "publisher")
    found = report(folders)
    assert found["cameras"][0]["is_old"]
    assert 40 <= found["cameras"][0]["age_seconds"] < 100
    assert {one["name"]: one["is_old"] for one in found["components"]} == {"vision": True, "publisher": False}


@pytest.mark.parametrize(
    "cameras",
    [
        pytest.param(["plaza-1"], id="a list"),
        pytest.param({"plaza-1": 3}, id="a number"),
        pytest.param(None, id="none"),
    ],
)
def test_a_status_of_another_shape_breaks_nothing(folders: DeviceFolders, cameras: Any) -> None:
    tell(folders, "vision", cameras=cameras)
    assert report(folders)["cameras"] == []


def test_the_best_informed_component_is_believed(folders: DeviceFolders) -> None:
    tell(folders, "fleet_agent", health={"spool_rows": 128, "cpu_celsius": 61.5}, old_seconds=20)
    assert report(folders)["readings"]["spool_rows"]["value"] == 128
    tell(folders, "publisher", spool={"waiting_records": 9, "waiting_bytes": 4096, "dropped_records": 2})
    readings = report(folders)["readings"]
    assert (readings["spool_rows"]["value"], readings["spool_rows"]["from"]) == (9, "publisher")
    assert (readings["spool_bytes"]["value"], readings["dropped_records"]["value"]) == (4096, 2)
    assert (readings["cpu_celsius"]["value"], readings["cpu_celsius"]["is_old"]) == (61.5, True)


def test_without_an_agent_the_kernel_and_the_disk_are_asked(folders: DeviceFolders, tmp_path: Path) -> None:
    for number, text in enumerate(("45000", "61500", "999999999", "")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text, encoding="ascii")
    folders.spool.write_bytes(b"x" * 4096)
    folders.spool.with_name("spool.db-wal").write_bytes(b"x" * 100)
    readings = report(folders, tmp_path)["readings"]
    assert readings["cpu_celsius"] == {
        "value": 61.5,
        "from": "local_view",
        "is_old": False,
        "age_seconds": 0.0,
    }
    assert readings["spool_bytes"]["value"] == 4196
    assert os.listdir(folders.view) == []  # noqa: PTH208 - asking makes nothing


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        pytest.param(TimeSync(True, "the kernel clock is disciplined"), "synced", id="a clock that is kept"),
        pytest.param(TimeSync(True, BELIEVED), "believed", id="no time service"),
        pytest.param(TimeSync(False, "the clock is before this release"), "unsynced", id="not set"),
    ],
)
def test_a_clock_that_nobody_keeps_is_not_called_synchronised(
    folders: DeviceFolders, monkeypatch: pytest.MonkeyPatch, verdict: TimeSync, told: str
) -> None:
    monkeypatch.setattr(status_report, "probe_time_sync", lambda _wall_ms: verdict)
    clock = report(folders)["readings"]["clock"]
    assert (clock["value"], clock["evidence"]) == (told, verdict.evidence)


def test_a_camera_that_ended_has_no_picture_to_wait_for(folders: DeviceFolders) -> None:
    writer = FrameShare.writer(folders.view, "plaza-1")
    assert gives_pictures(folders, "plaza-1")
    tell(folders, "vision", cameras={"plaza-1": {"state": "ended", "camera_state": "ok"}})
    assert not gives_pictures(folders, "plaza-1")
    assert not report(folders)["cameras"][0]["has_picture"]
    writer.close()


def test_the_page_has_the_colours_of_the_picture() -> None:
    style = static_file("page.css")
    assert style is not None
    assert style.body is not None
    shown = {
        name: tuple(bytes.fromhex(colour))[::-1]
        for name, colour in re.findall(r"\.mark-([\w-]+) \{ background: #(\w{6})", style.body.decode())
    }
    zones = {f"zone-{index}": colour for index, colour in enumerate(ZONE_COLOURS)}
    assert shown == {**zones, "line": LINE_COLOUR}
