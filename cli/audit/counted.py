"""What a run counted, read from its lake: crossings, windows and gaps of one camera."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cli.audit.analysed_time import Status, run_spans, trimmed, unhealthy_spans
from cli.audit.hand_file import Subject
from contract.errors import CrowdLensError
from contract.identity import stream_name
from contract.lake import day_of

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

GOOD = "good"
SUSPECT = "suspect"
MISSING = "missing"
INSTANT_TOLERANCE_MS = 500
"""An instant this near to the end of a window is compared with the people inside at that end."""
UNSEEN_TOLERANCE_MS = 1000
"""A stretch may lack this much of the analysed time before it is missing."""
_HOUR_MS = 3_600_000
_LATEST_MS = 4_102_444_800_000


class CountedRunError(CrowdLensError):
    """Raised when a lake does not say what a run counted."""


class _Answer(Protocol):
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...


class Lake(Protocol):
    """Answers SQL over the tables and views of `athena/`."""

    def query(self, sql: str, parameters: Sequence[str] = ()) -> _Answer:
        """Return the rows of one statement, values as Python objects; times are naive and in UTC."""
        ...


@dataclass(frozen=True)
class Counted:
    """What the run says about a stretch or instant: the figure, None where nothing was analysed."""

    value: float | None
    state: str


@dataclass
class Window:
    """A window of a zone, classes added up."""

    end_ms: int
    last: float = 0.0
    mean: float = 0.0
    suspect: bool = False
    parts: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class CountedRun:
    """One camera's crossings and windows in the days of a hand count.

    `crossings` holds the times, in ms since 1970 UTC in order, of each line and direction, with a flag that
    says suspect; `windows` those of each zone by their start. `seen` are the stretches that were analysed:
    the zones' windows, or without zones the time between the records of each run. `lost` are declared gaps
    and the time in which the camera was not well.
    """

    camera: str
    classes: tuple[str, ...]
    crossings: dict[Subject, tuple[Times, Flags]]
    windows: dict[str, dict[int, Window]]
    seen: list[tuple[int, int]]
    lost: list[tuple[int, int]]
    time_zone: str = "UTC"

    @property
    def subjects(self) -> set[Subject]:
        """Every line in both directions and every zone that the lake names."""
        lines = {subject.name for subject in self.crossings}
        return {Subject(name, way) for name in lines for way in ("in", "out")} | set(
            map(Subject, self.windows)
        )

    def in_stretch(self, subject: Subject, start_ms: int, end_ms: int) -> Counted:
        """Return the crossings of a line and direction in [start, end)."""
        if self.seen_ms(start_ms, end_ms) < end_ms - start_ms - UNSEEN_TOLERANCE_MS:
            return Counted(None, MISSING)
        times, flags = self.crossings.get(subject, (np.zeros(0, np.int64), np.zeros(0, np.bool_)))
        first, last = np.searchsorted(times, (start_ms, end_ms))
        suspect = bool(flags[first:last].any()) or self._is_suspect(start_ms, end_ms)
        return Counted(float(last - first), SUSPECT if suspect else GOOD)

    def at_instant(self, zone: str, at_ms: int) -> Counted:
        """Return the people in a zone: those at the end of a window, else the mean of the window around."""
        windows = self.windows.get(zone, {})
        starts, ends = self._bounds.get(zone, ([], []))
        place = bisect_left(ends, at_ms - INSTANT_TOLERANCE_MS)
        if place < len(ends) and ends[place] <= at_ms + INSTANT_TOLERANCE_MS:
            window = windows[starts[place]]
            return Counted(window.last, SUSPECT if window.suspect else GOOD)
        place = bisect_right(starts, at_ms) - 1
        if place < 0 or at_ms >= ends[place]:
            return Counted(None, MISSING)
        window = windows[starts[place]]
        return Counted(window.mean, SUSPECT if window.suspect else GOOD)

    def seen_ms(self, start_ms: int, end_ms: int) -> int:
        """Return how much of [start, end) was analysed."""
        return sum(max(0, min(end, end_ms) - max(start, start_ms)) for start, end in self.seen)

    def _is_suspect(self, start_ms: int, end_ms: int) -> bool:
        return any(start < end_ms and end > start_ms for start, end in self._doubtful)

    @cached_property
    def _doubtful(self) -> list[tuple[int, int]]:
        """Declared gaps, and suspect windows of any zone: a camera is healthy as a whole or not."""
        spans = {
            (start, one.end_ms)
            for windows in self.windows.values()
            for start, one in windows.items()
            if one.suspect
        }
        return [*self.lost, *merged(spans)]

    @cached_property
    def _bounds(self) -> dict[str, tuple[list[int], list[int]]]:
        """Starts and ends of each zone's windows, in order of time."""
        return {
            zone: (sorted(windows), [windows[start].end_ms for start in sorted(windows)])
            for zone, windows in self.windows.items()
        }


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of [start, end) spans, in order, touching ones joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def read_run(
    lake: Lake, start_ms: int, end_ms: int, *, camera: str | None = None, object_class: str | None = None
) -> CountedRun:
    """Return what one camera counted on the UTC days of [start, end), records once each.

    Raises `CountedRunError` when the lake holds nothing of these days, or several cameras and none was named.
    """
    if not 0 < start_ms <= end_ms < _LATEST_MS:
        raise CountedRunError(
            "the times looked at reach beyond the years 1970 to 2100: expected the run's own"
        )
    days = (day_of(start_ms - _HOUR_MS), day_of(end_ms + _HOUR_MS))
    crossings = lake.query(_CROSSINGS, days).rows
    windows = lake.query(_WINDOWS, days).rows
    name = _the_camera({str(row[0]) for row in (*crossings, *windows)}, camera, days)
    mine = [row for row in crossings if row[0] == name and object_class in (None, row[5])]
    rows = [row for row in windows if row[0] == name and object_class in (None, row[4])]
    classes = {str(row[5]) for row in mine} | {str(row[4]) for row in rows}
    if object_class is not None and not classes:
        raise CountedRunError(
            f"--class is {object_class!r}: camera {name!r} counted none of it on these days"
        )
    zones = _windows(rows)
    statuses = [
        Status(_ms(row[1]), str(row[2]), row[3] is None)
        for row in lake.query(_STATUSES, days).rows
        if row[0] == name
    ]
    gaps = [row for row in lake.query(_GAPS, days).rows if _concerns(row, name)]
    return CountedRun(
        name,
        tuple(sorted(classes)),
        _crossings(mine),
        zones,
        merged(trimmed(_spans(zones), statuses))
        if zones
        else merged(run_spans(statuses, [*_track_times(lake, days, name), *(_ms(row[3]) for row in mine)])),
        [*((_ms(row[1]), _ms(row[2])) for row in gaps), *unhealthy_spans(statuses)],
        next((str(row[-1]) for row in (*rows, *mine) if row[-1]), "UTC"),
    )


