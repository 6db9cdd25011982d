from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.inference.coco import COCO_LABELS
from edge_components.runtime.inference.detector import DetectorSettings, describe, open_detector
from edge_components.runtime.inference.layouts import grid_cells
from edge_components.runtime.inference.model_library import add_model
from edge_components.runtime.inference.onnx_session import OnnxSession

Make = Callable[..., Path]
SHARED_MODELS = Path(__file__).parents[4] / "shared" / "data" / "models"
SHARED_CLIP = SHARED_MODELS.parent / "media" / "vtest.avi"


def test_a_person_is_found_in_pixels_of_the_frame(make_model: Make) -> None:
    detector = open_detector(make_model())
    found = detector.detect(np.zeros((96, 128, 3), np.uint8))
    # The 64x64 input shows the 128x96 frame at half its size: (24, 16, 40, 48) there.
    np.testing.assert_allclose(found.boxes, [[48, 32, 80, 96]])
    assert found.class_ids.tolist() == [0]
    assert detector.labels == ("person",)
    assert detector.provider == "CPUExecutionProvider"
    assert detector.provider_note is None


def test_a_provider_that_is_not_there_is_told(make_model: Make) -> None:
    detector = open_detector(make_model(), DetectorSettings(provider="cuda"))
    if detector.provider != "CPUExecutionProvider":
        pytest.skip("this machine has CUDA")
    assert detector.requested_providers[0] == "CUDAExecutionProvider"
    assert detector.provider_note == (
        "CUDAExecutionProvider was asked for but is absent: CPUExecutionProvider runs the model"
    )


def test_weak_detections_are_given_down_to_the_minimum(make_model: Make) -> None:
    output = np.zeros((1, 5, grid_cells(64, 64)), np.float32)
    output[0, :4, :3] = np.array([[10, 30, 50], [32, 32, 32], [8, 8, 8], [8, 8, 8]])
    output[0, 4, :3] = (0.05, 0.15, 0.8)
    model = make_model(outputs={"output0": output})
    picture = np.zeros((64, 64, 3), np.uint8)
    assert sorted(open_detector(model).detect(picture).confidences) == pytest.approx([0.15, 0.8])
    only_sure = open_detector(model, DetectorSettings(minimum_confidence=0.5, confidence=0.5))
    assert only_sure.detect(picture).confidences == pytest.approx([0.8])


def test_only_the_wanted_classes_are_given(make_model: Make) -> None:
    output = np.zeros((1, 84, grid_cells(96, 96)), np.float32)
    output[0, :4, :2] = np.array([[20, 44], [32, 32], [8, 8], [8, 8]])
    output[0, 4, 0] = output[0, 6, 1] = 0.9
    model = make_model(outputs={"output0": output}, metadata={}, input_shape=(1, 3, 96, 96))
    picture = np.zeros((64, 64, 3), np.uint8)
    assert open_detector(model).labels == COCO_LABELS
    assert sorted(open_detector(model).detect(picture).class_ids) == [0, 2]
    assert open_detector(model, DetectorSettings(classes=("car",))).detect(picture).class_ids.tolist() == [2]
    with pytest.raises(CrowdLensError, match="class 'dragon' is no label of model tiny"):
        open_detector(model, DetectorSettings(classes=("dragon",)))


def test_an_input_of_open_size_is_taken_as_640(make_model: Make) -> None:
    model = make_model(outputs={"output0": one_person_at_640()}, input_shape=("batch", 3, "height", "width"))
    package = describe(OnnxSession(model))
    assert (package.input.width, package.input.height, package.layout) == (640, 640, "yolo_v8")


