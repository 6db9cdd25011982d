"""Counting error against frame rate on generated crowds, the time of analytics, and tracks on a real clip.

``python tests/bench/bench_counting.py`` prints the tables; ``--picture FILE.svg`` draws the curves too.
Nothing is tuned here: all settings are the product's, and the seeds were used for nothing else. The part
about the clip needs ../shared. Time is that of this process, so other work on the machine hardly shows.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from counting_chart import chart
from counting_crowd import HEIGHT, RATE, WIDTH, Faults, detections, passing_crowd, resident_crowd
from counting_truth import Passage, Points, Score, score, truth_of

from contract.scene import Scene, parse_scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.tracker import TrackerSettings
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.detector import open_detector
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
MINUTES = 3
RATES = (30, 15, 10, 5)
CONDITIONS = {
    "exact boxes, nobody hidden": Faults(noisy=False, hiding=False),
    "clean": Faults(),
    "10 % missed": Faults(missed=0.1),
    "30 % missed": Faults(missed=0.3),
    "10 % missed, 10 % false": Faults(missed=0.1, false=0.1),
}
GOALS = {30: 0.99, 15: 0.99, 10: 0.98, 5: 0.95}
LINES: dict[str, Points] = {
    "west": ((330.0, 0.0), (330.0, 720.0)),
    "gate": ((640.0, 0.0), (640.0, 720.0)),
    "kerb": ((0.0, 235.0), (500.0, 205.0), (800.0, 225.0), (1280.0, 195.0)),
}
START_MS = 1_760_000_000_000
Scores = dict[tuple[str, int], Score]


@dataclass(frozen=True)
class Density:
    """How full the place is, and on how many crowds it is tried."""

    name: str
    groups_a_second: float
    seeds: range


DENSITIES = (
    Density("quiet", 0.22, range(7001, 7011)),
    Density("busy", 0.5, range(7011, 7017)),
)


def main() -> int:
    """Run all three and print their tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", type=Path, help="draw the curves into this SVG file")
    parser.add_argument("--crowds", type=int, default=100, help="use at most so many seeds")
    arguments = parser.parse_args()
    panels = {}
    for density in DENSITIES:
        panels[density.name] = scores = curves(density, arguments.crowds)
        print_curves(density, scores)
    if arguments.picture is not None:
        arguments.picture.write_text(chart(panels, list(CONDITIONS), RATES, GOALS), encoding="utf-8")
    print_times()
    print_clip()
    return 0


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def scene_of(**parts: Any) -> Scene:
    """Return a scene of the generated camera with the lines."""
    return parse_scene(
        {
            "site": "bench",
            "time_zone": "UTC",
            "camera": "crowd",
            "frame": {"width": WIDTH, "height": HEIGHT},
            "lines": [
                {"name": name, "points": [list(point) for point in line]} for name, line in LINES.items()
            ],
            "classes": ["person"],
            **parts,
        }
    )


