"""A whole device on this machine: every component by its recipe, the cloud's side beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from contract.envelope import decode_message, stored_records
from contract.records import StoredRecord
from infra.fleet.components import load_components
from infra.local.aws_environment import REPOSITORY_ROOT, AwsEndpoint
from infra.local.greengrass.device import LocalDevice
from infra.local.greengrass.shadow_service import ShadowService
from infra.local.ministack import MiniStack
from infra.local.run_directory import RunDirectory

THING, SITE, BUCKET, QUEUE = "jetson-7", "seoul-1", "crowdlens-dev-artifacts", "ingest"
CLIP = REPOSITORY_ROOT / "examples" / "demo" / "demo.mp4"
PICTURES, REPEATS = 120, 200
"""Three minutes of a camera that sees the first seconds of the sample clip again and again."""
CROWDLENS = Path(sys.executable).with_name("crowdlens")


class Box:
    """The device, its cloud, and what a user of both does."""

    def __init__(self, device: LocalDevice, endpoint: AwsEndpoint, shadows: str, folder: Path) -> None:
        self.device, self.endpoint, self.folder = device, endpoint, folder
        self._shadows = shadows
        self._sent: list[StoredRecord] = []
        self.thing, self.site, self.bucket = THING, SITE, BUCKET
        self.queue_url = endpoint.sqs().get_queue_url(QueueName=QUEUE)["QueueUrl"]

    def crowdlens(self, *words: str | Path, status: int = 0) -> str:
        """Run the command line as an operator in the cloud would; return what it wrote."""
        finished = subprocess.run(
            [CROWDLENS, *map(str, words)],
            env={
                **os.environ,
                **self.endpoint.environment(),
                "AWS_ENDPOINT_URL_IOT_DATA_PLANE": self._shadows,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        output = finished.stdout + finished.stderr
        assert finished.returncode == status, output
        return output

    def endless_camera(self) -> Path:
        """Return a source that lasts for minutes."""
        return endless_camera(self.folder)

    def status(self, component: str) -> dict[str, Any]:
        """Return the component's status file, empty before there is one."""
        path = self.device.run / "status" / f"{component}.json"
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return document

    def camera(self, name: str) -> dict[str, Any]:
        """Return what vision says of a camera."""
        found: dict[str, Any] = self.status("vision").get("details", {}).get("cameras", {}).get(name, {})
        return found

    def until(self, holds: Callable[[], object], what: str, *, seconds: float = 120.0) -> None:
        """Wait until `holds`; fails with `what` and the components' logs."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                logs = {name: self.device.log(name)[-3000:] for name in self.device.started}
                statuses = {name: self.status(name) for name in self.device.started}
                pytest.fail(f"{what}: not within {seconds:g} s\n{json.dumps([statuses, logs], indent=1)}")
            time.sleep(0.2)

    def sent(self) -> list[StoredRecord]:
        """Return every record that has reached the queue so far."""
        client = self.endpoint.sqs()
        while messages := client.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            for message in messages:
                self._sent += stored_records(decode_message(message["Body"]))
                client.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self._sent

    def tables(self) -> Counter[str]:
        """Return how many records of each table have reached the queue."""
        return Counter(stored.record.table for stored in self.sent())


def endless_camera(folder: Path) -> Path:
    """Make a folder of pictures that takes minutes to be read, of few pictures."""
    pictures, camera = folder / "pictures", folder / "camera"
    pictures.mkdir(parents=True)
    camera.mkdir()
    capture = cv2.VideoCapture(str(CLIP))
    for number in range(PICTURES):
        read, frame = capture.read()
        assert read
        cv2.imwrite(str(pictures / f"{number:04d}.jpg"), frame)
    capture.release()
    for number in range(PICTURES * REPEATS):
        (camera / f"{number:07d}.jpg").symlink_to(pictures / f"{number % PICTURES:04d}.jpg")
    return camera


@pytest.fixture(
    scope="module",
    params=[pytest.param(False, id="classic"), pytest.param(True, id="lite", marks=pytest.mark.device)],
)
def box(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder = tmp_path_factory.mktemp("box")
    with RunDirectory() as run:
        ministack = MiniStack.start(run)
        endpoint = ministack.endpoint
        endpoint.sqs().create_queue(QueueName=QUEUE)
        endpoint.s3().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
        )
        endpoint.client("iot").create_thing(thingName=THING)
        device = LocalDevice(
            folder / "device",
            load_components(),
            thing_name=THING,
            is_lite=request.param,
            environment=endpoint.environment(),
        )
        with ShadowService(device.nucleus) as shadows, device:
            (device.settings / "site").write_text(f"{SITE}\n", encoding="utf-8")
            yield Box(device, endpoint, shadows.url, folder)
        ministack.process.stop()
