"""The true crossings of a generated crowd by the rules of docs/counting.md, and how counts agree with them.

The rules are written here a second time, from the text: on the true foot points, without the product's code.
Everybody here is higher than wide and seen whole, so the size of the rules is the height.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from counting_crowd import HEIGHT, HIDDEN_BELOW, RATE, WIDTH, Crowd

Floats = npt.NDArray[np.float64]
Points = tuple[tuple[float, float], ...]

BAND, TRAVEL = 0.12, 0.25
END_SHARE = 0.25
"""Passages nearer than this share of the height to an end of the line are counted apart."""
BEYOND_PX = 200.0
"""About the height of people at the lower edge."""
LONGEST_HIDDEN_SECONDS = 3.0
MATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Passage:
    """A crossing: `seconds` from the start."""

    line: str
    direction: str
    seconds: float


@dataclass
class Truth:
    """What happened: `certain` crossings, and those that `may` be counted or not."""

    certain: list[Passage]
    may: list[Passage]


def truth_of(crowd: Crowd, lines: dict[str, Points]) -> Truth:
    """Return the true crossings.

    Undecidable and counted apart: those that half or twice the band and travel would decide otherwise, those
    at the very end of a line (here the frame's edge) or beyond it, by people whose feet the frame cuts off,
    and those of people hidden for more than 3 s just then.
    """
    truth = Truth([], [])
    for walker in range(crowd.boxes.shape[1]):
        present = np.flatnonzero(np.isfinite(crowd.boxes[:, walker, 0]))
        path, heights = crowd.feet[present, walker], crowd.heights[present, walker]
        hidden = _long_hidden(crowd.seen[present, walker] < HIDDEN_BELOW)
        for name, points in lines.items():
            found = {share: _crossings(path, heights, points, share) for share in (0.5, 1.0, 2.0)}
            for at, way, near_end in found[1.0]:
                sure = all(_has(found[share], at, way) for share in (0.5, 2.0))
                passage = Passage(name, way, (present[0] + at) / RATE)
                decided = sure and not near_end and not hidden[int(at)]
                (truth.certain if decided else truth.may).append(passage)
            beyond = _crossings(path, heights, _longer(points), 1.0)
            truth.may += [
                Passage(name, way, (present[0] + at) / RATE)
                for at, way, _ in {*found[0.5], *found[2.0], *beyond}
                if not _has(found[1.0], at, way)
            ]
    return truth


def _longer(points: Points) -> Points:
    """Return a line that goes on beyond the frame at both ends."""
    line = np.array(points)
    first, last = line[0] - line[1], line[-1] - line[-2]
    start = line[0] + BEYOND_PX * first / np.hypot(*first)
    end = line[-1] + BEYOND_PX * last / np.hypot(*last)
    return (tuple(start), *points[1:-1], tuple(end))


def _has(found: list[tuple[float, str, bool]], at: float, way: str) -> bool:
    return any(other == way and abs(moment - at) <= MATCH_SECONDS * RATE for moment, other, _ in found)


def _long_hidden(hidden: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the frames that lie in a stretch of more than 3 s without a view."""
    ends = np.flatnonzero(np.diff(np.concatenate(([0], hidden.astype(np.int8), [0]))))
    long = np.zeros(len(hidden), np.bool_)
    for first, end in zip(ends[::2], ends[1::2], strict=True):
        long[first:end] = end - first > LONGEST_HIDDEN_SECONDS * RATE
    return long


def _crossings(path: Floats, heights: Floats, line: Points, share: float) -> list[tuple[float, str, bool]]:
    """Return frame, direction and whether it was at an end of the line, for every crossing of a path."""
    passages = _passages(path, heights, line)
    if not passages:
        return []
    clear = _distances(path, line) >= share * BAND * heights
    found: list[tuple[float, str, bool]] = []
    last: dict[int, tuple[float, str, bool]] = {}
    net, anchor = 0, path[0]
    for frame in range(int(passages[0][0]), len(path)):
        while passages and passages[0][0] <= frame:
            at, way, near_end = passages.pop(0)
            net += way
            last[way] = (at, "in" if way > 0 else "out", near_end)
        if net and clear[frame] and np.hypot(*(path[frame] - anchor)) >= share * TRAVEL * heights[frame]:
            found.append(last[1 if net > 0 else -1])
            net, anchor = 0, path[frame]
    return found


def _passages(path: Floats, heights: Floats, line: Points) -> list[tuple[float, int, bool]]:
    """Return frame, direction (+1 in, -1 out) and nearness to an end of the line of every passage."""
    found = []
    for start, end in pairwise(np.array(line)):
        along = end - start
        sides = along[0] * (path[:, 1] - start[1]) - along[1] * (path[:, 0] - start[0])
        for frame in np.flatnonzero((sides[:-1] > 0) != (sides[1:] > 0)):
            share = sides[frame] / (sides[frame] - sides[frame + 1])
            place = path[frame] + share * (path[frame + 1] - path[frame])
            if 0 <= (place - start) @ along / (along @ along) < 1:
                ends = np.linalg.norm(place - np.array([line[0], line[-1]]), axis=1)
                near_end = bool(ends.min() < END_SHARE * heights[frame])
                found.append((float(frame + share), 1 if sides[frame] > 0 else -1, near_end))
    return sorted(found)


def _distances(path: Floats, line: Points) -> Floats:
    nearest = np.full(len(path), np.inf)
    for start, end in pairwise(np.array(line)):
        along = end - start
        share = np.clip((path - start) @ along / (along @ along), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(path - start - share[:, None] * along, axis=1))
    return nearest


@dataclass
class Score:
    """How counts agree with the truth; add them up over crowds."""

    matched: int = 0
    missed: int = 0
    surplus: int = 0
    apart: int = 0
    minute_error: int = 0
    minutes: int = 0
    crowds: int = 0
    people: float = 0.0
    hidden: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(*(one + two for one, two in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def f1(self) -> float:
        return 2 * self.matched / (2 * self.matched + self.missed + self.surplus)

    @property
    def signed_percent(self) -> float:
        return 100 * (self.surplus - self.missed) / (self.matched + self.missed)

    @property
    def error_a_minute(self) -> float:
        return self.minute_error / self.minutes


def score(
    truth: Truth, counted: list[Passage], lines: dict[str, Points], minutes: int, crowd: Crowd
) -> Score:
    """Match within a second, same line and direction; what only a crossing apart explains is left out."""
    pairs = _matches(truth.certain, counted)
    left = [one for place, one in enumerate(counted) if place not in pairs.values()]
    excused = set(_matches(truth.may, left).values())
    surplus = [one for place, one in enumerate(left) if place not in excused]
    kept = [counted[place] for place in pairs.values()] + surplus
    result = Score(len(pairs), len(truth.certain) - len(pairs), len(surplus), len(truth.may))
    result.crowds = 1
    result.people, result.hidden = in_view(crowd)
    for line in lines:
        for way in ("in", "out"):
            true, mine = (
                [int(one.seconds // 60) for one in some if (one.line, one.direction) == (line, way)]
                for some in (truth.certain, kept)
            )
            result.minute_error += sum(abs(true.count(k) - mine.count(k)) for k in range(minutes))
            result.minutes += minutes
    return result


def in_view(crowd: Crowd) -> tuple[float, float]:
    """Return the mean number of people whose feet are in the frame, and the share of them that is hidden."""
    feet = crowd.feet
    inside = np.isfinite(feet[..., 0]) & (feet >= 0).all(axis=-1) & (feet <= [WIDTH, HEIGHT]).all(axis=-1)
    return float(inside.sum(axis=1).mean()), float((crowd.seen[inside] < HIDDEN_BELOW).mean())


def _matches(truth: list[Passage], counted: list[Passage]) -> dict[int, int]:
    """Return which counted crossing each true one gets, nearest in time first."""
    near = sorted(
        (abs(one.seconds - other.seconds), first, second)
        for first, one in enumerate(truth)
        for second, other in enumerate(counted)
        if (one.line, one.direction) == (other.line, other.direction)
        and abs(one.seconds - other.seconds) <= MATCH_SECONDS
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, first, second in near:
        if first not in pairs and second not in taken:
            pairs[first] = second
            taken.add(second)
    return pairs
