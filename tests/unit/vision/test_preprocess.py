from __future__ import annotations

import numpy as np
import pytest

from edge_components.runtime.inference.model_package import ModelInput
from edge_components.runtime.inference.preprocess import Preprocessor, to_frame

BLUE, GREEN, RED = 10, 100, 200


def plain(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), (BLUE, GREEN, RED), np.uint8)


@pytest.mark.parametrize(
    ("frame", "picture"),
    [
        pytest.param((640, 480), (64, 48), id="wide"),
        pytest.param((480, 640), (48, 64), id="high"),
        pytest.param((64, 64), (64, 64), id="as large as the input"),
        pytest.param((16, 8), (64, 32), id="smaller than the input"),
        pytest.param((4000, 20), (64, 1), id="a strip"),
    ],
)
def test_the_picture_lies_top_left_and_the_rest_is_grey(
    frame: tuple[int, int], picture: tuple[int, int]
) -> None:
    preprocessor = Preprocessor(ModelInput(64, 64, "bgr", 1.0))
    prepared = preprocessor.prepare(plain(*frame), preprocessor.new_buffer())
    width, height = picture
    assert prepared.tensor.shape == (1, 3, 64, 64)
    assert (prepared.tensor[0, :, :height, :width] == np.array([BLUE, GREEN, RED])[:, None, None]).all()
    assert (prepared.tensor[0, :, height:] == 114).all()
    assert (prepared.tensor[0, :, :, width:] == 114).all()


@pytest.mark.parametrize(
    ("model_input", "expected"),
    [
        pytest.param(ModelInput(32, 32, "bgr", 1.0), (BLUE, GREEN, RED), id="raw BGR"),
        pytest.param(
            ModelInput(32, 32, "rgb", 1 / 255), (RED / 255, GREEN / 255, BLUE / 255), id="RGB from 0 to 1"
        ),
        pytest.param(
            ModelInput(32, 32, "rgb", 1 / 255, (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)),
            ((RED / 255 - 0.5) / 0.2, (GREEN / 255 - 0.4) / 0.25, (BLUE / 255 - 0.3) / 0.5),
            id="mean and standard deviation in the model's order",
        ),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_normalisation(model_input: ModelInput, expected: tuple[float, ...], kind: type) -> None:
    preprocessor = Preprocessor(model_input, kind)
    tensor = preprocessor.prepare(plain(32, 32), preprocessor.new_buffer()).tensor
    assert tensor.dtype == kind
    np.testing.assert_allclose(tensor[0, :, 5, 5], expected, atol=2e-3)


def test_padding_is_normalised_like_the_picture() -> None:
    preprocessor = Preprocessor(ModelInput(32, 32, "rgb", 1 / 255, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)))
    tensor = preprocessor.prepare(plain(64, 32), preprocessor.new_buffer()).tensor
    np.testing.assert_allclose(tensor[0, :, -1, -1], (114 / 255 - 0.5) / 0.25, rtol=1e-5)


def test_without_letterbox_the_picture_is_stretched() -> None:
    preprocessor = Preprocessor(ModelInput(64, 32, "bgr", 1.0, letterbox=False))
    prepared = preprocessor.prepare(plain(100, 100), preprocessor.new_buffer())
    assert (prepared.tensor[0, 0] == BLUE).all()
    boxes = to_frame(np.array([[0, 0, 64, 32]], np.float32), prepared)
    assert boxes.tolist() == [[0, 0, 100, 100]]


def test_a_buffer_takes_frames_of_another_size() -> None:
    preprocessor = Preprocessor(ModelInput(32, 32, "bgr", 1.0))
    buffer = preprocessor.new_buffer()
    preprocessor.prepare(plain(32, 32), buffer)
    preprocessor.prepare(plain(64, 32), buffer)
    assert (buffer.tensor[0, :, 16:] == 114).all()


def test_boxes_come_back_in_pixels_of_the_frame_and_inside_it() -> None:
    preprocessor = Preprocessor(ModelInput(64, 64, "bgr", 1.0))
    prepared = preprocessor.prepare(plain(640, 480), preprocessor.new_buffer())
    boxes = to_frame(np.array([[1, 2, 32, 24], [-5, -5, 80, 64]], np.float32), prepared)
    assert boxes.tolist() == [[10, 20, 320, 240], [0, 0, 640, 480]]
