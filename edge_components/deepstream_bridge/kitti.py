"""The text that DeepStream writes for one frame: a line per object, in its variant of the KITTI format.

As deepstream-app writes it (`gie-kitti-output-dir`, `kitti-track-output-dir`), a box being left, top, right
and bottom in pixels of the stream muxer's picture::

    label 0.0 0 0.0 left top right bottom 0.0 0.0 0.0 0.0 0.0 0.0 0.0 confidence        untracked, 16 fields
    label id 0.0 0 0.0 left top right bottom 0.0 0.0 0.0 0.0 0.0 0.0 0.0 confidence     tracked, 17 fields

DeepStream 4 wrote no confidence. A label may hold spaces ("traffic light"), so a line is read from its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNTRACKED_ID = 2**64 - 1
"""What DeepStream gives an object that its tracker did not take."""
MAXIMUM_FILE_BYTES = 4 * 1024 * 1024
"""A thousand objects are some 100 KiB."""
MAXIMUM_LINE_CHARACTERS = 512
"""DeepStream's label and numbers are some 200; a longer line is damaged, and takes no time."""
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LINE = re.compile(
    rf"(?P<label>\S.*?)(?: (?P<id>\d{{1,20}}))? {_NUMBER} -?\d+ {_NUMBER} "
    rf"(?P<left>{_NUMBER}) (?P<top>{_NUMBER}) (?P<right>{_NUMBER}) (?P<bottom>{_NUMBER})"
    rf"(?: {_NUMBER}){{7}}(?: (?P<confidence>{_NUMBER}))?"
)


@dataclass(frozen=True)
class KittiObject:
    """One object; `track` is DeepStream's id, None for a detection that nobody follows."""

    label: str
    track: int | None
    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True)
class KittiFrame:
    """The objects of one frame, and how many lines could not be read."""

    objects: tuple[KittiObject, ...]
    damaged_lines: int = 0


def is_complete(content: bytes) -> bool:
    """Return whether what a file holds ends with a whole line; an empty file is a frame with no object."""
    return not content or (content.endswith(b"\n") and parse_kitti(content).damaged_lines == 0)


def parse_kitti(content: bytes) -> KittiFrame:
    """Return the objects of a frame's file.

    A last line without its end is damaged: its numbers may be cut. Of two lines with one id the first counts.
    """
    lines = content.decode("utf-8", errors="replace").split("\n")
    cut = lines.pop()
    damaged = 1 if cut.strip() else 0
    objects: list[KittiObject] = []
    seen: set[int] = set()
    for line in lines:
        found = parse_line(line)
        if found is None:
            damaged += bool(line.strip())
        elif found.track is None or found.track not in seen:
            objects.append(found)
            if found.track is not None:
                seen.add(found.track)
    return KittiFrame(tuple(objects), damaged)


def parse_line(line: str) -> KittiObject | None:
    """Return the object of a line of either form, None for a line of another."""
    line = line.rstrip()
    match = _LINE.fullmatch(line) if len(line) <= MAXIMUM_LINE_CHARACTERS else None
    if match is None:
        return None
    track = None if match["id"] is None else int(match["id"])
    confidence = 1.0 if match["confidence"] is None else float(match["confidence"])
    return KittiObject(
        label=match["label"],
        track=None if track is None or track >= UNTRACKED_ID else track,
        box=(float(match["left"]), float(match["top"]), float(match["right"]), float(match["bottom"])),
        # Trackers that know no confidence (IOU, KLT) write -0.1: they are sure of what they follow.
        confidence=min(confidence, 1.0) if confidence >= 0 else 1.0,
    )
