"""The truth of the demo clip: the counting rule, and that the committed files agree with each other."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from contract.scene import parse_scene
from training import demo_world as world
from training.appearance import random_appearance
from training.clip import ClipError, ClipTruth, counts_document, track_lines, true_crossings, true_occupancy
from training.crowd import crowd
from training.demo_world import Crossing, inside_polygon, segment_crossing
from training.frames import Person, PersonTruth
from training.gait import Stance
from training.settings import DEMO_FOLDER

DOWNWARD = np.array([[100.0, 0.0], [100.0, 200.0]])


def walking(ways: dict[int, list[tuple[float, float]]]) -> list[list[Person]]:
    """Return frames of people at ground places, one place per frame each."""
    looks = random_appearance(np.random.default_rng(0))
    length = max(len(way) for way in ways.values())
    return [
        [
            Person(who, looks, Stance(*way[index], 0.0, 0.0, 1.0))
            for who, way in ways.items()
            if index < len(way)
        ]
        for index in range(length)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((90, 50), (110, 50), ("in", 0.5), id="left to right over a line drawn downwards is in"),
        pytest.param((115, 50), (95, 50), ("out", 0.75), id="right to left is out"),
        pytest.param((90, 250), (110, 250), None, id="past the end of the segment"),
        pytest.param((80, 50), (95, 60), None, id="does not reach it"),
        pytest.param((90, -10), (110, 30), ("in", 0.5), id="slanting"),
    ],
)
def test_the_crossing_rule(
    before: tuple[float, float], after: tuple[float, float], expected: tuple[str, float] | None
) -> None:
    crossing = segment_crossing(DOWNWARD, np.array(before, float), np.array(after, float))
    if expected is None:
        assert crossing is None
    else:
        assert crossing is not None
        assert crossing[0] == expected[0]
        assert crossing[1] == pytest.approx(expected[1])


@pytest.mark.parametrize(
    ("foot", "inside"),
    [
        pytest.param((5, 5), True, id="middle"),
        pytest.param((15, 5), False, id="beside"),
        pytest.param((2, 9), False, id="in the notch"),
    ],
)
def test_inside_polygon(foot: tuple[float, float], inside: bool) -> None:
    notched = np.array([[0, 0], [10, 0], [10, 10], [2.5, 6], [0, 10]], float)
    assert inside_polygon(notched, np.array(foot, float)) is inside


def gate() -> dict[str, list[list[int]]]:
    return {"gate": world.image_points(((0.0, 18.0), (0.0, 8.0)))}


def across(start_m: float, end_m: float, frames: int = 400) -> list[tuple[float, float]]:
    return [(float(x), 12.0) for x in np.linspace(start_m, end_m, frames)]


def test_crossings_have_direction_time_and_person() -> None:
    found = true_crossings(walking({7: across(-3, 3), 9: across(2, -4)}), gate())
    assert [(crossing.direction, crossing.identity) for crossing in found] == [("out", 9), ("in", 7)]
    assert found[1].time_seconds == pytest.approx(199.5 / 15, abs=0.01)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        pytest.param(across(-3, 3, 200) + across(3, -3, 200), "crosses gate 2 times", id="turns back"),
        pytest.param(across(-3, -0.05), "does not cross", id="stops at the line"),
        pytest.param(across(-0.1, 8), "too near the clip's start", id="crosses in the first second"),
    ],
)
def test_undecidable_crossings_are_refused(way: list[tuple[float, float]], reason: str) -> None:
    with pytest.raises(ClipError, match=reason):
        true_crossings(walking({1: way}), gate())


def test_occupancy_counts_foot_points() -> None:
    zone = {"west": world.image_points(((-5.0, 9.0), (-1.0, 9.0), (-1.0, 16.0), (-5.0, 16.0)))}
    counted = true_occupancy(walking({1: across(-7, 3, 11), 2: across(-2, -2, 11)}), zone)
    assert counted["west"] == [1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1]


def test_the_documents_add_up() -> None:
    crossings = [
        Crossing("gate", "in", 2.0, 1),
        Crossing("gate", "in", 3.0, 2),
        Crossing("gate", "out", 4.0, 3),
    ]
    document = counts_document(ClipTruth([(), ()], crossings, {"west": [0, 3]}), ["gate", "kerb"])
    assert document["lines"] == {"gate": {"in": 2, "out": 1}, "kerb": {"in": 0, "out": 0}}
    assert document["zones"] == {"west": {"max": 3, "mean": 1.5}}
    assert document["frames"] == 2


def test_tracks_leave_out_the_hidden() -> None:
    def someone(identity: int, visible: float) -> PersonTruth:
        return PersonTruth(identity, (1, 2, 3, 4), (1, 2, 3, 4), visible, 1.0, (2.0, 6.0), (0.0, 9.0))

    assert track_lines([(someone(1, 0.01),), (someone(2, 0.5),)]) == ["2,2,1.0,2.0,3.0,4.0,1,1,0.500"]


# The files in examples/demo are what the code draws, and fit each other.


@pytest.fixture(scope="module")
def counts() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DEMO_FOLDER / "truth_counts.json").read_text())
    return document


@pytest.fixture(scope="module")
def moments() -> list[list[Person]]:
    return list(
        crowd(
            world.CROWD_SEED,
            world.PLAZA,
            seconds=world.SECONDS,
            frames_per_second=world.FRAMES_PER_SECOND,
            arrivals_per_second=world.ARRIVALS_PER_SECOND,
        )
    )


def test_the_scene_is_the_worlds_and_valid() -> None:
    document = yaml.safe_load((DEMO_FOLDER / "scene.yaml").read_text())
    assert document == world.scene_document()
    scene = parse_scene(document)
    assert [line.name for line in scene.lines] == ["gate", "far_kerb"]


def test_the_counts_are_the_worlds(counts: dict[str, Any], moments: list[list[Person]]) -> None:
    scene = world.scene_document()
    crossings = true_crossings(moments, {line["name"]: line["points"] for line in scene["lines"]})
    occupancy = true_occupancy(moments, {zone["name"]: zone["polygon"] for zone in scene["zones"]})
    truth = ClipTruth([()] * len(moments), crossings, occupancy)
    expected = counts_document(truth, ["gate", "far_kerb"])
    assert counts["lines"] == expected["lines"]
    assert counts["frames"] == expected["frames"]
    # Another processor may round the walk differently in the last digits.
    for mine, theirs in zip(counts["crossings"], expected["crossings"], strict=True):
        assert mine["time_seconds"] == pytest.approx(theirs["time_seconds"], abs=0.05)
    for name, zone in expected["zones"].items():
        assert counts["zones"][name]["mean"] == pytest.approx(zone["mean"], abs=0.02)


def test_both_lines_are_crossed_both_ways(counts: dict[str, Any]) -> None:
    assert min(count for line in counts["lines"].values() for count in line.values()) >= 3


def test_the_video_plays_whole_and_is_small(counts: dict[str, Any]) -> None:
    path = DEMO_FOLDER / "demo.mp4"
    reader, frames = cv2.VideoCapture(str(path)), 0
    while reader.grab():
        frames += 1
    rate = reader.get(cv2.CAP_PROP_FPS)
    reader.release()
    assert (frames, rate) == (counts["frames"], counts["frames_per_second"])
    assert path.stat().st_size <= 3_000_000


def test_crossing_people_have_tracks_around_their_crossing(counts: dict[str, Any]) -> None:
    rows = np.loadtxt(DEMO_FOLDER / "truth_tracks.txt", delimiter=",")
    for crossing in counts["crossings"]:
        number = round(crossing["time_seconds"] * counts["frames_per_second"]) + 1
        mine = rows[(rows[:, 1] == crossing["id"]) & (abs(rows[:, 0] - number) <= 15)]
        assert len(mine) >= 15, crossing
