"""The latest frame of a camera, shared with viewers on the same device; nobody waits for anybody.

`<camera>.mark` is there as long as the camera is; viewers touch it. Without a touch for `FRESH_SECONDS`
nothing is copied and the picture, `<camera>.frame`, is removed. Only their owner may read either.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.identity import check_identifier
from edge_components.runtime.frame_file import OVERLAY_BYTES, FrameFile, StoredFrame
from edge_components.runtime.scaling import Image

logger = logging.getLogger(__name__)

FRESH_SECONDS = 3.0
"""How long after a viewer's touch frames are still copied."""
LOOK_SECONDS = 0.25
"""How often the writer looks at the mark; between two looks an unwatched camera pays for one comparison."""
RETRY_SECONDS = 5.0
"""After a file could not be made, and after another writer took the camera over."""
DEFAULT_FRAMES_PER_SECOND = 10.0
FASTEST_FRAMES_PER_SECOND = 60.0
MAXIMUM_WIDTH, MAXIMUM_HEIGHT = 1920, 1080
"""A larger frame is scaled down to fit: no viewer is shown more, and a camera's file stays below 13 MiB."""
_ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class SharedFrame:
    """A frame (h, w, 3 BGR) and what its writer said of it.

    `overlay` is in pixels of the frame that the camera gave, `source_width` x `source_height`; the image may
    be smaller. `taken_seconds` is on `time.monotonic`, which all processes of a machine share.
    """

    image: Image
    overlay: Mapping[str, Any]
    source_width: int
    source_height: int
    event_time_ms: int
    taken_seconds: float
    number: int


class FrameShare:
    """Opens the two ends of the share in `folder`; a camera's name is an identifier of the contract."""

    @staticmethod
    def writer(folder: Path, camera: str, *, clock: Callable[[], float] = time.monotonic) -> FrameWriter:
        """Return the end that offers frames; it makes the folder (0700) and the mark."""
        return FrameWriter(folder, check_identifier("camera", camera), clock)

    @staticmethod
    def reader(folder: Path, camera: str) -> FrameReader:
        """Return the end that takes frames, whether or not a writer is there yet."""
        return FrameReader(folder, check_identifier("camera", camera))

    @staticmethod
    def cameras(folder: Path) -> list[str]:
        """Return the cameras that have a writer, or had one that was killed."""
        return sorted(path.stem for path in folder.glob("*.mark"))


