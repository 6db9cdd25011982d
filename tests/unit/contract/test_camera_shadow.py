"""What the cloud asks of a camera and what the device answers, as both sides read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import camera_shadow as shadow
from contract.camera_shadow import CameraShadowError, DesiredCamera, DesiredDocument
from contract.device_store import scenes_prefix
from contract.errors import CrowdLensError
from contract.identity import InvalidNameError
from contract.topics import camera_shadow_name, camera_shadow_topic

DEVICE, CAMERA = "jetson-7", "plaza-1"
SHA256 = "ab" * 32


def document(version: str = "3-c52079ba5e7d", part: str = "scene") -> DesiredDocument:
    key = (shadow.scene_key if part == "scene" else shadow.project_key)(DEVICE, CAMERA, version)
    return DesiredDocument(version, key, SHA256, 812)


def desired(**changes: Any) -> dict[str, Any]:
    scene = {
        "version": "3-c52079ba5e7d",
        "key": "scenes/jetson-7/plaza-1/3-c52079ba5e7d.yaml",
        "sha256": SHA256,
        "bytes": 812,
    }
    return {"scene": {**scene, **changes}, "project": None}


def parse(value: object) -> DesiredCamera:
    return shadow.parse_desired(value, device=DEVICE, camera=CAMERA, with_history=True)


def test_a_scene_and_a_project_are_read_as_they_were_written() -> None:
    wanted = DesiredCamera(document(), document("9f0c12345678", "project"))
    assert parse(shadow.desired_state(wanted)) == wanted


def test_keys_lie_under_the_prefix_that_the_device_may_read() -> None:
    wanted = DesiredCamera(document(), document("9f0c12345678", "project"))
    for part in (wanted.scene, wanted.project):
        assert part is not None
        assert part.key.startswith(scenes_prefix(DEVICE) + "plaza-1/")
    assert shadow.project_key(DEVICE, CAMERA, "1") != shadow.scene_key(DEVICE, CAMERA, "1")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="no desired half"),
        pytest.param({}, id="empty"),
        pytest.param({"scene": None, "project": None}, id="nulls"),
        pytest.param({"colour": "blue"}, id="only what a newer cloud says"),
    ],
)
def test_a_shadow_that_asks_for_nothing(value: object) -> None:
    assert parse(value) == DesiredCamera(None, None)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param([], r"desired is \[\]: expected a mapping", id="a list"),
        pytest.param({"scene": "3"}, "desired.scene is '3': expected a mapping", id="scene is text"),
        pytest.param(desired(version="../x"), "desired.scene.version is '../x'", id="version climbs out"),
        pytest.param(desired(version=None), "desired.scene.version is None", id="no version"),
        pytest.param(
            desired(key="scenes/other/plaza-1/3-c52079ba5e7d.yaml"),
            "desired.scene.key is 'scenes/other/.*: expected scenes/jetson-7/plaza-1/3-c52079ba5e7d.yaml",
            id="another device's key",
        ),
        pytest.param(
            desired(key="scenes/jetson-7/plaza-2/3-c52079ba5e7d.yaml"),
            "desired.scene.key",
            id="another camera's key",
        ),
        pytest.param(desired(key="scenes/jetson-7/../x.yaml"), "desired.scene.key", id="key climbs out"),
        pytest.param(desired(key=7), "desired.scene.key is 7: expected text", id="key is a number"),
        pytest.param(desired(sha256=SHA256.upper()), "desired.scene.sha256", id="sha256 in capitals"),
        pytest.param(desired(sha256="ab"), "desired.scene.sha256 is 'ab'", id="sha256 too short"),
        pytest.param(
            desired(bytes="812"), "desired.scene.bytes is '812': expected a whole", id="size is text"
        ),
        pytest.param(desired(bytes=True), "desired.scene.bytes is True", id="size is a boolean"),
        pytest.param(desired(bytes=0), "desired.scene.bytes is 0: expected 1 to 262144", id="nothing"),
        pytest.param(desired(bytes=262_145), "desired.scene.bytes is 262145", id="too large"),
    ],
)
def test_what_is_wrong_is_said_with_field_and_value(value: object, sentence: str) -> None:
    with pytest.raises(CrowdLensError, match=sentence):
        parse(value)


def test_a_push_remembers_what_it_replaced_and_a_rollback_goes_back_to_it() -> None:
    first = DesiredCamera(document("1"), None)
    second = first.followed_by(scene=document("2"), project=None, at="2026-11-21T10:00:00+00:00")
    third = second.followed_by(scene=document("3"), project=None, at="2026-11-21T11:00:00+00:00")
    assert parse(shadow.desired_state(third)) == third
    assert third.before() == second
    assert third.before().before() == first
    with pytest.raises(CameraShadowError, match="history is empty"):
        first.before()


PAST: dict[str, Any] = {"at": "2026-11-21T10:00:00+00:00", "scene": desired()["scene"]}


@pytest.mark.parametrize(
    ("history", "readable"),
    [
        pytest.param("x", 0, id="text"),
        pytest.param(7, 0, id="a number"),
        pytest.param([], 0, id="empty"),
        pytest.param([{}], 0, id="without times"),
        pytest.param([PAST, {**PAST, "scene": {"version": "../x"}}, PAST], 1, id="damage in the middle"),
        pytest.param([{**PAST, "scene": {**PAST["scene"], "key": "x"}}, PAST], 0, id="damage first"),
        pytest.param([PAST, None], 1, id="a null"),
        pytest.param([PAST] * 50, shadow.MAXIMUM_HISTORY, id="too long"),
    ],
)
def test_a_damaged_history_keeps_nobody_from_pushing(history: object, readable: int) -> None:
    wanted = parse({**desired(), "history": history})
    assert wanted.scene == document()
    assert len(wanted.history) == readable
    pushed = wanted.followed_by(scene=document("9"), project=None, at="now")
    assert pushed.history[0].scene == document()


def test_the_history_holds_no_null_which_the_service_refuses() -> None:
    def values(value: object) -> Iterator[object]:
        yield value
        if isinstance(value, (dict, list)):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from values(inner)

    first = DesiredCamera(document("1"), None)
    wanted = first.followed_by(scene=document("2"), project=None, at="now")
    said = shadow.desired_state(wanted)
    assert said["project"] is None
    assert None not in list(values(said["history"]))
    assert parse(said) == wanted


def test_a_device_leaves_the_history_alone() -> None:
    wanted = shadow.desired_state(DesiredCamera(document(), None)) | {"history": "of another shape"}
    assert shadow.parse_desired(wanted, device=DEVICE, camera=CAMERA) == DesiredCamera(document(), None)


def test_the_same_pushed_again_is_no_new_past() -> None:
    first = DesiredCamera(document("1"), None)
    assert first.followed_by(scene=document("1"), project=None, at="now") == first
    assert DesiredCamera(None, None).followed_by(scene=document("1"), project=None, at="now") == first


def test_a_full_history_fits_into_the_shadow_of_the_longest_names() -> None:
    device, camera, version = "d" * 64, "c" * 57, "v" * 40 + "-" + "0" * 12

    def longest(part: str) -> DesiredDocument:
        key = (shadow.scene_key if part == "scene" else shadow.project_key)(device, camera, version)
        return DesiredDocument(version, key, SHA256, 262_144)

    past = shadow.PastCamera("2026-11-21T10:00:00.000000+00:00", longest("scene"), longest("project"))
    wanted = DesiredCamera(longest("scene"), longest("project"), (past,) * shadow.MAXIMUM_HISTORY)
    # AWS IoT refuses a shadow whose desired half is above 8 KiB.
    assert len(json.dumps(shadow.desired_state(wanted))) < 8 * 1024
    again = wanted.followed_by(scene=longest("scene"), project=None, at=past.at)
    assert len(again.history) == shadow.MAXIMUM_HISTORY


def test_a_device_reports_what_is_in_force() -> None:
    said = shadow.reported_state(scene=shadow.reported_document("3"))
    scene, project = shadow.parse_reported(said["state"]["reported"])
    assert (scene, project) == (shadow.ReportedDocument("3", shadow.IN_FORCE), None)


def test_a_device_reports_a_refusal_and_keeps_the_version_in_force() -> None:
    report = shadow.reported_document("3", refused_version="4", reason="zones is 7:\nexpected a list")
    scene, _ = shadow.parse_reported({"scene": report})
    assert scene == shadow.ReportedDocument("3", shadow.REFUSED, "4", "zones is 7: expected a list")


def test_what_is_no_longer_so_is_taken_out_of_the_shadow() -> None:
    report = shadow.reported_document("4")
    assert report["refused_version"] is None
    assert report["reason"] is None


def test_a_long_reason_is_cut() -> None:
    report = shadow.reported_document(None, refused_version="4", reason="x" * 9_999)
    assert len(report["reason"]) == 500


@pytest.mark.parametrize(
    ("version", "more"),
    [
        pytest.param("3", {"reason": "why"}, id="a reason without a refused version"),
        pytest.param("3", {"refused_version": "4"}, id="a refused version without a reason"),
        pytest.param(None, {}, id="nothing at all"),
    ],
)
def test_a_report_that_says_half_is_refused(version: str | None, more: dict[str, str]) -> None:
    with pytest.raises(CameraShadowError, match="expected"):
        shadow.reported_document(version, **more)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"scene": {"version": "3"}}, id="no state"),
        pytest.param({"scene": {"version": "3", "state": "maybe"}}, id="unknown state"),
        pytest.param({"project": {"version": 3, "state": "in_force"}}, id="version is a number"),
        pytest.param("x", id="text"),
    ],
)
def test_a_report_that_cannot_be_read(value: object) -> None:
    with pytest.raises(CameraShadowError, match="reported"):
        shadow.parse_reported(value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(
            {"scene": {"state": "starting"}, "project": {"state": "in_force", "version": "3"}},
            "reported.scene.state is 'starting': expected in_force or refused",
            id="one part",
        ),
        pytest.param("x", "reported is 'x': expected a mapping of names to values", id="text"),
    ],
)
def test_what_can_be_read_of_a_confused_report(value: object, sentence: str) -> None:
    scene, project, problem = shadow.readable_reported(value)
    assert (scene, problem) == (None, sentence)
    known = shadow.ReportedDocument("3", shadow.IN_FORCE)
    assert project == (known if isinstance(value, dict) else None)
    assert shadow.readable_reported({"project": {"state": "in_force", "version": "3"}}) == (None, known, None)
    assert shadow.readable_reported(None) == (None, None, None)


STATE = {"desired": {"scene": {"version": "3"}}, "reported": {"scene": {"state": "in_force"}}}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({"state": STATE, "version": 7, "timestamp": 1}, id="get/accepted"),
        pytest.param({"current": {"state": STATE, "version": 7}, "previous": {}}, id="update/documents"),
    ],
)
def test_both_messages_of_a_whole_shadow_are_read(payload: dict[str, Any]) -> None:
    state = shadow.shadow_state(json.dumps(payload).encode())
    assert (state.desired, state.reported, state.version) == (STATE["desired"], STATE["reported"], 7)


def test_a_shadow_without_halves_is_empty() -> None:
    state = shadow.shadow_state('{"state": {}, "version": 1}')
    assert (state.desired, state.reported) == ({}, {})


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"state": 3, "version": 1}', id="state is a number"),
        pytest.param(b'{"state": {}}', id="no version"),
    ],
)
def test_a_message_that_is_no_shadow_is_refused(payload: bytes) -> None:
    with pytest.raises(CameraShadowError, match="expected"):
        shadow.shadow_state(payload)


def test_a_camera_whose_shadow_would_be_named_too_long_is_refused() -> None:
    assert len(camera_shadow_name(shadow.check_shadow_camera("c" * 57))) == 64
    with pytest.raises(CameraShadowError, match="expected at most 57 characters"):
        shadow.check_shadow_camera("c" * 58)
    with pytest.raises(InvalidNameError):
        shadow.check_shadow_camera("plaza 1")


def test_topics_of_a_shadow() -> None:
    topic = camera_shadow_topic(DEVICE, CAMERA, "get/accepted")
    assert topic == "$aws/things/jetson-7/shadow/name/camera-plaza-1/get/accepted"


KEYS = st.sampled_from(
    ("scene", "project", "history", "version", "key", "sha256", "bytes", "at", "state", "reason", "desired")
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_stands_in_a_shadow_is_read_or_refused_in_a_sentence(value: object) -> None:
    refused = []
    for read in (parse, shadow.parse_reported, lambda v: shadow.shadow_state(json.dumps(v))):
        try:
            read(value)
        except CrowdLensError as error:
            refused.append(str(error))
    assert [sentence for sentence in refused if "expected" not in sentence] == []
