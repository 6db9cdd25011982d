"""Turns a camera's frame into a model's input tensor, and boxes of that tensor back into the frame's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.detections import FloatArray
from edge_components.runtime.inference.model_package import ModelInput

LETTERBOX_GREY = 114
"""What YOLO models were trained with around the picture."""
Image = npt.NDArray[np.uint8]
NewTensor = Callable[[tuple[int, ...], "type[np.floating[Any]]"], npt.NDArray[Any]]
"""Makes a tensor of a shape and element type, such as one in memory that a GPU reads by itself."""


@dataclass(eq=False)
class PreparedFrame:
    """A reusable input tensor (1, 3, H, W) and how the frame in it was scaled.

    Frame pixels times `scale_x`, `scale_y` are input pixels; both are set by `Preprocessor.prepare`.
    """

    tensor: npt.NDArray[Any]
    scale_x: float = 1.0
    scale_y: float = 1.0
    frame_width: int = 0
    frame_height: int = 0
    resized: Image = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8), repr=False)
    planes: list[Image] = field(default_factory=list, repr=False)


@dataclass(frozen=True, eq=False)
class PreparedBatch:
    """A reusable input tensor (B, 3, H, W), and its pictures as buffers of their own in the same memory."""

    tensor: npt.NDArray[Any]
    pictures: tuple[PreparedFrame, ...]


class Preprocessor:
    """Resizes, pads and normalises frames as a model's package says.

    The picture goes to the top-left corner, scaled by min(W / w, H / h); the rest is grey 114. A model
    without letterbox gets the picture stretched. A value becomes (pixel × scale − mean) / standard deviation.
    """

    def __init__(
        self,
        model_input: ModelInput,
        element_type: type[np.floating[Any]] = np.float32,
        new_tensor: NewTensor = np.zeros,
    ) -> None:
        self._input = model_input
        self._new_tensor = new_tensor
        self._element_type = element_type
        deviation = np.asarray(model_input.standard_deviation, np.float64)
        self._factors = (model_input.scale / deviation).astype(np.float32)
        self._offsets = (-np.asarray(model_input.mean, np.float64) / deviation).astype(np.float32)

    def new_buffer(self) -> PreparedFrame:
        """Return a buffer for `prepare`, all padding; frames in flight at once each need one."""
        shape = (1, 3, self._input.height, self._input.width)
        return PreparedFrame(self._new_tensor(shape, self._element_type))

    def new_batch(self, size: int) -> PreparedBatch:
        """Return the buffers for `size` pictures that one run takes."""
        tensor = self._new_tensor((size, 3, self._input.height, self._input.width), self._element_type)
        return PreparedBatch(tensor, tuple(PreparedFrame(tensor[item : item + 1]) for item in range(size)))

    def prepare(self, frame_bgr: Image, buffer: PreparedFrame) -> PreparedFrame:
        """Fill `buffer` with `frame_bgr` (h, w, 3) and return it."""
        if self._input.centre_crop is not None:
            frame_bgr = centre_square(frame_bgr, self._input.centre_crop)
        height, width = frame_bgr.shape[:2]
        if (buffer.frame_width, buffer.frame_height) != (width, height):
            self._fit(buffer, width, height)
        cv2.resize(frame_bgr, buffer.resized.shape[1::-1], dst=buffer.resized)
        cv2.split(buffer.resized, buffer.planes)
        inner_height, inner_width = buffer.resized.shape[:2]
        for channel in range(3):
            target = buffer.tensor[0, channel, :inner_height, :inner_width]
            plane = buffer.planes[self._source_channel(channel)]
            np.multiply(plane, self._factors[channel], out=target, casting="same_kind")
            if self._offsets[channel]:
                target += self._offsets[channel]
        return buffer

    def _source_channel(self, channel: int) -> int:
        return 2 - channel if self._input.channels == "rgb" else channel

    def _fit(self, buffer: PreparedFrame, width: int, height: int) -> None:
        target_width, target_height = self._input.width, self._input.height
        if self._input.letterbox:
            scale = min(target_width / width, target_height / height)
            target_width = max(1, min(target_width, round(width * scale)))
            target_height = max(1, min(target_height, round(height * scale)))
        buffer.frame_width, buffer.frame_height = width, height
        buffer.scale_x, buffer.scale_y = target_width / width, target_height / height
        buffer.resized = np.empty((target_height, target_width, 3), np.uint8)
        buffer.planes = [np.empty((target_height, target_width), np.uint8) for _ in range(3)]
        padding = LETTERBOX_GREY * self._factors + self._offsets
        buffer.tensor[0] = padding[:, None, None].astype(self._element_type)


def centre_square(frame_bgr: Image, share: float) -> Image:
    """Return the middle square of a frame, `share` of its shorter side wide."""
    height, width = frame_bgr.shape[:2]
    side = max(1, round(min(height, width) * share))
    top, left = (height - side) // 2, (width - side) // 2
    return frame_bgr[top : top + side, left : left + side]


def to_frame(boxes: FloatArray, prepared: PreparedFrame) -> FloatArray:
    """Return `boxes` (N, 4) of the input tensor in pixels of the frame, clipped to it."""
    scale = np.array([prepared.scale_x, prepared.scale_y] * 2, np.float32)
    limit = np.array([prepared.frame_width, prepared.frame_height] * 2, np.float32)
    clipped: FloatArray = np.clip(boxes / scale, 0, limit).astype(np.float32, copy=False)
    return clipped
