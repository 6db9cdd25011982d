"""Which files of a KITTI folder can be read: whole ones, in the order in which they were written.

A folder is listed again and again. Of one stream the next file is opened only after the one before was
closed, so a file is whole once a later one is there; the last one is whole when it has not changed for a
while and ends with a whole line.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_components.deepstream_bridge.file_names import FrameFile, StreamKey, parse_name
from edge_components.deepstream_bridge.kitti import MAXIMUM_FILE_BYTES, is_complete
from edge_components.deepstream_bridge.runs import Evidence, Position, Sighting, Verdict, judge, run_of

logger = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""The last file of a stream that is this old and ends with a whole line is taken for whole."""
CUT_SECONDS = 10.0
"""So long a last file may end in the middle of a line; then nobody writes it any more."""


@dataclass(frozen=True)
class WholeFile:
    """A file that can be read: its content, and when it was written (nanoseconds since 1970 UTC).

    `boot` is the boot in which its run began.
    """

    path: Path
    frame: int
    written_ns: int
    content: bytes
    boot: str
    begins_anew: bool = False


@dataclass
class _Last:
    size: int
    written_ns: int
    since_seconds: float


@dataclass
class _Stream:
    names: dict[int, str] = field(default_factory=dict)
    last: _Last | None = None
    noticed: dict[int, int] = field(default_factory=dict)
    """The look at which a frame was found to be there again."""
    taken_look: int | None = None
    grown: tuple[int, float] | None = None
    """How many frames are there again, and since when."""
    begins_anew: bool = False
    late: list[int] = field(default_factory=list)


