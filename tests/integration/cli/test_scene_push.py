"""Scenes pushed by the real command into MiniStack, two operators at once, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from contract.camera_shadow import (
    parse_desired,
    reported_document,
    reported_state,
    shadow_state,
)
from contract.topics import camera_shadow_name
from infra.local.aws_environment import LOCAL_REGION, REPOSITORY_ROOT, AwsEndpoint
from infra.local.queues import make_bucket

BUCKET, CAMERA, SHADOW = "scene-push-artifacts", "plaza-1", camera_shadow_name("plaza-1")
GROUP = "crowdlens-dev-jetson-jetpack6"
DEVICES = ("jetson-7", "jetson-8")


@pytest.fixture
def environment(ministack_endpoint: AwsEndpoint) -> dict[str, str]:
    return {**os.environ, **ministack_endpoint.environment(), "PYTHONPATH": str(REPOSITORY_ROOT)}


def client(service: str, environment: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=LOCAL_REGION,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def started(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "scene", *words, "--bucket", BUCKET, "--region", LOCAL_REGION],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def written(folder: Path, x: int) -> tuple[str, str]:
    from contract.scene import parse_scene

    scene = {
        "site": "seoul-1",
        "time_zone": "Asia/Seoul",
        "camera": CAMERA,
        "frame": {"width": 640, "height": 360},
        "lines": [{"name": "gate", "points": [[x, 0], [x, 360]]}],
        "classes": ["person"],
    }
    path = folder / f"{x}.yaml"
    path.write_text(yaml.safe_dump(scene))
    return str(path), parse_scene(scene).version


def test_two_operators_push_at_once_and_one_goes_back(
    environment: dict[str, str], ministack_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    make_bucket(ministack_endpoint.s3(), BUCKET, LOCAL_REGION)
    iot, shadows = client("iot", environment), client("iot-data", environment)
    iot.create_thing_group(thingGroupName=GROUP)
    for device in DEVICES:
        iot.create_thing(thingName=device)
        iot.add_thing_to_thing_group(thingName=device, thingGroupName=GROUP)

    def wanted(device: str) -> Any:
        payload = shadows.get_thing_shadow(thingName=device, shadowName=SHADOW)["payload"].read()
        desired = shadow_state(payload).desired
        return parse_desired(desired, device=device, camera=CAMERA, with_history=True)

    def run(*words: str) -> tuple[int, str]:
        process = started(environment, *words)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    (first, _), (one, version_one), (two, version_two) = (written(tmp_path, x) for x in (100, 200, 300))
    status, output = run("push", first, "--group", "jetson-jetpack6", "--wait", "0")
    assert status == 0, output
    together = [
        started(environment, "push", path, "--device", DEVICES[0], "--wait", "0") for path in (one, two)
    ]
    for process in together:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    now = wanted(DEVICES[0])
    assert {now.scene.version, now.history[0].scene.version} == {version_one, version_two}
    assert len(now.history) == 2
    status, output = run("rollback", "--device", DEVICES[0], "--camera", CAMERA, "--wait", "0")
    assert status == 0, output
    back = wanted(DEVICES[0])
    assert back.scene == now.history[0].scene
    report = reported_state(scene=reported_document(back.scene.version))
    shadows.update_thing_shadow(thingName=DEVICES[0], shadowName=SHADOW, payload=json.dumps(report))
    # MiniStack cannot list a thing's shadows: the camera is named.
    status, output = run("status", "--device", DEVICES[0], "--camera", CAMERA, "--json")
    assert status == 0, output
    facts = json.loads(output)
    assert [(one["state"], one["in_force"]) for one in facts] == [("in_force", back.scene.version)]
