"""Renders pictures and their truth to shards on disk, and reads them back; needs no PyTorch."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError
from training.arrays import Floats32, Image
from training.frames import Frame
from training.stills import stills

logger = logging.getLogger(__name__)

PICTURE_WIDTH, PICTURE_HEIGHT = 480, 280
PICTURES_PER_SCENE = 4
SCENES_PER_SHARD = 25
HELD_OUT_SEED = 1_000_000
"""Seeds from here on are never trained on; the demo clip uses seeds from 2,000,000."""
TRUTH_COLUMNS = ("left", "top", "right", "bottom", "visible_fraction", "inside_fraction")


class DatasetError(CrowdLensError):
    """Raised when a dataset folder cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Example:
    """One encoded picture and its people: truth of shape (P, 6) in the order of TRUTH_COLUMNS, pixels."""

    encoded: Image
    truth: Floats32

    def picture(self) -> Image:
        """Decode the picture (h, w, 3), blue green red."""
        return np.asarray(cv2.imdecode(self.encoded, cv2.IMREAD_COLOR), dtype=np.uint8)


def truth_rows(frame: Frame) -> Floats32:
    """Return the people of a frame as rows of TRUTH_COLUMNS, boxes cut at the frame's edge."""
    rows, columns = frame.picture.shape[:2]
    table = []
    for person in frame.people:
        left, top, width, height = person.full_box
        box = (max(0.0, left), max(0.0, top), min(columns, left + width), min(rows, top + height))
        if box[2] - box[0] >= 2 and box[3] - box[1] >= 2:
            table.append((*box, person.visible_fraction, person.inside_fraction))
    return np.asarray(table, np.float32).reshape(-1, len(TRUTH_COLUMNS))


def _write_shard(path: Path, seeds: Sequence[int], size: tuple[int, int]) -> int:
    cv2.setNumThreads(1)
    encoded, truths = [], []
    for seed in seeds:
        for frame in stills(seed, *size, PICTURES_PER_SCENE):
            encoded.append(cv2.imencode(".jpg", frame.picture, [cv2.IMWRITE_JPEG_QUALITY, 93])[1].ravel())
            truths.append(truth_rows(frame))
    part = path.with_suffix(".part.npz")
    np.savez(
        part,
        encoded=np.concatenate(encoded),
        encoded_sizes=np.array([len(item) for item in encoded]),
        truth=np.concatenate(truths),
        truth_sizes=np.array([len(item) for item in truths]),
    )
    part.replace(path)
    return len(encoded)


def make_dataset(
    folder: Path,
    *,
    pictures: int,
    first_seed: int,
    workers: int,
    size: tuple[int, int] = (PICTURE_WIDTH, PICTURE_HEIGHT),
) -> None:
    """Render at least `pictures` pictures from consecutive scene seeds into shards.

    Shards already there are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scenes = -(-pictures // PICTURES_PER_SCENE)
    starts = range(first_seed, first_seed + scenes, SCENES_PER_SHARD)
    wanted = {
        folder / f"shard-{start:08d}.npz": range(start, min(start + SCENES_PER_SHARD, first_seed + scenes))
        for start in starts
    }
    missing = {path: seeds for path, seeds in wanted.items() if not path.exists()}
    description = {
        "width": PICTURE_WIDTH,
        "height": PICTURE_HEIGHT,
        "first_seed": first_seed,
        "pictures": pictures,
    }
    (folder / "dataset.json").write_text(json.dumps(description, indent=2) + "\n")
    started, done = time.monotonic(), 0
    with ProcessPoolExecutor(max_workers=workers) as pool:
        jobs = [pool.submit(_write_shard, path, seeds, size) for path, seeds in missing.items()]
        for count, job in enumerate(as_completed(jobs), start=1):
            done += job.result()
            elapsed = time.monotonic() - started
            remaining = elapsed / count * (len(jobs) - count)
            logger.info(
                "rendered %d pictures, %.1f per second, about %.0f s left", done, done / elapsed, remaining
            )


def read_dataset(folder: Path) -> list[Example]:
    """Read every example of a dataset folder, in shard order.

    Raises DatasetError when the folder holds no shard.
    """
    shards = sorted(folder.glob("shard-????????.npz"))
    if not shards:
        raise DatasetError(f"no shards in {folder}; make them with: python -m training dataset")
    examples: list[Example] = []
    for shard in shards:
        with np.load(shard) as data:
            pictures = np.split(data["encoded"], np.cumsum(data["encoded_sizes"])[:-1])
            truths = np.split(data["truth"], np.cumsum(data["truth_sizes"])[:-1])
        examples += [Example(picture, truth) for picture, truth in zip(pictures, truths, strict=True)]
    return examples