class FolderWatch:
    """Looks at one folder in the boot `boot`; `monotonic_seconds` can be replaced for tests."""

    def __init__(self, folder: Path, monotonic_seconds: Callable[[], float], boot: str = "") -> None:
        self.folder = folder
        self.boot = boot
        self._monotonic_seconds = monotonic_seconds
        self._parsed: dict[str, FrameFile | None] = {}
        self._seen: dict[str, int] = {}
        self._looks = 0
        self._unreadable: set[str] = set()
        self._streams: dict[StreamKey, _Stream] = {}
        self.late_files = 0
        self.unreadable_files = 0
        self.last_is_whole = False
        """Set when nobody writes any more: then the last file of each stream is whole, too."""

    def look(self) -> None:
        """List the folder; raises OSError when it cannot be listed."""
        names = os.listdir(self.folder)  # noqa: PTH208 - names alone, many times a second
        parsed = {name: self._parsed[name] if name in self._parsed else parse_name(name) for name in names}
        self._looks += 1
        if parsed.keys() == self._parsed.keys():
            return
        self._parsed = parsed
        self._seen = {name: self._seen.get(name, self._looks) for name in parsed}
        self._unreadable &= parsed.keys()
        for stream in self._streams.values():
            stream.names = {}
        for name, found in parsed.items():
            if found is not None and name not in self._unreadable:
                self._streams.setdefault(found.key, _Stream()).names[found.frame] = name

    @property
    def streams(self) -> Mapping[StreamKey, int]:
        """The streams that have files, and how many."""
        return {key: len(stream.names) for key, stream in self._streams.items() if stream.names}

    def whole_files(
        self, key: StreamKey, position: Position, kept: Mapping[int, int], maximum: int
    ) -> list[WholeFile]:
        """Return the next files after `position` that are whole, at most so many, in their order.

        `kept` are frames that were taken and whose files were not removed yet, with when they were written.
        Files that a tracker wrote to after they were taken are late: `late` tells them.
        """
        stream = self._streams.get(key)
        if stream is None or not stream.names:
            return []
        stream.late = []
        boot = self.boot if position.frame < 0 else position.boot
        behind = self._changed_behind(stream, position, kept)
        ahead = self._ahead(stream, position, kept)
        if behind:
            return self._after_restart(stream, position, behind, ahead, maximum)
        return self._read(stream, ahead, maximum, boot)

    def late(self, key: StreamKey) -> int:
        """Return how many files the last `whole_files` found to be late; `drop_late` removes them."""
        stream = self._streams.get(key)
        return 0 if stream is None else len(stream.late)

    def drop_late(self, key: StreamKey) -> None:
        """Remove the files that were written to after they were taken."""
        stream = self._streams.get(key)
        if stream is None:
            return
        self.late_files += len(stream.late)
        while stream.late:
            self._unlink(stream, stream.late.pop())

    def remove(self, key: StreamKey, taken: Mapping[int, int]) -> None:
        """Remove files that were taken, but not those that were written to since."""
        stream = self._streams.get(key)
        if stream is None:
            return
        for frame, written_ns in taken.items():
            name = stream.names.get(frame)
            if name is not None and self._written_ns(name) == written_ns:
                self._unlink(stream, frame)

    def drop_oldest(self, key: StreamKey, position: Position, up_to_frame: int) -> int:
        """Remove unread files up to a frame; return how many went."""
        stream = self._streams.get(key)
        if stream is None:
            return 0
        frames = [frame for frame in stream.names if position.frame < frame <= up_to_frame]
        for frame in frames:
            self._unlink(stream, frame)
        return len(frames)

    def waiting(self, key: StreamKey, position: Position, kept: Mapping[int, int]) -> list[int]:
        """Return the frames after `position` that have files, in their order."""
        stream = self._streams.get(key)
        return [] if stream is None else self._ahead(stream, position, kept)

    @staticmethod
    def _ahead(stream: _Stream, position: Position, kept: Mapping[int, int]) -> list[int]:
        return sorted(frame for frame in stream.names if frame > position.frame and frame not in kept)

    def _changed_behind(
        self, stream: _Stream, position: Position, kept: Mapping[int, int]
    ) -> dict[int, Sighting]:
        """Return frames up to `position` that have a file again.

        A file that was taken and written to before it was removed is not removed, and found here later.
        """
        found = {}
        for frame in [frame for frame in stream.names if frame <= position.frame and frame not in kept]:
            written_ns = self._written_ns(stream.names[frame])
            if written_ns is None:
                self._set_aside(stream, frame)
            elif written_ns >= 0:
                found[frame] = Sighting(written_ns, stream.noticed.get(frame, self._looks))
        stream.noticed = {frame: one.look for frame, one in found.items()}
        if not found:
            stream.grown, stream.begins_anew = None, False
        return found

    def _after_restart(
        self,
        stream: _Stream,
        position: Position,
        behind: Mapping[int, Sighting],
        ahead: list[int],
        maximum: int,
    ) -> list[WholeFile]:
        """Tell an app that began anew from a tracker that wrote to frames of the past."""
        evidence = self._evidence(stream, position, behind, ahead)
        verdict = Verdict.NEW_RUN if stream.begins_anew else judge(evidence)
        if verdict is Verdict.NEW_RUN:
            stream.begins_anew = True
            older, run = run_of(evidence)
            if older:
                # What the run before left comes first; all of it is whole.
                return self._read(stream, older, maximum, position.boot, last_is_whole=True)
            return self._read(stream, run, maximum, self.boot, begins_anew=True)
        if verdict is Verdict.LATE:
            stream.late = list(behind)
        return self._read(stream, ahead, maximum, position.boot)

    def _evidence(
        self, stream: _Stream, position: Position, behind: Mapping[int, Sighting], ahead: list[int]
    ) -> Evidence:
        seen, names, now = self._seen, stream.names, self._monotonic_seconds()
        if stream.grown is None or stream.grown[0] != len(behind):
            stream.grown = len(behind), now
        times = {frame: self._written_ns(names[frame]) for frame in ahead}
        return Evidence(
            position,
            self.boot,
            behind,
            {frame: Sighting(at, seen[names[frame]]) for frame, at in times.items() if at is not None},
            stream.taken_look is not None and seen[names[min(behind)]] > stream.taken_look,
            math.inf if self.last_is_whole else now - stream.grown[1],
        )

    def _read(
        self,
        stream: _Stream,
        frames: list[int],
        maximum: int,
        boot: str,
        *,
        last_is_whole: bool = False,
        begins_anew: bool = False,
    ) -> list[WholeFile]:
        whole: list[WholeFile] = []
        for place, frame in enumerate(frames[:maximum]):
            is_last = place == len(frames) - 1 and not last_is_whole
            read = self._open(stream, frame)
            if read is None:
                continue
            written_ns, content = read
            if is_last and not self._is_quiet(stream, written_ns, content):
                break
            anew = begins_anew and not whole
            whole.append(WholeFile(self.folder / stream.names[frame], frame, written_ns, content, boot, anew))
        if whole:
            stream.taken_look = self._looks
            stream.begins_anew = stream.begins_anew and not begins_anew
        return whole

    def _is_quiet(self, stream: _Stream, written_ns: int, content: bytes) -> bool:
        """Return whether the last file of a stream has stayed as it is for long enough."""
        if self.last_is_whole:
            return True
        now, last = self._monotonic_seconds(), stream.last
        if last is None or (last.size, last.written_ns) != (len(content), written_ns):
            stream.last = _Last(len(content), written_ns, now)
            return False
        seconds = now - last.since_seconds
        return seconds >= (QUIET_SECONDS if is_complete(content) else CUT_SECONDS)

    def _open(self, stream: _Stream, frame: int) -> tuple[int, bytes] | None:
        """Return when a file was written and what it holds, None when it has gone or is no file."""
        path = self.folder / stream.names[frame]
        try:
            # A named pipe would wait for a writer, a link lead elsewhere.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                raise
            self._set_aside(stream, frame)
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                self._set_aside(stream, frame)
                return None
            return status.st_mtime_ns, _content(handle)
        finally:
            os.close(handle)

    def _written_ns(self, name: str) -> int | None:
        """Return when a file was written, -1 when it has gone, None when it is no file."""
        try:
            status = (self.folder / name).lstat()
        except FileNotFoundError:
            return -1
        return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None

    def _set_aside(self, stream: _Stream, frame: int) -> None:
        """Leave alone what is named like a frame and is no file."""
        name = stream.names.pop(frame)
        self._unreadable.add(name)
        self.unreadable_files += 1
        logger.warning("no file, though named like a frame", extra={"path": str(self.folder / name)})

    def _unlink(self, stream: _Stream, frame: int) -> None:
        name = stream.names.get(frame)
        if name is None:
            return
        try:
            (self.folder / name).unlink(missing_ok=True)
        except IsADirectoryError:
            self._set_aside(stream, frame)
            return
        del stream.names[frame]
        self._parsed.pop(name, None)
        self._seen.pop(name, None)


def _content(handle: int) -> bytes:
    with os.fdopen(handle, "rb", closefd=False) as file:
        return file.read(MAXIMUM_FILE_BYTES)
