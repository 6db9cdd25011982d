"""A folder that somebody copied: a look at its times, and a second one to count so that the first stays."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contract.errors import CrowdLensError
from edge_components.deepstream_bridge.file_names import StreamKey, parse_name

_LEAST_FILES = 20
_CREDIBLE_SHARE = 0.2
"""Written in less than this share of the time that the frames took, files tell nothing of that time."""


class FolderCopyError(CrowdLensError):
    """Raised when a folder cannot be read, or not be put aside."""


def doubtful_times(folder: Path, rates: Mapping[StreamKey, float]) -> list[str]:
    """Return a sentence for each stream whose files were written far faster than a camera gives frames.

    `rates` are the frames a second of each stream. That is so after a plain `cp -r`, which gives every file
    the time of the copying, and when an app ran through a recorded video. Raises `FolderCopyError`.
    """
    sentences = []
    for key, times in sorted(_written_seconds(folder).items()):
        camera_seconds = (max(times) - min(times)) / rates.get(key, 30.0)
        written_seconds = max(times.values()) - min(times.values())
        if len(times) >= _LEAST_FILES and written_seconds < camera_seconds * _CREDIBLE_SHARE:
            sentences.append(
                f"stream {key}: {len(times)} files were written within {written_seconds:.1f} s, and their "
                f"frames are {camera_seconds:.1f} s of a camera: a copy without `cp -a`, or a recorded video"
            )
    return sentences


@contextmanager
def second_folder(folder: Path, beside: Path) -> Iterator[Path]:
    """Yield a folder below `beside` with the same frames, links where that can be; it goes at the end."""
    with tempfile.TemporaryDirectory(prefix="kept-", dir=beside) as made:
        try:
            for file in _frame_files(folder):
                _link(file, Path(made) / file.name)
        except OSError as error:
            reason = error.strerror or error
            raise FolderCopyError(f"folder {folder} cannot be kept beside {beside}: {reason}") from error
        yield Path(made)


def _link(file: Path, second: Path) -> None:
    try:
        second.hardlink_to(file)
    except OSError:
        # Another file system, or somebody else's file.
        shutil.copy2(file, second)


def _written_seconds(folder: Path) -> dict[StreamKey, dict[int, float]]:
    found: dict[StreamKey, dict[int, float]] = defaultdict(dict)
    try:
        for file in _frame_files(folder):
            named = parse_name(file.name)
            if named is not None:
                found[named.key][named.frame] = file.lstat().st_mtime
    except OSError as error:
        raise FolderCopyError(f"folder {folder} cannot be listed: {error.strerror or error}") from error
    return found


def _frame_files(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if parse_name(entry.name) is not None and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
        ]
