"""Measures a detector on held-out renders, on the demo clip and, where there are any, on photographs."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from contract.errors import CrowdLensError
from training import demo_world as world
from training.arrays import Floats32, Image
from training.boxes import Detections
from training.clip import LOOK
from training.crowd import crowd
from training.dataset import read_dataset
from training.evaluate import Evaluation, PictureTruth, evaluate, truth_of_rows
from training.frames import compose
from training.package import CONFIDENCE, Thresholded
from training.photometry import expose

LOWEST_CONFIDENCE = 0.02
GOLDEN_CROWD_SEED, GOLDEN_SECONDS = 2_000_999, 2


class TrialError(CrowdLensError):
    """Raised when the material for a measurement is missing or broken."""


class Curve:
    """A detector that answers down to very low scores, as a precision-recall curve needs."""

    def __init__(self, detect: Thresholded) -> None:
        self.detect = detect

    def __call__(self, picture: Image) -> Detections:
        """Return all detections from LOWEST_CONFIDENCE up."""
        return self.detect(picture, LOWEST_CONFIDENCE)


def golden_frame() -> Image:
    """Draw the golden picture: the demo world with a crowd that is not the clip's."""
    moments = list(
        crowd(
            GOLDEN_CROWD_SEED,
            world.PLAZA,
            seconds=GOLDEN_SECONDS,
            frames_per_second=world.FRAMES_PER_SECOND,
            arrivals_per_second=world.ARRIVALS_PER_SECOND,
        )
    )
    frame = compose(world.demo_scenery(), moments[-1])
    return expose(frame.picture, LOOK, np.random.default_rng(GOLDEN_CROWD_SEED))


def held_out_trial(detect: Thresholded, folder: Path, *, confidence: float = CONFIDENCE) -> Evaluation:
    """Measure on the held-out renders of a dataset folder."""
    pairs = ((example.picture(), truth_of_rows(example.truth)) for example in read_dataset(folder))
    return evaluate(pairs, Curve(detect), confidence=confidence)


def mot_truth(path: Path, *, least_visible: float = 0.5) -> dict[int, PictureTruth]:
    """Read MOT ground truth with visibility: per frame number the boxes, counted where visible enough.

    Boxes are cut at the frame's edge.
    """
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    truths: dict[int, PictureTruth] = {}
    for number in np.unique(rows[:, 0]).astype(int):
        mine = rows[rows[:, 0] == number]
        boxes = np.column_stack([mine[:, 2:4], mine[:, 2:4] + mine[:, 4:6]])
        boxes = np.clip(boxes, 0, [world.WIDTH, world.HEIGHT, world.WIDTH, world.HEIGHT])
        truths[int(number)] = PictureTruth(boxes.astype(np.float32), mine[:, 8] >= least_visible)
    return truths


def clip_pictures(folder: Path, *, every: int) -> Iterator[tuple[Image, PictureTruth]]:
    """Yield every so many decoded frames of the demo clip with their truth."""
    truths = mot_truth(folder / "truth_tracks.txt")
    nobody = PictureTruth(np.zeros((0, 4), np.float32), np.zeros(0, dtype=bool))
    reader, number = cv2.VideoCapture(str(folder / "demo.mp4")), 0
    while True:
        read, picture = reader.read()
        if not read:
            break
        number += 1
        if number % every == 0:
            yield np.asarray(picture, dtype=np.uint8), truths.get(number, nobody)
    reader.release()
    if not number:
        raise TrialError(f"no frame can be read from {folder / 'demo.mp4'}")


def clip_trial(
    detect: Thresholded, folder: Path, *, confidence: float = CONFIDENCE, every: int = 5
) -> Evaluation:
    """Measure on the demo clip: people at least half visible must be found, others may be."""
    return evaluate(clip_pictures(folder, every=every), Curve(detect), confidence=confidence)


def voc_pictures(archive: Path) -> Iterator[tuple[Image, PictureTruth]]:
    """Yield photographs of a tar archive with VOC annotations; persons marked difficult need not be found."""
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar.getmembers() if member.isfile()}
        for name in sorted(members):
            if not name.endswith(".xml"):
                continue
            pictures = [other for other in members if other.endswith(f"{Path(name).stem}.jpg")]
            annotation, photo = tar.extractfile(members[name]), None
            if pictures:
                photo = tar.extractfile(members[pictures[0]])
            if annotation is None or photo is None:
                raise TrialError(f"{archive} has no photograph for {name}")
            picture = cv2.imdecode(np.frombuffer(photo.read(), np.uint8), cv2.IMREAD_COLOR)
            yield np.asarray(picture, dtype=np.uint8), voc_truth(annotation.read())


def voc_truth(document: bytes) -> PictureTruth:
    """Return the persons of one VOC annotation."""
    boxes: list[list[float]] = []
    counted: list[bool] = []
    for entry in ElementTree.fromstring(document).iter("object"):  # noqa: S314  # the user's own annotations
        box = entry.find("bndbox")
        if entry.findtext("name") != "person" or box is None:
            continue
        boxes.append([float(box.findtext(side) or 0) for side in ("xmin", "ymin", "xmax", "ymax")])
        counted.append(entry.findtext("difficult") != "1")
    table: Floats32 = np.asarray(boxes, np.float32).reshape(-1, 4)
    return PictureTruth(table, np.asarray(counted, dtype=bool))


def voc_trial(detect: Thresholded, archive: Path, *, confidence: float = CONFIDENCE) -> Evaluation:
    """Measure on photographs with VOC annotations; these are never trained on."""
    return evaluate(voc_pictures(archive), Curve(detect), confidence=confidence)
