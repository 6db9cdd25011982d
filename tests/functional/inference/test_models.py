"""Models of every task and layout by ONNX Runtime: bare files, packages, batches, what is refused."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.inference.classifier import Classifier, open_classifier
from edge_components.runtime.inference.detector import DetectorSettings, OnnxDetector, open_detector
from edge_components.runtime.inference.golden import check_golden, write_golden
from edge_components.runtime.inference.labels import LabelFileError, read_labels
from edge_components.runtime.inference.open_model import open_model

Make = Callable[..., Path]
Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]
SHARED = Path(__file__).parents[4] / "shared" / "data"
BLACK = np.zeros((96, 128, 3), np.uint8)
IMAGENET_MASK = 643


def nms_outputs(names: list[str], box: list[float], kind: type[Any]) -> Arrays:
    boxes, scores, classes = np.zeros((1, 200, 4)), np.zeros((1, 200)), np.zeros((1, 200))
    boxes[0, :3], scores[0, :3], classes[0, :3] = box, (0.9, 0.8, 0.7), (0, 0, 3)
    arrays = (np.array([[3]], np.int32), boxes, scores, classes)
    types = (np.int32, np.float32, np.float32, kind)
    return {name: array.astype(one) for name, array, one in zip(names, arrays, types, strict=True)}


EFFICIENT = ["num_dets", "det_boxes", "det_scores", "det_classes"]
BATCHED = ["num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes"]


@pytest.mark.parametrize(
    ("outputs", "layout"),
    [
        pytest.param(nms_outputs(EFFICIENT, [24, 16, 40, 48], np.int32), "efficient_nms", id="EfficientNMS"),
        pytest.param(
            nms_outputs(BATCHED, [24 / 64, 0.25, 40 / 64, 0.75], np.float32), "batched_nms", id="TAO"
        ),
    ],
)
def test_what_a_plug_in_has_suppressed_is_not_suppressed_again(
    outputs: Arrays, layout: str, make_model: Make
) -> None:
    detector = open_detector(make_model(outputs))
    assert (detector.package.layout, detector.labels) == (layout, ("person",))
    found = detector.detect(BLACK)
    # Two boxes the plug-in kept in one place; the third is of a class that has no label here.
    np.testing.assert_allclose(found.boxes, [[48, 32, 80, 96]] * 2, atol=1e-3)
    assert found.confidences.tolist() == pytest.approx([0.9, 0.8])


def test_wanted_classes_and_classes_without_label_go_together(make_model: Make) -> None:
    outputs = nms_outputs(EFFICIENT, [24, 16, 40, 48], np.int32)
    model = make_model(outputs, metadata={"names": "{0: 'person', 1: 'car'}"})
    assert len(open_detector(model, DetectorSettings(classes=("person",))).detect(BLACK)) == 2
    assert len(open_detector(model, DetectorSettings(classes=("car",))).detect(BLACK)) == 0


def test_a_plug_in_without_labels_is_refused(make_model: Make) -> None:
    model = make_model(nms_outputs(EFFICIENT, [0, 0, 1, 1], np.int32), metadata={})
    with pytest.raises(CrowdLensError, match="has an unknown number of classes and names none"):
        open_detector(model)


def yolo_v5_rows(cells: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = np.zeros((1, cells, 6), np.float32)
    rows[0, 40] = (32, 32, 16, 32, 0.95, 0.95)
    return rows


def test_yolo_v5_is_read(make_model: Make) -> None:
    detector = open_detector(make_model({"output0": yolo_v5_rows(3 * 84)}))
    assert detector.package.layout == "yolo_v5"
    np.testing.assert_allclose(detector.detect(BLACK).boxes, [[48, 32, 80, 96]])


def test_rows_decoded_into_the_shape_of_yolox_are_recognised_or_named(
    make_model: Make, make_package: Make
) -> None:
    from edge_components.runtime.inference.layout_types import cell_centres

    rows = yolo_v5_rows(84)
    assert open_detector(make_model({"output0": rows})).package.layout == "yolox_grid"
    # Values around the cells are what tells; where they do not, the package does.
    package = make_package({"output0": rows}, changes={"layout": "yolo_v5"})
    np.testing.assert_allclose(open_detector(package).detect(BLACK).boxes, [[48, 32, 80, 96]])
    rows[0, :, :2] = cell_centres(64, 64)[0]
    assert open_detector(make_model({"output0": rows})).package.layout == "yolo_v5"


def test_faces_are_a_task_with_one_class(make_model: Make) -> None:
    scores, boxes = np.zeros((1, 50, 2), np.float32), np.zeros((1, 50, 4), np.float32)
    scores[0, 7], boxes[0, 7] = (0.1, 0.9), (0.25, 0.25, 0.75, 0.5)
    model = make_model({"scores": scores, "boxes": boxes}, input_shape=(1, 3, 48, 64), metadata={})
    detector = open_detector(model)
    assert (detector.package.task, detector.labels) == ("face", ("face",))
    np.testing.assert_allclose(detector.detect(BLACK).boxes, [[32, 24, 96, 48]])


def test_a_batch_gives_what_single_frames_give(make_model: Make) -> None:
    detector = open_detector(make_model())
    frames = [BLACK, np.zeros((64, 64, 3), np.uint8), BLACK]
    found = detector.detect_batch(frames)
    for one, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(one.boxes, detector.detect(frame).boxes)
    assert detector.detect_batch([]) == []


def logits(best: int, classes: int = 1000) -> Arrays:
    scores = np.linspace(-3, -2, classes, dtype=np.float32)[None]
    scores[0, best] = 8
    return {"logits": scores}


def names(classes: int = 1000) -> dict[str, str]:
    return {"names": str({index: f"class {index}" for index in range(classes)})}


def test_a_classifier_gives_its_top_classes_as_probabilities(make_model: Make) -> None:
    model = make_model(logits(IMAGENET_MASK), input_shape=(1, 3, 224, 224), metadata=names())
    classifier = open_classifier(model)
    assert isinstance(classifier, Classifier)
    top = classifier.classify(BLACK)
    assert [one.index for one in top] == [643, 999, 998, 997, 996]
    assert top[0].label == "class 643"
    assert top[0].probability == pytest.approx(np.exp(8) / np.exp(logits(643)["logits"]).sum(), rel=1e-5)
    assert [one.probability for one in top] == sorted((one.probability for one in top), reverse=True)
    assert len(classifier.classify(BLACK, k=2)) == 2
    prepared = classifier.preprocess(BLACK, classifier.new_buffer())
    found = classifier.postprocess(classifier.infer(prepared), prepared)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert found.of(643) == top[0]


def test_probabilities_are_not_softmaxed_twice(make_model: Make) -> None:
    scores = np.array([[0.7, 0.2, 0.1]], np.float32).reshape(1, 3, 1, 1)
    model = make_model({"prob": scores}, metadata=names(3))
    assert [one.probability for one in open_classifier(model).classify(BLACK)] == pytest.approx(
        [0.7, 0.2, 0.1]
    )


def test_scores_that_are_no_numbers_are_one_sentence(make_model: Make) -> None:
    model = make_model({"prob": np.full((1, 3), np.nan, np.float32)}, metadata=names(3))
    with pytest.raises(CrowdLensError, match="probabilities that are not finite numbers"):
        open_classifier(model).classify(BLACK)


def test_each_task_has_its_own_way_to_be_opened(make_model: Make) -> None:
    detection, classes = make_model(), make_model(logits(1, 3), name="classes.onnx", metadata=names(3))
    assert isinstance(open_model(detection), OnnxDetector)
    assert isinstance(open_model(classes), Classifier)
    with pytest.raises(CrowdLensError, match="is for classification: expected detection or face"):
        open_detector(classes)
    with pytest.raises(CrowdLensError, match="is for detection: expected classification"):
        open_classifier(detection)


def test_a_classifier_has_a_golden_check(make_package: Make) -> None:
    folder = make_package(logits(2, 5), metadata=names(5))
    write_golden(folder, BLACK)
    assert check_golden(folder).passed
    text = (folder / "golden.json").read_text(encoding="utf-8")
    (folder / "golden.json").write_text(text.replace("class 2", "class 3", 1), encoding="utf-8")
    assert "class 2 is not class 3" in (check_golden(folder).reason or "")


def test_a_golden_check_of_another_task_fails(make_package: Make) -> None:
    folder, other = make_package(logits(2, 5), metadata=names(5)), make_package(name="people.onnx")
    write_golden(folder, BLACK)
    write_golden(other, BLACK)
    (folder / "golden.json").write_bytes((other / "golden.json").read_bytes())
    assert "for another task than the model's, which is classification" in (check_golden(folder).reason or "")


def test_the_middle_of_a_frame_is_cut_out_for_a_classifier(make_package: Make) -> None:
    from dataclasses import replace

    from edge_components.runtime.inference.model_package import ModelInput

    package_input = ModelInput(32, 32, "rgb", 1.0, letterbox=False, centre_crop=0.5)
    folder = make_package(
        logits(1, 3), metadata=names(3), input_shape=(1, 3, 32, 32), changes={"input": package_input}
    )
    frame = BLACK.copy()
    frame[24:72, 40:88] = 200
    classifier = open_classifier(folder)
    prepared = classifier.preprocess(frame, classifier.new_buffer())
    assert (prepared.tensor == 200).all()
    with pytest.raises(
        CrowdLensError, match="centre_crop is set: expected it for the task classification alone"
    ):
        open_model(
            make_package(name="p.onnx", changes={"input": replace(package_input, width=64, height=64)})
        )


def test_an_input_of_224_is_right_for_a_classifier_alone(make_model: Make) -> None:
    classes = make_model(logits(1, 3), input_shape=(1, 3, 227, 227), metadata=names(3))
    assert open_classifier(classes).package.input.width == 227


def test_labels_are_read_from_lines_and_from_synset_words(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(
        "n03724870 mask\nn02012849 crane\n\nn01440764 tench, Tinca tinca\nn03126707 crane\nplain name\n"
    )
    assert read_labels(path) == ("mask", "crane (1)", "tench", "crane (3)", "plain name")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LabelFileError, match="expected a readable UTF-8 text file"):
        read_labels(path)
    with pytest.raises(CrowdLensError, match="expected a list with one name per class"):
        read_labels(Path("/dev/null"))


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "labels").exists(), reason="needs the shared labels")
def test_class_643_of_imagenet_is_the_mask(make_package: Make) -> None:
    labels = read_labels(SHARED / "labels" / "imagenet_synset_words.txt")
    folder = make_package(
        logits(IMAGENET_MASK), metadata=names(), input_shape=(1, 3, 224, 224), changes={"labels": labels}
    )
    best = open_classifier(folder).classify(BLACK)[0]
    assert (best.index, best.label) == (643, "mask")
    assert best.probability > 0.9


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "photos").exists(), reason="needs the shared models and photos")
def test_ultraface_finds_the_faces_of_a_photograph() -> None:
    detector = open_detector(SHARED / "models" / "ultraface_rfb_320.onnx")
    assert (detector.package.task, detector.package.layout, detector.labels) == ("face", "ssd", ("face",))
    on_persons, faces = faces_in_photos(detector)
    # What is found must lie upon an annotated person; most photos of persons show no face of over 20 pixels.
    assert faces >= 20
    assert on_persons / faces > 0.9


def faces_in_photos(detector: OnnxDetector) -> tuple[int, int]:
    """Return how many faces lie inside an annotated person, and how many were found, on photos of persons."""
    inside = found = 0
    with tarfile.open(SHARED / "photos" / "voc100.tar.gz") as archive:
        document = json.loads(contents(archive, "voc100/coco_format_v1/instances_default.json"))
        person = next(one["id"] for one in document["categories"] if one["name"] == "person")
        for photo in document["images"]:
            people = [
                one["bbox"]
                for one in document["annotations"]
                if one["image_id"] == photo["id"] and one["category_id"] == person
            ]
            if not people:
                continue
            encoded = np.frombuffer(contents(archive, f"voc100/images/{photo['file_name']}"), np.uint8)
            picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
            detections = detector.detect(picture)
            for left, top, right, bottom in detections.boxes[detections.confidences >= detector.confidence]:
                x, y = (left + right) / 2, (top + bottom) / 2
                found += 1
                inside += any(a <= x <= a + w and b <= y <= b + h for a, b, w, h in people)
    return inside, found


def contents(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
