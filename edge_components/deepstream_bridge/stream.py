"""One stream followed for good: files in, records in the spool exactly once, files removed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contract.identity import stream_name
from contract.records import Record
from edge_components.deepstream_bridge.checkpoint import (
    Checkpoint,
    Found,
    closing_records,
    load,
    made_by,
    made_since,
    save,
)
from edge_components.deepstream_bridge.file_names import StreamKey
from edge_components.deepstream_bridge.runs import Position
from edge_components.deepstream_bridge.stream_counter import StreamCounter, StreamSettings
from edge_components.deepstream_bridge.watch import FolderWatch, WholeFile
from edge_components.deepstream_bridge.written_times import written_ms
from edge_components.runtime.spool import Spool

logger = logging.getLogger(__name__)

FILES_A_TURN = 200
CHECKPOINT_SECONDS = 2.0
CHECKPOINT_FILES = 1000
IDLE_SECONDS = 10.0
"""After so long without a file, time passes without frames: windows are closed and events end."""
LATE_SECONDS = 60.0
"""Late files are told in one row a minute: a tracker may add to frames of the past many times a second."""


@dataclass
class StreamFigures:
    """What became of a stream's files since the process began."""

    files: int = 0
    records: int = 0
    records_known: int = 0
    """Made again after a crash, and left out because the spool had them."""
    checkpoints: int = 0


