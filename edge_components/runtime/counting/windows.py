"""Sums over time windows: what goes into `zone_counts` and `tracks`.

Windows start at whole multiples of their length since 1970 UTC, so those of all cameras line up. A window in
which no frame was analysed makes no row: missing is not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from contract.tables import CLOCK_RESTAMPED, CLOCK_SYNCED, CLOCK_UNSYNCED
from edge_components.runtime.counting.tallies import FrameTally, Stay
from edge_components.runtime.counting.tracked import TrackedFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MAXIMUM_FRAME_SECONDS = 1.0
"""A frame stands for the time to the next one, but not for longer than this."""
_FROM_BEST_TO_WORST = (CLOCK_SYNCED, CLOCK_RESTAMPED, CLOCK_UNSYNCED)


def window_start_ms(time_ms: int, window_ms: int) -> int:
    """Return the start of the window that `time_ms` lies in."""
    return time_ms - time_ms % window_ms


class WindowGrid:
    """Where windows of `window_ms` begin and end.

    A window in which the counting goes on under another scene has a part of its own for each of them, which
    covers the time before or after the cut.
    """

    def __init__(self, window_ms: int) -> None:
        self.window_ms = window_ms
        self.cut_ms: int | None = None

    def begin_at(self, cut_ms: int | None) -> None:
        """Let the first window begin at `cut_ms`; None leaves it whole."""
        self.cut_ms = cut_ms

    def start_ms(self, time_ms: int) -> int:
        """Return the name of the window that `time_ms` lies in: where it would begin if it were whole.

        A time just before the cut, which cameras with an uneven pace can have, belongs to what follows.
        """
        if self.cut_ms is not None and self.cut_ms - self.window_ms < time_ms < self.cut_ms:
            time_ms = self.cut_ms
        return window_start_ms(time_ms, self.window_ms)

    def begin_ms(self, start_ms: int) -> int:
        """Return where the window that is named `start_ms` really begins."""
        if self.cut_ms is not None and start_ms < self.cut_ms < start_ms + self.window_ms:
            return self.cut_ms
        return start_ms

    def cut_after(self, event_time_ms: int, seconds: float) -> int:
        """Return where to cut when the last frame, of `event_time_ms`, stood for `seconds`.

        It lies after the window's beginning, and at its end at the latest: no part is without time.
        """
        start_ms = self.start_ms(event_time_ms)
        end_ms = event_time_ms + round(seconds * 1000)
        return min(max(end_ms, self.begin_ms(start_ms) + 1), start_ms + self.window_ms)


def worse_clock(first: str, second: str) -> str:
    """Return the less trustworthy of two clock qualities."""
    return max(first, second, key=_FROM_BEST_TO_WORST.index)


class OccupancySums:
    """Objects inside over a row of frames; `shape` is (Z, C), zones by classes.

    The mean is over time: each frame counts for as long as it stood.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.frames = 0
        self.maximum = np.zeros(shape, np.int64)
        self.last = np.zeros(shape, np.int64)
        self.stays = np.zeros((*shape, len(Stay)))
        self._weighted = np.zeros(shape)
        self._seconds = 0.0

    def add(self, occupancy: Integers, stays: Floats | None, seconds: float) -> None:
        """Take in a frame that stood for `seconds`."""
        self.frames += 1
        np.maximum(self.maximum, occupancy, out=self.maximum)
        self.last = occupancy
        self._weighted += occupancy * seconds
        self._seconds += seconds
        if stays is not None:
            self.stays += stays

    @property
    def mean(self) -> Floats:
        """The mean number of objects inside, zero before the first frame."""
        return self._weighted / max(self._seconds, 1e-9)


@dataclass
class ZoneWindow:
    """A window of `zone_counts`, named by its `start_ms`; no frame can come into it when it is handed out.

    It covers the time from `begin_ms` to `end_ms`.
    """

    start_ms: int
    begin_ms: int
    end_ms: int
    sums: OccupancySums
    suspect: bool = False
    clock_quality: str = CLOCK_SYNCED

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end_ms - self.begin_ms) / 1000


class ZoneWindows:
    """Gathers closed frames into windows of `grid`, in order."""

    def __init__(self, zones: int, classes: int, grid: WindowGrid) -> None:
        self._shape = (zones, classes)
        self._grid = grid
        self._waiting: FrameTally | None = None
        self._frame_seconds = 0.1
        self._window: ZoneWindow | None = None
        self.totals = OccupancySums((zones,))

    def add(self, tallies: Sequence[FrameTally]) -> list[ZoneWindow]:
        """Take in closed frames and return the windows that ended before the latest of them."""
        finished = []
        for tally in tallies:
            if self._waiting is not None:
                seconds = tally.time_seconds - self._waiting.time_seconds
                self._frame_seconds = min(seconds, MAXIMUM_FRAME_SECONDS)
                finished += self._add(self._waiting)
            self._waiting = tally
        return finished

    def close(self) -> list[ZoneWindow]:
        """Return the rest; the last frame is taken to have stood as long as the one before."""
        finished = []
        if self._waiting is not None:
            finished += self._add(self._waiting)
            self._waiting = None
        if self._window is not None:
            finished.append(self._window)
            self._window = None
        return finished

    def cut(self, following: WindowGrid) -> list[ZoneWindow]:
        """Return the rest, the last window cut where its last frame ends; `following` goes on from there."""
        if self._waiting is None:
            following.begin_at(self._grid.cut_ms)
            return self.close()
        cut_ms = self._grid.cut_after(self._waiting.event_time_ms, self._frame_seconds)
        following.begin_at(cut_ms)
        finished = self.close()
        finished[-1].end_ms = cut_ms
        return finished

    def close_before(self, event_time_ms: int) -> list[ZoneWindow]:
        """Return the rest when its window ended before `event_time_ms`: no later frame can belong to it."""
        latest = self._waiting.event_time_ms if self._waiting is not None else None
        start_ms = self._window.start_ms if latest is None and self._window is not None else latest
        if start_ms is None or self._grid.start_ms(start_ms) + self._grid.window_ms > event_time_ms:
            return []
        return self.close()

    def _add(self, tally: FrameTally) -> list[ZoneWindow]:
        start_ms = self._grid.start_ms(tally.event_time_ms)
        finished = []
        if self._window is not None and self._window.start_ms != start_ms:
            finished.append(self._window)
            self._window = None
        if self._window is None:
            begin_ms, end_ms = self._grid.begin_ms(start_ms), start_ms + self._grid.window_ms
            self._window = ZoneWindow(start_ms, begin_ms, end_ms, OccupancySums(self._shape))
        window = self._window
        window.sums.add(tally.occupancy, tally.stays, self._frame_seconds)
        window.suspect |= tally.suspect
        window.clock_quality = worse_clock(window.clock_quality, tally.clock_quality)
        stays = None if tally.stays is None else tally.stays.sum(axis=1)
        self.totals.add(tally.occupancy.sum(axis=1), stays, self._frame_seconds)
        return finished


