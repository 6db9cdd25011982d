"""Follows the KITTI folder of a DeepStream app: all its streams, for as long as it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from edge_components.deepstream_bridge.drained import DrainedStream
from edge_components.deepstream_bridge.file_names import StreamKey
from edge_components.deepstream_bridge.settings import BridgeSettings
from edge_components.deepstream_bridge.stream import FollowedStream
from edge_components.deepstream_bridge.watch import FolderWatch
from edge_components.runtime.boot import read_boot_id
from edge_components.runtime.spool import Spool, SpoolBusyError, SpoolError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
MISSING_SECONDS = 1.0
CLOCK_SECONDS = 5.0


class Bridge:
    """Reads the folder again and again until `stop` is set; records go to `spool`.

    `state_folder` holds a checkpoint a stream. What passes (a full disk, a busy spool, a folder that is not
    there yet) is tried again; `problem` says it meanwhile.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        spool: Spool,
        state_folder: Path,
        stop: threading.Event,
        *,
        monotonic_seconds: Callable[[], float] = time.monotonic,
        boot_id: str | None = None,
    ) -> None:
        self.problem: str | None = None
        self._settings, self._spool, self._stop = settings, spool, stop
        self._state_folder = state_folder
        self._monotonic_seconds = monotonic_seconds
        self._watch = FolderWatch(
            settings.folder, monotonic_seconds, read_boot_id() if boot_id is None else boot_id
        )
        self._streams: dict[StreamKey, FollowedStream] = {}
        self._retry_at_seconds: dict[StreamKey, float] = {}
        self._clock_due_seconds = 0.0
        self._told: set[StreamKey] = set()

    def run(self) -> None:
        """Follow the folder until `stop` is set, then keep what is known."""
        self._state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while not self._stop.is_set():
            wait_seconds = self._settings.poll_seconds if self.turn() is not None else MISSING_SECONDS
            self._stop.wait(wait_seconds)
        self.close()

    def drain(self) -> list[DrainedStream]:
        """Count all files that are there, as if no more would come, and return what each stream gave."""
        self._state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = 0
        while (counted := self.turn(last_is_whole=True)) or (counted is None and not files):
            if counted is None:
                raise CrowdLensError(self.problem or "the folder cannot be read")
            files += counted
        if self.problem:
            raise CrowdLensError(self.problem)
        drained = [DrainedStream.of(stream, stream.finish()) for stream in self._streams.values()]
        self._spool.write_ledger()
        return drained

    def turn(self, *, last_is_whole: bool = False) -> int | None:
        """Count what can be read now; return how many files, or None when the folder cannot be listed."""
        self._follow_clock()
        self._watch.last_is_whole = last_is_whole
        try:
            self._watch.look()
        except OSError as error:
            self._tell(f"folder {self._settings.folder} cannot be listed: {error.strerror or error}")
            return None
        self._tell_strangers()
        files, problems = 0, list[str]()
        for key in self._settings.streams:
            try:
                files += self._turn_of(key)
            except (CrowdLensError, OSError) as error:
                self._streams.pop(key, None)
                self._retry_at_seconds[key] = self._monotonic_seconds() + RETRY_SECONDS
                problems.append(f"stream {key}: {error}")
            if key in self._retry_at_seconds and not problems and self.problem:
                problems.append(self.problem)
        self._tell(problems[0] if problems else None)
        return files

    def close(self) -> None:
        """Keep what is known of each stream for the next start."""
        for key, stream in self._streams.items():
            try:
                stream.close()
            except CrowdLensError as error:
                logger.error("position not kept", extra={"stream": str(key), "error": str(error)})  # noqa: TRY400
        self._streams.clear()
        try:
            self._spool.write_ledger()
        except (SpoolError, SpoolBusyError, CrowdLensError) as error:
            logger.warning("ledger not written", extra={"error": str(error)})

    def figures(self) -> Mapping[str, Any]:
        """Return what the status shows of the streams, by camera."""
        return {
            "folder": str(self._settings.folder),
            "late_files": self._watch.late_files,
            "unreadable_files": self._watch.unreadable_files,
            "not_counted": [str(key) for key in sorted(self._strangers())],
            "cameras": {
                stream.settings.scene.camera: _of_stream(stream) for stream in list(self._streams.values())
            },
        }

    def _turn_of(self, key: StreamKey) -> int:
        now_seconds = self._monotonic_seconds()
        if now_seconds < self._retry_at_seconds.get(key, now_seconds):
            return 0
        self._retry_at_seconds.pop(key, None)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = FollowedStream(
                key,
                self._settings.streams[key],
                self._watch,
                self._spool,
                self._state_folder / f"{key}.checkpoint",
                maximum_waiting=self._settings.maximum_waiting,
            )
        return stream.turn(now_seconds)

    def _follow_clock(self) -> None:
        now_seconds = self._monotonic_seconds()
        if now_seconds < self._clock_due_seconds:
            return
        self._clock_due_seconds = now_seconds + CLOCK_SECONDS
        if self._spool.clock.refresh():
            self._spool.restamp()

    def _strangers(self) -> set[StreamKey]:
        return set(self._watch.streams) - set(self._settings.streams)

    def _tell_strangers(self) -> None:
        new = self._strangers() - self._told
        if new:
            self._told |= new
            named = ", ".join(map(str, sorted(new)))
            logger.warning("streams without a scene are not counted nor removed", extra={"streams": named})

    def _tell(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            logger.warning("bridge waits", extra={"problem": problem})
        self.problem = problem


def _of_stream(stream: FollowedStream) -> dict[str, Any]:
    counter, figures = stream.counter, stream.figures
    return {
        "stream": str(stream.key),
        "frame": stream.position.frame,
        "files": figures.files,
        "records": figures.records,
        "scene_version": stream.settings.scene.version,
        "zones": counter.analytics.occupancy,
        "lines": counter.analytics.line_totals,
        "doubts": {name: count for name, count in counter.counts.items() if count},
    }
