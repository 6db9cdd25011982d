"""Scenes by shadow: what goes wrong on the way is refused or tried again, and the scene before it stays."""

from __future__ import annotations

from typing import Any

import pytest

from contract.scene import parse_scene
from edge_components.vision import shadow_sync
from infra.local.greengrass.shadow_topics import apply_to_shadow

pytestmark = pytest.mark.xdist_group("vision_component")
THING = "jetson-7"
COMMON = {
    "cameras": {"plaza-1": {"source": "rtsp://plaza-1/"}},
    "artifactsBucket": "artifacts",
    "windowSeconds": 1,
}


FLAT = {"name": "gate", "points": [[80, 0], [80, 80]]}


@pytest.fixture
def running(site: Any, make_scene: Any) -> Any:
    """Return a site whose camera counts by scene v1."""
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON)
    site.wait_reported("plaza-1", version="v1", state="in_force")
    return site


def test_what_is_bad_is_refused_one_after_another(running: Any, make_scene: Any) -> None:
    good = make_scene(lines=[])
    for number, (document, wrong, expected) in enumerate(
        [
            (good, {"sha256": "0" * 64}, "expected " + "0" * 64),
            (good, {"bytes": 9}, "bytes: expected 9"),
            (b"zones: [", {}, "not valid YAML"),
            (make_scene("plaza-2"), {}, "camera is 'plaza-2': expected 'plaza-1'"),
            (
                make_scene(frame={"width": 160, "height": 90}, zones=[], lines=[FLAT]),
                {},
                "same aspect within 1 %",
            ),
            (b"\xff\xfe", {}, "not UTF-8"),
        ]
    ):
        version = f"bad-{number}"
        running.desire("plaza-1", document, version, **wrong)
        refused = running.wait_reported("plaza-1", state="refused", refused_version=version)
        assert expected in refused["reason"]
        assert refused["version"] == "v1"
    elsewhere = {**running.put("plaza-1", good, "v2"), "key": f"scenes/{THING}/plaza-2/v2.yaml"}
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"scene": elsewhere}})
    refused = running.wait_reported("plaza-1", state="refused", refused_version="v2")
    assert "expected scenes/jetson-7/plaza-1/v2.yaml" in refused["reason"]
    running.desire("plaza-1", good, "v3")
    assert running.wait_reported("plaza-1", state="in_force", version="v3").get("reason") is None
    version = parse_scene(good).version
    running.wait_records("zone_counts", lambda one: one.record.scene_version == version)
    assert len(running.opened) == 1


def test_an_object_that_is_not_there_is_refused(running: Any, make_scene: Any) -> None:
    wanted = running.put("plaza-1", make_scene(lines=[]), "v2")
    del running.bucket.objects[wanted["key"]]
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"scene": wanted}})
    assert "is not there" in running.wait_reported("plaza-1", refused_version="v2")["reason"]


def test_of_two_pushes_at_once_the_later_one_counts(running: Any, make_scene: Any) -> None:
    for number in range(2, 12):
        running.desire(
            "plaza-1", make_scene(zones=[], lines=make_scene()["lines"], site=f"site-{number}"), f"v{number}"
        )
    running.wait_reported("plaza-1", version="v11", state="in_force")
    running.wait_camera("plaza-1", state="running")


def test_without_a_network_it_is_tried_again(
    site: Any, make_scene: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_sync, "FIRST_RETRY_SECONDS", 0.2)
    monkeypatch.setattr(shadow_sync, "LONGEST_RETRY_SECONDS", 0.2)
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON)
    site.wait_camera("plaza-1", state="running")
    running = site
    running.bucket.down = True
    running.desire("plaza-1", make_scene(lines=[]), "v2")
    wait(lambda: "no network" in (running.camera("plaza-1").get("problem") or ""))
    # It counts on by what it has.
    assert running.camera("plaza-1")["scene_version"] == parse_scene(make_scene()).version
    running.bucket.down = False
    running.wait_reported("plaza-1", version="v2", state="in_force")


def test_a_device_that_boots_without_a_network_counts_by_its_last_scene(
    running: Any, make_scene: Any
) -> None:
    running.stop()
    running.bucket.down = True
    running.drain()
    running.records.clear()
    running.start(**COMMON)
    counted = running.wait_records("zone_counts")
    assert {one.record.scene_version for one in counted} == {parse_scene(make_scene()).version}
    assert running.reported("plaza-1")["scene"] == {"version": "v1", "state": "in_force"}


def test_what_the_disk_spoilt_is_fetched_anew(running: Any, make_scene: Any) -> None:
    running.stop()
    (running.folders.scenes / "plaza-1" / "scene.yaml").write_text("site: [")
    running.records.clear()
    running.start(**COMMON)
    running.wait_camera("plaza-1", state="running")
    assert "site: [" not in (running.folders.scenes / "plaza-1" / "scene.yaml").read_text()


def test_alerts_go_out_by_the_nucleus(site: Any, make_scene: Any) -> None:
    hall = {
        **make_scene()["zones"][0],
        "events": {"crowding": {"threshold": 1, "minimum_seconds": 0.1, "hysteresis": 0}},
    }
    site.desire("plaza-1", make_scene(zones=[hall]), "v1")
    site.start(**COMMON)
    topic = "crowdlens/test/jetson-7/plaza-1/alerts"
    assert site.nucleus.wait_for(lambda: any(one.topic == topic for one in site.nucleus.mqtt))


def test_a_bucket_that_is_not_configured_is_said(site: Any, make_scene: Any) -> None:
    site.desire("plaza-1", make_scene(), "v1")
    site.start(cameras=COMMON["cameras"])
    refused = site.wait_reported("plaza-1", state="refused", refused_version="v1")
    assert "artifactsBucket is missing" in refused["reason"]
    site.nucleus.merge("com.crowdlens.vision", ("artifactsBucket",), "artifacts")
    site.wait_reported("plaza-1", state="in_force", version="v1")
