from __future__ import annotations

import numpy as np
import pytest

from training.arrays import Floats32
from training.boxes import Detections, decode_yolo_v8, letterbox, suppress
from training.evaluate import PictureTruth, average_precision, evaluate, match

PERSON = (10.0, 10.0, 20.0, 40.0)
OTHER = (50.0, 10.0, 60.0, 40.0)


def boxes(*rows: tuple[float, ...]) -> Floats32:
    return np.array(rows, np.float32).reshape(-1, 4)


def truth(*rows: tuple[float, ...], counted: list[bool] | None = None) -> PictureTruth:
    return PictureTruth(boxes(*rows), np.array(counted if counted else [True] * len(rows), dtype=bool))


@pytest.mark.parametrize(
    ("found", "scores", "people", "right"),
    [
        pytest.param(boxes(PERSON), [0.9], truth(PERSON), [1.0], id="found"),
        pytest.param(boxes(OTHER), [0.9], truth(PERSON), [0.0], id="elsewhere"),
        pytest.param(boxes(PERSON, PERSON), [0.9, 0.8], truth(PERSON), [1.0, 0.0], id="found twice"),
        pytest.param(boxes(PERSON), [0.9], truth(PERSON, counted=[False]), [], id="need not be found"),
        pytest.param(boxes(), [], truth(PERSON), [], id="nothing found"),
        pytest.param(boxes(PERSON), [0.9], truth(), [0.0], id="nobody there"),
    ],
)
def test_matching(found: Floats32, scores: list[float], people: PictureTruth, right: list[float]) -> None:
    _, answers = match(Detections(found, np.array(scores, np.float32)), people)
    assert answers.tolist() == right


@pytest.mark.parametrize(
    ("scores", "right", "people", "expected"),
    [
        pytest.param([0.9, 0.8], [1, 1], 2, 1.0, id="all found, nothing else"),
        pytest.param([0.9, 0.8], [1, 0], 2, 0.5, id="half found"),
        pytest.param([0.9, 0.8], [0, 1], 1, 0.5, id="the wrong one is surer"),
        pytest.param([0.9, 0.8, 0.7], [1, 0, 1], 2, 0.5 + 0.5 * 2 / 3, id="precision is made monotone"),
        pytest.param([], [], 3, 0.0, id="nothing found"),
        pytest.param([0.9], [0], 0, 0.0, id="nobody there"),
    ],
)
def test_average_precision(scores: list[float], right: list[int], people: int, expected: float) -> None:
    value = average_precision(np.array(scores, np.float32), np.array(right, np.float32), people)
    assert value == pytest.approx(expected)


def test_recall_and_precision_hold_at_the_confidence() -> None:
    answer = Detections(boxes(PERSON, OTHER), np.array([0.9, 0.2], np.float32))
    picture = np.zeros((60, 80, 3), np.uint8)
    result = evaluate([(picture, truth(PERSON, OTHER))], lambda _: answer, confidence=0.5)
    assert (result.recall, result.precision, result.people) == (0.5, 1.0, 2)
    assert result.average_precision == 1.0


def test_suppression_keeps_the_better_of_two() -> None:
    near = (11.0, 10.0, 21.0, 40.0)
    kept = suppress(
        boxes(near, PERSON, OTHER), np.array([0.6, 0.9, 0.3], np.float32), confidence=0.2, overlap=0.5
    )
    assert kept.boxes.tolist() == [list(PERSON), list(OTHER)]


@pytest.mark.parametrize(
    ("width", "height", "inner"),
    [
        pytest.param(640, 360, (384, 216), id="wide: grey below"),
        pytest.param(480, 360, (299, 224), id="narrow: grey at the right"),
        pytest.param(384, 224, (384, 224), id="fits"),
    ],
)
def test_letterbox_puts_the_picture_at_the_top_left(width: int, height: int, inner: tuple[int, int]) -> None:
    boxed, scale = letterbox(np.full((height, width, 3), 7, np.uint8), 384, 224)
    assert boxed.shape == (224, 384, 3)
    assert scale == pytest.approx(min(384 / width, 224 / height))
    assert (boxed[: inner[1], : inner[0]] == 7).all()
    assert (boxed[inner[1] :] == 114).all()
    assert (boxed[:, inner[0] :] == 114).all()


def test_decoding_undoes_the_letterbox() -> None:
    output = np.array([[60.0], [30.0], [20.0], [40.0], [0.8]], np.float32)
    found = decode_yolo_v8(output, scale=0.5, confidence=0.5, overlap=0.5)
    assert found.boxes.tolist() == [[100.0, 20.0, 140.0, 100.0]]
