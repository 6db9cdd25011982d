"""One stretch: a generated crowd before a camera, seen by a faulty detector, through tracker and counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cli.history import view
from cli.history.agents import Agent, Random
from cli.history.kinds import Kind, scene_document
from cli.history.view import HALF_WIDTH_PER_METRE, HEIGHT, WIDTH, Floats
from contract.records import Record
from contract.scene import Line, Scene, parse_scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detections import Detections

WINDOW_SECONDS = 60
STRETCH_SECONDS = 300
FRAMES_PER_SECOND = 5.0
_LEAD_SECONDS, _TAIL_SECONDS = 60.0, 20.0
"""Before and after what is kept: who is there when it begins was there before, and stays when it ends."""
_MISSED_SHARE, _FALSE_PER_FRAME, _EDGE_NOISE = 0.04, 0.01, 0.012
_EPOCH_MS = 1_760_000_040_000 - 1_760_000_040_000 % (1000 * STRETCH_SECONDS)


@dataclass(frozen=True)
class Stretch:
    """What a replay gave in `STRETCH_SECONDS`: records with times from 0 ms on, and the crossings in truth.

    An event is kept when it began in that time, with what it came to later.
    """

    records: tuple[Record, ...]
    true_crossings: int
    counted_crossings: int


def template_scene(kind: Kind) -> Scene:
    """Return the scene in which stretches of a kind are replayed."""
    return parse_scene(
        scene_document(
            kind, site="template", camera="template", time_zone="UTC", language="en", origin=(0.0, 0.0)
        )
    )


def replay_stretch(kind: Kind, level: float, inward: float, random: Random) -> Stretch:
    """Replay a crowd of `level` people and vehicles on average, the share `inward` of them going in."""
    scene = template_scene(kind)
    seconds = np.arange(0, _LEAD_SECONDS + STRETCH_SECONDS + _TAIL_SECONDS, 1 / FRAMES_PER_SECOND)
    agents = kind.make_agents(random, level, 0.0, float(seconds[-1]), inward) if level > 0 else []
    analytics = SceneAnalytics(scene, labels=scene.classes, window_seconds=WINDOW_SECONDS)
    start_ms = _EPOCH_MS - round(1000 * _LEAD_SECONDS)
    records: list[Record] = []
    for moment, found in zip(seconds.tolist(), _frames(scene, agents, seconds, random), strict=True):
        records += analytics.update(found, start_ms + round(1000 * moment))
    records += analytics.close()
    kept = tuple(record for record in records if 0 <= _kept_by(record) - _EPOCH_MS < 1000 * STRETCH_SECONDS)
    times = (_LEAD_SECONDS, _LEAD_SECONDS + STRETCH_SECONDS)
    return Stretch(
        tuple(_shifted(record) for record in kept),
        true_crossings=sum(_true_crossings(scene.lines, agent, times) for agent in agents),
        counted_crossings=Counter(record.table for record in kept)["line_crossings"],
    )


def _kept_by(record: Record) -> int:
    return int(record.values["started_at"] or 0) if record.table == "events" else record.event_time_ms


def _shifted(record: Record) -> Record:
    values = dict(record.values)
    if "started_at" in values:
        values["started_at"] = int(values["started_at"] or 0) - _EPOCH_MS
    return Record(
        record.table, None, None, None, record.event_time_ms - _EPOCH_MS, record.clock_quality, values
    )


def _frames(scene: Scene, agents: Sequence[Agent], seconds: Floats, random: Random) -> list[Detections]:
    """Return what a detector with faults finds at each of `seconds`."""
    rows = [_sightings(scene, agent, seconds) for agent in agents]
    seen = np.concatenate(rows) if rows else np.empty((0, 6))
    seen = seen[random.random(len(seen)) >= _MISSED_SHARE]
    heights = seen[:, 4] - seen[:, 2]
    seen[:, 1:5] += random.normal(0, 1, (len(seen), 4)) * (_EDGE_NOISE * heights)[:, None]
    false = _false_boxes(len(seconds), random)
    found = np.concatenate((seen, false))
    confidences = np.concatenate((random.uniform(0.6, 0.97, len(seen)), random.uniform(0.5, 0.7, len(false))))
    order = np.argsort(found[:, 0], kind="stable")
    found, confidences = found[order], confidences[order]
    borders = np.searchsorted(found[:, 0], np.arange(len(seconds) + 1))
    return [
        Detections(
            np.clip(found[first:last, 1:5], 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32),
            confidences[first:last].astype(np.float32),
            found[first:last, 5].astype(np.int64),
        )
        for first, last in pairwise(borders.tolist())
    ]


def _sightings(scene: Scene, agent: Agent, seconds: Floats) -> Floats:
    """Return the rows (N, 6) of an agent: frame, left, top, right, bottom, class."""
    frames = np.flatnonzero((seconds >= agent.times[0]) & (seconds <= agent.times[-1]))
    places = agent.at(seconds[frames])
    half_width = 0.5 * agent.width_m
    shown = np.abs(places[:, 0]) < HALF_WIDTH_PER_METRE * places[:, 1] + 0.8 * half_width
    frames, places = frames[shown], places[shown]
    count = len(frames)
    boxes = view.boxes(places, np.full(count, agent.width_m), np.full(count, agent.height_m))
    class_ids = np.full(count, scene.classes.index(agent.class_name))
    return np.column_stack((frames, boxes, class_ids))


def _false_boxes(frames: int, random: Random) -> Floats:
    count = int(random.poisson(_FALSE_PER_FRAME * frames))
    height = random.uniform(50, 160, count)
    left, bottom = random.uniform(0, WIDTH - 70, count), random.uniform(200, HEIGHT, count)
    where = random.integers(0, frames, count)
    return np.column_stack((where, left, bottom - height, left + 0.4 * height, bottom, np.zeros(count)))


def _true_crossings(lines: Sequence[Line], agent: Agent, times: tuple[float, float]) -> int:
    """Return how often the foot point of an agent goes over the lines, by the rule as the scene says it."""
    moments = np.arange(agent.times[0], agent.times[-1], 0.02)
    places = view.feet(agent.at(moments))
    return sum(
        _over(np.array(start), np.array(end), places, moments, times)
        for line in lines
        for start, end in pairwise(line.points)
    )


def _over(start: Floats, end: Floats, places: Floats, moments: Floats, times: tuple[float, float]) -> int:
    way = end - start
    beyond = (places - start) @ np.array([-way[1], way[0]]) > 0
    along = (places - start) @ way / (way @ way)
    changed = beyond[1:] != beyond[:-1]
    inside = (along[1:] >= 0) & (along[1:] < 1) & (moments[1:] >= times[0]) & (moments[1:] < times[1])
    return int((changed & inside).sum())
