"""The layouts of YOLOv5/7, the NMS plug-ins, SSD-like faces and classifiers, on tensors made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edge_components.runtime.inference.layout_types import cell_centres
from edge_components.runtime.inference.layouts import (
    TRAITS,
    Layout,
    UnknownLayoutError,
    grid_cells,
    looks_decoded,
    make_layout,
    recognise,
)

Array = np.ndarray[Any, np.dtype[Any]]
EFFICIENT = ["num_dets", "det_boxes", "det_scores", "det_classes"]
BATCHED = ["num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes"]
NMS_SHAPES = [(1, 1), (1, 200, 4), (1, 200), (1, 200)]


@pytest.mark.parametrize(
    ("outputs", "size", "expected"),
    [
        pytest.param([("output", (1, 25200, 85))], (640, 640), ("yolo_v5", 80), id="YOLOv5 and v7 at 640"),
        pytest.param([("o", (1, 15120, 6))], (640, 384), ("yolo_v5", 1), id="YOLOv5, one class, not square"),
        pytest.param([("o", (1, 102000, 85))], (1280, 1280), ("yolo_v5", 80), id="YOLOv5 with four strides"),
        pytest.param(
            list(zip(EFFICIENT, NMS_SHAPES, strict=True)), (640, 640), ("efficient_nms", 0), id="EfficientNMS"
        ),
        pytest.param(
            list(zip(BATCHED, NMS_SHAPES, strict=True)),
            (416, 416),
            ("batched_nms", 0),
            id="BatchedNMS of TAO",
        ),
        pytest.param(
            list(zip(BATCHED, [(1,), *NMS_SHAPES[1:]], strict=True))[::-1],
            (416, 416),
            ("batched_nms", 0),
            id="BatchedNMS, the other way round",
        ),
        pytest.param(
            [
                ("BatchedNMS_1", (1, 200, 4)),
                ("BatchedNMS", (1, 1)),
                *((f"BatchedNMS_{number}", (1, 200)) for number in (3, 2)),
            ],
            (416, 416),
            ("batched_nms", 0),
            id="BatchedNMS by TAO's older names",
        ),
        pytest.param([("output0", (1, 300, 6))], (640, 640), ("end_to_end", 0), id="YOLOv10"),
        pytest.param([("output0", (1, 8400, 6))], (640, 640), ("yolox_grid", 1), id="a YOLOX with one class"),
        pytest.param(
            [("scores", (1, 4420, 2)), ("boxes", (1, 4420, 4))], (320, 240), ("ssd", 1), id="UltraFace"
        ),
        pytest.param([("a", (1, 8, 4)), ("b", (1, 8, 21))], (300, 300), ("ssd", 20), id="SSD by its shapes"),
        pytest.param([("logits", (1, 1000))], (224, 224), ("classification", 1000), id="a classifier"),
        pytest.param(
            [("softmaxout_1", (1, 1000, 1, 1))], (224, 224), ("classification", 1000), id="SqueezeNet"
        ),
    ],
)
def test_known_outputs_are_recognised(
    outputs: Sequence[tuple[str, tuple[int, ...]]], size: tuple[int, int], expected: tuple[str, int]
) -> None:
    assert recognise(outputs, *size) == expected


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param(
            list(zip(EFFICIENT, [(1, 1), (1, 9, 4), (1, 8), (1, 9)], strict=True)), id="other lengths"
        ),
        pytest.param(list(zip(BATCHED, [(1, 1), (1, 9, 5), (1, 9), (1, 9)], strict=True)), id="five corners"),
        pytest.param([("scores", (1, 9, 1)), ("boxes", (1, 9, 4))], id="no background"),
        pytest.param([("logits", (1, 1))], id="a single class"),
    ],
)
def test_what_only_looks_alike_is_unknown(outputs: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    with pytest.raises(UnknownLayoutError, match="expected one of the layouts"):
        recognise(outputs, 640, 640)


def yolo_v5() -> tuple[Layout, list[Array]]:
    rows = np.zeros((2, 3 * grid_cells(64, 32), 7), np.float32)
    rows[0, 100] = (30, 20, 10, 8, 0.9, 0.1, 0.8)
    rows[1, 7] = (10, 10, 4, 4, 0.8, 0.9, 0.0)
    rows[:, 0, 4] = 0.9  # sure of an object, of no class
    return make_layout("yolo_v5", 64, 32), [rows]


def yolo_v8() -> tuple[Layout, list[Array]]:
    columns = np.zeros((2, 6, grid_cells(64, 32)), np.float32)
    columns[0, :, 5] = (30, 20, 10, 8, 0.1, 0.72)
    columns[1, :, 9] = (10, 10, 4, 4, 0.72, 0.0)
    return make_layout("yolo_v8", 64, 32), [columns]


def yolox() -> tuple[Layout, list[Array]]:
    rows = np.zeros((2, grid_cells(64, 32), 7), np.float32)
    rows[0, 8 * 2 + 3] = (0.75, 0.5, np.log(10 / 8), 0, 0.9, 0.1, 0.8)
    rows[1, 8 + 1] = (0.25, 0.25, np.log(0.5), np.log(0.5), 0.8, 0.9, 0.0)
    return make_layout("yolox_grid", 64, 32), [rows]


def nms(names: Sequence[str], layout: str, divisor: Sequence[float]) -> tuple[Layout, list[Array]]:
    count = np.array([[1], [1]], np.int32)
    # What lies behind the count are the boxes of a former picture.
    boxes = np.tile(np.array([[25, 16, 35, 24], [0, 0, 9, 9]], np.float32), (2, 1, 1))
    boxes[1, 0] = (8, 8, 12, 12)
    scores = np.full((2, 2), 0.72, np.float32)
    classes = np.array([[1, 0], [0, 0]], np.int32 if layout == "efficient_nms" else np.float32)
    arrays = {names[0]: count, names[1]: boxes / np.array(divisor), names[2]: scores, names[3]: classes}
    shuffled = sorted(names)
    return make_layout(layout, 64, 32, shuffled), [arrays[name] for name in shuffled]


def end_to_end() -> tuple[Layout, list[Array]]:
    rows = np.zeros((2, 300, 6), np.float32)
    rows[0, 3] = (25, 16, 35, 24, 0.72, 1)
    rows[1, 0] = (8, 8, 12, 12, 0.72, 0)
    return make_layout("end_to_end", 64, 32), [rows]


def ssd() -> tuple[Layout, list[Array]]:
    scores = np.zeros((2, 5, 3), np.float32)
    scores[..., 0] = 0.95  # the background
    scores[0, 3], scores[1, 0] = (0.2, 0.08, 0.72), (0.2, 0.72, 0.08)
    boxes = np.zeros((2, 5, 4), np.float32)
    boxes[0, 3] = (25 / 64, 16 / 32, 35 / 64, 24 / 32)
    boxes[1, 0] = (8 / 64, 8 / 32, 12 / 64, 12 / 32)
    return make_layout("ssd", 64, 32, ["boxes", "scores"]), [boxes, scores]


@pytest.mark.parametrize(
    ("layout", "outputs"),
    [
        pytest.param(*yolo_v5(), id="yolo_v5"),
        pytest.param(*yolo_v8(), id="yolo_v8"),
        pytest.param(*yolox(), id="yolox_grid"),
        pytest.param(*nms(EFFICIENT, "efficient_nms", (1, 1, 1, 1)), id="efficient_nms"),
        pytest.param(*nms(BATCHED, "batched_nms", (64, 32, 64, 32)), id="batched_nms"),
        pytest.param(*end_to_end(), id="end_to_end"),
        pytest.param(*ssd(), id="ssd"),
    ],
)
def test_each_picture_of_a_batch_has_its_own_boxes(layout: Layout, outputs: list[Array]) -> None:
    first, second = (layout.decode(outputs, 0.3, item=item) for item in range(2))
    np.testing.assert_allclose(first.boxes, [[25, 16, 35, 24]], atol=1e-4)
    np.testing.assert_allclose(second.boxes, [[8, 8, 12, 12]], atol=1e-4)
    for found, class_id in ((first, 1), (second, 0)):
        np.testing.assert_allclose(found.confidences, [0.72], atol=1e-6)
        assert found.class_ids.tolist() == [class_id]
        assert found.class_ids.dtype == np.int64
    nothing = layout.decode(outputs, 0.99, item=0)
    assert nothing.boxes.shape == (0, 4)
    assert nothing.confidences.shape == nothing.class_ids.shape == (0,)


def test_a_count_beyond_what_is_kept_and_no_class_are_harmless() -> None:
    outputs: list[Array] = [
        np.array([[7]], np.int32),
        np.zeros((1, 2, 4), np.float32),
        np.ones((1, 2), np.float32),
        np.array([[0, -1]], np.float32),  # the plug-in writes -1 where nothing is kept
    ]
    found = make_layout("batched_nms", 32, 32).decode(outputs, 0.3)
    assert found.class_ids.tolist() == [0]


@pytest.mark.parametrize(
    "fixed", [pytest.param(np.float16, id="half"), pytest.param(np.float32, id="single")]
)
def test_raw_and_decoded_rows_of_one_shape_are_told_apart_by_their_values(
    fixed: type[np.floating[Any]],
) -> None:
    width, height = 416, 256
    centres, strides = cell_centres(width, height)
    random = np.random.default_rng(5)
    raw = random.normal(0, 1, (len(centres), 85)).astype(fixed)
    decoded = raw.copy()
    decoded[:, :2] = centres + random.normal(0, 0.7, centres.shape) * strides[:, None]
    decoded[:, 2:4] = np.exp(random.normal(0, 1, centres.shape)) * strides[:, None]
    assert looks_decoded(decoded, width, height)
    assert not looks_decoded(raw, width, height)
    assert not looks_decoded(np.zeros_like(raw), width, height)


def test_the_package_of_a_tao_model_has_the_threshold_of_the_original() -> None:
    assert TRAITS["batched_nms"].confidence == 0.3
