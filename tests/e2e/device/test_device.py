"""From a shadow to records in the queue, through every component as Greengrass runs it."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from edge_components.runtime.spool import Spool
from infra.local.aws_environment import REPOSITORY_ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
CAMERA = "plaza-1"
SCENE = REPOSITORY_ROOT / "examples" / "demo" / "scene.yaml"
STREET, KITTI_FRAMES = "street-1", 120
STARTED = ("publisher", "vision", "fleet_agent", "model_store", "local_view", "deepstream_bridge")


def scene_file(folder: Path, name: str, *, site: str, zone: str) -> Path:
    """Write the demo's scene with its first zone called `zone`."""
    document = yaml.safe_load(SCENE.read_text(encoding="utf-8"))
    document["site"] = site
    rule = {"threshold": 1, "minimum_seconds": 0.5}
    document["zones"][0] |= {"name": zone, "events": {"crowding": rule}}
    path = folder / name
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_device_counts_under_scenes_and_models_from_the_cloud(box: Any) -> None:
    port = free_port()
    start_components(box, port)
    versions = change_scenes(box)
    change_models(box)
    change_configuration(box)
    look_at(port)
    follow_a_deepstream_app(box)
    wanted = {"zone_counts", "tracks", "device_health", "camera_status"}
    box.until(lambda: wanted <= set(box.tables()), "records of every kind reach the queue", seconds=180)
    made = stop_all(box)
    assert len({(one.epoch, one.stream, one.sequence) for one in box.sent()}) == made
    counted = {
        (one.record.values["zone"], one.record.scene_version)
        for one in box.sent()
        if one.record.table == "zone_counts" and one.record.values["zone"] in versions
    }
    assert counted == set(versions.items())
    topic = f"crowdlens/{box.site}/{box.thing}/{CAMERA}/alerts"
    alerts = [json.loads(one.payload) for one in box.device.nucleus.mqtt if one.topic == topic]
    assert {"crowding"} <= {one["kind"] for one in alerts}
    states = box.device.nucleus.states
    assert all("RUNNING" in states[f"com.crowdlens.{name}"] for name in STARTED), dict(states)


def start_components(box: Any, port: int) -> None:
    device = box.device
    camera = {CAMERA: {"source": str(box.endless_camera()), "enabled": True}}
    for name, change in (
        ("publisher", {"queueUrl": box.queue_url}),
        ("fleet_agent", {"reportSeconds": 10}),
        ("vision", {"artifactsBucket": box.bucket, "cameras": camera, "windowSeconds": 2}),
        ("local_view", {"port": port}),
    ):
        assert device.install(name, change).status == "SUCCEEDED", device.log(name)


def push(box: Any, scene: Path, *, status: int = 0) -> str:
    words = ("scene", "push", scene, "--device", box.thing, "--bucket", box.bucket, "--wait", "100")
    return str(box.crowdlens(*words, status=status))


def change_scenes(box: Any) -> dict[str, str]:
    """A scene from the cloud starts the camera, another takes its place live, a bad one changes nothing."""
    folder = box.folder
    versions: dict[str, str] = {}
    for zone in ("paving", "cobbles"):
        push(box, scene_file(folder, f"{zone}.yaml", site=box.site, zone=zone))
        box.until(
            lambda: box.camera(CAMERA).get("scene_version") not in (None, *versions.values()),
            f"the scene with {zone}",
        )
        box.until(lambda: box.camera(CAMERA).get("frames_per_second"), "the camera counts")
        versions[zone] = box.camera(CAMERA)["scene_version"]
    wide = yaml.safe_load((folder / "paving.yaml").read_text(encoding="utf-8"))
    wide["frame"] = {"width": 640, "height": 640}
    (folder / "wide.yaml").write_text(yaml.safe_dump(wide), encoding="utf-8")
    assert "refused" in push(box, folder / "wide.yaml", status=1)
    assert box.camera(CAMERA)["scene_version"] == versions["cobbles"]
    return versions


def change_models(box: Any) -> None:
    """A model is rolled out; a bad one fails its deployment, and the good one stays."""
    device, package = box.device, box.folder / "person_demo"
    shutil.copytree(REPOSITORY_ROOT / "edge_components/vision/models/person_demo", package)
    box.crowdlens("models", "push", package, "--version", "2", "--bucket", box.bucket)
    deployed = device.install("model_store", {"artifactsBucket": box.bucket, "model": "person_demo@2"})
    assert deployed.status == "SUCCEEDED", device.log("model_store")
    box.until(lambda: box.camera(CAMERA).get("model") == "person_demo@2", "vision takes the model")
    spoil(box)
    failed = device.deploy("model_store", {"model": "person_demo@3"}, seconds=100)
    assert failed.status == "FAILED", device.log("model_store")
    assert device.nucleus.configurations["com.crowdlens.model_store"]["model"] == "person_demo@2"
    active = json.loads((device.state / "models" / "active.json").read_text(encoding="utf-8"))
    assert (active["name"], active["version"]) == ("person_demo", "2")
    assert box.camera(CAMERA)["model"] == "person_demo@2"


def change_configuration(box: Any) -> None:
    """A bad change is refused with its reason, a good one applied while the camera goes on."""
    refused = box.device.deploy("vision", {"windowSeconds": "none"})
    assert (refused.status, "windowSeconds" in refused.reason) == ("REFUSED", True)
    assert box.device.deploy("vision", {"windowSeconds": 1}).status == "SUCCEEDED"


def look_at(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/cameras/{CAMERA}.jpg", timeout=60) as answer:
        picture = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.std() > 10


def follow_a_deepstream_app(box: Any) -> None:
    """What a DeepStream app writes is counted beside the camera, and its files are cleared away."""
    scene = yaml.safe_load(scene_file(box.folder, "street.yaml", site=box.site, zone="street").read_text())
    (box.folder / "street.yaml").write_text(yaml.safe_dump({**scene, "camera": STREET}), encoding="utf-8")
    kitti = box.folder / "kitti"
    kitti.mkdir()
    streams = {"0": {"scene": str(box.folder / "street.yaml"), "framesPerSecond": 30}}
    change = {"kittiFolder": str(kitti), "streams": streams, "windowSeconds": 1}
    assert box.device.install("deepstream_bridge", change).status == "SUCCEEDED"
    for number in range(KITTI_FRAMES):
        left = 20 + 4 * number
        line = f"person 7 0.0 0 0.0 {left}.0 120.0 {left + 30}.0 200.0" + " 0.0" * 7 + " 0.9\n"
        partial = kitti / "partial"
        partial.write_text(line, encoding="utf-8")
        partial.rename(kitti / f"00_000_{number:06d}.txt")
        time.sleep(1 / 30)
    box.until(lambda: any(one.record.camera == STREET for one in box.sent()), "the app's objects")


def stop_all(box: Any) -> int:
    """Stop everything, the publisher last; return how many records were made."""
    device = box.device
    ended = {name: device.stop(name) for name in STARTED if name != "publisher"}
    with Spool(device.state / "spool.db", device=box.thing) as spool:
        box.until(lambda: spool.counts().waiting == 0, "the publisher sends the rest")
        made = spool.counts().made
    ended["publisher"] = device.stop("publisher")
    assert {name: code for name, (code, _) in ended.items()} == dict.fromkeys(ended, 0)
    # Five seconds are the promise; a test machine may be starved.
    assert max(seconds for _, seconds in ended.values()) < 20
    return int(made)


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
