"""Which files of a KITTI folder can be read: whole ones, in the order in which they were written.

A folder is listed again and again. Of one stream the next file is opened only after the one before was
closed, so a file is whole once a later one is there; the last one is whole when it has not changed for a
while and ends with a whole line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_components.deepstream_bridge.file_names import FrameFile, StreamKey, parse_name
from edge_components.deepstream_bridge.kitti import MAXIMUM_FILE_BYTES, is_complete

QUIET_SECONDS = 2.0
"""The last file of a stream that is this old and ends with a whole line is taken for whole."""
CUT_SECONDS = 10.0
"""So long a last file may end in the middle of a line; then nobody writes it any more."""
_FIRST_FRAMES = 2
"""A stream that begins anew does so at frame 0, or at 1 where the first was not written."""


@dataclass(frozen=True)
class Position:
    """The last frame that was taken of a stream; `written_ns` is when its file was written, -1 at first."""

    frame: int = -1
    written_ns: int = -1


@dataclass(frozen=True)
class WholeFile:
    """A file that can be read: its content, and when it was written (nanoseconds since 1970 UTC)."""

    path: Path
    frame: int
    written_ns: int
    content: bytes
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


class FolderWatch:
    """Looks at one folder; `monotonic_seconds` can be replaced for tests."""

    def __init__(self, folder: Path, monotonic_seconds: Callable[[], float]) -> None:
        self.folder = folder
        self._monotonic_seconds = monotonic_seconds
        self._parsed: dict[str, FrameFile | None] = {}
        self._streams: dict[StreamKey, _Stream] = {}
        self._newest: tuple[int, float] | None = None
        self.late_files = 0
        self.last_is_whole = False
        """Set when nobody writes any more: then the last file of each stream is whole, too."""

    def look(self) -> None:
        """List the folder; raises OSError when it cannot be listed."""
        names = os.listdir(self.folder)  # noqa: PTH208 - names alone, many times a second
        parsed = {name: self._parsed[name] if name in self._parsed else parse_name(name) for name in names}
        if parsed.keys() == self._parsed.keys():
            return
        self._parsed = parsed
        for stream in self._streams.values():
            stream.names = {}
        for name, found in parsed.items():
            if found is not None:
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
        Files that a tracker wrote to after they were taken are removed and counted as late.
        """
        stream = self._streams.get(key)
        if stream is None or not stream.names:
            return []
        behind = self._changed_behind(stream, position, kept)
        ahead = self._ahead(stream, position, kept)
        if behind:
            return self._after_restart(stream, position, behind, ahead, maximum)
        return self._read(stream, ahead, maximum)

    def remove(self, key: StreamKey, taken: Mapping[int, int]) -> None:
        """Remove files that were taken, but not those that were written to since."""
        stream = self._streams.get(key)
        if stream is None:
            return
        for frame, written_ns in taken.items():
            name = stream.names.get(frame)
            if name is not None and self._written_ns(name) == written_ns:
                self._unlink(stream, frame)

    def remove_up_to(self, key: StreamKey, position: Position) -> int:
        """Remove what was taken before this process began; return how many files went."""
        stream = self._streams.get(key)
        frames = [] if stream is None else [frame for frame in stream.names if frame <= position.frame]
        old = [
            frame
            for frame in frames
            if stream and self._written_ns(stream.names[frame]) <= position.written_ns
        ]
        for frame in old:
            if stream is not None:
                self._unlink(stream, frame)
        return len(old)

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

    def _changed_behind(self, stream: _Stream, position: Position, kept: Mapping[int, int]) -> dict[int, int]:
        """Return frames up to `position` that have a file again, with their times.

        A file that was taken and written to before it was removed is not removed, and found here later.
        """
        found = {}
        for frame in [frame for frame in stream.names if frame <= position.frame and frame not in kept]:
            written_ns = self._written_ns(stream.names[frame])
            if written_ns >= 0:
                found[frame] = written_ns
        return found

    def _after_restart(
        self,
        stream: _Stream,
        position: Position,
        behind: Mapping[int, int],
        ahead: list[int],
        maximum: int,
    ) -> list[WholeFile]:
        """Tell an app that began anew from a tracker that wrote to frames of the past."""
        first = min(behind)
        began_ns = behind[first]
        times = {frame: self._written_ns(stream.names[frame]) for frame in ahead}
        older = [frame for frame in ahead if times[frame] < began_ns]
        if first < _FIRST_FRAMES and self._is_new_run(position, behind, times, began_ns):
            if older:
                # What the run before left comes first; all of it is whole.
                return self._read(stream, older, maximum, last_is_whole=True)
            run = sorted({*behind, *(frame for frame in ahead if frame not in older)})
            return self._read(stream, run, maximum, begins_anew=True)
        newest_ns = max(behind.values())
        later = [frame for frame in ahead if times[frame] >= newest_ns]
        if later or first >= _FIRST_FRAMES or position.written_ns >= newest_ns:
            self.late_files += len(behind)
            for frame in behind:
                self._unlink(stream, frame)
        return self._read(stream, ahead, maximum)

    def _is_new_run(
        self, position: Position, behind: Mapping[int, int], times: Mapping[int, int], began_ns: int
    ) -> bool:
        """Return whether files from frame 0 on are a run of their own.

        They are when no later frame was written since, for a tracker's frames of the past come between frames
        of the present, or when every frame up to those is there again.
        """
        if began_ns <= position.written_ns:
            return False
        newer = [frame for frame, written_ns in times.items() if written_ns >= began_ns]
        if newer:
            first = min(behind)
            return all(frame in behind for frame in range(first, position.frame + 1))
        return self._settled(max(behind.values()), began_ns)

    def _settled(self, newest_ns: int, began_ns: int) -> bool:
        # Between two frames of one batch lie milliseconds: the next present frame would have come by now.
        return newest_ns - began_ns > 1_000_000_000 or self._quiet_since(newest_ns) >= 1.0

    def _quiet_since(self, written_ns: int) -> float:
        """Return for how many seconds nothing newer than `written_ns` was seen."""
        now = self._monotonic_seconds()
        if self._newest is None or self._newest[0] != written_ns:
            self._newest = (written_ns, now)
        return now - self._newest[1]

    def _read(
        self,
        stream: _Stream,
        frames: list[int],
        maximum: int,
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
            whole.append(WholeFile(self.folder / stream.names[frame], frame, written_ns, content, anew))
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
        """Return when a file was written and what it holds, None when it has gone."""
        try:
            with (self.folder / stream.names[frame]).open("rb") as file:
                status = os.fstat(file.fileno())
                return status.st_mtime_ns, file.read(MAXIMUM_FILE_BYTES)
        except FileNotFoundError:
            return None

    def _written_ns(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_mtime_ns
        except FileNotFoundError:
            return -1

    def _unlink(self, stream: _Stream, frame: int) -> None:
        name = stream.names.pop(frame, None)
        if name is not None:
            self._parsed.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)