def curves(density: Density, most: int) -> Scores:
    """Return the scores of every condition and rate, over all seeds."""
    scores = {(name, rate): Score() for name in CONDITIONS for rate in RATES}
    for seed in density.seeds[:most]:
        crowd = passing_crowd(seed, 60 * MINUTES, density.groups_a_second)
        truth = truth_of(crowd, LINES)
        for name, faults in CONDITIONS.items():
            found = detections(crowd, faults, seed)
            for rate in RATES:
                counted = count(found, RATE // rate)
                scores[name, rate] += score(truth, counted, LINES, MINUTES, crowd)
    return scores


def count(found: list[Detections], step: int) -> list[Passage]:
    """Return what the product counts in every `step`-th frame."""
    analytics = SceneAnalytics(scene_of(), labels=["person"])
    records = []
    for frame in range(0, len(found), step):
        records += analytics.update(found[frame], START_MS + round(1000 * frame / RATE))
    return [
        Passage(str(one.values["line"]), str(one.values["direction"]), (one.event_time_ms - START_MS) / 1000)
        for one in [*records, *analytics.close()]
        if one.table == "line_crossings"
    ]


def print_curves(density: Density, scores: Scores) -> None:
    """Print a row for every condition: F1, signed error, error a minute, missed and surplus for each rate."""
    one = next(iter(scores.values()))
    true, crowds = one.matched + one.missed, one.crowds
    people, hidden = one.people / crowds, 100 * one.hidden / crowds
    say(f"\n{density.name}: {people:.0f} people in view on average, {hidden:.1f} % of them hidden;")
    say(f"{crowds} crowds, seeds {density.seeds[0]} to {density.seeds[-1]}; {true:,} true crossings,")
    say(f"{true / one.minutes:.1f} a minute, line and direction; {one.apart} more counted apart\n")
    say(f"| detections | {' | '.join(f'{rate} frames/s' for rate in RATES)} |")
    say(f"| --- |{' --- |' * len(RATES)}")
    for name in CONDITIONS:
        say(f"| {name} | {' | '.join(cell(scores[name, rate]) for rate in RATES)} |")


def cell(one: Score) -> str:
    """Return the figures of one condition and rate."""
    errors = f"{one.f1:.4f} · {one.signed_percent:+.1f} % · {one.error_a_minute:.2f}"
    return f"{errors} · −{one.missed} +{one.surplus}"


def print_times(people: int = 70, seconds: int = 60) -> None:
    """Print the time of track, zones, lines and events for each frame of a crowd that stays in view."""
    thirds = [[[0, 0], [430, 0], [430, 720], [0, 720]], [[430, 0], [1280, 0], [1280, 330], [430, 330]]]
    events = {"crowding": {"threshold": 20}, "loitering": {"threshold": 30}, "stopped": {"threshold": 20}}
    zones = [{"name": f"zone-{k}", "polygon": corners, "events": events} for k, corners in enumerate(thirds)]
    analytics = SceneAnalytics(scene_of(zones=zones), labels=["person"])
    found = detections(resident_crowd(7101, seconds, people), Faults(hiding=False), 7101)
    spent, tracked = [], []
    for frame, seen in enumerate(found):
        begin = time.process_time_ns()
        analytics.update(seen, START_MS + round(1000 * frame / RATE))
        spent.append((time.process_time_ns() - begin) / 1e6)
        tracked.append(len(analytics.tracks))
    median, high = np.percentile(spent[RATE:], [50, 99])
    say("\n| objects | tracked, mean | frames | median ms | p99 ms |\n| --- | --- | --- | --- | --- |")
    say(f"| {people} | {np.mean(tracked[RATE:]):.1f} | {len(spent) - RATE:,} | {median:.2f} | {high:.2f} |")


def print_clip(minimum_frames: int = 30) -> None:
    """Print how many tracks of the real clip are long."""
    clip, model = SHARED / "media" / "vtest.avi", SHARED / "models" / "yolox_nano.onnx"
    if not clip.exists():
        say("\nvtest.avi: skipped, ../shared is not there")
        return
    detector = open_detector(model)
    settings = TrackerSettings(high_confidence=detector.confidence, new_track_confidence=detector.confidence)
    scene = read_scene(ROOT / "examples" / "plaza.yaml")
    analytics = SceneAnalytics(scene, labels=detector.labels, tracker_settings=settings)
    source = open_source(str(clip))
    frames: Counter[int] = Counter()
    while (frame := source.read(1.0)) is not None:
        analytics.update(detector.detect(frame.image), 100 * frame.index)
        for sighting in analytics.sightings:
            frames.update(sighting.ids.tolist())
    source.close()
    long = sum(count >= minimum_frames for count in frames.values())
    say(f"\nvtest.avi: {long} tracks of {minimum_frames} frames or more, {len(frames)} tracks in all")


if __name__ == "__main__":
    sys.exit(main())