FRAMES, CONFIDENCE = 0, 1
BOX, FOOT, GROUND = slice(2, 6), slice(6, 8), slice(8, 10)
_SUMS = 10


@dataclass(frozen=True)
class TrackRow:
    """What a track did in one window: the number of frames and the `means` of the rest."""

    track: int
    class_id: int
    means: Floats
    speed_mps: float | None
    speed_uncertainty_mps: float | None


@dataclass
class _TrackBank:
    sums: Floats
    ids: Integers
    class_ids: Integers
    finished: list[tuple[int, int, Floats]] = field(default_factory=list)
    speeds: list[tuple[Integers, Floats, Floats]] = field(default_factory=list)


class TrackWindows:
    """Sums what tracks did, window by window; windows are named by their start."""

    def __init__(self) -> None:
        self._banks: dict[int, _TrackBank] = {}

    def add(self, start_ms: int, frame: TrackedFrame, ground: Floats) -> None:
        """Take in a frame's sightings and where they are on the `ground` (K, 2)."""
        slots = frame.slots
        if not len(slots):
            return
        bank = self._bank(start_ms, int(slots.max()) + 1)
        ids = bank.ids[slots]
        self._finish(bank, slots[(ids != frame.ids) & (ids > 0)])
        bank.ids[slots] = frame.ids
        bank.class_ids[slots] = frame.class_ids
        values = np.empty((len(slots), _SUMS))
        values[:, FRAMES] = 1.0
        values[:, CONFIDENCE] = frame.confidences
        values[:, 2:4] = frame.boxes[:, :2]
        values[:, 4:6] = frame.boxes[:, 2:] - frame.boxes[:, :2]
        values[:, FOOT] = frame.feet
        values[:, GROUND] = ground
        bank.sums[slots] += values

    def add_speeds(self, start_ms: int, ids: Integers, speeds: Floats, uncertainties: Floats) -> None:
        """Take in the speeds (K,) of tracks at one moment, those not known as NaN."""
        known = np.isfinite(speeds)
        if known.any() and start_ms in self._banks:
            self._banks[start_ms].speeds.append((ids[known], speeds[known], uncertainties[known]))

    def pop(self, start_ms: int) -> list[TrackRow]:
        """Return the rows of a window, by track, and forget it."""
        bank = self._banks.pop(start_ms, None)
        if bank is None:
            return []
        self._finish(bank, np.flatnonzero(bank.ids))
        speeds = _median_speeds(bank.speeds)
        rows = []
        for track, class_id, sums in sorted(bank.finished, key=lambda row: row[0]):
            means = np.concatenate((sums[:1], sums[1:] / sums[0]))
            rows.append(TrackRow(track, class_id, means, *speeds.get(track, (None, None))))
        return rows

    def _bank(self, start_ms: int, slots: int) -> _TrackBank:
        bank = self._banks.get(start_ms)
        if bank is None:
            bank = self._banks[start_ms] = _TrackBank(
                np.zeros((slots, _SUMS)), np.zeros(slots, np.int64), np.zeros(slots, np.int64)
            )
        missing = slots - len(bank.ids)
        if missing > 0:
            missing = max(missing, len(bank.ids))
            bank.sums = np.concatenate((bank.sums, np.zeros((missing, _SUMS))))
            bank.ids = np.concatenate((bank.ids, np.zeros(missing, np.int64)))
            bank.class_ids = np.concatenate((bank.class_ids, np.zeros(missing, np.int64)))
        return bank

    def _finish(self, bank: _TrackBank, slots: Integers) -> None:
        if not len(slots):
            return
        for slot in slots:
            bank.finished.append((int(bank.ids[slot]), int(bank.class_ids[slot]), bank.sums[slot].copy()))
        bank.sums[slots] = 0.0
        bank.ids[slots] = 0


def _median_speeds(chunks: Sequence[tuple[Integers, Floats, Floats]]) -> dict[int, tuple[float, float]]:
    if not chunks:
        return {}
    ids, speeds, uncertainties = (np.concatenate(column) for column in zip(*chunks, strict=True))
    order = np.argsort(ids, kind="stable")
    ids, speeds, uncertainties = ids[order], speeds[order], uncertainties[order]
    unique, starts = np.unique(ids, return_index=True)
    ends = [*starts[1:], len(ids)]
    return {
        int(track): (float(np.median(speeds[first:end])), float(np.median(uncertainties[first:end])))
        for track, first, end in zip(unique, starts, ends, strict=True)
    }
