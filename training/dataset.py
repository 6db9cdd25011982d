"""Renders pictures and their truth to shards on disk, and reads them back; needs no PyTorch."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError
from training.arrays import Floats32, Image
from training.frames import Frame
from training.stills import plaza_stills, stills

logger = logging.getLogger(__name__)

SCENES_PER_SHARD = 25
HELD_OUT_SEED = 1_000_000
"""Seeds from here on are never trained on; the demo clip uses seeds from 2,000,000."""

Draw = Callable[[int, int, int, int], Iterator[Frame]]


@dataclass(frozen=True)
class PictureKind:
    """One kind of picture: how it is drawn from a seed, its size, how many share a scene, its first seeds."""

    name: str
    draw: Draw
    width: int
    height: int
    pictures_per_scene: int
    training_seed: int
    held_out_seed: int


VARIED = PictureKind("varied", stills, 480, 280, 4, 0, HELD_OUT_SEED)
PLAZA = PictureKind("plaza", plaza_stills, 640, 360, 8, 500_000, HELD_OUT_SEED + 500_000)
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


def _write_shard(path: Path, kind: PictureKind, seeds: Sequence[int]) -> int:
    cv2.setNumThreads(1)
    encoded, truths = [], []
    for seed in seeds:
        for frame in kind.draw(seed, kind.width, kind.height, kind.pictures_per_scene):
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


def make_dataset(folder: Path, kind: PictureKind, *, pictures: int, first_seed: int, workers: int) -> None:
    """Render at least `pictures` pictures of a kind from consecutive scene seeds into shards.

    Shards already there are kept, so that a rendering that was stopped goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    end = first_seed - (-pictures // kind.pictures_per_scene)
    wanted = {
        folder / f"shard-{start:08d}.npz": range(start, min(start + SCENES_PER_SHARD, end))
        for start in range(first_seed, end, SCENES_PER_SHARD)
    }
    missing = {path: seeds for path, seeds in wanted.items() if not path.exists()}
    started, done = time.monotonic(), 0
    # A forked child would inherit OpenCV's threads in the middle of their work and could wait for ever.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=spawned) as pool:
        jobs = [pool.submit(_write_shard, path, kind, seeds) for path, seeds in missing.items()]
        for count, job in enumerate(as_completed(jobs), start=1):
            done += job.result()
            elapsed = time.monotonic() - started
            logger.info(
                "rendered %d %s pictures, %.1f per second, about %.0f s left",
                done,
                kind.name,
                done / elapsed,
                elapsed / count * (len(jobs) - count),
            )


def read_datasets(folders: Sequence[Path]) -> list[Example]:
    """Read the examples of several dataset folders, one after the other."""
    return [example for folder in folders for example in read_dataset(folder)]


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
