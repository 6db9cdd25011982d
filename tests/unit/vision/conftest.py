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
from edge_components.vision.analytics import AnalyticsTotals, SceneAnalytics
from edge_components.vision.detections import Detections

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
    """The generator: `Walker`, `World`, `make_scene`, `count_frames` and the constants."""
    return SimpleNamespace(
        Walker=Walker,
        World=World,
        make_scene=make_scene,
        count_frames=count_frames,
        START_MS=START_MS,
        WIDTH=WIDTH,
        HEIGHT=HEIGHT,
    )
