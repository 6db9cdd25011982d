"""What a camera's pictures say about the camera: frozen, dark, over-exposed, covered, blurred, moved.

Two pictures a second are looked at, reduced to a few numbers and a small map of edge directions. What the
view usually looks like is learned from the pictures in which nothing is wrong, and forgotten slowly, so that
day and night, weather and lamps change what is usual while a camera that is turned, covered or out of focus
does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge_components.vision.sources.frames import Image

Floats = npt.NDArray[np.float32]

FROZEN, DARK, OVER_EXPOSED = "frozen", "dark", "over_exposed"
COVERED, BLURRED, MOVED = "covered", "blurred", "moved"

_SAMPLES_PER_SIDE = 96
_MAP_WIDTH, _MAP_HEIGHT = 80, 45
_DETAIL_ROWS = 30
_WEAK_EDGE_LEVELS = 4.0
_MINIMUM_STRUCTURE = 0.5
_SHARPER_MEMORY = 15.0
"""Noise and rain look like sharp edges: the usual steepness rises as many times more slowly than it falls."""


@dataclass(frozen=True)
class PictureHealthSettings:
    """When a fault of the picture is believed; levels are brightnesses from 0 to 255, shares from 0 to 1."""

    look_seconds: float = 0.5
    frozen_seconds: float = 15.0
    dark_seconds: float = 3.0
    dark_below_level: float = 12.0
    light_above_level: float = 18.0
    bright_seconds: float = 3.0
    bright_above_share: float = 0.6
    bright_below_share: float = 0.45
    bright_level: int = 250
    covered_seconds: float = 6.0
    covered_below_structure: float = 0.6
    """Of the usual length of the stronger edges."""
    blurred_seconds: float = 8.0
    blurred_below_detail: float = 0.55
    """Of the usual steepness of edges."""
    moved_seconds: float = 8.0
    changed_below_likeness: float = 0.6
    """Only pictures less like the usual view than this, as a correlation, are looked at for moves."""
    strange_below_likeness: float = 0.1
    moved_minimum_px: float = 1.5
    """In pixels of the map of edges, 80 to the width of the picture."""
    learning_seconds: float = 10.0
    memory_seconds: float = 120.0


@dataclass(frozen=True)
class Look:
    """What was seen in one picture: a sample, brightness, steepness, directions and length of its edges."""

    sample: Image
    level: float
    bright_share: float
    detail: float
    structure: float
    edges: Floats


def look_at(image: Image, bright_level: int) -> Look:
    """Reduce a picture (h, w, 3); takes about a third of a millisecond at 640x360."""
    height, width = image.shape[:2]
    step_y, step_x = max(1, height // _SAMPLES_PER_SIDE), max(1, width // _SAMPLES_PER_SIDE)
    sample = np.ascontiguousarray(image[::step_y, ::step_x])
    green = sample[:, :, 1]
    level = float(green.mean())
    step = max(1, width // (4 * _MAP_WIDTH))
    size = min(_MAP_WIDTH, width), min(_MAP_HEIGHT, height)
    reduced = cv2.resize(
        np.ascontiguousarray(image[::step, ::step, 1]), size, interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    edges = _edges(reduced)
    return Look(
        sample=sample,
        level=level,
        bright_share=float((green >= bright_level).mean()),
        detail=_detail(image),
        structure=_length(edges),
        edges=edges,
    )


def _detail(image: Image) -> float:
    """Return which share of the strong edges' height lies within one pixel; lighting does not change it."""
    green, step = image[:, :, 1], max(4, image.shape[0] // _DETAIL_ROWS)
    last = image.shape[0] - 3
    # Rows are averaged by fours, which halves the noise and leaves upright edges as they are.
    rows = np.add.reduce([green[offset : last + offset : step].astype(np.int16) for offset in range(4)])
    near, far = (np.abs(rows[:, :-distance] - rows[:, distance:]) for distance in (1, 5))
    steepest = np.maximum.reduce([near[:, offset : offset + far.shape[1]] for offset in range(5)])
    place = int(0.98 * far.size)
    strong = far >= np.partition(far.ravel(), place)[place]
    return float(steepest[strong].mean()) / (float(far[strong].mean()) + 8.0)


def _edges(reduced: Floats) -> Floats:
    """Return edge directions (2, h, w), strong edges with length near 1 whatever their contrast."""
    across, down = np.zeros_like(reduced), np.zeros_like(reduced)
    across[:, 1:-1] = reduced[:, 2:] - reduced[:, :-2]
    down[1:-1] = reduced[2:] - reduced[:-2]
    edges = np.stack((across, down))
    return np.asarray(edges / (np.hypot(across, down) + _WEAK_EDGE_LEVELS), np.float32)


def _length(edges: Floats) -> float:
    """Return the length of the stronger edges."""
    return float(np.quantile(np.hypot(edges[0], edges[1]), 0.9))


def likeness(first: Floats, second: Floats) -> float:
    """Return the correlation, from -1 to 1, of two maps of edges."""
    scale = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / scale if scale > 0 else 0.0


def best_shift(edges: Floats, usual: Floats) -> tuple[float, float]:
    """Return how far, in pixels of the maps, `edges` fit `usual` best, and the correlation there."""
    spectrum = np.fft.rfft2(edges) * np.conj(np.fft.rfft2(usual))
    correlation = np.fft.irfft2(spectrum.sum(axis=0), s=edges.shape[1:])
    scale = float(np.sqrt((edges * edges).sum() * (usual * usual).sum()))
    row, column = np.unravel_index(int(correlation.argmax()), correlation.shape)
    height, width = correlation.shape
    down, across = min(row, height - row), min(column, width - column)
    return float(np.hypot(down, across)), float(correlation.max()) / scale if scale > 0 else 0.0


class UsualView:
    """What the view looks like when nothing is wrong; forgets over `memory_seconds`."""

    def __init__(self, settings: PictureHealthSettings) -> None:
        self._settings = settings
        self._seconds = 0.0
        self._learned_seconds: float | None = None
        self.edges: Floats = np.zeros((2, 1, 1), np.float32)
        self.structure = 0.0
        self.detail = 0.0

    @property
    def known(self) -> bool:
        """Whether enough was seen to judge by, of a view that has some structure."""
        settings = self._settings
        if self._seconds < settings.learning_seconds or self.structure < _MINIMUM_STRUCTURE:
            return False
        # Edges of noise point another way in every picture: of them little is left in the mean.
        return _length(self.edges) > 0.5 * _MINIMUM_STRUCTURE

    def learn(self, look: Look, seconds: float) -> None:
        """Take in a picture in which nothing is wrong."""
        settings, before = self._settings, self._learned_seconds
        elapsed = 0.0 if before is None else min(max(seconds - before, 0.0), 4 * settings.look_seconds)
        self._learned_seconds = seconds
        self._seconds += elapsed
        if before is None:
            self.edges, self.structure, self.detail = look.edges.copy(), look.structure, look.detail
            return
        share = elapsed / min(max(self._seconds, 2 * settings.look_seconds), settings.memory_seconds)
        self.edges += np.float32(share) * (look.edges - self.edges)
        self.structure += share * (look.structure - self.structure)
        settled = self._seconds > settings.memory_seconds
        sharper = look.detail > self.detail and settled
        self.detail += share * (look.detail - self.detail) / (_SHARPER_MEMORY if sharper else 1.0)


class PictureHealth:
    """Follows the pictures of one camera; `seconds` are the frames' own."""

    def __init__(self, settings: PictureHealthSettings) -> None:
        self._settings = settings
        self._usual = UsualView(settings)
        self._since: dict[str, float] = {}
        self._last: Look | None = None
        self._looked_seconds: float | None = None
        self._same_since_seconds = 0.0
        self._restarted = False

    def restart(self, seconds: float) -> None:
        """Begin anew after a time without pictures; the usual view is kept."""
        self._since.clear()
        self._same_since_seconds = seconds
        self._restarted = True

    def observe(self, image: Image, seconds: float) -> None:
        """Take in a frame; most are not looked at."""
        settings = self._settings
        last_seconds = self._looked_seconds
        if last_seconds is not None and 0 <= seconds - last_seconds < settings.look_seconds - 1e-6:
            return
        self._looked_seconds = seconds
        look = look_at(image, settings.bright_level)
        if self._last is None or self._restarted or not np.array_equal(look.sample, self._last.sample):
            self._same_since_seconds = seconds
        self._restarted = False
        self._last = look
        found = self._found(look)
        for fault in _HELD_FAULTS:
            if fault not in found:
                self._since.pop(fault, None)
            elif fault not in self._since:
                self._since[fault] = seconds
        if not found and seconds - self._same_since_seconds <= 2 * settings.look_seconds:
            self._usual.learn(look, seconds)

    def suspected(self, seconds: float, still_seconds: float) -> bool:
        """Return whether anything looks wrong now, or nothing has changed for `still_seconds`."""
        return bool(self._since) or seconds - self._same_since_seconds >= still_seconds

    def fault(self, seconds: float) -> tuple[str, str] | None:
        """Return the fault that is believed now, with a sentence about it; None while all is well."""
        settings = self._settings
        if seconds - self._same_since_seconds >= settings.frozen_seconds:
            return FROZEN, f"the picture has not changed for {settings.frozen_seconds:g} s"
        if not self._since:
            return None
        for fault, (hold_seconds, sentence) in self._believed().items():
            if fault in self._since and seconds - self._since[fault] >= hold_seconds:
                return fault, sentence
        return None

    def _believed(self) -> dict[str, tuple[float, str]]:
        settings = self._settings
        return {
            DARK: (settings.dark_seconds, f"mean brightness below {settings.dark_below_level:g} of 255"),
            OVER_EXPOSED: (
                settings.bright_seconds,
                f"more than {settings.bright_above_share:.0%} of the picture is white",
            ),
            COVERED: (settings.covered_seconds, "the usual view is hidden and little else can be seen"),
            BLURRED: (settings.blurred_seconds, "edges are much less sharp than usual"),
            MOVED: (settings.moved_seconds, "the view is not where it usually is"),
        }

    def _found(self, look: Look) -> set[str]:
        settings, found = self._settings, set()
        dark_level = settings.light_above_level if DARK in self._since else settings.dark_below_level
        if look.level < dark_level or (DARK in self._since and look.level <= dark_level):
            found.add(DARK)
        bright = settings.bright_below_share if OVER_EXPOSED in self._since else settings.bright_above_share
        if look.bright_share > bright:
            found.add(OVER_EXPOSED)
        if not found and self._usual.known:
            found |= self._strange(look)
        return found

    def _strange(self, look: Look) -> set[str]:
        """Return what is wrong with the view compared with the usual one, if anything."""
        settings, usual = self._settings, self._usual
        alike = likeness(look.edges, usual.edges)
        dull = look.structure < settings.covered_below_structure * usual.structure
        soft = look.detail < settings.blurred_below_detail * usual.detail
        if alike < settings.changed_below_likeness / 2 and (dull or soft):
            return {COVERED}
        if soft:
            return {BLURRED}
        if alike >= settings.changed_below_likeness:
            return set()
        shift, fit = best_shift(look.edges, usual.edges)
        if shift >= settings.moved_minimum_px and fit > alike + 0.1 and fit > 0.3:
            return {MOVED}
        return {MOVED} if alike < settings.strange_below_likeness else set()


_HELD_FAULTS = (DARK, OVER_EXPOSED, COVERED, BLURRED, MOVED)
