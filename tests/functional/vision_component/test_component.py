"""The component under Greengrass IPC with the real SDK: from a configuration and a shadow to records."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contract.errors import CrowdLensError
from contract.scene import parse_scene
from edge_components.vision.component import VisionComponent

pytestmark = pytest.mark.xdist_group("vision_component")
CAMERAS = {"plaza-1": {"source": "rtsp://plaza-1/stream"}}
COMMON = {"cameras": CAMERAS, "artifactsBucket": "artifacts", "windowSeconds": "1"}


def test_from_shadow_to_records_and_back(site: Any, make_scene: Any, is_lite: bool) -> None:
    site.start(**COMMON)
    site.wait_camera("plaza-1", state="waiting")
    assert "no scene yet" in site.camera("plaza-1")["problem"]

    first = parse_scene(make_scene())
    site.desire("plaza-1", make_scene(), "v1")
    assert site.wait_reported("plaza-1", version="v1", state="in_force") == {
        "version": "v1",
        "state": "in_force",
    }
    counted = site.wait_records("line_crossings")
    assert {one.record.scene_version for one in counted} == {first.version}
    assert site.wait_records("zone_counts", lambda one: one.record.values["occupancy_maximum"] == 1)

    wider = make_scene(zones=[{"name": "all", "polygon": [[0, 0], [160, 0], [160, 120], [0, 120]]}])
    second = parse_scene(wider)
    site.desire("plaza-1", wider, "v2")
    site.wait_reported("plaza-1", version="v2", state="in_force")
    site.wait_records("zone_counts", lambda one: one.record.scene_version == second.version)
    assert len(site.opened) == 1, "the camera was opened anew"
    for one in site.records:
        if one.record.table == "zone_counts":
            expected = "hall" if one.record.scene_version == first.version else "all"
            assert one.record.values["zone"] == expected

    site.desire("plaza-1", make_scene(classes=["unicorn"]), "v3")
    refused = site.wait_reported("plaza-1", state="refused")
    assert (refused["version"], refused["refused_version"]) == ("v2", "v3")
    assert "classes has 'unicorn'" in refused["reason"]
    before = len(site.drain())
    later = site.wait_records("zone_counts", lambda one: site.records.index(one) >= before)
    assert {one.record.scene_version for one in later} == {second.version}

    site.stop()
    assert site.status == 0
    states = [one.record.values["state"] for one in site.drain() if one.record.table == "camera_status"]
    assert states == ["ok", "ended"]
    sequences = [one.sequence for one in site.records if one.record.table == "zone_counts"]
    assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            {"confidence": 7}, "confidence is .+: expected a number from 0.1 to 0.99", id="threshold"
        ),
        pytest.param({"model": "no_such_model"}, "model is 'no_such_model': expected", id="model"),
        pytest.param({"windowSeconds": "soon"}, "windowSeconds is 'soon': expected a number", id="no number"),
        pytest.param({"widnowSeconds": 1}, "key widnowSeconds is not known", id="misspelt"),
        pytest.param(
            {"cameras": {"plaza-1": {"source": "rtsp://me:geheim@plaza-1/"}}},
            "holds a password",
            id="password",
        ),
        pytest.param({"cameras": {"plaza 2": {"source": "rtsp://p/"}}}, "camera is 'plaza 2'", id="name"),
        pytest.param({"cameras": {"plaza-2": {}}}, "expected source or sourceFile", id="no source"),
    ],
)
def test_a_bad_configuration_is_refused_before_it_is_deployed(change: Any, expected: str) -> None:
    with pytest.raises(CrowdLensError, match=expected) as refused:
        VisionComponent().settings({**COMMON, "cameras": {**CAMERAS}, **change})
    assert "geheim" not in str(refused.value)


def test_a_threshold_changes_live_and_a_bad_deployment_changes_nothing(site: Any, make_scene: Any) -> None:
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON)
    site.wait_records("line_crossings")
    sentence = site.nucleus.deploy("com.crowdlens.vision", {"confidence": 7}, seconds=60)
    assert "expected a number from 0.1 to 0.99" in sentence
    assert site.nucleus.deploy("com.crowdlens.vision", {"confidence": 0.95}, seconds=60) is None
    # The model is 0.8 sure: once who is followed has left, nobody is there any more.
    gone_ms = time.time() * 1000 + 5000
    site.wait_records("zone_counts", lambda one: one.record.event_time_ms >= gone_ms + 1000)
    late = [one for one in site.records if one.record.event_time_ms >= gone_ms]
    assert "tracks" not in {one.record.table for one in late}
    assert len(site.opened) == 1
    assert site.camera("plaza-1")["state"] == "running"