def _spans(zones: dict[str, dict[int, Window]]) -> list[tuple[int, int]]:
    return sorted({(start, one.end_ms) for windows in zones.values() for start, one in windows.items()})


def _track_times(lake: Lake, days: tuple[str, str], camera: str) -> list[int]:
    return [_ms(row[1]) for row in lake.query(_TRACK_WINDOWS, days).rows if row[0] == camera]


_STATUSES = """
SELECT camera, event_time, state, previous_state FROM unique_camera_status WHERE day BETWEEN ? AND ?"""
_TRACK_WINDOWS = """
SELECT DISTINCT camera, event_time FROM unique_tracks WHERE day BETWEEN ? AND ?"""
_CROSSINGS = """
SELECT camera, line, direction, event_time, suspect, object_class, time_zone FROM unique_line_crossings
WHERE day BETWEEN ? AND ? ORDER BY event_time"""
_WINDOWS = """
SELECT
    camera, zone, event_time, window_seconds, object_class, epoch, device,
    occupancy_last, occupancy_mean, suspect, time_zone
FROM unique_zone_counts WHERE day BETWEEN ? AND ?"""
_GAPS = """
SELECT camera, gap_start, gap_end, gap_stream FROM unique_gaps
WHERE day BETWEEN ? AND ? AND reason <> 'frames_skipped'"""


def _the_camera(found: set[str], wanted: str | None, days: tuple[str, str]) -> str:
    if not found:
        raise CountedRunError(
            f"the lake holds no counts of {days[0]} to {days[1]} (UTC days): expected the lake of the run "
            "that was counted by hand, and times in the hand count that lie in it"
        )
    if wanted is None and len(found) == 1:
        return found.pop()
    if wanted not in found:
        names = ", ".join(sorted(found))
        raise CountedRunError(f"--camera is {wanted or 'not given'}: expected one of {names}")
    return wanted


def _concerns(gap: Sequence[Any], camera: str) -> bool:
    """Return whether a gap leaves counts out; a full spool drops tracks first, which are not looked at."""
    stream = gap[3]
    if stream:
        return stream in {stream_name(camera, table) for table in ("line_crossings", "zone_counts")}
    return gap[0] in (camera, None)


def _crossings(rows: Sequence[Sequence[Any]]) -> dict[Subject, tuple[Times, Flags]]:
    found: dict[Subject, list[tuple[int, bool]]] = {}
    for _, line, direction, at, suspect, *_ in rows:
        found.setdefault(Subject(str(line), str(direction)), []).append((_ms(at), bool(suspect)))
    return {
        subject: (np.array([at for at, _ in pairs]), np.array([flag for _, flag in pairs]))
        for subject, pairs in ((subject, sorted(pairs)) for subject, pairs in found.items())
    }


def _windows(rows: Sequence[Sequence[Any]]) -> dict[str, dict[int, Window]]:
    found: dict[str, dict[int, Window]] = {}
    for _, zone, at, seconds, object_class, epoch, device, last, mean, suspect, _ in rows:
        start = _ms(at)
        window = found.setdefault(str(zone), {}).setdefault(
            start, Window(start + round(float(seconds or 0) * 1000))
        )
        window.last += float(last or 0)
        window.mean += float(mean or 0)
        # After a restart a window has a row of each run, and which of them ended it is not known.
        others = {part for one, part in window.parts if one == str(object_class)}
        window.parts.add((str(object_class), f"{device}:{epoch}"))
        window.suspect |= bool(suspect or others)
    return found


def _ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
