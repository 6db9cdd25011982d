"""Generated crowds before a camera with perspective: who walks where, and what a detector sees of it.

Walkers come in groups, go by way points, stop, turn, keep clear of one another (a social force model after
Helbing and Molnár, Physical Review E 51, 1995) and hide one another; a post hides those behind it. Everything
is simulated 30 times a second; lower rates leave frames out, so that all rates see the same crowd.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.detections import Detections

Floats = npt.NDArray[np.float64]
Random = np.random.Generator

RATE = 30
WIDTH, HEIGHT = 1280, 720
CAMERA_HEIGHT_M, TILT_DEGREES, FIELD_OF_VIEW_DEGREES = 6.0, 30.0, 60.0
POST = (905.0, 0.0, 935.0, 400.0)
"""Left, top, right and bottom of what hides those whose feet are above its foot."""
GROUP_SIZES = (0.5, 0.3, 0.15, 0.05)
STOP_SHARE, STOP_SECONDS = 0.25, (2.0, 12.0)
TURN_BACK_SHARE = 0.1
HIDDEN_BELOW = 0.35
"""A detector finds nobody of whom it sees a smaller share."""


@dataclass
class Route:
    """Where a walker goes: `stops` has the seconds to wait at each of `points`."""

    points: list[Floats]
    stops: list[float]
    speed: float


@dataclass
class Crowd:
    """True boxes (T, N, 4) of N walkers in T frames, NaN while one is not there, and which share is seen."""

    boxes: Floats
    seen: Floats

    @property
    def feet(self) -> Floats:
        """Foot points (T, N, 2) of the true boxes, in pixels."""
        return np.stack(((self.boxes[..., 0] + self.boxes[..., 2]) / 2, self.boxes[..., 3]), axis=-1)

    @property
    def heights(self) -> Floats:
        """Heights (T, N) of the true boxes, in pixels."""
        return self.boxes[..., 3] - self.boxes[..., 1]


@dataclass(frozen=True)
class Faults:
    """What a detector does wrong."""

    noisy: bool = True
    """Boxes are off by 1 px + 2 % of their height on every edge, more for people who are partly hidden."""
    hiding: bool = True
    """Who is hidden is not found."""
    missed: float = 0.0
    false: float = 0.0
    """False boxes for each person in the picture."""


def passing_crowd(seed: int, seconds: int, groups_a_second: float) -> Crowd:
    """Return people who come in at one side and leave at another."""
    random = np.random.default_rng(seed)
    starts: list[int] = []
    routes: list[Route] = []
    for frame in range(seconds * RATE):
        for _ in range(random.poisson(groups_a_second / RATE)):
            group = _group(random)
            routes += group
            starts += [frame] * len(group)
    return _crowd(routes, starts, seconds * RATE, random)


def resident_crowd(seed: int, seconds: int, people: int) -> Crowd:
    """Return `people` who walk about in the picture and never leave it."""
    random = np.random.default_rng(seed)
    routes = [
        Route([_inside(random) for _ in range(2 * seconds)], [0.0] * (2 * seconds), random.uniform(0.8, 1.6))
        for _ in range(people)
    ]
    return _crowd(routes, [0] * people, seconds * RATE, random)


def _group(random: Random) -> list[Route]:
    """Return the routes of people who walk side by side, 0.5 to 0.8 m apart."""
    side = int(random.integers(4))
    away = side if random.random() < TURN_BACK_SHARE else (side + int(random.integers(1, 4))) % 4
    middle = [_inside(random) for _ in range(int(random.integers(1, 3)))]
    points = [_border(random, side), *middle, _border(random, away)]
    stops = [0.0] * len(points)
    if random.random() < STOP_SHARE:
        stops[1] = random.uniform(*STOP_SECONDS)
    speed = float(np.clip(random.normal(1.3, 0.25), 0.6, 2.2))
    angle, apart = random.uniform(0, 2 * np.pi), random.uniform(0.5, 0.8)
    size = 1 + int(random.choice(len(GROUP_SIZES), p=GROUP_SIZES))
    offsets = [k * apart * np.array([np.cos(angle), np.sin(angle)]) for k in range(size)]
    return [Route([point + offset for point in points], stops, speed) for offset in offsets]


def _inside(random: Random) -> Floats:
    y = random.uniform(8.0, 20.0)
    return np.array([random.uniform(-0.5, 0.5) * y, y])


def _border(random: Random, side: int) -> Floats:
    along = random.uniform(-1.0, 1.0)
    places = ((-15.0, 14 + 8 * along), (7 * along, 31.0), (15.0, 14 + 8 * along), (4 * along, 4.2))
    return np.array(places[side])


def _crowd(routes: list[Route], starts: list[int], frames: int, random: Random) -> Crowd:
    boxes = np.full((frames, len(routes), 4), np.nan)
    heights_m = random.normal(1.70, 0.08, len(routes))
    walk = _Walk(routes, random)
    for frame in range(frames):
        present = walk.step(np.flatnonzero(np.array(starts) == frame))
        boxes[frame, present] = _project(walk.places[present], heights_m[present])
    seen = np.full(boxes.shape[:2], np.nan)
    for frame in range(frames):
        present = np.flatnonzero(np.isfinite(boxes[frame, :, 0]))
        seen[frame, present] = _seen_share(boxes[frame, present])
    return Crowd(boxes, seen)


class _Walk:
    """Moves the walkers by a thirtieth of a second at a time."""

    def __init__(self, routes: list[Route], random: Random) -> None:
        self._routes, self._random = routes, random
        self.places = np.array([route.points[0] for route in routes])
        self._speeds = np.array([route.speed for route in routes])
        self._velocities = np.zeros_like(self.places)
        self._goals = self.places.copy()
        self._next = np.zeros(len(routes), np.int64)
        self._waits = np.zeros(len(routes))
        self._present = np.zeros(len(routes), np.bool_)

    def step(self, new: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Let those in `new` begin, move everybody and return who is there."""
        self._present[new] = True
        here = np.flatnonzero(self._present)
        distances = np.linalg.norm(self._goals[here] - self.places[here], axis=1)
        for walker in here[(distances < 0.6) & (self._waits[here] <= 0)]:
            self._turn(int(walker))
        here = np.flatnonzero(self._present)
        self._waits[here] = np.maximum(self._waits[here] - 1 / RATE, 0)
        self._velocities[here] += self._forces(here) / RATE
        self.places[here] += self._velocities[here] / RATE
        return here

    def _turn(self, walker: int) -> None:
        route, place = self._routes[walker], int(self._next[walker]) + 1
        if place >= len(route.points):
            self._present[walker] = False
            return
        self._next[walker], self._goals[walker] = place, route.points[place]
        self._waits[walker] = route.stops[place - 1]

    def _forces(self, here: npt.NDArray[np.int64]) -> Floats:
        way = self._goals[here] - self.places[here]
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        wanted = way * (self._speeds[here] * (self._waits[here] <= 0))[:, None]
        apart = self.places[here][:, None] - self.places[here][None, :]
        distances = np.linalg.norm(apart, axis=2)
        np.fill_diagonal(distances, np.inf)
        push = np.minimum(2.0 * np.exp((0.5 - distances) / 0.25), 6.0)
        repulsion = (push / np.maximum(distances, 0.05))[..., None] * apart
        sway = self._random.normal(0, 0.3, way.shape)
        return np.asarray((wanted - self._velocities[here]) / 0.5 + repulsion.sum(axis=1) + sway)


