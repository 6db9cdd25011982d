from __future__ import annotations

import numpy as np
import pytest

from edge_components.runtime.inference.layouts import UnknownLayoutError, grid_cells, make_layout, recognise


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        pytest.param((1, 3549, 85), (416, 416), ("yolox_grid", 80), id="YOLOX-nano at 416"),
        pytest.param((1, 8400, 6), (640, 640), ("yolox_grid", 1), id="YOLOX with one class at 640"),
        pytest.param((1, 84, 8400), (640, 640), ("yolo_v8", 80), id="YOLOv8 at 640"),
        pytest.param((1, 5, 1260), (320, 192), ("yolo_v8", 1), id="one class, not square"),
        pytest.param((1, 85, 22, 22), (352, 352), ("fastest_det", 80), id="FastestDet at 352"),
        pytest.param((1, 6, 12, 20), (320, 192), ("fastest_det", 1), id="FastestDet, not square"),
    ],
)
def test_known_outputs_are_recognised(
    shape: tuple[int, ...], size: tuple[int, int], expected: tuple[str, int]
) -> None:
    assert recognise([("out", shape)], *size) == expected


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param([("scores", (1, 4420, 2)), ("boxes", (1, 4000, 4))], id="scores and boxes that differ"),
        pytest.param([("mask", (1, 160, 640))], id="a segmentation"),
        pytest.param([("output", (1, 25201, 85))], id="a row too many"),
        pytest.param([("p3", (1, 3, 80, 80, 85)), ("p4", (1, 3, 40, 40, 85))], id="YOLOv7 without --grid"),
        pytest.param(
            [("num_dets", (1, 1)), ("det_boxes", (1, 100, 4)), ("det_scores", (1, 100))], id="no classes"
        ),
        pytest.param([("output", (2, 84, 8400))], id="a batch of two"),
        pytest.param([("output", (1, 4, 8400))], id="boxes without classes"),
        pytest.param([], id="no output"),
    ],
)
def test_unknown_outputs_are_listed_beside_the_known_layouts(
    outputs: list[tuple[str, tuple[int, ...]]],
) -> None:
    with pytest.raises(UnknownLayoutError) as caught:
        recognise(outputs, 640, 640)
    sentence = str(caught.value)
    assert all(f"{name} {list(shape)}" in sentence for name, shape in outputs)
    assert all(name in sentence for name in ("yolox_grid", "yolo_v8", "batched_nms"))


def test_a_layout_of_another_name_is_refused() -> None:
    with pytest.raises(
        UnknownLayoutError, match="'yolo_v3': expected one of yolox_grid, yolo_v5, yolo_v8, fastest_det"
    ):
        make_layout("yolo_v3", 416, 416)


def test_yolox_cells_are_decoded_by_their_stride() -> None:
    width, height = 64, 32
    rows = np.zeros((1, grid_cells(width, height), 7), np.float32)
    # Cell (column 2, row 1) of stride 8, and the only row of stride 32's second column.
    rows[0, 8 * 1 + 2] = (0.5, 0.25, np.log(2), np.log(3), 0.9, 0.1, 0.8)
    rows[0, 32 + 8 + 1] = (0, 0, 0, 0, 0.6, 0.9, 0.2)
    rows[0, 0, 4] = 0.9  # sure of an object, of no class
    found = make_layout("yolox_grid", width, height).decode([rows], 0.5)
    np.testing.assert_allclose(found.boxes, [[12, -2, 28, 22], [16, -16, 48, 16]], atol=1e-4)
    np.testing.assert_allclose(found.confidences, [0.72, 0.54], atol=1e-6)
    assert found.class_ids.tolist() == [1, 0]


def test_yolox_sizes_that_would_overflow_stay_finite() -> None:
    rows = np.full((1, grid_cells(32, 32), 6), 1000, np.float32)
    rows[..., 4:] = 1
    found = make_layout("yolox_grid", 32, 32).decode([rows], 0.5)
    assert np.isfinite(found.boxes).all()


@pytest.mark.parametrize("classes", [pytest.param(1, id="one class"), pytest.param(3, id="three classes")])
def test_yolo_v8_boxes_are_centre_and_size(classes: int) -> None:
    columns = np.zeros((1, 4 + classes, 21), np.float32)
    columns[0, :4, 7] = (30, 20, 10, 8)
    columns[0, 4 + classes - 1, 7] = 0.7
    columns[0, 4, 9] = 0.2
    found = make_layout("yolo_v8", 32, 32).decode([columns], 0.3)
    assert found.boxes.tolist() == [[25, 16, 35, 24]]
    assert found.class_ids.tolist() == [classes - 1]
    assert found.confidences.tolist() == [pytest.approx(0.7)]


def test_fastest_det_follows_its_authors_formula() -> None:
    planes = np.zeros((1, 7, 2, 4), np.float32)
    planes[0, :, 1, 2] = (0.8, 0.5, -0.5, 0.0, 1.0, 0.1, 0.9)
    found = make_layout("fastest_det", 64, 32).decode([planes], 0.3)
    centre_x, centre_y = (2 + np.tanh(0.5)) / 4 * 64, (1 + np.tanh(-0.5)) / 2 * 32
    half_width, half_height = 64 * 0.5 / 2, 32 / (1 + np.exp(-1)) / 2
    expected = [centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height]
    np.testing.assert_allclose(found.boxes, [expected], rtol=1e-5)
    np.testing.assert_allclose(found.confidences, [0.8**0.6 * 0.9**0.4], rtol=1e-5)
    assert found.class_ids.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("yolox_grid", (1, 21, 85), id="yolox_grid"),
        pytest.param("yolo_v8", (1, 84, 21), id="yolo_v8"),
        pytest.param("fastest_det", (1, 85, 2, 2), id="fastest_det"),
    ],
)
def test_an_empty_picture_gives_no_boxes(name: str, shape: tuple[int, ...]) -> None:
    found = make_layout(name, 32, 32).decode([np.zeros(shape, np.float32)], 0.3)
    assert found.boxes.shape == (0, 4)
    assert found.confidences.shape == found.class_ids.shape == (0,)
