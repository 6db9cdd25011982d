"""MOTChallenge text: detections in, tracks out.

A line of detections is `frame,id,left,top,width,height,confidence,…`, a line of tracks
`frame,id,left,top,width,height,1,-1,-1,-1`; frames count from 1, lengths are pixels
(https://motchallenge.net/instructions/). The id of a detection is -1 and not looked at, nor are columns
after the seventh. A confidence that is missing or -1 is unknown and taken as 1.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError
from edge_components.runtime.inference.detections import Detections

MAXIMUM_FRAMES = 10_000_000
"""Four days at 30 frames per second; a larger number is a mistake that would keep a replay busy for ever."""
_COLUMNS = 6


class MotTextError(CrowdLensError):
    """Raised when a text of detections cannot be read; the sentence names the line and what was expected."""


@dataclass(frozen=True)
class MotDetections:
    """All detections of a text; `rows` (N, 6) are frame, left, top, width, height, confidence, by frame."""

    rows: npt.NDArray[np.float64]

    @property
    def frames(self) -> int:
        """The number of the last frame with a detection, 0 when there is none."""
        return int(self.rows[-1, 0]) if len(self.rows) else 0

    def by_frame(self) -> Iterator[Detections]:
        """Yield the detections of every frame from the first to the last, empty where the text has none."""
        for _, found in self.numbered():
            yield found

    def numbered(self, *, dense_frames: int | None = None, step: int = 1) -> Iterator[tuple[int, Detections]]:
        """Yield number and detections of the frames from first to last, empty where the text has none.

        Of frames without detections only every `step`th is given that lies further than `dense_frames` from
        the detections before and after; without `dense_frames` every one is.
        """
        last = 0
        numbers, starts = np.unique(self.rows[:, 0].astype(np.int64), return_index=True)
        ends = [*starts.tolist(), len(self.rows)][1:]
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True):
            for empty in _empty_frames(last, number, dense_frames, step):
                yield empty, Detections.empty()
            last, rows = number, self.rows[start:end]
            boxes = rows[:, 1:5].copy()
            boxes[:, 2:] += boxes[:, :2]
            with np.errstate(over="ignore"):
                narrow = boxes.astype(np.float32)
            yield number, Detections(narrow, rows[:, 5].astype(np.float32), np.zeros(len(rows), np.int64))


def _empty_frames(before: int, after: int, dense_frames: int | None, step: int) -> Iterator[int]:
    """Yield the numbers of the frames to give between two with detections."""
    if dense_frames is None or after - before <= 2 * dense_frames + step:
        yield from range(before + 1, after)
        return
    yield from range(before + 1, before + dense_frames)
    yield from range(before + dense_frames, after - dense_frames, step)
    yield from range(after - dense_frames, after)


def read_detections(path: Path) -> MotDetections:
    """Return the detections in the text at `path`, in any order of lines; empty lines are skipped.

    Raises `MotTextError` when the file cannot be read or a line is no detection. Numbers that no box can
    have, such as nan or a negative width, are read: whoever takes the detections decides and counts.
    """
    values = array("d")
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    values.extend(_parse(path.name, number, line))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise MotTextError(f"detections {path} cannot be read: {reason}") from error
    rows = np.frombuffer(values, np.float64).reshape(-1, 6) if values else np.empty((0, 6))
    return MotDetections(rows[np.argsort(rows[:, 0], kind="stable")])


def _parse(name: str, number: int, line: str) -> tuple[float, ...]:
    where = f"{name} line {number}"
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < _COLUMNS:
        raise MotTextError(
            f"{where} has {len(cells)} values: expected frame,id,left,top,width,height,confidence"
        )
    frame = _number(where, "frame", cells[0])
    if not (frame.is_integer() and 1 <= frame <= MAXIMUM_FRAMES):
        raise MotTextError(
            f"{where} has the frame {cells[0]}: expected a whole number from 1 to {MAXIMUM_FRAMES}"
        )
    box = [_number(where, name, cell) for name, cell in zip(_BOX_NAMES, cells[2:6], strict=True)]
    confidence = _number(where, "confidence", cells[6]) if len(cells) > _COLUMNS and cells[6] else -1.0
    return (frame, *box, 1.0 if confidence == -1.0 else confidence)


_BOX_NAMES = ("left", "top", "width", "height")


def _number(where: str, name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise MotTextError(f"{where} has the {name} {cell[:40]!r}: expected a number") from error


TrackLine = tuple[int, int, float, float, float, float]


def format_tracks(lines: Iterable[TrackLine]) -> str:
    """Return the text of track boxes given as frame (from 1), id, left, top, width, height, in that order."""
    return "".join(
        f"{frame},{track},{left:.2f},{top:.2f},{width:.2f},{height:.2f},1,-1,-1,-1\n"
        for frame, track, left, top, width, height in sorted(lines)
        if math.isfinite(left + top + width + height)
    )
