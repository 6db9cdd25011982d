"""The output layouts of models: how each is recognised. How each is turned into boxes stands beside it.

A layout is told by the names of a model's outputs where an exporter gives them, then by their shapes at the
model's input size (`cells` are those of the grids of strides 8, 16 and 32):

- `yolox_grid`: one output (1, cells, 5 + C), offsets and logarithms (YOLOX without decoding);
- `yolo_v5`: one output (1, 3 x cells, 5 + C), boxes in input pixels (YOLOv5 and YOLOv7 exports, which have
  three anchors a cell), or (1, cells, 5 + C) when the values are boxes already (`looks_decoded`);
- `yolo_v8`: one output (1, 4 + C, cells), boxes in input pixels (YOLOv8 and YOLO11 exports);
- `fastest_det`: one output (1, 5 + C, H / 16, W / 16) (https://github.com/dog-qiuqiu/FastestDet);
- `end_to_end`: one output (1, K, 6), left, top, right, bottom in input pixels, score, class (YOLOv10, YOLO26,
  and YOLOv8 and YOLO11 exported with `nms=True`);
- `efficient_nms`: num_dets, det_boxes, det_scores, det_classes of TensorRT's EfficientNMS plug-in;
- `batched_nms`: num_detections, nmsed_boxes, nmsed_scores, nmsed_classes of its BatchedNMS plug-in (TAO);
- `ssd`: scores (1, N, 1 + C) with the background first, boxes (1, N, 4), both decoded (UltraFace);
- `classification`: one output (1, C) of probabilities or logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.box_layouts import BatchedNms, EfficientNms, EndToEnd, Ssd
from edge_components.runtime.inference.grid_layouts import FastestDet, YoloV5, YoloV8, YoloxGrid
from edge_components.runtime.inference.layout_match import (
    BATCHED_NMS_NAMES,
    EFFICIENT_NMS_NAMES,
    Match,
    ModelOutputs,
    match_batched_nms,
    match_classification,
    match_efficient_nms,
    match_end_to_end,
    match_fastest_det,
    match_ssd,
    match_yolo_v5,
    match_yolo_v8,
    match_yolox,
)
from edge_components.runtime.inference.layout_types import (
    Candidates,
    Layout,
    NamedShapes,
    Outputs,
    UnknownLayoutError,
    cell_centres,
    grid_cells,
)

__all__ = [
    "TRAITS",
    "Candidates",
    "Layout",
    "LayoutTraits",
    "Outputs",
    "UnknownLayoutError",
    "grid_cells",
    "looks_decoded",
    "make_layout",
    "recognise",
]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class LayoutTraits:
    """How a layout is told, and what a bare ONNX file of it expects unless its package says otherwise."""

    description: str
    match: Match
    channels: str = "rgb"
    scale: float = 1 / 255
    letterbox: bool = True
    confidence: float = 0.25
    non_maximum_suppression: float = 0.45
    mean: Triple = (0.0, 0.0, 0.0)
    standard_deviation: Triple = (1.0, 1.0, 1.0)
    grid: bool = False
    suppressed: bool = False


TRAITS = {
    "yolox_grid": LayoutTraits(
        "yolox_grid [1, N, 5+C] with N the cells of strides 8, 16, 32",
        match_yolox,
        channels="bgr",
        scale=1.0,
        confidence=0.3,
        grid=True,
    ),
    "yolo_v5": LayoutTraits("yolo_v5 [1, 3N, 5+C]", match_yolo_v5, grid=True),
    "yolo_v8": LayoutTraits(
        "yolo_v8 [1, 4+C, N] with the same N", match_yolo_v8, non_maximum_suppression=0.5, grid=True
    ),
    "fastest_det": LayoutTraits(
        "fastest_det [1, 5+C, H/16, W/16]",
        match_fastest_det,
        channels="bgr",
        letterbox=False,
        confidence=0.5,
        grid=True,
    ),
    "end_to_end": LayoutTraits(
        "end_to_end [1, K, 6] with K up to 1000", match_end_to_end, grid=True, suppressed=True
    ),
    "efficient_nms": LayoutTraits(
        f"efficient_nms ({', '.join(EFFICIENT_NMS_NAMES)})", match_efficient_nms, suppressed=True
    ),
    "batched_nms": LayoutTraits(
        f"batched_nms ({', '.join(BATCHED_NMS_NAMES)})",
        match_batched_nms,
        channels="bgr",
        scale=1.0,
        confidence=0.3,
        # What TAO trains YOLOv4 with: ImageNet's mean colour, taken from blue, green and red.
        mean=(103.939, 116.779, 123.68),
        suppressed=True,
    ),
    "ssd": LayoutTraits(
        "ssd (scores [1, N, 1+C], boxes [1, N, 4])",
        match_ssd,
        scale=1.0,
        letterbox=False,
        confidence=0.7,
        non_maximum_suppression=0.3,
        mean=(127.0, 127.0, 127.0),
        standard_deviation=(128.0, 128.0, 128.0),
    ),
    "classification": LayoutTraits(
        "classification [1, C]",
        match_classification,
        letterbox=False,
        confidence=0.5,
        # torchvision's, by which most public classifiers were trained.
        mean=(0.485, 0.456, 0.406),
        standard_deviation=(0.229, 0.224, 0.225),
    ),
}
"""The known layouts by name, in the order in which they are tried."""


def recognise(outputs: NamedShapes, input_width: int, input_height: int) -> tuple[str, int]:
    """Return the layout's name and its number of classes (0: not told) for outputs given as (name, shape).

    Raises `UnknownLayoutError`, whose text lists the outputs found and the layouts known.
    """
    for name, traits in TRAITS.items():
        classes = traits.match(ModelOutputs(outputs, input_width, input_height))
        if classes is not None:
            return name, classes
    found = ", ".join(f"{name} {list(shape)}" for name, shape in outputs)
    known = "; ".join(traits.description for traits in TRAITS.values())
    raise UnknownLayoutError(
        f"outputs are {found} at input {input_width}x{input_height}: expected one of the layouts {known}"
    )


def looks_decoded(rows: npt.NDArray[Any], input_width: int, input_height: int) -> bool:
    """Return whether `rows` (cells, 5 + C) hold boxes in input pixels rather than YOLOX's raw offsets.

    A decoded box lies around its own cell, whatever the picture shows; an offset is a number around zero,
    which only the cells at the top left have as their place.
    """
    centres, strides = cell_centres(input_width, input_height)
    near = np.abs(rows[:, :2].astype(np.float32) - centres) <= 4 * strides[:, None]
    return bool(near.all(axis=1).mean() > 0.9)


def make_layout(name: str, input_width: int, input_height: int, output_names: Sequence[str] = ()) -> Layout:
    """Return the detection layout called `name` for a model's input size; raises `UnknownLayoutError`.

    `output_names` are the model's in order: layouts with several outputs find theirs by name.
    """
    if name == "yolox_grid":
        return YoloxGrid(input_width, input_height)
    if name == "yolo_v5":
        return YoloV5()
    if name == "yolo_v8":
        return YoloV8()
    if name == "fastest_det":
        return FastestDet(input_width, input_height)
    if name == "end_to_end":
        return EndToEnd()
    if name == "efficient_nms":
        return EfficientNms(output_names)
    if name == "batched_nms":
        return BatchedNms(input_width, input_height, output_names)
    if name == "ssd":
        return Ssd(input_width, input_height, output_names)
    known = ", ".join(layout for layout in TRAITS if layout != "classification")
    raise UnknownLayoutError(f"layout is {name!r}: expected one of {known}")
