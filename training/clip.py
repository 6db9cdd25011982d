"""Renders the demo clip and writes its exact truth: tracks, line crossings, zone occupancy."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from contract.errors import CrowdLensError
from training import demo_world as world
from training.arrays import Image, points
from training.crowd import crowd
from training.demo_world import Crossing
from training.frames import Frame, Person, PersonTruth, compose
from training.photometry import Look, expose

logger = logging.getLogger(__name__)

LOOK = Look((1.02, 1.0, 0.98), 1.0, 1.0, 0.02, 0.10, 0.75, 0.15, 0.95, 99)
LEAST_TRACK_VISIBLE = 0.05
CLEAR_OF_LINE_PIXELS = 7.0
SETTLING_SECONDS = 1.2
MOST_BYTES = 3_000_000


class ClipError(CrowdLensError):
    """Raised when the demo clip cannot be made as promised; the text says why."""


@dataclass(frozen=True)
class ClipTruth:
    """What is true of the clip: per frame its people, all crossings, people in each zone per frame."""

    frames: list[tuple[PersonTruth, ...]]
    crossings: list[Crossing]
    occupancy: dict[str, list[int]]


def foot_paths(frames: Sequence[Sequence[Person]]) -> dict[int, list[tuple[int, np.ndarray[Any, Any]]]]:
    """Return every person's frames (from 0) and projected foot points in pixels, outside the frame too."""
    paths: dict[int, list[tuple[int, np.ndarray[Any, Any]]]] = {}
    for index, people in enumerate(frames):
        for person in people:
            ground = points([[person.stance.x_m, person.stance.y_m]])
            paths.setdefault(person.identity, []).append((index, world.CAMERA.project_ground(ground)[0]))
    return paths


def true_crossings(frames: Sequence[Sequence[Person]], lines: dict[str, list[list[int]]]) -> list[Crossing]:
    """Return every crossing of every line, in time order; times are interpolated between frames.

    Raises ClipError when the truth would not be decidable from the pictures: a person crosses a line back,
    nearly crosses it, or crosses it at the very start or end of the clip.
    """
    found: list[Crossing] = []
    for identity, path in foot_paths(frames).items():
        for name, ends in lines.items():
            line = points(ends)
            mine = []
            for (index, before), (_, after) in pairwise(path):
                crossing = world.segment_crossing(line, before, after)
                if crossing is not None:
                    when = (index + crossing[1]) / world.FRAMES_PER_SECOND
                    mine.append(Crossing(name, crossing[0], round(when, 3), identity))
            _require_decidable(identity, line, path, mine)
            found += mine
    return sorted(found, key=lambda item: item.time_seconds)


def _require_decidable(
    identity: int,
    line: np.ndarray[Any, Any],
    path: list[tuple[int, np.ndarray[Any, Any]]],
    mine: list[Crossing],
) -> None:
    if len(mine) > 1:
        raise ClipError(
            f"person {identity} crosses {mine[0].line} {len(mine)} times; choose another crowd seed"
        )
    if mine:
        earliest, latest = SETTLING_SECONDS, world.SECONDS - SETTLING_SECONDS
        if not earliest <= mine[0].time_seconds <= latest:
            raise ClipError(
                f"person {identity} crosses at {mine[0].time_seconds} s, too near the clip's start or end"
            )
        return
    along = line[1] - line[0]
    for _, foot in path:
        reach = float((foot - line[0]) @ along / (along @ along))
        distance = abs(world.side_of(line, foot)) / float(np.linalg.norm(along))
        if 0 <= reach <= 1 and distance < CLEAR_OF_LINE_PIXELS:
            raise ClipError(
                f"person {identity} comes within {distance:.0f} px of a line and does not cross it"
            )


def true_occupancy(
    frames: Sequence[Sequence[Person]], zones: dict[str, list[list[int]]]
) -> dict[str, list[int]]:
    """Return how many foot points lie in each zone in every frame."""
    counted: dict[str, list[int]] = {name: [] for name in zones}
    for people in frames:
        ground = points([[person.stance.x_m, person.stance.y_m] for person in people]).reshape(-1, 2)
        feet = world.CAMERA.project_ground(ground)
        for name, polygon in zones.items():
            counted[name].append(sum(world.inside_polygon(points(polygon), foot) for foot in feet))
    return counted