def _project(places: Floats, heights_m: Floats) -> Floats:
    """Return the boxes (N, 4) of people standing at `places` (N, 2), metres to the right and ahead."""
    focal = 0.5 * WIDTH / np.tan(np.radians(FIELD_OF_VIEW_DEGREES) / 2)
    sine, cosine = np.sin(np.radians(TILT_DEGREES)), np.cos(np.radians(TILT_DEGREES))

    def pixel(above_m: Floats) -> tuple[Floats, Floats]:
        down = CAMERA_HEIGHT_M - above_m
        depth = places[:, 1] * cosine + down * sine
        rows = HEIGHT / 2 + focal * (down * cosine - places[:, 1] * sine) / depth
        return WIDTH / 2 + focal * places[:, 0] / depth, rows

    x, bottom = pixel(np.zeros(len(places)))
    _, top = pixel(heights_m)
    half = 0.19 * (bottom - top)
    return np.column_stack((x - half, top, x + half, bottom))


def _seen_share(boxes: Floats) -> Floats:
    """Return which share of each box is not behind people nearer by, or the post."""
    corners = np.vstack((boxes, POST))
    left_top = np.maximum(boxes[:, None, :2], corners[None, :, :2])
    right_bottom = np.minimum(boxes[:, None, 2:], corners[None, :, 2:])
    common = np.clip(right_bottom - left_top, 0, None).prod(axis=2)
    nearer = corners[None, :, 3] > boxes[:, None, 3]
    covered = np.where(nearer, common, 0) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]
    return np.asarray((1 - covered).prod(axis=1))


