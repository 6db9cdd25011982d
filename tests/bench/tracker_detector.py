"""What a detector makes of a generated crowd, as MOTChallenge text: hidden people are missed, boxes shake.

Each box has a confidence that falls with what covers the person and with its size and that drifts from frame
to frame, so that misses come in runs; edges shake by a share of the height; boxes of half hidden people end
where the cover begins; boxes that overlap most are suppressed; and there are boxes of nobody, some of them
again and again at one place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tracker_crowds import FRAMES_PER_SECOND, HEIGHT, WIDTH, Camera, Crowd, Density

from edge_components.runtime.counting.mot_text import format_tracks

_GRID = np.stack(np.meshgrid(np.linspace(0.2, 0.8, 4), np.linspace(0.06, 0.94, 8)), axis=2).reshape(-1, 2)
_BODY_SHARE = 0.75
"""How much of a box's width a body covers."""
_SUPPRESSION_OVERLAP = 0.7
_LEAST_CONFIDENCE = 0.1


@dataclass(frozen=True)
class CrowdSet:
    """A generated sequence: truth and detections as text, for people in `frames` frames."""

    name: str
    truth: str
    detections: str
    frames: int
    width: int = WIDTH
    height: int = HEIGHT
    frames_per_second: float = FRAMES_PER_SECOND


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the intersection over union (N, M) of boxes (N, 4) and (M, 4)."""
    sides = np.minimum(first[:, None, 2:], second[None, :, 2:]) - np.maximum(
        first[:, None, :2], second[None, :, :2]
    )
    shared = np.maximum(sides, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    result: np.ndarray = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)
    return result


def visible_shares(boxes: np.ndarray, poles: np.ndarray) -> np.ndarray:
    """Return how much of each person nobody nearer and no pole covers, (N,) from 0 to 1.

    Who has his feet lower in the picture is nearer. `poles` (K, 4) are boxes with feet of their own.
    """
    size = boxes[:, 2:] - boxes[:, :2]
    points = boxes[:, None, :2] + _GRID[None] * size[:, None]
    covers = np.concatenate((boxes, poles))
    middle = 0.5 * (covers[:, 0] + covers[:, 2])
    half = 0.5 * _BODY_SHARE * (covers[:, 2] - covers[:, 0])
    nearer = covers[None, :, 3] > boxes[:, None, 3] + 1e-6
    close = nearer & (overlaps(boxes, covers) > 0)
    hidden = np.zeros(points.shape[:2], bool)
    for who, cover in zip(*np.nonzero(close), strict=True):
        x, y = points[who].T
        hidden[who] |= (
            (np.abs(x - middle[cover]) < half[cover]) & (y > covers[cover, 1]) & (y < covers[cover, 3])
        )
    shares: np.ndarray = 1.0 - hidden.mean(axis=1)
    return shares


class Detector:
    """Sees the people of a crowd with the faults told above."""

    def __init__(self, count: int, random: np.random.Generator, cut_share: float) -> None:
        self._random, self._cut_share = random, cut_share
        self._mood = random.normal(0, 1, count)
        self._shake = np.zeros((count, 4))
        clutter = random.uniform((0, 200), (WIDTH, HEIGHT), (3, 2))
        sizes = random.uniform(60, 200, 3)
        self._clutter = np.column_stack(
            (clutter[:, 0] - 0.2 * sizes, clutter[:, 1] - sizes, clutter[:, 0] + 0.2 * sizes, clutter[:, 1])
        )

    def see(self, boxes: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return rows (M, 5) of left, top, right, bottom, confidence for the people given."""
        self._drift()
        height = boxes[:, 3] - boxes[:, 1]
        confidence = 0.93 / (1.0 + np.exp((0.38 - shares) / 0.11))
        confidence *= np.clip(0.55 + height / 160.0, 0.0, 1.0)
        confidence += 0.08 * self._mood + self._random.normal(0, 0.04, len(boxes))
        confidence -= 0.5 * (self._random.random(len(boxes)) < 0.02)
        found = np.column_stack((self._shaken(boxes, shares, height), np.minimum(confidence, 0.97)))
        rows = np.concatenate((found, self._nobody(boxes)))
        return self._suppressed(rows[(rows[:, 4] >= _LEAST_CONFIDENCE) & _inside(rows)])

    def _drift(self) -> None:
        self._mood = 0.85 * self._mood + np.sqrt(1 - 0.85**2) * self._random.normal(0, 1, len(self._mood))
        self._shake = 0.5 * self._shake + np.sqrt(0.75) * self._random.normal(0, 1, self._shake.shape)

    def _shaken(self, boxes: np.ndarray, shares: np.ndarray, height: np.ndarray) -> np.ndarray:
        deviation = height * (0.015 + 0.03 * (1.0 - shares)) + 0.8
        shaken = boxes + self._shake * deviation[:, None] * np.array([0.7, 0.8, 0.7, 1.0])
        cut = (shares < 0.75) & (self._random.random(len(boxes)) < self._cut_share)
        shaken[cut, 3] -= (0.5 * (1.0 - shares) * height)[cut]
        return shaken

    def _nobody(self, boxes: np.ndarray) -> np.ndarray:
        """Return boxes of nobody: anywhere, at the clutter, and second, partial ones on people."""
        random = self._random
        anywhere = random.poisson(0.15 + 0.01 * len(boxes))
        corner, size = (
            random.uniform((0, 150), (WIDTH, HEIGHT), (anywhere, 2)),
            random.uniform(40, 220, anywhere),
        )
        loose = np.column_stack((corner, corner[:, 0] + 0.4 * size, corner[:, 1] + size))
        clutter = self._clutter[random.random(3) < 0.25] + random.normal(0, 3, 4)
        twice = boxes[random.random(len(boxes)) < 0.01].copy()
        twice[:, 3] -= 0.4 * (twice[:, 3] - twice[:, 1])
        nobody = np.concatenate((loose, clutter, twice))
        return np.column_stack((nobody, 0.1 + 0.7 * random.beta(1.2, 3.0, len(nobody))))

    def _suppressed(self, rows: np.ndarray) -> np.ndarray:
        """Return what non-maximum suppression leaves."""
        rows = rows[np.argsort(-rows[:, 4])]
        overlap = np.triu(overlaps(rows[:, :4], rows[:, :4]), 1) > _SUPPRESSION_OVERLAP
        kept = np.ones(len(rows), bool)
        for row in range(len(rows)):
            if kept[row]:
                kept[overlap[row]] = False
        return rows[kept]


