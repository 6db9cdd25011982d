"""Several cameras in one process: what is wrong with one is its own matter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from contract.scene import parse_scene
from edge_components.runtime.clock import DeviceClock
from edge_components.vision import live_run
from edge_components.vision.sources import SourceError

pytestmark = [pytest.mark.device, pytest.mark.xdist_group("vision_component")]
COMMON = {"artifactsBucket": "artifacts", "windowSeconds": 1}


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {name: {"source": f"rtsp://{name}/", **more}}


def counted(site: Any, camera: str) -> Callable[[Any], bool]:
    before = len(site.drain())
    return lambda one: one.record.camera == camera and site.records.index(one) >= before


def test_cameras_that_are_dead_hang_or_flap_stall_nobody(
    site: Any, make_scene: Any, make_camera: Any
) -> None:
    release = threading.Event()

    def flapping() -> Any:
        camera = make_camera("flapping")
        threading.Timer(0.2, lambda: setattr(camera, "read", _broken)).start()
        return camera

    def hanging() -> Any:
        release.wait(60)
        return SourceError("too late")

    site.sources = {
        "rtsp://dead/": SourceError("camera rtsp://dead/: it cannot be opened"),
        "rtsp://hanging/": hanging,
        "rtsp://flapping/": flapping,
    }
    names = ("dead", "flapping", "good", "hanging")
    for name in names:
        site.desire(name, make_scene(name), "v1")
    site.start(**COMMON, cameras={key: value for name in names for key, value in entry(name).items()})
    site.wait_records("zone_counts", lambda one: one.record.camera == "good")
    assert site.wait_camera("dead", state="failed")["problem"] == "camera rtsp://dead/: it cannot be opened"
    assert "it broke" in site.wait_camera("flapping", state="failed")["problem"]
    assert site.wait_camera("hanging", state="waiting")["problem"] == "rtsp://hanging/ is being opened"
    assert site.camera("good")["state"] == "running"
    assert site.reported("good")["scene"]["state"] == "in_force"
    # Nobody knows yet whether it fits the camera that hangs.
    assert site.reported("hanging") == {}
    # A hanging camera can be taken away, too, and its end does not matter any more.
    site.nucleus.merge("com.crowdlens.vision", ("cameras", "hanging"), {"enabled": "false"})
    site.wait_records("zone_counts", counted(site, "good"))
    assert [one.name for one in site.opened if one.name == "rtsp://good/"] == ["rtsp://good/"]
    release.set()


def _broken(timeout_seconds: float) -> None:
    raise SourceError("it broke")


def test_a_camera_comes_and_goes_and_the_others_do_not_notice(site: Any, make_scene: Any, wait: Any) -> None:
    for name in ("a", "b"):
        site.desire(name, make_scene(name), "v1")
    site.start(**COMMON, cameras=entry("a"))
    site.wait_camera("a", state="running")
    site.nucleus.merge("com.crowdlens.vision", ("cameras",), entry("b"))
    site.wait_records("zone_counts", counted(site, "b"))
    first, second = site.opened
    site.nucleus.merge("com.crowdlens.vision", ("cameras", "b"), {"source": "rtsp://elsewhere/"})
    wait(lambda: len(site.opened) == 3)
    assert second.closed.is_set()
    site.nucleus.merge("com.crowdlens.vision", ("cameras", "b"), {"enabled": False})
    assert site.opened[2].closed.wait(60)
    wait(lambda: not site.camera("b"))
    site.wait_records("zone_counts", counted(site, "a"))
    assert not first.closed.is_set()
    assert len(site.opened) == 3


def test_the_camera_of_the_settings_folder_needs_no_cloud(site: Any, make_scene: Any) -> None:
    import yaml

    site.start(windowSeconds=1)
    assert "no camera is set up yet" in site.wait_camera("camera", state="waiting")["problem"]
    (site.folders.settings / "scene.yaml").write_text(yaml.safe_dump(make_scene("gate-1")))
    (site.folders.settings / "camera-source").write_text("rtsp://user:secret@camera/\n")
    site.wait_records("zone_counts", lambda one: one.record.camera == "gate-1")
    assert site.wait_camera("gate-1", state="running")["source"] == "rtsp://***@camera/"


def test_a_camera_that_changes_its_resolution_has_its_scene_fitted_anew(
    site: Any, make_scene: Any, make_camera: Any, wait: Any
) -> None:
    sizes = [(160, 120), (320, 240), (320, 180), (160, 120)]

    def next_size() -> Any:
        return make_camera("plaza-1", *(sizes.pop(0) if len(sizes) > 1 else sizes[0]))

    site.sources["rtsp://plaza-1/"] = next_size
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON, cameras=entry("plaza-1"))
    site.wait_camera("plaza-1", state="running")
    site.opened[0].other_size = (320, 240)
    wait(lambda: len(site.opened) >= 2)
    site.wait_camera("plaza-1", state="running", camera_state="moved")
    site.wait_records("camera_status", lambda one: one.record.values["state"] == "moved")
    suspect = site.wait_records("zone_counts", lambda one: bool(one.record.values["suspect"]))
    assert {one.record.scene_version for one in suspect} == {parse_scene(make_scene()).version}
    site.opened[1].other_size = (320, 180)
    refused = site.wait_reported("plaza-1", state="refused", refused_version="v1")
    assert "expected the same aspect within 1 %" in refused["reason"]
    # It comes back as it was.
    site.wait_reported("plaza-1", version="v1", state="in_force")
    site.wait_camera("plaza-1", state="running")


def test_a_clock_in_1970_stops_nobody_and_is_said_with_every_record(
    site: Any, make_scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clock() -> DeviceClock:
        return DeviceClock(wall_seconds=time.monotonic)

    monkeypatch.setattr(live_run, "DeviceClock", clock)
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON, cameras=entry("plaza-1"))
    counted = site.wait_records("zone_counts")
    assert {one.record.clock_quality for one in counted} == {"unsynced"}
    assert site.camera("plaza-1")["state"] == "running"


def test_a_file_ends_and_the_process_goes_on(site: Any, make_scene: Any, make_camera: Any) -> None:
    """A scene that comes after the end is kept for the next start."""
    camera = make_camera("clip")
    site.sources["/clip.mp4"] = camera
    site.desire("clip", make_scene("clip"), "v1")
    site.start(**COMMON, cameras={"clip": {"source": "/clip.mp4"}})
    site.wait_camera("clip", state="running")
    camera.ended = True
    camera.fault = "over"
    site.wait_camera("clip", state="ended")
    site.desire("clip", make_scene("clip", lines=[]), "v2")
    site.wait_reported("clip", version="v2", state="in_force")
    assert site.status is None