def detections(crowd: Crowd, faults: Faults, seed: int) -> list[Detections]:
    """Return what a detector with `faults` finds in each of the frames."""
    random = np.random.default_rng(seed)
    off = _box_errors(crowd, random) if faults.noisy else np.zeros_like(crowd.boxes)
    return [_found(crowd, frame, off[frame], faults, random) for frame in range(len(crowd.boxes))]


def _box_errors(crowd: Crowd, random: Random) -> Floats:
    """Return errors of the edges, half of whose variance lasts 0.3 s; larger for people half hidden."""
    deviations = (1.0 + 0.02 * crowd.heights) * (1 + 2 * (1 - crowd.seen))
    keep = np.exp(-1 / (0.3 * RATE))
    lasting = random.normal(0, 1, crowd.boxes.shape[1:])
    errors = np.empty_like(crowd.boxes)
    for frame in range(len(errors)):
        lasting = keep * lasting + np.sqrt(1 - keep**2) * random.normal(0, 1, lasting.shape)
        errors[frame] = np.sqrt(0.5) * (lasting + random.normal(0, 1, lasting.shape))
    return np.asarray(errors * deviations[..., None])


def _found(crowd: Crowd, frame: int, off: Floats, faults: Faults, random: Random) -> Detections:
    present = np.flatnonzero(np.isfinite(crowd.boxes[frame, :, 0]))
    boxes, seen = crowd.boxes[frame, present] + off[present], crowd.seen[frame, present]
    if not faults.hiding:
        seen = np.ones(len(seen))
    confidences = np.clip(0.9 - 0.5 * (1 - seen) + random.normal(0, 0.05, len(seen)), 0.12, 0.98)
    whole = np.abs((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    boxes = np.clip(boxes, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    sizes = boxes[:, 2:] - boxes[:, :2]
    # A detector finds nobody of whom the frame shows less than a tenth.
    shown = (sizes > 1).all(axis=1) & (sizes.prod(axis=1) >= 0.1 * whole)
    found = shown & (seen >= HIDDEN_BELOW) & (random.random(len(seen)) >= faults.missed)
    false = _false_boxes(random, int(random.poisson(faults.false * shown.sum())))
    boxes = np.concatenate((boxes[found], false))
    confidences = np.concatenate((confidences[found], random.uniform(0.5, 0.8, len(false))))
    return Detections(
        boxes.astype(np.float32), confidences.astype(np.float32), np.zeros(len(boxes), np.int64)
    )


def _false_boxes(random: Random, count: int) -> Floats:
    heights = random.uniform(60, 220, count)
    x, bottom = random.uniform(0, WIDTH, count), random.uniform(230, HEIGHT, count)
    return np.column_stack((x - 0.19 * heights, bottom - heights, x + 0.19 * heights, bottom))
