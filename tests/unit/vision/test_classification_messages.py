"""Messages of classifications: typed, all of top-k, and never in the way of a frame."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from contract.classification_message import (
    ClassificationMessage,
    ClassificationMessageError,
    RankedLabel,
    decode_classification,
    encode_classification,
)
from contract.project import Project, parse_project
from contract.scene import Scene, parse_scene
from edge_components.vision.classification import Classified
from edge_components.vision.classification_messages import ClassificationMessages, classification_messages

NOON = 1_795_230_000_123
FACES = (RankedLabel(1, 643, "mask", "Mask", 0.5), RankedLabel(2, 644, "matchstick", "Mask", 0.25))
SEEN = Classified("change", NOON, "synced", "Mask", None, FACES)
MESSAGE = ClassificationMessage(
    site="seoul-1", device="jetson-7", camera="door-1", time_zone="Asia/Seoul", scene_version="abc",
    project="mask-check", project_version="def", reason="change", clock_quality="synced", at_ms=NOON,
    answer="Mask", previous=None, labels=FACES,
)  # fmt: skip


def scene() -> Scene:
    return parse_scene(
        {
            "site": "seoul-1", "time_zone": "Asia/Seoul", "camera": "door-1",
            "frame": {"width": 640, "height": 360}, "classes": ["mask"],
            "zones": [{"name": "frame", "polygon": [[0, 0], [640, 0], [640, 360], [0, 360]]}],
        }
    )  # fmt: skip


def project(mqtt: str = "change") -> Project:
    return parse_project(
        {"project": "mask-check", "task": "classification", "model": "m@1", "output": {"mqtt": mqtt}}
    )


def test_a_message_comes_back_as_it_went_two_labels_of_one_text_included() -> None:
    text = encode_classification(MESSAGE)
    assert decode_classification(text) == MESSAGE
    assert '"at":"2026-11-21T' in text


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        pytest.param('"version":1', '"version":2', "expected version 1", id="version"),
        pytest.param('"rank":1', '"rank":"1"', "labels[0].rank is '1': expected int", id="rank"),
        pytest.param('"camera":"door-1"', '"camera":null', "camera is None: expected text", id="camera"),
        pytest.param('"at":"2026', '"at":"x2026', "at is 'x2026", id="time"),
        pytest.param('"labels":[', '"labels":[7,', "labels[0] is 7: expected an object", id="label"),
        pytest.param("{", "", "message is no JSON", id="no-json"),
    ],
)
def test_a_message_of_another_form_is_refused(before: str, after: str, sentence: str) -> None:
    with pytest.raises(ClassificationMessageError) as caught:
        decode_classification(encode_classification(MESSAGE).replace(before, after, 1))
    assert sentence in str(caught.value)


class Published:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def publish(self, topic: str, payload: str) -> None:
        self.sent.append((topic, payload))


class Stuck:
    def __init__(self) -> None:
        self.released = threading.Event()

    def publish(self, topic: str, payload: str) -> None:
        self.released.wait(60)


def test_messages_go_to_the_topic_of_the_camera() -> None:
    published = Published()
    with classification_messages(published, scene(), project(), "jetson-7") as tell:
        assert tell is not None
        tell(SEEN)
    (topic, payload), *rest = published.sent
    assert rest == []
    assert topic == "crowdlens/seoul-1/jetson-7/door-1/classifications"
    assert decode_classification(payload).labels == FACES


def test_a_project_without_messages_sends_none() -> None:
    with classification_messages(Published(), scene(), project("never"), "jetson-7") as tell:
        assert tell is None


def test_a_stuck_publisher_costs_messages_and_never_waits() -> None:
    stuck = Stuck()
    messages = ClassificationMessages(stuck, scene(), project(), "jetson-7")
    for number in range(500):
        messages.tell(replace(SEEN, event_time_ms=NOON + number))
    messages.close(seconds=0.0)
    stuck.released.set()
    assert messages.lost >= 399
