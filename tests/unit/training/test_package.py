"""The committed model package: what it says of itself is true, and it finds what it promises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import yaml

from edge_components.runtime.inference.model_package import read_package
from training.arrays import Image
from training.package import PackageError, load_detector, manifest
from training.settings import DEMO_FOLDER, INPUT_HEIGHT, INPUT_WIDTH, PACKAGE_FOLDER
from training.trial import clip_trial


def golden() -> Image:
    return np.asarray(cv2.imread(str(PACKAGE_FOLDER / "golden.png")), dtype=np.uint8)


def test_the_manifest_is_what_the_code_writes() -> None:
    written = yaml.safe_load((PACKAGE_FOLDER / "model.yaml").read_text())
    assert written == manifest(PACKAGE_FOLDER / "model.onnx")


def test_the_vision_component_accepts_the_package() -> None:
    package = read_package(PACKAGE_FOLDER)
    assert (package.input.width, package.input.height, package.layout) == (
        INPUT_WIDTH,
        INPUT_HEIGHT,
        "yolo_v8",
    )
    assert package.licence == "Apache-2.0"


def test_the_model_is_small_and_answers_the_decoded_layout() -> None:
    path = PACKAGE_FOLDER / "model.onnx"
    assert path.stat().st_size <= 2_000_000
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    cells = sum((INPUT_WIDTH // stride) * (INPUT_HEIGHT // stride) for stride in (8, 16, 32))
    assert session.get_inputs()[0].shape == [1, 3, INPUT_HEIGHT, INPUT_WIDTH]
    assert session.get_outputs()[0].shape == [1, 5, cells]


def test_the_golden_picture_gives_the_golden_detections() -> None:
    document = json.loads((PACKAGE_FOLDER / "golden.json").read_text())
    confidence = yaml.safe_load((PACKAGE_FOLDER / "model.yaml").read_text())["thresholds"]["confidence"]
    found = load_detector(PACKAGE_FOLDER)(golden(), confidence)
    assert len(found.boxes) == len(document["detections"]) >= 5
    for box, score, expected in zip(found.boxes, found.scores, document["detections"], strict=True):
        np.testing.assert_allclose(box, expected["box"], atol=document["tolerance"]["box_pixels"])
        assert score == pytest.approx(expected["confidence"], abs=document["tolerance"]["confidence"])


def test_an_empty_picture_holds_nobody() -> None:
    detect = load_detector(PACKAGE_FOLDER)
    for value in (0, 114, 255):
        assert len(detect(np.full((360, 640, 3), value, np.uint8), 0.4).boxes) == 0


def test_people_of_the_demo_clip_are_found() -> None:
    result = clip_trial(load_detector(PACKAGE_FOLDER), DEMO_FOLDER, every=45)
    assert result.people > 100
    assert result.recall >= 0.88
    assert result.precision >= 0.85


@pytest.mark.parametrize("missing", ["model.onnx", "model.yaml"])
def test_a_package_without_a_file_is_refused(tmp_path: Path, missing: str) -> None:
    shutil.copytree(PACKAGE_FOLDER, tmp_path / "package")
    (tmp_path / "package" / missing).unlink()
    with pytest.raises(PackageError, match=missing):
        load_detector(tmp_path / "package")


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE_FOLDER, tmp_path / "package")
    model = tmp_path / "package" / "model.onnx"
    model.write_bytes(model.read_bytes() + b" ")
    with pytest.raises(PackageError, match="sha256"):
        load_detector(tmp_path / "package")
