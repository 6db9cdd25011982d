"""The failures of counters as MOT text: `crowdlens replay` writes the exact truth into summary.json.

A clock that jumps cannot be said in MOT text, whose frames have numbers and no times; it is replayed in
test_failures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.scene import Scene
from edge_components.runtime.inference.detections import Detections
from edge_components.vision.replay import replay

Frames = list[tuple[int, Detections]]

GATE = [[320, 0], [320, 360]]
HALL = [[160, 40], [480, 40], [480, 350], [160, 350]]
INNER = [[240, 60], [400, 60], [400, 350], [240, 350]]
ACROSS = [(0, 60, 300), (6, 580, 300)]
BACK = [(0, 580, 240), (6, 60, 240)]


@dataclass(frozen=True)
class Scenario:
    """What is seen, and the truth: `line` in and out, entries and exits by zone, and the number of tracks."""

    frames: Callable[[Any], Frames]
    line: tuple[int, int]
    tracks: int | None = None
    zones: dict[str, tuple[int, int]] = field(default_factory=dict)
    gate: list[list[int]] = field(default_factory=lambda: GATE)
    rate: float = 15.0


def walk(*ways: Sequence[tuple[float, float, float]], **faults: Any) -> Callable[[Any], Frames]:
    """Return what is seen of people who go along `ways`, with faults of the detector and boxes by name."""
    own = {name: faults.pop(name) for name in ("height", "hidden") if name in faults}

    def frames(replays: Any) -> Frames:
        people = [replays.Walker(way, **own) for way in ways]
        world = replays.World(people, frames_per_second=15.0, **{"noise": 0.015, **faults})
        return list(world.frames())

    return frames


def waiting_car(replays: Any) -> Frames:
    along = np.concatenate((np.linspace(150, 320, 45), np.full(900, 320.0), np.linspace(320, 600, 60)))
    feet = np.stack((along, np.full(len(along), 300.0)), axis=1)[:, None, :]
    noise, memory = np.array([0.04]), np.array([2.0])
    return list(replays.trembling(feet, np.array([[200.0, 60.0]]), noise, memory, rate=15.0, seed=4))


def flickers(replays: Any) -> Frames:
    people = [replays.Walker([(start, 300, 300), (start + 0.08, 340, 300)]) for start in range(8)]
    return list(replays.World(people, frames_per_second=15.0).frames())


def shaking(replays: Any) -> Frames:
    waits = replays.Walker([(0, 320, 355), (14, 320, 355)], height=60)
    passes = replays.Walker([(1, -30, 200), (8, 670, 200)], height=60)
    world = replays.World([waits, passes], frames_per_second=15.0, noise=0.01)
    return list(replays.shaken(world.frames(), 6.0, 0.7))


def falling_rate(replays: Any) -> Frames:
    world = replays.World(
        [replays.Walker(ACROSS), replays.Walker([(t + 5, x, y) for t, x, y in BACK])],
        frames_per_second=30.0,
        noise=0.015,
    )
    # From the fifth second on the text has every sixth frame only.
    return [
        (moment, seen if index < 150 or index % 6 == 0 else Detections.empty())
        for index, (moment, seen) in enumerate(world.frames())
    ]


def stroller(replays: Any) -> Frames:
    pusher = replays.Walker([(0, 60, 300), (8, 560, 300)], height=110)
    child = replays.Walker([(0, 96, 296), (8, 596, 296)], height=55)
    return list(replays.World([pusher, child], frames_per_second=15.0, noise=0.01).frames())


GROUP = [
    [
        (0.1 * k, 60 + 13 * (k % 5), 180 + 35 * (k // 5) + 8 * (k % 5)),
        (6 + 0.1 * k, 560, 180 + 14 * k),
    ]
    for k in range(10)
]
JUMP = [(0, 60, 300), (2, 140, 300), (4, 140, 300), (4.067, 175, 300), (4.133, 140, 300), (6, 60, 300)]
FLICKERS_BACK = [(0, 60, 300), (3, 340, 300), (3.067, 300, 300), (3.133, 346, 300), (5.5, 580, 300)]

SCENARIOS = [
    pytest.param(Scenario(waiting_car, (1, 0), tracks=1), id="a car waits on the line for a minute"),
    pytest.param(Scenario(flickers, (0, 0), tracks=0), id="flickers are never confirmed"),
    pytest.param(Scenario(walk(FLICKERS_BACK), (1, 0), tracks=1), id="a flicker back over the line"),
    pytest.param(
        Scenario(walk([(0, 300, 300), (4, 760, 300)]), (1, 0), gate=[[634, 0], [634, 360]]),
        id="a line near the frame's edge",
    ),
    pytest.param(
        Scenario(walk(ACROSS), (1, 0), tracks=1, zones={"hall": (1, 1), "inner": (1, 1)}),
        id="one box in two zones",
    ),
    pytest.param(Scenario(walk(JUMP), (0, 0), zones={"hall": (0, 0)}), id="a one-frame jump"),
    pytest.param(
        Scenario(walk([(0, 60, 300), (3, 319, 300), (40, 319, 300), (43, 60, 300)], noise=0.03), (0, 0)),
        id="jitter on the line",
    ),
    pytest.param(
        Scenario(walk(ACROSS, hidden=[(2.0, 4.0)]), (1, 0), tracks=1, zones={"hall": (1, 1)}),
        id="hidden for two seconds on the line",
    ),
    pytest.param(
        Scenario(walk(ACROSS, BACK), (1, 1), tracks=2, zones={"hall": (2, 2)}),
        id="two cross in opposite directions",
    ),
    pytest.param(Scenario(walk(*GROUP), (10, 0), tracks=10, zones={"hall": (10, 10)}), id="a group of ten"),
    pytest.param(Scenario(stroller, (2, 0), tracks=2, zones={"hall": (2, 2)}), id="a child in a stroller"),
    pytest.param(Scenario(shaking, (1, 0)), id="a shaking camera"),
    pytest.param(
        Scenario(walk(ACROSS, BACK, missed=0.3), (1, 1), tracks=2, zones={"hall": (2, 2)}),
        id="missed detections of 30 percent",
    ),
    pytest.param(
        Scenario(walk(ACROSS, BACK, false_per_frame=0.2), (1, 1), zones={}),
        id="false detections of 10 percent",
    ),
    pytest.param(
        Scenario(walk([(0, 6, 90), (12, 6, 340)], height=80), (0, 1), tracks=1, gate=[[0, 220], [640, 220]]),
        id="ids at the frame's edge",
    ),
    pytest.param(
        Scenario(falling_rate, (1, 1), tracks=2, zones={"hall": (2, 2)}, rate=30.0),
        id="30 frames a second become five",
    ),
]


def scene_of(replays: Any, scenario: Scenario) -> Scene:
    scene: Scene = replays.make_scene(
        lines=[{"name": "gate", "points": scenario.gate}],
        zones=[{"name": "hall", "polygon": HALL}, {"name": "inner", "polygon": INNER}],
    )
    return scene


def write_mot(path: Path, frames: Frames) -> None:
    lines = []
    for number, (_, seen) in enumerate(frames, start=1):
        for (left, top, right, bottom), confidence in zip(seen.boxes, seen.confidences, strict=True):
            box = f"{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f}"
            lines.append(f"{number},-1,{box},{confidence:.3f},-1,-1,-1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_replay_writes_the_exact_truth(scenario: Scenario, tmp_path: Path, replays: Any) -> None:
    write_mot(tmp_path / "det.txt", scenario.frames(replays))
    replay(
        tmp_path / "det.txt",
        frames_per_second=scenario.rate,
        width=replays.WIDTH,
        height=replays.HEIGHT,
        scene=scene_of(replays, scenario),
        out_dir=tmp_path / "out",
    )
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert tuple(summary["lines"]["gate"].values()) == scenario.line
    for name, changes in scenario.zones.items():
        assert (name, summary["zones"][name]["entries"], summary["zones"][name]["exits"]) == (name, *changes)
    if scenario.tracks is not None:
        assert summary["tracks"] == scenario.tracks


SCENE_TEXT = """site: test
time_zone: Asia/Seoul
camera: gate-1
frame: {width: 640, height: 360}
classes: [car]
lines:
  - {name: gate, points: [[320, 0], [320, 360]]}
"""


def test_the_command_itself_writes_the_truth(tmp_path: Path, replays: Any) -> None:
    write_mot(tmp_path / "det.txt", waiting_car(replays))
    (tmp_path / "scene.yaml").write_text(SCENE_TEXT, encoding="utf-8")
    where = ["--detections", "det.txt", "--scene", "scene.yaml", "--out", "out"]
    subprocess.run(
        [sys.executable, "-m", "cli.main", "replay", *where, "--fps", "15", "--size", "640x360"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        check=True,
        timeout=60,
    )
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["lines"] == {"gate": {"in": 1, "out": 0}}
    assert summary["tracks"] == 1
