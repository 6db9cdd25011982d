"""Writes and reads a model package.

Model.onnx, model.yaml and a golden picture with its expected detections.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import yaml

from contract.errors import CrowdLensError
from training.arrays import Image
from training.boxes import Detections, decode_yolo_v8, letterbox
from training.settings import INPUT_HEIGHT, INPUT_WIDTH

NAME, VERSION, LABEL = "person_demo", "1.0.0", "person"
CONFIDENCE, SUPPRESSION_OVERLAP = 0.50, 0.60
DESCRIPTION = (
    "Demonstration person detector, trained only on pictures drawn by training/ in this repository; "
    "see docs/models/person_demo.md for what it can and cannot do"
)
Thresholded = Callable[[Image, float], Detections]


class PackageError(CrowdLensError):
    """Raised when a model package is incomplete or does not match its own description."""


def manifest(model: Path) -> dict[str, Any]:
    """Return the content of model.yaml for a model file."""
    return {
        "name": NAME,
        "version": VERSION,
        "task": "detection",
        "input": {
            "width": INPUT_WIDTH,
            "height": INPUT_HEIGHT,
            "channels": "bgr",
            "scale": 1.0,
            "mean": [0.0, 0.0, 0.0],
            "standard_deviation": [1.0, 1.0, 1.0],
            "letterbox": True,
        },
        "layout": "yolo_v8",
        "labels": [LABEL],
        "thresholds": {"confidence": CONFIDENCE, "non_maximum_suppression": SUPPRESSION_OVERLAP},
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "description": DESCRIPTION,
    }


def write_manifest(folder: Path) -> None:
    """Write model.yaml beside model.onnx."""
    text = yaml.safe_dump(
        manifest(folder / "model.onnx"), sort_keys=False, default_flow_style=None, width=200
    )
    (folder / "model.yaml").write_text(text)


def load_detector(folder: Path, *, threads: int = 1) -> Thresholded:
    """Return a function (picture, confidence) → detections for a package, after checking its checksum.

    Raises PackageError when a file is missing or the checksum differs.
    """
    model, description = folder / "model.onnx", folder / "model.yaml"
    for path in (model, description):
        if not path.exists():
            raise PackageError(f"the model package {folder} has no {path.name}")
    settings = yaml.safe_load(description.read_text())
    if hashlib.sha256(model.read_bytes()).hexdigest() != settings["sha256"]:
        raise PackageError(f"{model} does not have the sha256 that {description} states")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    width, height = settings["input"]["width"], settings["input"]["height"]
    overlap = settings["thresholds"]["non_maximum_suppression"]

    def detect(picture: Image, confidence: float) -> Detections:
        boxed, scale = letterbox(picture, width, height)
        pixels = np.ascontiguousarray(boxed.transpose(2, 0, 1)[None], dtype=np.float32)
        output = np.asarray(session.run(None, {name: pixels})[0], dtype=np.float32)
        return decode_yolo_v8(output[0], scale=scale, confidence=confidence, overlap=overlap)

    return detect


def write_golden(folder: Path, picture: Image) -> None:
    """Write golden.png and golden.json: what the package must find in the picture at its own thresholds."""
    cv2.imwrite(str(folder / "golden.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    found = load_detector(folder)(picture, CONFIDENCE)
    detections = [
        {
            "label": LABEL,
            "confidence": round(float(score), 4),
            "box": [round(float(value), 2) for value in box],
        }
        for box, score in zip(found.boxes, found.scores, strict=True)
    ]
    document = {
        "picture": "golden.png",
        "box_format": "left, top, right, bottom in pixels of the picture",
        "tolerance": {"box_pixels": 1.5, "confidence": 0.03},
        "detections": detections,
    }
    (folder / "golden.json").write_text(json.dumps(document, indent=2) + "\n")
