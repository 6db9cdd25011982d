"""Says how far a run is: a line every second on a terminal, every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

TERMINAL_INTERVAL_SECONDS = 1.0
LOG_INTERVAL_SECONDS = 10.0
_CLEAR_LINE = "\r\x1b[K"


@dataclass(frozen=True)
class Progress:
    """How far a run is; `total_frames` is None for a live source."""

    frames: int
    total_frames: int | None
    skipped_frames: int
    seconds: float

    @property
    def frames_per_second(self) -> float:
        """Mean pace so far."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated time to the end, None when there is no end or no pace yet."""
        if self.total_frames is None or self.frames_per_second <= 0:
            return None
        return max(0, self.total_frames - self.frames) / self.frames_per_second


class ProgressPrinter:
    """Writes progress through `write`; on a terminal a line replaces the one before.

    A file's pace is the mean of the run, which its estimate rests on; a camera's is that since the last line.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        is_terminal: bool,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._monotonic_seconds = monotonic_seconds
        self._interval_seconds = TERMINAL_INTERVAL_SECONDS if is_terminal else LOG_INTERVAL_SECONDS
        self._due_seconds = monotonic_seconds() + self._interval_seconds
        self._open_line = False
        self._before = Progress(0, None, 0, 0.0)

    def __call__(self, progress: Progress) -> None:
        """Write a line when one is due."""
        now_seconds = self._monotonic_seconds()
        if now_seconds >= self._due_seconds:
            self._due_seconds = now_seconds + self._interval_seconds
            self._line(progress)

    def finish(self, progress: Progress) -> None:
        """Write the last line."""
        self._line(progress)
        if self._open_line:
            self._write("\n")
            self._open_line = False

    def _line(self, progress: Progress) -> None:
        text = sentence(progress, self._pace(progress))
        self._write(f"{_CLEAR_LINE}{text}" if self._is_terminal else f"{text}\n")
        self._open_line = self._is_terminal
        self._before = progress

    def _pace(self, progress: Progress) -> float:
        elapsed_seconds = progress.seconds - self._before.seconds
        if progress.total_frames is not None or elapsed_seconds <= 0:
            return progress.frames_per_second
        return (progress.frames - self._before.frames) / elapsed_seconds


def sentence(progress: Progress, frames_per_second: float | None = None) -> str:
    """Return progress in words, for example ``frame 120 of 795 · 44.1 frames/s · 0:15 left``.

    The pace is the mean of the run unless `frames_per_second` is given.
    """
    pace = progress.frames_per_second if frames_per_second is None else frames_per_second
    parts = [f"frame {progress.frames}"]
    if progress.total_frames is not None:
        parts = [f"frame {progress.frames} of {progress.total_frames}"]
    parts.append(f"{pace:.1f} frames/s")
    if progress.seconds_left is not None:
        parts.append(f"{_clock(progress.seconds_left)} left")
    if progress.skipped_frames:
        parts.append(f"{progress.skipped_frames} skipped")
    return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