def track_lines(frames: Sequence[Sequence[PersonTruth]]) -> list[str]:
    """Return MOT ground truth.

    Frame,id,left,top,width,height,1,1,visible for everybody at least a little visible.
    """
    lines = []
    for number, people in enumerate(frames, start=1):
        for person in people:
            if person.visible_fraction >= LEAST_TRACK_VISIBLE:
                left, top, width, height = person.full_box
                lines.append(
                    f"{number},{person.identity},{left:.1f},{top:.1f},{width:.1f},{height:.1f},1,1,"
                    f"{person.visible_fraction:.3f}"
                )
    return lines


def counts_document(truth: ClipTruth, line_names: Sequence[str]) -> dict[str, Any]:
    """Return the truth of counts as plain data."""
    lines = {
        name: {
            direction: sum(c.line == name and c.direction == direction for c in truth.crossings)
            for direction in ("in", "out")
        }
        for name in line_names
    }
    crossings = [
        {"line": c.line, "direction": c.direction, "time_seconds": c.time_seconds, "id": c.identity}
        for c in truth.crossings
    ]
    zones = {
        name: {"max": max(counts), "mean": round(float(np.mean(counts)), 4)}
        for name, counts in truth.occupancy.items()
    }
    return {
        "frames": len(truth.frames),
        "frames_per_second": world.FRAMES_PER_SECOND,
        "lines": lines,
        "crossings": crossings,
        "zones": zones,
        "zone_counts_per_frame": truth.occupancy,
    }


def clip_frames(moments: Sequence[Sequence[Person]]) -> list[Frame]:
    """Render every moment of the clip through the demo camera."""
    scenery = world.demo_scenery()
    generator = np.random.default_rng(world.CROWD_SEED + 1)
    frames = []
    for index, people in enumerate(moments):
        frame = compose(scenery, people)
        frames.append(Frame(expose(frame.picture, LOOK, generator), frame.people))
        if index % 150 == 149:
            logger.info("clip: %d of %d frames rendered", index + 1, len(moments))
    return frames


def encode(path: Path, pictures: Sequence[Image]) -> int:
    """Write a video of the pictures and return its size in bytes.

    Raises ClipError when the encoder is missing or the file does not play back whole.
    """
    part = path.with_name(f"part-{path.name}")
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(part), code, world.FRAMES_PER_SECOND, (world.WIDTH, world.HEIGHT))
    if not writer.isOpened():
        raise ClipError("OpenCV has no mp4v encoder here")
    for picture in pictures:
        writer.write(picture)
    writer.release()
    reader, played = cv2.VideoCapture(str(part)), 0
    while reader.read()[0]:
        played += 1
    reader.release()
    size = part.stat().st_size
    if played != len(pictures) or size > MOST_BYTES:
        part.unlink()
        raise ClipError(
            f"the clip plays {played} of {len(pictures)} frames in {size} bytes (most: {MOST_BYTES})"
        )
    part.replace(path)
    return size


def make_clip(folder: Path) -> ClipTruth:
    """Render the demo clip into a folder: demo.mp4, scene.yaml, truth_tracks.txt and truth_counts.json."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = world.scene_document()
    moments = list(
        crowd(
            world.CROWD_SEED,
            world.PLAZA,
            seconds=world.SECONDS,
            frames_per_second=world.FRAMES_PER_SECOND,
            arrivals_per_second=world.ARRIVALS_PER_SECOND,
        )
    )
    crossings = true_crossings(moments, {line["name"]: line["points"] for line in scene["lines"]})
    occupancy = true_occupancy(moments, {zone["name"]: zone["polygon"] for zone in scene["zones"]})
    frames = clip_frames(moments)
    size = encode(folder / "demo.mp4", [frame.picture for frame in frames])
    logger.info("clip: %d bytes, %d crossings", size, len(crossings))
    truth = ClipTruth([frame.people for frame in frames], crossings, occupancy)
    (folder / "truth_tracks.txt").write_text("\n".join(track_lines(truth.frames)) + "\n")
    counts = counts_document(truth, [line["name"] for line in scene["lines"]])
    (folder / "truth_counts.json").write_text(json.dumps(counts, separators=(",", ":")) + "\n")
    (folder / "scene.yaml").write_text(yaml.safe_dump(scene, sort_keys=False, default_flow_style=None))
    return truth
