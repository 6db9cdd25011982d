"""What is known of a stream, on disk: where it stands in its files, and all that counting remembers.

After a crash the files since the checkpoint, which are removed only after it, are counted again from the
same state, so the same records come again in the same order. How many of them the spool took before the
crash its own counters say; so many are left out, and nothing is stored twice or lost.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import DiskFullError, WorkFailedError
from contract.records import Record
from edge_components.deepstream_bridge.runs import Position
from edge_components.deepstream_bridge.stream_counter import StreamCounter
from edge_components.runtime.spool import SpoolCounts

logger = logging.getLogger(__name__)

_MAGIC = b"crowdlens-deepstream-2\n"
_EDGE = Path(__file__).parents[1]
_CODE = (
    *Path(__file__).parent.glob("*.py"),
    *(_EDGE / "runtime" / "counting").glob("*.py"),
    _EDGE / "runtime" / "inference" / "detections.py",
    *(_EDGE.parent / "contract").glob("*.py"),
)
"""All whose objects a state holds: the scene is of the contract, boxes are of inference."""
Made = dict[str, dict[str, int]]
"""Records made by epoch and stream of the spool."""


class CheckpointError(WorkFailedError):
    """Raised when a checkpoint cannot be written."""


@dataclass
class Checkpoint:
    """The state of one stream. `idle_at_ms` is set while time is let pass without a frame.

    `closing` are the records that ending the count would make: another release, which cannot read the
    state, stores them instead. `kept` are frames whose files go once this is written, with their times.
    """

    position: Position
    counter: StreamCounter
    made: Made
    idle_at_ms: int | None = None
    closing: Sequence[Record] = ()
    kept: Mapping[int, int] = field(default_factory=dict)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint so that `path` is the old one or the new one, whatever happens.

    Raises `DiskFullError` or `CheckpointError`.
    """
    head = json.dumps({"code": code_digest(), **_plain_position(checkpoint)}).encode() + b"\n"
    state = pickle.dumps(
        (checkpoint.position, checkpoint.counter, checkpoint.made, checkpoint.idle_at_ms), protocol=5
    )
    closing = pickle.dumps(list(checkpoint.closing), protocol=5)
    body = head + len(state).to_bytes(8, "big") + state + closing
    partial = path.with_suffix(".new")
    try:
        with partial.open("wb") as file:
            file.write(_MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        sentence = f"{path} cannot be written ({error.strerror}): expected a writable folder"
        raise (DiskFullError if error.errno == errno.ENOSPC else CheckpointError)(sentence) from error


@dataclass(frozen=True)
class Found:
    """A checkpoint that was read: `state` is None where another release wrote it."""

    position: Position
    state: Checkpoint | None
    closing: Sequence[Record]
    kept: Mapping[int, int]


def load(path: Path) -> Found | None:
    """Return what `path` holds, None where there is nothing that can be used."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.error("checkpoint not read", extra={"path": str(path), "error": str(error)})  # noqa: TRY400
        return None
    start = len(_MAGIC) + 4
    body = content[start:]
    if not content.startswith(_MAGIC) or zlib.crc32(body).to_bytes(4, "big") != content[len(_MAGIC) : start]:
        logger.error("checkpoint damaged, counting begins anew", extra={"path": str(path)})
        return None
    return _parsed(body)


def _parsed(body: bytes) -> Found:
    line, rest = body.split(b"\n", 1)
    head = json.loads(line)
    position = Position(int(head["frame"]), int(head["written_ns"]), str(head.get("boot", "")))
    kept = {int(frame): int(written_ns) for frame, written_ns in head.get("kept", {}).items()}
    size = int.from_bytes(rest[:8], "big")
    state = _state(rest[8 : 8 + size]) if head["code"] == code_digest() else None
    return Found(position, state, _closing(rest[8 + size :]), kept)


def _state(content: bytes) -> Checkpoint | None:
    """Return the state, None where it is another release's after all."""
    try:
        # The folder is our own (0700), and the sum holds.
        position, counter, made, idle_at_ms = pickle.loads(content)  # noqa: S301
        closing_records(counter)
        counter.settings == counter.settings  # noqa: B015 - compares every field, as its reader will
    except Exception as error:  # noqa: BLE001 - objects of other classes fail in any way
        logger.warning("state cannot be used, taken for another release's", extra={"error": repr(error)})
        return None
    return Checkpoint(position, counter, made, idle_at_ms)


def _closing(content: bytes) -> list[Record]:
    try:
        closing: list[Record] = pickle.loads(content)  # noqa: S301 - as above
    except Exception as error:  # noqa: BLE001 - as above
        logger.error("last records of another release cannot be read", extra={"error": repr(error)})  # noqa: TRY400
        return []
    return closing


def closing_records(counter: StreamCounter) -> list[Record]:
    """Return what ending the count now would make; `counter` itself goes on."""
    copy: StreamCounter = pickle.loads(pickle.dumps(counter, protocol=5))  # noqa: S301 - made on this line
    return copy.close()


def _plain_position(checkpoint: Checkpoint) -> dict[str, Any]:
    position = checkpoint.position
    plain = {"frame": position.frame, "written_ns": position.written_ns, "boot": position.boot}
    return {**plain, "kept": dict(checkpoint.kept)}


@cache
def code_digest() -> str:
    """Return a digest of the code, and the array library, whose objects a checkpoint holds."""
    digest = hashlib.sha256(np.__version__.encode())
    for path in sorted(_CODE):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def made_by(counts: SpoolCounts, camera: str) -> Made:
    """Return how many records of `camera` the spool ever took."""
    made: Made = {}
    for stream in counts.streams:
        if stream.stream.startswith(f"{camera}/"):
            made.setdefault(stream.epoch, {})[stream.stream] = stream.made
    return made


def made_since(
    now: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Return how many records of each stream were made after `before`; epochs that were folded count none."""
    since: dict[str, int] = {}
    for epoch, streams in now.items():
        known = before.get(epoch, {})
        for stream, made in streams.items():
            since[stream] = since.get(stream, 0) + max(0, made - known.get(stream, 0))
    return {stream: made for stream, made in since.items() if made}
