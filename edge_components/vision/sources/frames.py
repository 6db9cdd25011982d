"""What every source gives: frames with times, and facts about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError

Image = npt.NDArray[np.uint8]


class SourceError(CrowdLensError):
    """Raised when a source cannot be opened or read; the text never holds a password."""


class SourceDamagedError(SourceError):
    """Raised after the last readable frame of a damaged or truncated file; `frames` of them were given."""

    def __init__(self, sentence: str, frames: int) -> None:
        super().__init__(sentence)
        self.frames = frames


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture, BGR of shape (h, w, 3).

    `index` counts the source's frames from 0, skipped ones included. `time_seconds` is the presentation time
    since the first frame for files and folders, and a moment on `time.monotonic`, the grab or shortly before
    it, for live sources.
    """

    image: Image
    index: int
    time_seconds: float


@dataclass(frozen=True)
class SourceInfo:
    """Size and pace of a source; `frames` is the number a file declares, None when unknown or endless."""

    width: int
    height: int
    frames_per_second: float
    frames: int | None
    live: bool

    @property
    def duration_seconds(self) -> float | None:
        """How long the frames last, None when unknown."""
        return None if self.frames is None else self.frames / self.frames_per_second


class Source(Protocol):
    """A source that is open; read by one thread.

    `name` is what may be shown of its address. `fault` says why a live source gives no frames at present.
    """

    name: str
    info: SourceInfo

    @property
    def ended(self) -> bool:
        """True once no further frame will come; a live source never ends by itself."""
        ...

    @property
    def skipped_frames(self) -> int:
        """Frames of a live source that were replaced by newer ones before anyone read them."""
        ...

    @property
    def fault(self) -> str | None:
        """Why a live source gives nothing at present, in a few words; None while it does."""
        ...

    def read(self, timeout_seconds: float) -> Frame | None:
        """Return the next frame, or None when it ended or nothing came in time.

        Raises `SourceError` for what the user has to mend.
        """
        ...

    def close(self) -> None:
        """Give the file or the camera back; safe to call twice."""
        ...
