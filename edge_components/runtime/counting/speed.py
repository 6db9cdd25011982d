"""How fast tracks move on the ground, and how sure that is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting.slots import SlotArrays

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SAMPLES = 9
_SPACING_SECONDS = 0.11
_HORIZON_SECONDS = 1.3
_MINIMUM_SAMPLES = 4
_MINIMUM_SPAN_SECONDS = 0.5
_REPEATED_ERROR = 2.2
"""A detector's errors repeat from frame to frame and the tracker smooths them further, so the scatter of a
few samples shows too little of them. By this factor six in ten speeds lie within their uncertainty even where
errors repeat for a second, and eight in ten or more where they do not (tests/unit/vision/test_speed.py)."""
_FROM, _TO = np.triu_indices(_SAMPLES, k=1)


class SpeedEstimator:
    """The speed of tracks on the ground over about the last second.

    The velocity is the median of the slopes between all pairs of positions (Theil, 1950; Sen, 1968), so that
    single bad boxes do not move it. Its standard uncertainty is that of a least-squares slope whose residuals
    have the median absolute deviation found, times a factor for errors that repeat. The error of the ground's
    calibration is not in it.
    """

    def __init__(self) -> None:
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "count": ((), np.int64, 0),
                "time": ((_SAMPLES,), np.float64, np.nan),
                "place": ((_SAMPLES, 2), np.float64, np.nan),
                "speed": ((), np.float64, np.nan),
            }
        )

    def add(self, slots: Integers, ids: Integers, places_m: Floats, time_seconds: float) -> None:
        """Take in ground positions (K, 2) in metres; samples that follow too closely are left out."""
        state = self._state
        state.reserve(slots)
        new = slots[state["track"][slots] != ids]
        state.clear(new)
        state["track"][slots] = ids
        latest = state["time"][slots, (state["count"][slots] - 1) % _SAMPLES]
        due = ~(time_seconds - latest < _SPACING_SECONDS)
        if not due.any():
            return
        due &= np.isfinite(places_m).all(axis=1)
        slots = slots[due]
        place = state["count"][slots] % _SAMPLES
        state["time"][slots, place] = time_seconds
        state["place"][slots, place] = places_m[due]
        state["count"][slots] += 1

    def latest(self, slots: Integers, ids: Integers) -> Floats:
        """Return the speeds (K,) last measured, NaN where there is none."""
        self._state.reserve(slots)
        known = self._state["track"][slots] == ids
        return np.where(known, self._state["speed"][slots], np.nan)

    def measure(self, slots: Integers, time_seconds: float) -> tuple[Floats, Floats]:
        """Return speed and standard uncertainty (K,) each, in m/s; NaN where a track was seen too little."""
        self._state.reserve(slots)
        speeds, uncertainties = np.full(len(slots), np.nan), np.full(len(slots), np.nan)
        times = self._state["time"][slots] - time_seconds
        times = np.where(times >= -_HORIZON_SECONDS, times, np.nan)
        valid = np.isfinite(times)
        enough = np.flatnonzero(valid.sum(axis=1) >= _MINIMUM_SAMPLES)
        if len(enough):
            # `np.nanmax`, `np.nanmin` and `np.nanmean` are far slower.
            first = np.where(valid, times, np.inf)[enough].min(axis=1)
            last = np.where(valid, times, -np.inf)[enough].max(axis=1)
            enough = enough[last - first >= _MINIMUM_SPAN_SECONDS]
        if len(enough):
            places = self._state["place"][slots[enough]]
            speeds[enough], uncertainties[enough] = _robust_speeds(times[enough], places)
        self._state["speed"][slots] = speeds
        return speeds, uncertainties


def _robust_speeds(times: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Return speeds and uncertainties (K,) of samples at times (K, S) and places (K, S, 2), or NaN."""
    used = np.isfinite(times)
    places = np.where(used[:, :, None], places, np.nan)
    steps = (times[:, _TO] - times[:, _FROM])[:, :, None]
    velocity = _median((places[:, _TO] - places[:, _FROM]) / steps)
    residuals = places - velocity[:, None, :] * times[:, :, None]
    residuals -= _median(residuals)[:, None, :]
    deviation = 1.4826 * _median(np.abs(residuals))
    mean = np.where(used, times, 0.0).sum(axis=1) / used.sum(axis=1)
    spread = np.where(used, (times - mean[:, None]) ** 2, 0.0).sum(axis=1)
    uncertainty = _REPEATED_ERROR * np.hypot(deviation[:, 0], deviation[:, 1]) / np.sqrt(spread)
    return np.hypot(velocity[:, 0], velocity[:, 1]), uncertainty


def _median(values: Floats) -> Floats:
    """Return the medians (K, 2) of the values (K, S, 2) that are no NaN; `np.nanmedian` is far slower."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    tracks, axes = np.arange(len(values))[:, None], np.arange(values.shape[2])
    low = ordered[tracks, np.maximum(count - 1, 0) // 2, axes]
    high = ordered[tracks, count // 2 * (count > 1), axes]
    return np.asarray(0.5 * (low + high))