def _inside(rows: np.ndarray) -> np.ndarray:
    inside: np.ndarray = np.minimum(rows[:, 2:4], (WIDTH, HEIGHT)) - np.maximum(rows[:, :2], 0) > 4
    return inside.all(axis=1)


def make_set(density: Density, seed: int, cut_share: float = 0.4) -> CrowdSet:
    """Return the crowd of `density` and `seed`, always the same one.

    `cut_share` is how often the box of a person who is covered by more than a quarter ends early.

    True are all people of whom a third is within the picture, hidden or not, cut where the picture ends; who
    comes back into the picture is somebody new.
    """
    random = np.random.default_rng([seed, density.people])
    crowd, camera = Crowd(density, random), Camera(random.uniform(5.0, 8.0))
    detector = Detector(crowd.count, random, cut_share)
    poles = _poles(random)
    ids = np.zeros(crowd.count, np.int64)
    last, truth, detections = 0, [], []
    for _ in range(60):
        crowd.step()
    for frame in range(1, density.frames + 1):
        crowd.step()
        boxes = camera.boxes(crowd.places, crowd.bodies, crowd.widths)
        present = _shown(boxes) >= 1 / 3
        ids[~present] = 0
        new = np.flatnonzero(present & (ids == 0))
        ids[new] = last + 1 + np.arange(len(new))
        last += len(new)
        truth += _lines(frame, ids[present], _clipped(boxes[present]))
        rows = detector.see(boxes, np.where(present, visible_shares(boxes, poles), 0.0))
        detections += _detection_lines(frame, np.column_stack((_clipped(rows[:, :4]), rows[:, 4])))
    return CrowdSet(f"{density.name}-{seed}", format_tracks(truth), "".join(detections), density.frames)


def _poles(random: np.random.Generator) -> np.ndarray:
    """Return two trees or poles that cover what is behind them."""
    x, foot = random.uniform(200, WIDTH - 200, 2), random.uniform(450, 900, 2)
    half = random.uniform(15, 45, 2)
    return np.column_stack((x - half, np.zeros(2), x + half, foot))


def _clipped(boxes: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(boxes, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    return clipped


def _shown(boxes: np.ndarray) -> np.ndarray:
    clipped = _clipped(boxes)
    shown: np.ndarray = (clipped[:, 2:] - clipped[:, :2]).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(
        axis=1
    )
    return shown


def _lines(
    frame: int, ids: np.ndarray, boxes: np.ndarray
) -> list[tuple[int, int, float, float, float, float]]:
    return [
        (frame, who, left, top, right - left, bottom - top)
        for who, (left, top, right, bottom) in zip(ids.tolist(), boxes.tolist(), strict=True)
    ]


def _detection_lines(frame: int, rows: np.ndarray) -> list[str]:
    return [
        f"{frame},-1,{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},{share:.4f},-1,-1,-1\n"
        for left, top, right, bottom, share in rows.tolist()
    ]
