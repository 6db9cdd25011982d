from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

from edge_components.runtime.inference.detections import CleaningCounts, Detections, DetectionsError, clean


def detections_of(*boxes: tuple[float, float, float, float]) -> Detections:
    return Detections(np.array(boxes), np.full(len(boxes), 0.9), np.zeros(len(boxes), np.int64))


def test_arrays_are_converted_to_the_declared_types() -> None:
    found = Detections([[1, 2, 3, 4]], [0.5], [2.0])  # type: ignore[arg-type]
    kinds = [array.dtype.str for array in (found.boxes, found.confidences, found.class_ids)]
    assert kinds == ["<f4", "<f4", "<i8"]
    assert len(found) == 1


def test_empty_has_the_right_shapes() -> None:
    assert Detections.empty().boxes.shape == (0, 4)
    assert Detections([], [], []).boxes.shape == (0, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("boxes", "confidences", "class_ids", "sentence"),
    [
        pytest.param([[1, 2, 3]], [0.5], [0], r"boxes has shape \(1, 3\)", id="three edges"),
        pytest.param([1, 2, 3, 4], [0.5], [0], r"boxes has shape \(4,\)", id="no rows"),
        pytest.param([[1, 2, 3, 4]], [0.5, 0.4], [0], r"confidences has shape \(2,\)", id="two"),
        pytest.param([[1, 2, 3, 4]], [0.5], [], r"class_ids has shape \(0,\)", id="no class"),
        pytest.param([["a", 2, 3, 4]], [0.5], [0], "boxes cannot be read as float32", id="text"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    boxes: object, confidences: object, class_ids: object, sentence: str
) -> None:
    with pytest.raises(DetectionsError, match=sentence):
        Detections(boxes, confidences, class_ids)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        pytest.param((np.nan, 0, 10, 10), "not_finite", id="nan"),
        pytest.param((0, 0, np.inf, 10), "not_finite", id="infinite"),
        pytest.param((30, 0, 10, 10), "reversed", id="right before left"),
        pytest.param((0, 10, 10, 10), "reversed", id="no height"),
        pytest.param((-50, -50, -10, -10), "outside", id="negative"),
        pytest.param((101, 0, 120, 10), "outside", id="beyond the right edge"),
        pytest.param((99.5, 0, 120, 10), "outside", id="half a pixel inside"),
    ],
)
def test_a_box_that_cannot_be_tracked_is_dropped_and_counted(
    box: tuple[float, float, float, float], reason: str
) -> None:
    counts = CleaningCounts()
    kept = clean(detections_of(box, (20, 20, 40, 40)), 100, 100, counts)
    assert kept.boxes.tolist() == [[20, 20, 40, 40]]
    assert counts.dropped == 1
    assert counts.as_dict()[reason] == 1


@pytest.mark.parametrize(
    ("box", "kept_as", "clipped"),
    [
        pytest.param((-10, 50, 20, 130), [-10, 50, 20, 130], 0, id="over the edge"),
        pytest.param((-1e9, 50, 20, 1e9), [-50, 50, 20, 150], 1, id="far over the edge"),
    ],
)
def test_a_box_may_reach_half_a_frame_over_the_edge(
    box: tuple[float, float, float, float], kept_as: list[float], clipped: int
) -> None:
    counts = CleaningCounts()
    assert clean(detections_of(box), 100, 100, counts).boxes.tolist() == [kept_as]
    assert (counts.clipped, counts.dropped) == (clipped, 0)


def test_the_most_confident_are_kept_when_there_are_too_many() -> None:
    counts = CleaningCounts()
    boxes = np.tile(np.array([[10.0, 10, 20, 20]]), (5, 1))
    crowded = Detections(boxes, np.array([0.1, 0.9, 0.2, 0.8, 0.3]), np.arange(5))
    kept = clean(crowded, 100, 100, counts, maximum=2)
    assert kept.class_ids.tolist() == [1, 3]
    assert counts.too_many == 3


@settings(max_examples=60, deadline=None)
@given(
    hypothesis_numpy.arrays(
        np.float32, st.tuples(st.integers(0, 8), st.just(4)), elements=st.floats(-300, 300, width=32)
    )
)
def test_what_is_kept_shows_in_the_frame_and_nothing_goes_uncounted(boxes: np.ndarray) -> None:
    counts = CleaningCounts()
    found = Detections(boxes, np.ones(len(boxes), np.float32), np.zeros(len(boxes), np.int64))
    kept = clean(found, 200, 100, counts)
    assert len(kept) + counts.dropped == len(boxes)
    visible = np.clip(kept.boxes, 0, [200, 100, 200, 100])
    assert (visible[:, 2:] - visible[:, :2] >= 1).all()
    assert (kept.boxes[:, 2] <= 300).all()
    assert (kept.boxes[:, 1] >= -50).all()
