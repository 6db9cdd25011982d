"""Generated replays: people who walk exactly known ways, seen by a detector with known faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from contract.records import Record, check_record
from contract.scene import Line, Scene, parse_scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerStep
from edge_components.runtime.inference.detections import Detections

START_MS = 1_760_000_000_000
WIDTH, HEIGHT = 640, 360

Waypoint = tuple[float, float, float]


@dataclass
class Walker:
    """Somebody whose foot point goes straight from waypoint (seconds, x, y) to waypoint."""

    waypoints: Sequence[Waypoint]
    height: float = 100.0
    class_id: int = 0
    hidden: Sequence[tuple[float, float]] = ()
    jitter_px: float = 0.0

    def foot(self, seconds: float) -> tuple[float, float] | None:
        times = [waypoint[0] for waypoint in self.waypoints]
        if not times[0] <= seconds <= times[-1]:
            return None
        return (
            float(np.interp(seconds, times, [waypoint[1] for waypoint in self.waypoints])),
            float(np.interp(seconds, times, [waypoint[2] for waypoint in self.waypoints])),
        )

    def is_hidden(self, seconds: float) -> bool:
        return any(first <= seconds < last for first, last in self.hidden)

    def crossings(self, line: Line) -> list[tuple[str, float]]:
        """Return direction and time of every crossing of the path with the line, by the rule as written."""
        found = []
        for (t1, x1, y1), (t2, x2, y2) in pairwise(self.waypoints):
            for (ax, ay), (bx, by) in pairwise(line.points):
                before = (bx - ax) * (y1 - ay) - (by - ay) * (x1 - ax)
                after = (bx - ax) * (y2 - ay) - (by - ay) * (x2 - ax)
                if (before > 0) == (after > 0):
                    continue
                share = before / (before - after)
                x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
                along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
                if 0 <= along < 1:
                    found.append(("in" if before > 0 else "out", t1 + share * (t2 - t1)))
        return sorted(found, key=lambda crossing: crossing[1])


@dataclass
class World:
    """Walkers before one camera; `frames` gives what a detector with the given faults sees of them."""

    walkers: list[Walker] = field(default_factory=list)
    frames_per_second: float = 25.0
    noise: float = 0.0
    """Standard deviation of every edge of a box, as a share of its height."""
    missed: float = 0.0
    false_per_frame: float = 0.0
    clip_to_frame: bool = True
    seed: int = 1

    def times(self, seconds: float) -> list[float]:
        return [index / self.frames_per_second for index in range(int(seconds * self.frames_per_second) + 1)]

    @property
    def seconds(self) -> float:
        return max(walker.waypoints[-1][0] for walker in self.walkers)

    def frames(self, times: Iterable[float] | None = None) -> list[tuple[int, Detections]]:
        random = np.random.default_rng(self.seed)
        return [
            (START_MS + round(1000 * moment), self._seen(moment, random))
            for moment in (self.times(self.seconds + 1.0) if times is None else times)
        ]

    def _seen(self, moment: float, random: np.random.Generator) -> Detections:
        rows = []
        for walker in self.walkers:
            foot = walker.foot(moment)
            if foot is None or walker.is_hidden(moment) or random.random() < self.missed:
                continue
            height = walker.height
            x, y = (value + random.normal(0, 1) * walker.jitter_px for value in foot)
            box = np.array([x - 0.2 * height, y - height, x + 0.2 * height, y])
            box += random.normal(0, 1, 4) * self.noise * height
            rows.append((*box, random.uniform(0.6, 0.98), walker.class_id))
        for _ in range(random.poisson(self.false_per_frame)):
            x, y, height = random.uniform(0, WIDTH), random.uniform(60, HEIGHT), random.uniform(40, 140)
            rows.append((x, y - height, x + 0.4 * height, y, random.uniform(0.5, 0.8), 0))
        return self._detections(np.array(rows).reshape(-1, 6))

    def _detections(self, rows: np.ndarray) -> Detections:
        boxes = rows[:, :4]
        if self.clip_to_frame:
            whole = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
            boxes = np.clip(boxes, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            # A detector finds nobody of whom it sees less than a tenth.
            shown = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) >= 0.1 * whole
            rows, boxes = rows[shown], boxes[shown]
        return Detections(
            boxes.astype(np.float32), rows[:, 4].astype(np.float32), rows[:, 5].astype(np.int64)
        )


@dataclass
class Counted:
    """What the analytics made of a replay."""

    totals: AnalyticsTotals
    records: list[Record]

    def table(self, name: str) -> list[dict[str, Any]]:
        return [
            {**record.values, "event_time": record.event_time_ms}
            for record in self.records
            if record.table == name
        ]

    def crossings(self) -> list[tuple[str, str, float]]:
        """Return line, direction and seconds from the start of every crossing, by time."""
        rows = self.table("line_crossings")
        found = [(row["line"], row["direction"], (row["event_time"] - START_MS) / 1000) for row in rows]
        return sorted(found, key=lambda crossing: crossing[2])


def passers_by(number: int, seed: int, every_seconds: float = 1.5) -> list[Walker]:
    """Return people who cross x = 320 one after another in four lanes, both ways."""
    random, walkers = np.random.default_rng(seed), []
    for index in range(number):
        start, seconds, y = every_seconds * index, random.uniform(5, 9), 120 + 70 * (index % 4)
        ends = (-30, 670) if random.random() < 0.5 else (670, -30)
        walkers.append(Walker([(start, ends[0], y), (start + seconds, ends[1], y)], height=60))
    return walkers


def shaken(frames: list[tuple[int, Detections]], pixels: float, hertz: float) -> list[tuple[int, Detections]]:
    """Return what a camera on a swaying mast sees: all boxes go to and fro together."""
    moved = []
    for moment_ms, seen in frames:
        phase = 2 * np.pi * hertz * (moment_ms % 1_000_000) / 1000
        shift = pixels * np.array([np.sin(phase), 0.4 * np.cos(1.3 * phase)] * 2, np.float32)
        moved.append((moment_ms, Detections(seen.boxes + shift, seen.confidences, seen.class_ids)))
    return moved


def trembling(
    feet: np.ndarray,
    sizes: np.ndarray,
    noise: np.ndarray,
    memory_seconds: np.ndarray,
    *,
    rate: float,
    seed: int,
) -> list[tuple[int, Detections]]:
    """Return what is seen of boxes of `sizes` (N, 2) on `feet` (T, N, 2) whose edges tremble slowly.

    The error of every edge has the standard deviation `noise` (N,), as a share of the box's width or height,
    and lasts about `memory_seconds` (N,): a random process of first order, as detectors' errors are.
    """
    random = np.random.default_rng(seed)
    kept = np.where(memory_seconds > 0, np.exp(-1 / rate / np.maximum(memory_seconds, 1e-3)), 0.0)[:, None]
    scale = noise[:, None] * np.tile(sizes, 2)
    corners = np.concatenate((sizes * [-0.5, -1.0], sizes * [0.5, 0.0]), axis=1)
    error, frames = random.normal(0, 1, scale.shape), []
    for index, places in enumerate(feet):
        error = kept * error + np.sqrt(1 - kept**2) * random.normal(0, 1, scale.shape)
        boxes = (np.tile(places, 2) + corners + scale * error).astype(np.float32)
        seen = Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int64))
        frames.append((START_MS + round(1000 * index / rate), seen))
    return frames


def steps(
    feet: Sequence[tuple[float, float]], height: float = 100.0, rate: float = 10.0
) -> list[TrackerStep]:
    """Return what a tracker without any filter would tell of one person whose foot point is just there."""
    nobody = np.empty(0, np.int64)
    return [
        TrackerStep(
            frames=[
                TrackedFrame(
                    index=index,
                    time_seconds=index / rate,
                    slots=np.array([0]),
                    ids=np.array([1]),
                    class_ids=np.array([0]),
                    boxes=np.array([[x - 0.2 * height, y - height, x + 0.2 * height, y]]),
                    velocities=np.zeros((1, 2)),
                    confidences=np.array([0.9]),
                    at_edge=np.array([False]),
                )
            ],
            ended=nobody,
            ended_ids=nobody,
        )
        for index, (x, y) in enumerate(feet)
    ]


def make_scene(**parts: Any) -> Scene:
    """Return a scene of a 640x360 frame; without parts it has the line `gate` down its middle."""
    document = {
        "site": "test",
        "time_zone": "Asia/Seoul",
        "camera": "gate-1",
        "frame": {"width": WIDTH, "height": HEIGHT},
        "classes": ["person"],
        **parts,
    }
    if not {"lines", "zones"} & set(document):
        document["lines"] = [{"name": "gate", "points": [[320, 0], [320, 360]]}]
    return parse_scene(document)


def count_frames(scene: Scene, frames: Iterable[tuple[int, Detections]], **settings: Any) -> Counted:
    """Return what the analytics count in `frames`; every record is checked against the contract."""
    analytics = SceneAnalytics(scene, labels=list(scene.classes), **settings)
    records: list[Record] = []
    for event_time_ms, detections in frames:
        records += analytics.update(detections, event_time_ms)
    records += analytics.close()
    for record in records:
        check_record(record)
    return Counted(analytics.totals, records)


@pytest.fixture(scope="session")
def replays() -> SimpleNamespace:
    """The generators and the constants of this file."""
    return SimpleNamespace(
        Walker=Walker,
        World=World,
        make_scene=make_scene,
        count_frames=count_frames,
        passers_by=passers_by,
        shaken=shaken,
        steps=steps,
        trembling=trembling,
        START_MS=START_MS,
        WIDTH=WIDTH,
        HEIGHT=HEIGHT,
    )
