"""Counts on a real clip against a hand count: people and zone occupancy in twenty frames, and line crossings.

Needs ../shared (the clip and YOLOX-nano are not part of the repository).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from contract.geometry import Point
from contract.records import Record
from contract.scene import Scene
from edge_components.vision.analytics import SceneAnalytics
from edge_components.vision.detector import open_detector
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources import open_source
from edge_components.vision.tracker import TrackerSettings

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
CLIP = SHARED / "media" / "vtest.avi"
MODEL = SHARED / "models" / "yolox_nano.onnx"
HAND_COUNT = ROOT / "tests" / "data" / "vtest_hand_count.csv"
HAND_CROSSINGS = ROOT / "tests" / "data" / "vtest_hand_crossings.csv"
HAND_FRAMES = 400
MATCH_FRAMES = 15


def main() -> int:
    """Run the clip once and print the tables."""
    if not CLIP.exists():
        sys.stdout.write("skipped: ../shared is not there\n")
        return 0
    scene = read_scene(ROOT / "examples" / "plaza.yaml")
    feet, crossings = run(scene)
    print_occupancy(scene, feet)
    print_crossings(scene, crossings)
    return 0


def run(scene: Scene) -> tuple[list[list[Point]], list[tuple[str, str, int]]]:
    """Return the foot points of the tracks in each frame, and crossings as (line, direction, frame)."""
    detector = open_detector(MODEL)
    settings = TrackerSettings(high_confidence=detector.confidence, new_track_confidence=detector.confidence)
    analytics = SceneAnalytics(scene, labels=detector.labels, tracker_settings=settings)
    source = open_source(str(CLIP))
    feet: list[list[Point]] = []
    records: list[Record] = []
    while (frame := source.read(1.0)) is not None:
        records += analytics.update(detector.detect(frame.image), round(frame.time_seconds * 1000))
        boxes = [track.box for track in analytics.tracks]
        feet.append([((left + right) / 2, bottom) for left, _, right, bottom in boxes])
    records += analytics.close()
    source.close()
    crossings = [
        (str(one.values["line"]), str(one.values["direction"]), round(one.event_time_ms / 100))
        for one in records
        if one.table == "line_crossings"
    ]
    return feet, crossings


def print_occupancy(scene: Scene, feet: list[list[Point]]) -> None:
    """Print the error of people and zone occupancy in the hand-counted frames."""
    with HAND_COUNT.open(encoding="utf-8") as stream:
        hand = list(csv.DictReader(stream))
    sys.stdout.write("| figure | frames | by hand, mean | counted, mean | mean absolute error | bias |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    names = ["people", *(zone.name for zone in scene.zones)]
    for name in names:
        polygon = next((np.array(zone.polygon) for zone in scene.zones if zone.name == name), None)
        counted = [inside(feet[int(row["frame"])], polygon) for row in hand]
        true = [int(row[name]) for row in hand]
        errors = [one - other for one, other in zip(counted, true, strict=True)]
        figures = (
            f"{fmean(true):.2f} | {fmean(counted):.2f} | {fmean(map(abs, errors)):.2f} | {fmean(errors):+.2f}"
        )
        sys.stdout.write(f"| {name} | {len(hand)} | {figures} |\n")


def inside(points: list[Point], polygon: np.ndarray | None) -> int:
    """Return how many points lie in `polygon`, all of them without one."""
    if polygon is None or not points:
        return len(points)
    contour = polygon.astype(np.float32)
    return sum(cv2.pointPolygonTest(contour, point, False) >= 0 for point in points)


def print_crossings(scene: Scene, crossings: list[tuple[str, str, int]]) -> None:
    """Print crossings of the hand-counted stretch, matched within 1.5 s in the same direction."""
    with HAND_CROSSINGS.open(encoding="utf-8") as stream:
        hand = [(row["line"], row["direction"], int(row["frame"])) for row in csv.DictReader(stream)]
    sys.stdout.write(f"\n| line, frames 0–{HAND_FRAMES - 1} | direction | by hand | counted | matched |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    for line in scene.lines:
        for direction in ("in", "out"):
            true = sorted(frame for name, way, frame in hand if (name, way) == (line.name, direction))
            counted = sorted(
                frame
                for name, way, frame in crossings
                if (name, way) == (line.name, direction) and frame < HAND_FRAMES
            )
            row = f"{line.name} | {direction} | {len(true)} | {len(counted)} | {matched(true, counted)}"
            sys.stdout.write(f"| {row} |\n")


def matched(true: list[int], counted: list[int]) -> int:
    """Return how many true frames find a counted one of their own within `MATCH_FRAMES`, nearest first."""
    pairs = sorted((abs(one - other), one, place) for one in true for place, other in enumerate(counted))
    used_true: set[int] = set()
    used_counted: set[int] = set()
    for distance, one, place in pairs:
        if distance <= MATCH_FRAMES and one not in used_true and place not in used_counted:
            used_true.add(one)
            used_counted.add(place)
    return len(used_true)


if __name__ == "__main__":
    sys.exit(main())