def one_person_at_640() -> np.ndarray:
    output = np.zeros((1, 5, 8400), np.float32)
    output[0, :, 0] = (320, 320, 50, 100, 0.9)
    return output


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param(
            {"outputs": {"mask": np.zeros((1, 64, 65)), "boxes": np.zeros((1, 4420, 4))}},
            "outputs are mask [1, 64, 65], boxes [1, 4420, 4] at input 64x64: expected one of",
            id="an unknown layout",
        ),
        pytest.param(
            {"outputs": {"output0": np.zeros((1, 7, 84))}, "metadata": {}},
            "has 3 classes and names none: expected their labels",
            id="classes without names",
        ),
        pytest.param(
            {"metadata": {"names": "{0: 'person', 1: 'car'}"}},
            "has 1 classes but 2 labels",
            id="too many names",
        ),
        pytest.param(
            {"input_shape": (1, 1, 64, 64)}, "expected one input of float pictures", id="grey input"
        ),
        pytest.param(
            {"input_shape": (4, 3, 64, 64)}, "expected one input of float pictures", id="batch of 4"
        ),
        pytest.param({"input_shape": (1, 12)}, "expected one input of float pictures", id="a vector"),
        pytest.param({"element": 7}, "expected one input of float pictures", id="an input of integers"),
    ],
)
def test_a_model_that_cannot_be_used_is_one_sentence(
    settings: dict[str, object], sentence: str, make_model: Make
) -> None:
    model = make_model(**settings)
    with pytest.raises(CrowdLensError) as caught:
        open_detector(model)
    assert sentence in str(caught.value)
    assert str(model) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "no such file or folder", id="missing"),
        pytest.param(b"", "cannot be opened as ONNX", id="empty"),
        pytest.param(b"PK\x03\x04 not ONNX at all", "cannot be opened as ONNX", id="another format"),
    ],
)
def test_a_file_that_is_no_model(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CrowdLensError, match=sentence) as caught:
        open_detector(path)
    assert "\n" not in str(caught.value)


def test_a_cut_off_model_is_one_sentence(make_model: Make) -> None:
    model = make_model()
    model.write_bytes(model.read_bytes()[:300])
    with pytest.raises(CrowdLensError, match="cannot be opened as ONNX"):
        open_detector(model)


def test_a_package_whose_labels_do_not_fit_the_model_is_refused(make_model: Make, tmp_path: Path) -> None:
    package = add_model(make_model(), "two", tmp_path / "models")
    description = package.model_path.with_name("model.yaml")
    text = description.read_text(encoding="utf-8")
    description.write_text(text.replace("- person", "- person\n- car"), encoding="utf-8")
    with pytest.raises(CrowdLensError, match="layout yolo_v8 with 2 labels does not fit the model"):
        open_detector(package.model_path.parent)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_CLIP.exists(), reason="needs the shared models and clip")
@pytest.mark.parametrize(
    ("name", "layout"),
    [
        pytest.param("yolox_nano.onnx", "yolox_grid", id="YOLOX-nano"),
        pytest.param("FastestDet.onnx", "fastest_det", id="FastestDet"),
    ],
)
def test_public_models_find_the_man_on_the_road(name: str, layout: str) -> None:
    from edge_components.vision.sources import open_source

    detector = open_detector(SHARED_MODELS / name, DetectorSettings(classes=("person",)))
    source = open_source(str(SHARED_CLIP))
    frames = [source.read(1) for _ in range(100)]
    source.close()
    assert frames[99] is not None
    found = detector.detect(frames[99].image)
    assert detector.package.layout == layout
    # By eye in frame 99: a man from (366, 99) to (386, 150).
    sure = found.boxes[found.confidences > 0.5]
    assert np.abs(sure - [366, 99, 386, 150]).max(axis=1).min() < 8


SHIPPED = Path(__file__).parents[3] / "edge_components" / "vision" / "models" / "person_demo"


@pytest.mark.skipif(not (SHIPPED / "golden.json").exists(), reason="the shipped model is not here")
def test_the_shipped_model_gives_its_golden_detections() -> None:
    golden = json.loads((SHIPPED / "golden.json").read_text(encoding="utf-8"))
    detector = open_detector(SHIPPED)
    picture = cv2.imread(str(SHIPPED / golden["picture"]))
    found = detector.detect(np.asarray(picture, np.uint8))
    sure = found.select(found.confidences >= detector.confidence)
    assert len(sure) == len(golden["detections"])
    for expected in golden["detections"]:
        distances = np.abs(sure.boxes - np.array(expected["box"], np.float32)).max(axis=1)
        nearest = int(distances.argmin())
        assert distances[nearest] <= golden["tolerance"]["box_pixels"]
        assert abs(sure.confidences[nearest] - expected["confidence"]) <= golden["tolerance"]["confidence"]
        assert detector.labels[sure.class_ids[nearest]] == expected["label"]
