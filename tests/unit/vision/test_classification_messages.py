"""Messages of classifications: typed, all of top-k, and from which project and scene."""

from __future__ import annotations

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
from edge_components.vision.classification_messages import message_of

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


def test_a_message_tells_of_what_was_seen_by_which_project_under_which_scene() -> None:
    given, where = project(), scene()
    message = message_of(SEEN, where, given, "jetson-7")
    versions = {"scene_version": where.version, "project_version": given.version}
    assert message == replace(MESSAGE, **versions)
