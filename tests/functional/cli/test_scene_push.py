"""`crowdlens scene push`, `rollback` and `status` against moto: what devices are asked, and what is said."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from cli.main import main
from cli.scene_push.pushing import Outcome
from cli.scene_push.shadows import CameraShadows, ShadowConflictError
from cli.scene_push.waiting import wait_for_answers
from contract.camera_shadow import (
    DesiredCamera,
    DesiredDocument,
    parse_desired,
    reported_document,
    reported_state,
    scene_key,
    shadow_state,
)
from contract.topics import camera_shadow_name

REGION = "ap-northeast-2"
BUCKET = f"crowdlens-dev-artifacts-123456789012-{REGION}"
GROUP = "crowdlens-dev-jetson-jetpack6"
DEVICES = ("jetson-7", "jetson-8")
CAMERA = "plaza-1"
PROJECT = "project: count\ntask: detection\nmodel: person_demo@1\n"


class Fleet:
    """An account with two devices in a group, and what stands on them."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.iot: Any = boto3.client("iot")
        self.shadows: Any = boto3.client("iot-data")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.iot.create_thing_group(thingGroupName=GROUP)
        self.iot.create_thing_group(thingGroupName="crowdlens-dev-empty")
        for device in DEVICES:
            self.iot.create_thing(thingName=device)
            self.iot.add_thing_to_thing_group(thingName=device, thingGroupName=GROUP)

    def wanted(self, device: str) -> DesiredCamera:
        answer = self.shadows.get_thing_shadow(thingName=device, shadowName=camera_shadow_name(CAMERA))
        desired = shadow_state(answer["payload"].read()).desired
        return parse_desired(desired, device=device, camera=CAMERA, with_history=True)

    def version(self, device: str) -> str:
        scene = self.wanted(device).scene
        assert scene is not None
        return scene.version

    def report(self, device: str, version: str | None, **more: str) -> None:
        said = reported_state(scene=reported_document(version, **more))
        self.shadows.update_thing_shadow(
            thingName=device, shadowName=camera_shadow_name(CAMERA), payload=json.dumps(said)
        )

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def content(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.fixture
def fleet(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr("cli.scene_push.waiting.POLL_SECONDS", 0.01)
    return Fleet()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def written(number: int = 1, **changes: Any) -> str:
        scene = {
            "site": "seoul-1",
            "time_zone": "Asia/Seoul",
            "camera": CAMERA,
            "frame": {"width": 640, "height": 360},
            "lines": [{"name": "gate", "points": [[320, 0], [320, 300 + number]]}],
            "classes": ["person"],
            "version": number,
            **changes,
        }
        path = tmp_path / f"scene-{number}.yaml"
        path.write_text(yaml.safe_dump(scene))
        return str(path)

    return written


def push(scene: str, *more: str) -> int:
    target = () if {"--device", "--group"} & set(more) else ("--device", DEVICES[0])
    wait = () if "--wait" in more else ("--wait", "0")
    return main(["scene", "push", scene, *target, *wait, *more])


def test_a_pushed_scene_lies_in_the_bucket_and_the_shadow_points_to_it(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write()
    assert push(path) == 0
    wanted = fleet.wanted(DEVICES[0]).scene
    assert wanted is not None
    content = Path(path).read_bytes()
    assert fleet.content(wanted.key) == content
    assert wanted == DesiredDocument(
        wanted.version,
        scene_key(DEVICES[0], CAMERA, wanted.version),
        hashlib.sha256(content).hexdigest(),
        len(content),
    )
    out = capsys.readouterr().out
    assert f"camera plaza-1 of jetson-7 changes: scene none → {wanted.version}" in out
    assert "  line 'gate' is new" in out


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    push(write(1))
    before = (fleet.keys(), fleet.wanted(DEVICES[0]))
    capsys.readouterr()
    assert push(write(9), "--dry-run") == 0
    out = capsys.readouterr().out
    assert "would change" in out
    assert "  line 'gate' is moved: 1 of 2 points, by up to 8 px" in out
    assert (fleet.keys(), fleet.wanted(DEVICES[0])) == before


def test_a_group_is_pushed_to_and_each_device_has_a_line(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    push(write(1), "--group", "jetson-jetpack6")
    version = fleet.version(DEVICES[0])
    fleet.report(DEVICES[0], version)
    fleet.report(DEVICES[1], None, refused_version=version, reason="frame is 640x360")
    capsys.readouterr()
    assert push(write(1), "--group", GROUP, "--wait", "30") == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"jetson-7: in force, scene {version}",
        f"jetson-8: refused, it has no scene: scene {version}: frame is 640x360",
    ]


def test_a_device_that_says_nothing_is_told_of(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(write(), "--wait", "0.05") == 1
    assert "jetson-7: no answer within 0.05 s; it takes it when it is connected" in capsys.readouterr().out


def test_a_project_goes_with_its_scene_and_away_again(
    fleet: Fleet, write: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project.yaml"
    project.write_text(PROJECT)
    assert push(write(1), "--project", str(project)) == 0
    wanted = fleet.wanted(DEVICES[0]).project
    assert wanted is not None
    assert fleet.content(wanted.key).decode() == PROJECT
    assert f"  project none → {wanted.version}" in capsys.readouterr().out
    assert push(write(2)) == 0
    assert fleet.wanted(DEVICES[0]).project == wanted
    assert push(write(2), "--no-project") == 0
    assert fleet.wanted(DEVICES[0]).project is None


def test_the_same_version_with_other_comments_is_no_change(fleet: Fleet, write: Callable[..., str]) -> None:
    path = write()
    push(path)
    before, content = fleet.wanted(DEVICES[0]), Path(path).read_bytes()
    Path(path).write_text("# by the gate\n" + content.decode())
    assert push(path) == 0
    assert fleet.wanted(DEVICES[0]) == before
    assert before.scene is not None
    assert fleet.content(before.scene.key) == content


def test_rollbacks_go_back_one_push_each_and_forward_by_version(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    versions = []
    for number in (1, 2, 3):
        push(write(number))
        versions.append(fleet.version(DEVICES[0]))
    back = ["scene", "rollback", "--device", DEVICES[0], "--camera", CAMERA, "--wait", "0"]
    assert main([*back, "--dry-run"]) == 0
    assert fleet.version(DEVICES[0]) == versions[2]
    assert main(back) == 0
    assert fleet.version(DEVICES[0]) == versions[1]
    assert main(back) == 0
    assert fleet.version(DEVICES[0]) == versions[0]
    assert main(back) == 1
    assert "history is empty" in capsys.readouterr().out
    assert main([*back, "--to", versions[2]]) == 0
    assert fleet.version(DEVICES[0]) == versions[2]
    assert main([*back, "--to", "4-nothing"]) == 1
    listed = capsys.readouterr().out.rpartition("expected ")[2].strip().split(", ")
    assert sorted(listed) == sorted(versions)


def test_a_device_that_reports_nonsense_can_be_mended(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    device = ("--device", DEVICES[0])
    assert push(write(1), *device) == 0
    first = fleet.version(DEVICES[0])
    fleet.shadows.update_thing_shadow(
        thingName=DEVICES[0],
        shadowName=camera_shadow_name(CAMERA),
        payload=json.dumps({"state": {"reported": {"scene": {"state": "starting", "version": 7}}}}),
    )
    assert push(write(2), *device) == 0
    assert fleet.version(DEVICES[0]) != first
    capsys.readouterr()
    assert main(["scene", "status", *device, "--json"]) == 0
    assert "reported.scene.state is 'starting'" in capsys.readouterr().out
    assert main(["scene", "rollback", *device, "--camera", CAMERA, "--wait", "0"]) == 0
    assert fleet.version(DEVICES[0]) == first


def test_status_shows_wanted_and_in_force(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    push(write(1), "--group", GROUP)
    first = fleet.version(DEVICES[0])
    for device in DEVICES:
        fleet.report(device, first)
    push(write(2), "--group", GROUP)
    second = fleet.version(DEVICES[0])
    fleet.report(DEVICES[1], first, refused_version=second, reason="the camera gives 640x480")
    capsys.readouterr()
    assert main(["scene", "status", "--group", GROUP, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [(one["device"], one["state"], one["in_force"], one["wanted"]["scene"]) for one in facts] == [
        ("jetson-7", "waiting", first, second),
        ("jetson-8", "refused", first, second),
    ]
    assert main(["scene", "status", "--group", GROUP]) == 0
    out = capsys.readouterr().out
    assert f"jetson-8 plaza-1 refused scene {second}: the camera gives 640x480" in out


@pytest.mark.parametrize(
    ("changes", "more", "sentence"),
    [
        pytest.param({"classes": []}, (), "classes is empty", id="a bad scene"),
        pytest.param({}, ("--camera", "gate-2"), "camera is 'plaza-1': expected 'gate-2'", id="camera"),
        pytest.param({}, ("--project", "no/such"), "project file no/such cannot be read", id="no project"),
        pytest.param({"camera": "c" * 60}, (), "at most 57 characters", id="a camera's long name"),
    ],
)
def test_a_wrong_file_is_refused_before_anybody_is_asked(
    changes: dict[str, Any],
    more: tuple[str, ...],
    sentence: str,
    write: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert push(write(1, **changes), *more) == 2
    assert sentence in capsys.readouterr().err


def test_a_target_that_there_is_not_is_refused(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    scene = write()
    for more, status, sentence in (
        (("--device", "jetson-9"), 2, "device jetson-9 does not exist"),
        (("--group", "nobody"), 2, "group crowdlens-dev-nobody does not exist"),
        (("--group", "empty"), 2, "crowdlens-dev-empty has no devices"),
        (("--bucket", "no-such-bucket"), 1, "does not exist (NoSuchBucket)"),
    ):
        assert push(scene, *more) == status
        said = capsys.readouterr()
        assert sentence in said.out + said.err
    assert fleet.keys() == []
    assert fleet.shadows.list_named_shadows_for_thing(thingName=DEVICES[0])["results"] == []


def document(version: str) -> DesiredDocument:
    return DesiredDocument(version, scene_key(DEVICES[0], CAMERA, version), "ab" * 32, 7)


def test_two_pushes_at_once_follow_on_each_other(fleet: Fleet) -> None:
    shadows = CameraShadows(fleet.shadows)

    def asks_for(version: str) -> Callable[[DesiredCamera], DesiredCamera]:
        return lambda current: current.followed_by(scene=document(version), project=None, at="now")

    shadows.change(DEVICES[0], CAMERA, asks_for("1"))
    quicker = iter(["2", "3"])

    def slow(current: DesiredCamera) -> DesiredCamera:
        for version in quicker:
            shadows.change(DEVICES[0], CAMERA, asks_for(version))
            break
        return asks_for("9")(current)

    before, after = shadows.change(DEVICES[0], CAMERA, slow)
    assert before.scene == document("3")
    assert after == fleet.wanted(DEVICES[0])
    assert [past.scene for past in after.history] == [document(version) for version in ("3", "2", "1")]


def test_somebody_who_never_lets_go_is_told_of(fleet: Fleet) -> None:
    shadows = CameraShadows(fleet.shadows)
    versions = iter(range(100))

    def disturbed(current: DesiredCamera) -> DesiredCamera:
        fleet.report(DEVICES[0], f"r{next(versions)}")
        return current.followed_by(scene=document("9"), project=None, at="now")

    fleet.report(DEVICES[0], "0")
    with pytest.raises(ShadowConflictError, match="changed by others 5 times"):
        shadows.change(DEVICES[0], CAMERA, disturbed)


def test_answers_that_come_later_are_waited_for(fleet: Fleet, write: Callable[..., str]) -> None:
    push(write(), "--group", GROUP)
    version = fleet.version(DEVICES[0])
    seen: list[tuple[int, int]] = []

    def answer_next(_: float) -> None:
        fleet.report(DEVICES[len(seen) - 1], version)

    answers = wait_for_answers(
        [Outcome(device) for device in DEVICES],
        CAMERA,
        CameraShadows(fleet.shadows),
        seconds=60,
        progress=lambda done, total: seen.append((done, total)),
        sleep=answer_next,
    )
    assert [(one.device, one.good) for one in answers] == [("jetson-7", True), ("jetson-8", True)]
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_many_devices_are_pushed_to_side_by_side(
    fleet: Fleet, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(30):
        fleet.iot.create_thing(thingName=f"edge-{number:02}")
        fleet.iot.add_thing_to_thing_group(thingName=f"edge-{number:02}", thingGroupName=GROUP)
    assert push(write(), "--group", GROUP) == 0
    assert "edge-06, edge-07 and 24 more changes: scene none" in capsys.readouterr().out
    assert len(fleet.keys()) == 32
    assert {fleet.version(f"edge-{number:02}") for number in range(30)} == {fleet.version(DEVICES[0])}
    assert "push" not in {thread.name.partition("_")[0] for thread in threading.enumerate()}
