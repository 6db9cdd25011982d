from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_components.runtime.inference.model_package import (
    ModelPackageError,
    description_of,
    parse_description,
    read_package,
    sha256_of,
)

MODEL = b"not really a model"
SHA256 = "2ab0a3c6ad3a3c5f7bcfd3bc4a0ee9a54c5b0fbc5c37a8dfff9e6c2d1cd6f4a1"
DOCUMENT: dict[str, Any] = {
    "name": "person_demo",
    "version": "1.0.0",
    "task": "detection",
    "input": {
        **{"width": 320, "height": 192, "channels": "rgb", "scale": 1 / 255},
        **{"mean": [0, 0, 0], "standard_deviation": [1, 1, 1], "letterbox": True},
    },
    "layout": "yolo_v8",
    "labels": ["person"],
    "thresholds": {"confidence": 0.35, "non_maximum_suppression": 0.5},
    "sha256": SHA256,
    "licence": "Apache-2.0",
    "description": "a test",
}
_REMOVE = object()


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    if value is _REMOVE:
        del place[last]
    else:
        place[last] = value
    return document


def write_package(folder: Path, document: object) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(MODEL)
    (folder / "model.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def test_a_description_survives_writing_and_reading(tmp_path: Path) -> None:
    package = parse_description(DOCUMENT, tmp_path / "model.onnx")
    assert parse_description(yaml.safe_load(description_of(package)), tmp_path / "model.onnx") == package
    assert package.labels == ("person",)
    assert (package.input.width, package.input.height, package.input.letterbox) == (320, 192, True)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        pytest.param("input", _REMOVE, "model.yaml has no input", id="a key is missing"),
        pytest.param("colour", "red", "model.yaml has 'colour': expected only", id="a key is unknown"),
        pytest.param("input.width", 300, "input.width is 300: expected a multiple of 32", id="odd width"),
        pytest.param(
            "input.channels", "grey", "input.channels is 'grey': expected one of rgb, bgr", id="grey"
        ),
        pytest.param("input.scale", "1/255", "input.scale is '1/255': expected a number", id="scale is text"),
        pytest.param("input.scale", 0, "input.scale is 0: expected more than 0", id="scale of zero"),
        pytest.param("input.mean", [0, 0], "input.mean is [0, 0]: expected three numbers", id="two means"),
        pytest.param(
            "input.standard_deviation",
            [1, 0, 1],
            "standard_deviation[1] is 0: expected more",
            id="deviation 0",
        ),
        pytest.param("input.letterbox", "yes please", "expected true or false", id="letterbox is text"),
        pytest.param("layout", "retina", "layout is 'retina': expected one of yolox", id="unknown layout"),
        pytest.param(
            "layout",
            "classification",
            "task is detection but layout is classification: expected the layout of that task",
            id="layout of another task",
        ),
        pytest.param(
            "task", "classification", "task is classification but layout is yolo_v8", id="another task"
        ),
        pytest.param("input.centre_crop", 0.9, "is 0.9: expected a share up to 1, with letterbox", id="crop"),
        pytest.param("task", "dancing", "task is 'dancing'", id="unknown task"),
        pytest.param("labels", [], "labels is []: expected a list", id="no labels"),
        pytest.param("labels", ["a", "a"], "labels has 'a' twice", id="a label twice"),
        pytest.param("thresholds.confidence", 1.5, "confidence is 1.5: expected at most 1", id="over one"),
        pytest.param("sha256", "abc", "sha256 is 'abc': expected 64 hexadecimal digits", id="short digest"),
        pytest.param("name", "../evil", "name is '../evil'", id="a name with a path in it"),
        pytest.param("input.width", float("nan"), "input.width is nan", id="width is not a number"),
    ],
)
def test_a_mistake_in_the_description_is_one_sentence(
    path: str, value: object, sentence: str, tmp_path: Path
) -> None:
    folder = write_package(tmp_path / "package", changed(path, value))
    with pytest.raises(ModelPackageError) as caught:
        read_package(folder)
    assert sentence in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_that_was_exchanged_is_refused(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "package", DOCUMENT)
    with pytest.raises(ModelPackageError, match=r"sha256 of model\.onnx is .* expected the file"):
        read_package(folder)
    right = changed("sha256", sha256_of(folder / "model.onnx"))
    (folder / "model.yaml").write_text(yaml.safe_dump(right), encoding="utf-8")
    assert read_package(folder).name == "person_demo"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "model.yaml cannot be read", id="no description"),
        pytest.param(b"a: [", "model.yaml is not valid YAML", id="not YAML"),
        pytest.param(b"\xff\xfe", "model.yaml is not valid YAML", id="not text"),
        pytest.param(b"- 1", "expected a mapping", id="a list"),
        pytest.param(b"#" * 300_000, "larger than 256 KiB", id="far too long"),
    ],
)
def test_a_description_that_cannot_be_read(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.yaml").write_bytes(content)
    with pytest.raises(ModelPackageError) as caught:
        read_package(tmp_path)
    assert sentence in str(caught.value)
