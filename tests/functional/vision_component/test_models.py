"""Models change between two frames; one that cannot be used leaves the old one, and it is said why."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from contract.classification_message import decode_classification
from edge_components.runtime.inference.session import ModelLoadError
from infra.local.greengrass.shadow_topics import apply_to_shadow

pytestmark = pytest.mark.xdist_group("vision_component")
THING = "jetson-7"
COMMON = {
    "cameras": {"plaza-1": {"source": "rtsp://plaza-1/"}},
    "artifactsBucket": "artifacts",
    "windowSeconds": 1,
}


@pytest.fixture
def running(site: Any, make_scene: Any) -> Any:
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON)
    site.wait_camera("plaza-1", state="running", model="person_demo")
    return site


def test_the_stores_model_comes_and_a_bad_one_stays_out(running: Any, activate: Any, make_model: Any) -> None:
    running.models = {
        "people@2": lambda: make_model("people", labels=("dog", "person")),
        "people@3": ModelLoadError("model people cannot be opened as ONNX: truncated"),
        "cats@1": lambda: make_model("cats", labels=("cat",)),
    }
    activate(running.folders, "people", "2")
    running.wait_camera("plaza-1", model="people@2", model_problem=None)
    for version, reason in (("people@3", "truncated"), ("cats@1", "classes has 'person'")):
        activate(running.folders, *version.split("@"))
        running.wait_camera("plaza-1", model="people@2", state="running")
        told = _told(running, reason)
        assert told.startswith("people@2 stays: ")
    activate(running.folders, "people", "2")
    running.wait_camera("plaza-1", model="people@2")
    before = len(running.drain())
    running.wait_records("zone_counts", lambda one: running.records.index(one) >= before)
    tracks = {one.record.values["track"] for one in running.drain() if one.record.table == "tracks"}
    assert tracks
    assert len(running.opened) == 1


def _told(site: Any, reason: str) -> str:
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        problem = site.camera("plaza-1").get("model_problem") or ""
        if reason in problem:
            return str(problem)
        time.sleep(0.05)
    raise AssertionError(f"never told: {reason}")


def test_a_model_that_is_missing_is_waited_for_and_said(site: Any, make_scene: Any) -> None:
    site.desire("plaza-1", make_scene(), "v1")
    site.start(**COMMON, model="people@9")
    camera = site.wait_camera("plaza-1", state="failed")
    assert "model people@9 is not on this device" in camera["problem"]
    assert site.nucleus.deploy("com.crowdlens.vision", {"model": "store"}, seconds=60) is None
    site.wait_camera("plaza-1", state="running", model="person_demo")


def test_cameras_share_a_model_and_it_is_closed_after_the_last(
    site: Any, make_scene: Any, make_model: Any, wait: Any
) -> None:
    made: list[Any] = []

    def make() -> Any:
        made.append(make_model("person_demo"))
        return made[-1]

    site.models["person_demo"] = make
    for name in ("a", "b"):
        site.desire(name, make_scene(name), "v1")
    cameras = {name: {"source": f"rtsp://{name}/"} for name in ("a", "b")}
    site.start(**{**COMMON, "cameras": cameras})
    for name in cameras:
        site.wait_camera(name, state="running")
    assert len([one for one in made if not one.closed]) == 1
    site.nucleus.merge("com.crowdlens.vision", ("cameras", "a"), {"enabled": False})
    wait(lambda: not site.camera("a"))
    assert not made[-1].closed
    site.stop()
    assert all(one.closed for one in made)


def test_a_project_changes_what_is_looked_for_and_goes_again(
    running: Any, make_scene: Any, make_model: Any
) -> None:
    running.models["people@2"] = lambda: make_model("people", labels=("dog", "person"))
    (running.folders.models / "packages" / "people" / "2").mkdir(parents=True)
    project = {"project": "dogs", "task": "detection", "model": "people@2", "classes": ["dog"]}
    wanted = running.put("plaza-1", yaml.safe_dump(project).encode(), "p1", part="project-")
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"project": wanted}})
    running.wait_camera("plaza-1", model="people@2")
    running.wait_records("zone_counts", lambda one: one.record.values["object_class"] == "dog")
    assert running.reported("plaza-1")["project"] == {"version": "p1", "state": "in_force"}
    bad = running.put("plaza-1", b"project: dogs\ntask: sorting\nmodel: x", "p2", part="project-")
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"project": bad}})

    def refused() -> bool:
        return running.reported("plaza-1").get("project", {}).get("refused_version") == "p2"

    assert running.nucleus.wait_for(refused)
    assert running.reported("plaza-1")["scene"] == {"version": "v1", "state": "in_force"}
    assert running.reported("plaza-1")["project"]["version"] == "p1"
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"project": None}})
    running.wait_camera("plaza-1", model="person_demo")
    assert running.nucleus.wait_for(lambda: "project" not in running.reported("plaza-1"))


def test_a_classifying_project_tells_of_changes(running: Any, make_classifier: Any) -> None:
    running.models["masks@1"] = lambda: make_classifier("masks")
    (running.folders.models / "packages" / "masks" / "1").mkdir(parents=True)
    output = {
        "texts": {"mask": "Mask"},
        "otherwise": "Not Mask",
        "smoothing_frames": 1,
        "mqtt": "change",
        "records": "change",
    }
    project = {"project": "masks", "task": "classification", "model": "masks@1", "output": output}
    wanted = running.put("plaza-1", yaml.safe_dump(project).encode(), "p1", part="project-")
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"project": wanted}})
    running.wait_camera("plaza-1", model="masks@1")
    topic, told = "crowdlens/test/jetson-7/plaza-1/classifications", list[Any]()

    def both() -> bool:
        told[:] = [
            decode_classification(one.payload.decode()) for one in running.nucleus.mqtt if one.topic == topic
        ]
        return {"Mask", "Not Mask"} <= {one.answer for one in told}

    assert running.nucleus.wait_for(both)
    assert {(one.project, one.camera) for one in told} == {("masks", "plaza-1")}
    records = running.wait_records("classifications", lambda one: one.record.values["label_text"] == "Mask")
    assert records[0].record.values["label"] == "mask"
    # A model for the other task is refused, and the classifier goes on.
    project |= {"model": "person_demo", "task": "classification"}
    bad = running.put("plaza-1", yaml.safe_dump(project).encode(), "p2", part="project-")
    apply_to_shadow(running.nucleus, THING, "camera-plaza-1", {"desired": {"project": bad}})
    assert running.nucleus.wait_for(
        lambda: running.reported("plaza-1").get("project", {}).get("refused_version") == "p2"
    )
    assert (
        "is for detection: expected one for classification"
        in running.reported("plaza-1")["project"]["reason"]
    )
    assert running.reported("plaza-1")["project"]["version"] == "p1"
