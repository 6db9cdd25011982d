"""The mapped file of a camera's latest frame: a header of words and two slots.

The writer fills the slot that is not the latest and then names it as the latest, so a reader has a whole
frame interval to copy a picture. A slot's sequence number, odd while it is being written, tells a reader that
was slower to try again: a seqlock (Lameter, "Effective Synchronization on Linux/NUMA Systems", 2005).
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from edge_components.runtime.scaling import Image, scaled

OVERLAY_BYTES = 128 * 1024
_MAGIC: Final = int.from_bytes(b"CLFRAME1", "little")
_SLOTS: Final = 2
_HEADER_BYTES: Final = 4096
# Words of eight bytes, since a store of that size reaches the other process in one piece.
_WORD_MAGIC, _WORD_CAPACITY, _WORD_LATEST, _FIRST_SLOT_WORD = 0, 1, 2, 8
_SLOT_WORDS: Final = 8
_SEQUENCE, _WIDTH, _HEIGHT, _OVERLAY_LENGTH, _EVENT_TIME, _TAKEN = range(6)


class StoredFrame(NamedTuple):
    """A copy of what one slot held; `overlay` is JSON, `taken_ns` is on `time.monotonic_ns`."""

    image: Image
    overlay: bytes
    event_time_ms: int
    taken_ns: int


class FrameFile:
    """One mapped file; a new one is made for each frame size, so none is ever cut below a reader."""

    def __init__(self, mapped: mmap.mmap, identity: tuple[int, int], capacity: int) -> None:
        self._mapped = mapped
        self._identity = identity
        self.capacity = capacity
        self._view = memoryview(mapped)
        self._words = self._view[:_HEADER_BYTES].cast("Q")
        self._fence_lock = threading.Lock()

    @classmethod
    def make(cls, path: Path, capacity: int) -> FrameFile:
        """Make an empty file for `capacity` bytes of picture and put it in the place of `path`."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One name for all times: a writer that is killed here again and again leaves one file, not many.
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            size = _file_bytes(capacity)
            # A hole in a mapped file on a full disk kills the process that writes into it.
            os.posix_fallocate(handle, 0, size)
            made = cls(mmap.mmap(handle, size), _identity(os.fstat(handle)), capacity)
            made._words[_WORD_CAPACITY] = capacity
            made._words[_WORD_MAGIC] = _MAGIC
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        return made

    @classmethod
    def open(cls, path: Path) -> FrameFile | None:
        """Return the file for reading, None when there is none or it is not one of these."""
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            status = os.fstat(handle)
            if status.st_size < _HEADER_BYTES:
                return None
            opened = cls(mmap.mmap(handle, status.st_size, access=mmap.ACCESS_READ), _identity(status), 0)
        except (OSError, ValueError):
            return None
        finally:
            os.close(handle)
        opened.capacity = opened._words[_WORD_CAPACITY]
        if opened._words[_WORD_MAGIC] == _MAGIC and status.st_size == _file_bytes(opened.capacity):
            return opened
        opened.close()
        return None

    def named_otherwise(self, path: Path) -> bool | None:
        """Return None while `path` is this file, True when it is another one, False when there is none."""
        try:
            return None if _identity(path.stat()) == self._identity else True
        except OSError:
            return False

    @property
    def latest(self) -> int:
        """The number of the latest whole frame, 0 before the first."""
        return int(self._words[_WORD_LATEST])

    def put(
        self, image: Image, size: tuple[int, int], overlay: bytes, event_time_ms: int, taken_ns: int
    ) -> None:
        """Store a frame, scaled to `size`, as the latest."""
        number = self.latest + 1
        slot, base = number % _SLOTS, _slot_word(number)
        self._words[base + _SEQUENCE] = 2 * number - 1
        self._fence()
        width, height = size
        pixels = self._pixels(slot, width, height)
        np.copyto(pixels, image if image.shape[:2] == (height, width) else scaled(image, size))
        start = self._slot_start(slot) + self.capacity
        self._view[start : start + len(overlay)] = overlay
        for word, value in (
            (_WIDTH, width),
            (_HEIGHT, height),
            (_OVERLAY_LENGTH, len(overlay)),
            (_EVENT_TIME, max(0, event_time_ms)),
            (_TAKEN, taken_ns),
        ):
            self._words[base + word] = value
        self._fence()
        self._words[base + _SEQUENCE] = 2 * number
        self._fence()
        self._words[_WORD_LATEST] = number

    def take(self, latest: int) -> StoredFrame | None:
        """Return a copy of frame `latest`, None when it was overwritten meanwhile."""
        slot, base = latest % _SLOTS, _slot_word(latest)
        if self._words[base + _SEQUENCE] != 2 * latest:
            return None
        self._fence()
        _, width, height, length, event_time_ms, taken_ns = self._words[base : base + 6]
        if width * height * 3 > self.capacity or length > OVERLAY_BYTES:
            return None
        image = self._pixels(slot, width, height).copy()
        start = self._slot_start(slot) + self.capacity
        overlay = bytes(self._view[start : start + length])
        self._fence()
        if self._words[base + _SEQUENCE] != 2 * latest:
            return None
        return StoredFrame(image, overlay, event_time_ms, taken_ns)

    def close(self) -> None:
        """Unmap the file."""
        self._words.release()
        self._view.release()
        # An array of pixels that someone still holds keeps the mapping until it goes.
        with suppress(BufferError):
            self._mapped.close()

    def _fence(self) -> None:
        """Keep what stands before in memory ahead of what stands after, on processors that reorder (Arm).

        Taking a lock orders only what follows, releasing it only what went before; twice is a full barrier.
        """
        for _ in range(2):
            with self._fence_lock:
                pass

    def _pixels(self, slot: int, width: int, height: int) -> Image:
        return np.frombuffer(
            self._mapped, np.uint8, count=width * height * 3, offset=self._slot_start(slot)
        ).reshape(height, width, 3)

    def _slot_start(self, slot: int) -> int:
        return _HEADER_BYTES + slot * _slot_bytes(self.capacity)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _slot_word(number: int) -> int:
    return _FIRST_SLOT_WORD + number % _SLOTS * _SLOT_WORDS


def _slot_bytes(capacity: int) -> int:
    return -(-(capacity + OVERLAY_BYTES) // _HEADER_BYTES) * _HEADER_BYTES


def _file_bytes(capacity: int) -> int:
    return _HEADER_BYTES + _SLOTS * _slot_bytes(capacity)
