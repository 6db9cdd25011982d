"""From a shadow to records in the queue, through every component as Greengrass runs it."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from edge_components.runtime.spool import Spool
from infra.local.aws_environment import REPOSITORY_ROOT

pytestmark = pytest.mark.e2e
CAMERA = "plaza-1"
SCENE = REPOSITORY_ROOT / "examples" / "demo" / "scene.yaml"
STARTED = ("publisher", "vision", "fleet_agent", "model_store", "local_view")


def scene_file(folder: Path, name: str, *, site: str, zone: str) -> Path:
    """Write the demo's scene with its first zone called `zone`."""
    document = yaml.safe_load(SCENE.read_text(encoding="utf-8"))
    document["site"] = site
    document["zones"][0]["name"] = zone
    path = folder / name
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_device_counts_under_scenes_and_models_from_the_cloud(box: Any) -> None:
    device, folder = box.device, box.folder
    port = free_port()
    assert device.install("publisher", {"queueUrl": box.queue_url}).status == "SUCCEEDED"
    assert device.install("fleet_agent").status == "SUCCEEDED"
    camera = {CAMERA: {"source": str(box.endless_camera()), "enabled": True}}
    common = {"artifactsBucket": box.bucket}
    assert device.install("vision", {**common, "cameras": camera, "windowSeconds": 2}).status == "SUCCEEDED"
    assert device.install("local_view", {"port": port}).status == "SUCCEEDED"

    # A scene from the cloud starts the camera; another one takes its place live; a bad one changes nothing.
    first = scene_file(folder, "first.yaml", site=box.site, zone="paving")
    box.crowdlens("scene", "push", first, "--device", box.thing, "--bucket", box.bucket, "--wait", "100")
    box.until(lambda: box.camera(CAMERA).get("frames_per_second"), "the camera counts")
    before = box.camera(CAMERA)["scene_version"]
    second = scene_file(folder, "second.yaml", site=box.site, zone="cobbles")
    box.crowdlens("scene", "push", second, "--device", box.thing, "--bucket", box.bucket, "--wait", "100")
    box.until(lambda: box.camera(CAMERA).get("scene_version") not in (None, before), "the second scene")
    in_force = box.camera(CAMERA)["scene_version"]
    wide = yaml.safe_load(first.read_text(encoding="utf-8"))
    wide["frame"] = {"width": 640, "height": 640}
    for zone in wide["zones"]:
        zone.pop("events", None)
    (folder / "wide.yaml").write_text(yaml.safe_dump(wide), encoding="utf-8")
    refused = box.crowdlens(
        "scene",
        "push",
        folder / "wide.yaml",
        "--device",
        box.thing,
        "--bucket",
        box.bucket,
        "--wait",
        "100",
        status=1,
    )
    assert "refused" in refused
    assert box.camera(CAMERA)["scene_version"] == in_force

    # A model rolled out, a bad one, and the way back.
    package = folder / "person_demo"
    shutil.copytree(REPOSITORY_ROOT / "edge_components/vision/models/person_demo", package)
    box.crowdlens("models", "push", package, "--version", "2", "--bucket", box.bucket)
    deployed = device.install("model_store", {**common, "model": "person_demo@2"})
    assert deployed.status == "SUCCEEDED", device.log("model_store")
    box.until(lambda: box.camera(CAMERA).get("model") == "person_demo@2", "vision takes the model")
    spoil(box)
    failed = device.deploy("model_store", {"model": "person_demo@3"}, seconds=100)
    assert failed.status == "FAILED", device.log("model_store")
    active = json.loads((device.state / "models" / "active.json").read_text(encoding="utf-8"))
    assert (active["name"], active["version"]) == ("person_demo", "2")
    box.until(lambda: box.camera(CAMERA).get("model") == "person_demo@2", "vision keeps the model")

    # A change of configuration: the bad one is refused, the good one applied while the camera goes on.
    assert "windowSeconds" in (device.deploy("vision", {"windowSeconds": "none"}).reason or "")
    assert device.deploy("vision", {"windowSeconds": 1}).status == "SUCCEEDED"

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/cameras/{CAMERA}.jpg", timeout=60) as answer:
        picture = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.std() > 10

    wanted = {"zone_counts", "tracks", "device_health", "stream_ledger", "camera_status"}
    box.until(lambda: wanted <= set(box.tables()), "records of every kind reach the queue", seconds=180)
    ended = {name: device.stop(name) for name in ("vision", "local_view", "model_store", "fleet_agent")}
    with Spool(device.state / "spool.db", device=box.thing) as spool:
        box.until(lambda: spool.counts().waiting == 0, "the publisher sends the rest")
        made = spool.counts().made
    ended["publisher"] = device.stop("publisher")
    assert {name: code for name, (code, _) in ended.items()} == dict.fromkeys(ended, 0)
    assert max(seconds for _, seconds in ended.values()) < 20
    identities = {(one.epoch, one.stream, one.sequence) for one in box.sent()}
    assert len(identities) == made
    zones = {one.record.values["zone"] for one in box.sent() if one.record.table == "zone_counts"}
    assert {"paving", "cobbles"} <= zones
    by_zone = {
        (one.record.values["zone"], one.record.scene_version)
        for one in box.sent()
        if one.record.table == "zone_counts" and one.record.values["zone"] in ("paving", "cobbles")
    }
    assert by_zone == {("paving", before), ("cobbles", in_force)}
    states = box.device.nucleus.states
    assert all("RUNNING" in states[f"com.crowdlens.{name}"] for name in STARTED), dict(states)


def spoil(box: Any) -> None:
    """Publish version 3, whose golden picture it fails, as somebody could who goes round `models push`."""
    client = box.endpoint.s3()
    folder, prefix = "models/person_demo", "models/person_demo/2/"
    black = cv2.imencode(".png", np.zeros((360, 640, 3), np.uint8))[1].tobytes()
    content = {
        one["Key"].removeprefix(prefix): client.get_object(Bucket=box.bucket, Key=one["Key"])["Body"].read()
        for one in client.list_objects_v2(Bucket=box.bucket, Prefix=prefix)["Contents"]
    }
    manifest = {**json.loads(content.pop("manifest.json")), "version": "3"}
    content["golden.png"] = black
    for file in manifest["files"]:
        body = content[file["name"]]
        file |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    content["manifest.json"] = json.dumps(manifest).encode()
    for name, body in content.items():
        client.put_object(Bucket=box.bucket, Key=f"{folder}/3/{name}", Body=body)