class FollowedStream:
    """Follows one stream of a folder; `turn` is to be called again and again."""

    def __init__(
        self,
        key: StreamKey,
        settings: StreamSettings,
        watch: FolderWatch,
        spool: Spool,
        path: Path,
        *,
        maximum_waiting: int = 100_000,
    ) -> None:
        self.key = key
        self.settings = settings
        self.figures = StreamFigures()
        self._watch, self._spool, self._path = watch, spool, path
        self._maximum_waiting = maximum_waiting
        self._kept: dict[int, int] = {}
        self._known: dict[str, int] = {}
        self._position = Position()
        self._checkpoint_at_seconds = 0.0
        self._last_file_seconds: float | None = None
        self._late_seconds: float | None = None
        self._idle = True
        self._counter = self._begin(load(path))

    @property
    def counter(self) -> StreamCounter:
        """What counts."""
        return self._counter

    @property
    def position(self) -> Position:
        """The last frame that was taken."""
        return self._position

    def turn(self, now_seconds: float) -> int:
        """Count what can be read and return how many files that were; `now_seconds` is monotonic.

        Raises `WorkFailedError` or `SpoolError` when records or the position cannot be stored: the stream is
        then to be made anew, and goes on from its checkpoint.
        """
        if self._last_file_seconds is None:
            self._last_file_seconds = now_seconds
        self._bound_waiting()
        files = self._watch.whole_files(self.key, self._position, self._kept, FILES_A_TURN)
        self._drop_late(now_seconds)
        if files and files[0].begins_anew:
            self._new_run()
        if files:
            self._store([record for file in files for record in self._count(file)])
            self._last_file_seconds, self._idle = now_seconds, False
        else:
            self._caught_up()
        if not files and not self._idle and now_seconds - self._last_file_seconds >= IDLE_SECONDS:
            self._pass_time(self._spool.clock.now_ms())
        if len(self._kept) >= CHECKPOINT_FILES or (
            self._kept and now_seconds - self._checkpoint_at_seconds >= CHECKPOINT_SECONDS
        ):
            self._checkpoint_at_seconds = now_seconds
            self._checkpoint()
        return len(files)

    def close(self) -> None:
        """Keep all that is known for the next start; what another release would lose is kept as records."""
        self._checkpoint(closing=closing_records(self._counter))

    def finish(self) -> StreamCounter:
        """End the count and return what counted; the next start begins anew after the last frame."""
        self._checkpoint(closing=())
        ended = self._counter
        self._store(ended.close())
        self._counter = StreamCounter(self.settings)
        self._checkpoint()
        return ended

    def _begin(self, found: Found | None) -> StreamCounter:
        """Go on from a checkpoint; return what counts from now on."""
        if found is None:
            self._counter = StreamCounter(self.settings)
            self._checkpoint()
            return self._counter
        self._position = found.position
        self._watch.remove(self.key, found.kept)
        if found.state is None:
            logger.info("state of another release: its last records go out", extra={"stream": str(self.key)})
            self._counter = StreamCounter(self.settings)
            self._store(found.closing)
            self._checkpoint()
            return self._counter
        return self._go_on(found.state)

    def _go_on(self, state: Checkpoint) -> StreamCounter:
        self._counter = state.counter
        made = made_by(self._spool.counts(), self._camera)
        self._known = made_since(made, state.made)
        self._idle = state.counter.last_event_time_ms is None
        if state.idle_at_ms is not None:
            self._store(self._counter.idle(state.idle_at_ms))
        if state.counter.settings != self.settings:
            # Another scene or size: what was counted under the old one goes out first.
            self._store(self._counter.close())
            self._counter = StreamCounter(self.settings)
            self._known.clear()
            self._checkpoint()
        elif state.idle_at_ms is not None:
            self._checkpoint()
        return self._counter

    @property
    def _camera(self) -> str:
        return self._counter.settings.scene.camera

    def _count(self, file: WholeFile) -> list[Record]:
        clock = self._spool.clock
        written = written_ms(file.written_ns, clock)
        records = self._counter.count(
            file.content, file.frame, written.event_time_ms, clock_quality=written.clock_quality
        )
        self._position = Position(file.frame, file.written_ns, file.boot)
        self._kept[file.frame] = file.written_ns
        self.figures.files += 1
        return records

    def _new_run(self) -> None:
        """The app began anew: remove what was taken of the run before, so that its names mean new frames."""
        logger.info("the DeepStream app began anew", extra={"stream": str(self.key)})
        self._checkpoint()
        self._counter.restart()

    def _store(self, records: Sequence[Record]) -> None:
        """Put records into the spool, but for those that it took before a crash."""
        fresh = [record for record in records if not self._is_known(record)] if self._known else records
        self.figures.records_known += len(records) - len(fresh)
        if fresh:
            self._spool.append(fresh)
            self.figures.records += len(fresh)

    def _caught_up(self) -> None:
        """Nothing is left to count, so nothing that the spool had before a crash can come any more."""
        if any(self._known.values()) and not self._watch.waiting(self.key, self._position, self._kept):
            logger.warning(
                "records of before a crash did not come again",
                extra={"stream": str(self.key), "records": sum(self._known.values())},
            )
            self._known.clear()

    def _is_known(self, record: Record) -> bool:
        stream = stream_name(record.camera, record.table)
        left = self._known.get(stream, 0)
        if left:
            self._known[stream] = left - 1
        return left > 0

    def _pass_time(self, now_ms: int) -> None:
        """Let time pass. The moment is written down first, so that after a crash the same records come."""
        self._idle = True
        self._checkpoint(idle_at_ms=now_ms)
        self._store(self._counter.idle(now_ms))
        self._checkpoint()

    def _drop_late(self, now_seconds: float) -> None:
        """Drop files that came for frames of the past, and say so."""
        late = self._watch.late(self.key)
        if late:
            self._counter.late(late, self._spool.clock.quality)
            self._watch.drop_late(self.key)
            if self._late_seconds is None:
                self._late_seconds = now_seconds
        if self._late_seconds is not None and now_seconds - self._late_seconds >= LATE_SECONDS:
            self._late_seconds = None
            self._store(self._counter.tell_late())
            self._checkpoint()

    def _bound_waiting(self) -> None:
        """Drop the oldest unread files beyond the bound, and say so."""
        waiting = self._watch.waiting(self.key, self._position, self._kept)
        surplus = len(waiting) - self._maximum_waiting
        if surplus <= 0:
            return
        clock, last = self._spool.clock, waiting[surplus - 1]
        logger.error("unread files dropped", extra={"stream": str(self.key), "files": surplus})
        self._store(self._counter.dropped(surplus, clock.quality, clock.now_ms()))
        self._watch.drop_oldest(self.key, self._position, last)
        self._position = replace(self._position, frame=last)
        self._checkpoint()

    def _checkpoint(self, *, idle_at_ms: int | None = None, closing: Sequence[Record] = ()) -> None:
        """Write down where the stream stands, then remove the files that are counted for good."""
        if self._known and any(self._known.values()):
            # Until all that the spool had came again, the old checkpoint is the one that tells it from new.
            return
        made = made_by(self._spool.counts(), self._camera)
        save(self._path, Checkpoint(self._position, self._counter, made, idle_at_ms, closing, self._kept))
        self.figures.checkpoints += 1
        self._watch.remove(self.key, self._kept)
        self._kept.clear()
