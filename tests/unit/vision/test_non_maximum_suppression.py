from __future__ import annotations

import numpy as np
import pytest

from edge_components.runtime.inference.non_maximum_suppression import overlap_matrix, suppress

BOX = (0, 0, 10, 10)


@pytest.mark.parametrize(
    ("boxes", "confidences", "classes", "kept"),
    [
        pytest.param([], [], [], [], id="nothing found"),
        pytest.param([BOX], [0.5], [0], [0], id="one box stays"),
        pytest.param([BOX, (1, 0, 11, 10)], [0.5, 0.9], [0, 0], [1], id="the weaker twin goes"),
        pytest.param([BOX, (1, 0, 11, 10)], [0.5, 0.9], [0, 1], [1, 0], id="another class stays"),
        pytest.param([BOX, (5, 0, 15, 10)], [0.9, 0.5], [0, 0], [0, 1], id="overlap of a third stays"),
        pytest.param([BOX, (50, 50, 60, 60)], [0.1, 0.9], [0, 0], [1, 0], id="apart, most confident first"),
        pytest.param(
            [(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)],
            [0.9, 0.8, 0.7],
            [0, 0, 0],
            [0, 2],
            id="a suppressed box suppresses nobody",
        ),
        pytest.param([BOX, BOX], [0.5, 0.5], [0, 0], [0], id="equal confidence: the first stays"),
        pytest.param([(5, 5, 5, 5), (5, 5, 5, 5)], [0.9, 0.8], [0, 0], [0, 1], id="boxes without area"),
    ],
)
def test_suppression(
    boxes: list[object], confidences: list[float], classes: list[int], kept: list[int]
) -> None:
    found = suppress(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidences, np.float32),
        np.array(classes, np.int64),
        overlap_threshold=0.4,
    )
    assert found.tolist() == kept


def test_only_the_most_confident_candidates_are_looked_at() -> None:
    count = 2000
    boxes = np.zeros((count, 4), np.float32)
    boxes[:, 0] = boxes[:, 1] = np.arange(count) * 20
    boxes[:, 2:] = boxes[:, :2] + 10
    confidences = np.linspace(0.1, 0.9, count).astype(np.float32)
    kept = suppress(
        boxes, confidences, np.zeros(count, np.int64), overlap_threshold=0.5, maximum_candidates=100
    )
    assert kept.tolist() == list(range(count - 1, count - 101, -1))


def test_suppression_agrees_with_the_definition_on_random_boxes() -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        corners = random.uniform(0, 100, (60, 2))
        boxes = np.concatenate((corners, corners + random.uniform(5, 40, (60, 2))), axis=1).astype(np.float32)
        confidences = random.permutation(60).astype(np.float32) / 60
        classes = random.integers(0, 3, 60)
        overlaps = overlap_matrix(boxes)
        expected: list[int] = []
        for index in np.argsort(-confidences):
            rivals = [other for other in expected if classes[other] == classes[index]]
            if all(overlaps[index, other] <= 0.45 for other in rivals):
                expected.append(int(index))
        assert suppress(boxes, confidences, classes, overlap_threshold=0.45).tolist() == expected
