"""Counts on a real clip against a hand count: people and zone occupancy in twenty frames, and line crossings.

Needs ../shared (the clip and YOLOX-nano are not part of the repository).
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from contract.records import Record
from contract.scene import Scene, Zone
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.tracker import TrackerSettings
from edge_components.runtime.inference.detector import open_detector
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources import open_source

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
CLIP = SHARED / "media" / "vtest.avi"
MODEL = SHARED / "models" / "yolox_nano.onnx"
HAND_COUNT = ROOT / "tests" / "data" / "vtest_hand_count.csv"
HAND_CROSSINGS = ROOT / "tests" / "data" / "vtest_hand_crossings.csv"
HAND_FRAMES = 400
MATCH_FRAMES = 15
FRAME_MS = 100
WINDOW_SECONDS = 1.0
WHOLE_FRAME = "people"


def main() -> int:
    """Run the clip once and print the tables."""
    if not CLIP.exists():
        sys.stdout.write("skipped: ../shared is not there\n")
        return 0
    scene = with_whole_frame(read_scene(ROOT / "examples" / "plaza.yaml"))
    records = run(scene)
    print_occupancy(scene, records)
    print_crossings(scene, records)
    return 0


def with_whole_frame(scene: Scene) -> Scene:
    """Return the scene with one more zone, the whole frame, to hold against all people counted by hand."""
    width, height = float(scene.frame_width), float(scene.frame_height)
    corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return replace(scene, zones=(Zone(WHOLE_FRAME, corners, None, ()), *scene.zones))


def run(scene: Scene) -> list[Record]:
    """Return the records of the clip in windows of a second, each ending with a frame counted by hand."""
    detector = open_detector(MODEL)
    settings = TrackerSettings(high_confidence=detector.confidence, new_track_confidence=detector.confidence)
    analytics = SceneAnalytics(
        scene, labels=detector.labels, window_seconds=WINDOW_SECONDS, tracker_settings=settings
    )
    source = open_source(str(CLIP))
    records: list[Record] = []
    while (frame := source.read(1.0)) is not None:
        records += analytics.update(detector.detect(frame.image), moment_ms(frame.index))
    records += analytics.close()
    source.close()
    return records


def moment_ms(frame: int) -> int:
    """Return the event time of a frame; those counted by hand are the last of their second."""
    return frame * FRAME_MS + round(WINDOW_SECONDS * 1000) - FRAME_MS


def print_occupancy(scene: Scene, records: list[Record]) -> None:
    """Print the error of occupancy in the hand-counted frames, as zone_counts reports it."""
    occupancy = {
        (str(one.values["zone"]), one.event_time_ms): int(one.values["occupancy_last"] or 0)
        for one in records
        if one.table == "zone_counts"
    }
    with HAND_COUNT.open(encoding="utf-8") as stream:
        hand = list(csv.DictReader(stream))
    sys.stdout.write("| occupancy | frames | by hand, mean | counted, mean | mean absolute error | bias |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    for zone in scene.zones:
        counted = [occupancy[zone.name, moment_ms(int(row["frame"])) // 1000 * 1000] for row in hand]
        true = [int(row[zone.name]) for row in hand]
        errors = [one - other for one, other in zip(counted, true, strict=True)]
        means = f"{fmean(true):.2f} | {fmean(counted):.2f}"
        figures = f"{means} | {fmean(map(abs, errors)):.2f} | {fmean(errors):+.2f}"
        sys.stdout.write(f"| {zone.name} | {len(hand)} | {figures} |\n")


def print_crossings(scene: Scene, records: list[Record]) -> None:
    """Print crossings of the hand-counted stretch, matched within 1.5 s in the same direction."""
    crossings = [
        (str(one.values["line"]), str(one.values["direction"]), round(one.event_time_ms / FRAME_MS) - 9)
        for one in records
        if one.table == "line_crossings"
    ]
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
