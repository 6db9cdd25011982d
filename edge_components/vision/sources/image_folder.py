"""Frames from a folder of pictures."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from edge_components.vision.sources.frames import Frame, Image, SourceError, SourceInfo

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_DIGITS = re.compile(r"(\d+)")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_TAIL_BYTES = 65_536
"""Some cameras write data of their own behind the end of a picture."""


class ImageFolder:
    """The pictures of a folder in natural order of their names, at a steady pace.

    Every file's beginning and end are looked at when the folder is opened, so that a broken one is refused
    before anything is counted; decoding may still find one later.
    """

    skipped_frames = 0
    fault: str | None = None

    def __init__(self, folder: str | Path, *, frames_per_second: float = 10.0) -> None:
        self.name = str(folder)
        self._paths = _pictures(Path(folder))
        for path in self._paths:
            _check_whole(path)
        height, width = _decode(self._paths[0]).shape[:2]
        self.info = SourceInfo(width, height, frames_per_second, len(self._paths), live=False)
        self._next = 0

    @property
    def ended(self) -> bool:
        """True once every picture was given."""
        return self._next >= len(self._paths)

    def read(self, timeout_seconds: float) -> Frame | None:
        """Return the next picture or None at the end; raises `SourceError` that names a broken file."""
        del timeout_seconds
        if self.ended:
            return None
        index, path = self._next, self._paths[self._next]
        image = _decode(path)
        height, width = image.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            raise SourceError(
                f"image {path} is {width}x{height} but the folder's first is {self.info.width}x"
                f"{self.info.height}: expected one size"
            )
        self._next += 1
        return Frame(image, index, index / self.info.frames_per_second)

    def close(self) -> None:
        """End the folder."""
        self._next = len(self._paths)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return the sorting key that puts frame2 before frame10."""
    parts = _DIGITS.split(path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (2, 0, part) for part in parts if part]


def _pictures(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if _is_picture(path)]
    except OSError as error:
        raise SourceError(f"image folder {folder} cannot be read: {error.strerror or error}") from error
    if not found:
        raise SourceError(
            f"image folder {folder} has no pictures: expected files ending in {' '.join(EXTENSIONS)}"
        )
    return sorted(found, key=natural_key)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()


def _check_whole(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except OSError as error:
        raise SourceError(f"image {path} cannot be read: {error.strerror or error}") from error
    if size == 0:
        raise SourceError(f"image {path} is empty: expected a picture")
    if not cv2.haveImageReader(str(path)):
        raise SourceError(f"image {path} is broken or no picture: its beginning is of no known format")
    cut = (head.startswith(_JPEG_START) and _JPEG_END not in tail) or (
        head.startswith(_PNG_START) and _PNG_END not in tail
    )
    if cut:
        raise SourceError(f"image {path} is cut off: its end is missing")


def _decode(path: Path) -> Image:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"image {path} cannot be read: {error.strerror or error}") from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        image = None
    if image is None:
        raise SourceError(f"image {path} cannot be decoded: the file is broken or no picture")
    return np.asarray(image, np.uint8)
