"""A camera and its shadow: what is pushed arrives in the end, whatever was lost on the way."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from edge_components.runtime.object_store import ObjectMissingError
from edge_components.vision import shadow_sync
from edge_components.vision.camera_documents import CameraDocuments
from edge_components.vision.shadow_sync import ShadowSync

CONTENT = yaml.safe_dump(
    {
        "site": "test",
        "time_zone": "Asia/Seoul",
        "camera": "door",
        "frame": {"width": 160, "height": 120},
        "classes": ["person"],
        "zones": [{"name": "hall", "polygon": [[0, 0], [100, 0], [100, 100]]}],
    }
).encode()
PATIENCE_SECONDS = 60.0


class Channel:
    """Keeps what is published and lets a test answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.calls: dict[str, Callable[[str, bytes], None]] = {}

    def publish(self, topic: str, payload: str | bytes) -> None:
        self.sent.append((topic.rsplit("/", 1)[1], json.loads(payload) if payload else None))

    def subscribe(self, topic_filter: str, call: Callable[[str, bytes], None]) -> None:
        self.calls[topic_filter] = call

    def on_return(self, call: Callable[[], None]) -> None:
        self.back = call

    def say(self, operation: str, **document: Any) -> None:
        topic = next(topic for topic in self.calls if topic.endswith(operation))
        self.calls[topic](topic, json.dumps(document).encode())

    def count(self, verb: str) -> int:
        return sum(one == verb for one, _ in self.sent)

    @property
    def reported(self) -> dict[str, Any]:
        told = [payload["state"]["reported"] for verb, payload in self.sent if verb == "update"]
        return dict(told[-1]["scene"]) if told else {}


class Camera:
    """Takes what it is offered; `waits` lets its own thread judge, at once when `judges`."""

    def __init__(self) -> None:
        self.verdict: Any = None
        self.documents: CameraDocuments | None = None
        self.waits = self.judges = False

    def offer(self, documents: CameraDocuments) -> bool:
        self.documents = documents
        if self.judges:
            self.verdict(documents, documents, None)
        return not self.waits


class Bucket:
    def __init__(self) -> None:
        self.content: bytes | None = CONTENT

    def read(self, key: str, maximum_bytes: int) -> bytes:
        if self.content is None:
            raise ObjectMissingError(f"object {key} is not there")
        return self.content


class Bench:
    """One camera with its shadow, on short intervals."""

    def __init__(self, **intervals: Any) -> None:
        self.channel, self.camera, self.bucket = Channel(), Camera(), Bucket()
        self.sync = ShadowSync("door", "jetson-7", self.channel, **intervals)
        self.sync.attach(self.camera, self.bucket)

    def push(self, version: int) -> None:
        name = f"V{version}"
        scene = {
            "version": name,
            "key": f"scenes/jetson-7/door/{name}.yaml",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "bytes": len(CONTENT),
        }
        self.channel.say("get/accepted", version=version, state={"desired": {"scene": scene}})


def eventually(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "never so"
        time.sleep(0.01)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    monkeypatch.setattr(shadow_sync, "FIRST_RETRY_SECONDS", 0.05)
    made: list[Bench] = []

    def make(**intervals: Any) -> Bench:
        made.append(Bench(**intervals))
        eventually(lambda: made[-1].channel.count("get"))
        return made[-1]

    yield make
    for one in made:
        one.sync.close()


def test_a_get_that_nobody_answers_is_repeated(bench: Callable[..., Bench]) -> None:
    one = bench(answer_seconds=0.02)
    eventually(lambda: one.channel.count("get") >= 3)
    one.push(1)
    eventually(lambda: one.camera.documents is not None)


def test_the_shadow_is_asked_for_now_and_then(bench: Callable[..., Bench]) -> None:
    one = bench(period_seconds=(0.02, 0.05))
    one.push(1)
    eventually(lambda: one.channel.reported.get("version") == "V1")
    before = one.channel.count("get")
    eventually(lambda: one.channel.count("get") > before)
    one.push(2)
    eventually(lambda: one.channel.reported.get("version") == "V2")


def test_what_the_service_rejects_is_tried_again(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.channel.say("get/rejected", code=429, message="Too many requests")
    eventually(lambda: one.channel.count("get") >= 2)
    assert one.sync.problem == "shadow of door: get rejected, Too many requests (code 429)"
    one.push(1)
    eventually(lambda: one.channel.reported.get("version") == "V1")
    said = one.channel.count("update")
    one.channel.say("update/rejected", code=500, message="Internal")
    eventually(lambda: one.channel.count("get") >= 3)
    one.push(1)
    eventually(lambda: one.channel.count("update") > said)


def test_no_shadow_yet_is_an_answer(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.channel.say("get/rejected", code=404, message="No shadow exists")
    eventually(lambda: not one.sync._unanswered)
    assert one.sync.problem is None


def test_what_is_missing_is_refused_and_taken_once_it_is_there(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.bucket.content = None
    one.push(1)
    eventually(lambda: one.channel.reported.get("state") == "refused")
    assert "is not there" in one.channel.reported["reason"]
    one.bucket.content = CONTENT
    eventually(lambda: one.channel.reported.get("state") == "in_force")
    assert one.channel.reported.get("reason") is None


def test_other_bytes_than_pushed_are_refused_for_good(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.bucket.content = CONTENT + b"#"
    one.push(1)
    eventually(lambda: one.channel.reported.get("state") == "refused")
    one.bucket.content = CONTENT
    one.push(2)
    eventually(lambda: one.channel.reported.get("version") == "V2")
    assert one.camera.documents is not None


def test_a_verdict_that_comes_during_the_offer_is_heard(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.camera.waits = one.camera.judges = True
    one.push(1)
    eventually(lambda: one.channel.reported.get("version") == "V1")
    # Whatever comes then is told at once: nothing waits any more.
    one.camera.waits = one.camera.judges = False
    one.push(2)
    eventually(lambda: one.channel.reported.get("version") == "V2")


def test_a_camera_that_is_set_up_anew_has_nothing_that_waits(bench: Callable[..., Bench]) -> None:
    one = bench()
    one.camera.waits = True
    one.push(1)
    eventually(lambda: one.camera.documents is not None)
    assert one.channel.count("update") == 0
    one.sync.attach(one.camera, one.bucket)
    eventually(lambda: one.channel.reported.get("version") == "V1")