class FrameWriter:
    """Offers the frames of one camera; used by one thread.

    Nothing here raises or waits: a picture that cannot be shown must not stop the count.
    """

    def __init__(self, folder: Path, camera: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._folder = folder
        self._camera = camera
        self._path = folder / f"{camera}.frame"
        self._mark = folder / f"{camera}.mark"
        self._file: FrameFile | None = None
        self._seen_mark: tuple[int, int] | None = None
        self._fresh_until = self._look_at = self._due_at = self._retry_at = 0.0
        self._interval_seconds = 1 / DEFAULT_FRAMES_PER_SECOND
        self._make_mark()

    def offer(
        self, image: Image, overlay: Callable[[], Mapping[str, Any]], *, event_time_ms: int = 0
    ) -> bool:
        """Copy `image` (h, w, 3 BGR) when a viewer is there and it is time; return whether it was copied.

        `overlay` is called only then; what it returns must be JSON.
        """
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look(now)
        if now < self._due_at or now >= self._fresh_until or now < self._retry_at:
            return False
        # Kept to the pace on average: the pipeline's own frames seldom fall on the very moment.
        self._due_at = max(self._due_at + self._interval_seconds, now)
        try:
            self._write(image, overlay, event_time_ms, now)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the picture, counting goes on
            self._retry_at = now + RETRY_SECONDS
            self._drop_file()
            logger.warning("frame not shown", extra={"camera": self._camera, "problem": str(error)})
            return False
        return True

    def close(self) -> None:
        """Remove the picture and the mark: the camera is no longer there to be looked at."""
        self._drop_file()
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)

    def _make_mark(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._mark, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            problem = error.strerror or str(error)
            logger.warning("camera cannot be shown", extra={"camera": self._camera, "problem": problem})

    def _look(self, now: float) -> None:
        """See whether a viewer has touched the mark, by the change alone: clocks of devices jump."""
        try:
            status = self._mark.stat()
        except OSError:
            self._make_mark()
            return
        mark = status.st_mtime_ns, status.st_size
        if mark != self._seen_mark:
            # A mark that nobody has written into is our own.
            self._fresh_until = now + FRESH_SECONDS if status.st_size else 0.0
            self._seen_mark = mark
            self._interval_seconds = 1 / self._asked_pace()
        if self._file is None:
            return
        if now >= self._fresh_until:
            self._drop_file()
        elif (theirs := self._file.named_otherwise(self._path)) is not None:
            self._file.close()
            self._file = None
            self._retry_at = now + RETRY_SECONDS if theirs else 0.0

    def _asked_pace(self) -> float:
        try:
            pace = float(self._mark.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return DEFAULT_FRAMES_PER_SECOND
        return min(pace, FASTEST_FRAMES_PER_SECOND) if pace >= 0.1 else DEFAULT_FRAMES_PER_SECOND

    def _write(
        self, image: Image, overlay: Callable[[], Mapping[str, Any]], event_time_ms: int, now: float
    ) -> None:
        height, width = image.shape[:2]
        shown = shown_size(width, height)
        if self._file is None or self._file.capacity != shown[0] * shown[1] * 3:
            self._drop_file()
            self._file = FrameFile.make(self._path, shown[0] * shown[1] * 3)
        text = json.dumps({"width": width, "height": height, **overlay()}, ensure_ascii=False).encode()
        if len(text) > OVERLAY_BYTES:
            text = json.dumps({"width": width, "height": height, "left_out": True}).encode()
        self._file.put(image, shown, text, event_time_ms, round(now * 1e9))

    def _drop_file(self) -> None:
        if self._file is None:
            return
        if self._file.named_otherwise(self._path) is None:
            with suppress(OSError):
                self._path.unlink()
        self._file.close()
        self._file = None


class FrameReader:
    """Takes the latest frame of one camera; used by one thread."""

    def __init__(self, folder: Path, camera: str) -> None:
        self._path = folder / f"{camera}.frame"
        self._mark = folder / f"{camera}.mark"
        self._file: FrameFile | None = None
        self._seen = 0
        self._number = 0

    def ask(self, frames_per_second: float = DEFAULT_FRAMES_PER_SECOND) -> bool:
        """Tell the writer that somebody looks; return False when no such camera is there."""
        try:
            # Never made here: that would conjure up a camera by asking for it.
            handle = os.open(self._mark, os.O_WRONLY)
        except OSError:
            return False
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{frames_per_second:06.2f}")
            stream.flush()
            os.utime(stream.fileno())
        return True

    def has_new(self) -> bool:
        """Return whether there is a frame that was not returned before."""
        file = self._open()
        return file is not None and file.latest not in (0, self._seen)

    def read(self) -> SharedFrame | None:
        """Return a copy of the latest frame, None when there is none that was not returned before."""
        stored = None if (file := self._open()) is None else self._take(file)
        if stored is None:
            return None
        self._number += 1
        overlay = json.loads(stored.overlay)
        size = int(overlay["width"]), int(overlay["height"])
        taken_seconds = stored.taken_ns / 1e9
        return SharedFrame(stored.image, overlay, *size, stored.event_time_ms, taken_seconds, self._number)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take(self, file: FrameFile) -> StoredFrame | None:
        for _ in range(_ATTEMPTS):
            latest = file.latest
            if latest in (0, self._seen):
                return None
            if (stored := file.take(latest)) is not None:
                self._seen = latest
                return stored
        return None

    def _open(self) -> FrameFile | None:
        """Follow the name to the file it stands for now: a new one comes with each writer and frame size."""
        if self._file is not None and self._file.named_otherwise(self._path) is not None:
            self.close()
        if self._file is None:
            self._file, self._seen = FrameFile.open(self._path), 0
        return self._file


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Return the size at which a frame is shared: its own, or the largest of its aspect that fits."""
    scale = min(1.0, MAXIMUM_WIDTH / width, MAXIMUM_HEIGHT / height)
    return max(1, int(width * scale)), max(1, int(height * scale))
