"""Reading the sound rows out of a damaged spool file, around the pages that cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError, DiskFullError
from contract.identity import is_epoch
from edge_components.runtime.spool.errors import SpoolBusyError, translated
from edge_components.runtime.spool.rows import PreparedRow, checksum, decode_row, parse_shape, prepare
from edge_components.runtime.spool.salvage import is_stream

ROWS_A_BATCH = 2_000
FAILED_READS_MAXIMUM = 20_000
"""A page of records costs some thirty failed reads: enough to go around hundreds of damaged pages."""
_SPAN = 4_096
_ROWS = """
    SELECT row_id, stream_id, sequence, shape_id, event_time_ms, clock_quality, payload, checksum
    FROM records WHERE row_id BETWEEN ? AND ? ORDER BY row_id"""
_HIGHEST = (
    "SELECT seq FROM sqlite_sequence WHERE name = 'records'",
    "SELECT max(row_id) FROM records",
    "SELECT max(row_id) FROM claims",
)


@dataclass(frozen=True)
class RescuedRow:
    """A sound row of a damaged file, with the number it was born with."""

    row_id: int
    epoch: str
    stream: str
    sequence: int
    claimed: bool
    row: PreparedRow


class DamagedFile:
    """The damaged file at `path`, open for reading; what cannot be read of it is left out."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=1.0)
        self._path = path
        self._failed_reads = 0
        self._streams: dict[int, tuple[str, str]] = {}
        self._shapes: dict[int, str] = {}
        self._claims: set[int] = set()

    def batches(self, after_row_id: int) -> Iterator[list[RescuedRow]]:
        """Yield the sound rows beyond a row id, by row id, some thousand at a time."""
        self._read_names()
        rows = self._sound_rows(after_row_id)
        while batch := list(islice(rows, ROWS_A_BATCH)):
            yield batch

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _read_names(self) -> None:
        streams = self._rows("SELECT stream_id, epoch, stream FROM streams JOIN epochs USING (epoch_id)")
        self._streams = {key: (epoch, stream) for key, epoch, stream in streams}
        self._shapes = dict(self._rows("SELECT shape_id, shape FROM shapes"))
        self._claims = {row_id for (row_id,) in self._rows("SELECT row_id FROM claims")}

    def _sound_rows(self, after_row_id: int) -> Iterator[RescuedRow]:
        for low in range(after_row_id + 1, self._highest() + 1, _SPAN):
            for row in self._around_damage(low, low + _SPAN - 1):
                sound = self._check(row)
                if sound is not None:
                    yield sound

    def _highest(self) -> int:
        found = [row[0] for query in _HIGHEST for row in self._rows(query)]
        return max((number for number in found if isinstance(number, int)), default=0)

    def _around_damage(self, low: int, high: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows with ids from `low` to `high`; where reading fails, halve what is left and go on."""
        failures = self._failed_reads
        for row in self._rows(_ROWS, low, high):
            low = row[0] + 1
            yield row
        if self._failed_reads == failures or low >= high or self._failed_reads > FAILED_READS_MAXIMUM:
            return
        middle = (low + high) // 2
        yield from self._around_damage(low, middle)
        yield from self._around_damage(middle + 1, high)

    def _rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        """Yield rows up to the first that cannot be read, and count that.

        Raises `DiskFullError` and `SpoolBusyError`, which pass.
        """
        try:
            with translated(self._path):
                yield from self._connection.execute(query, values)
        except (DiskFullError, SpoolBusyError):
            raise
        except (CrowdLensError, sqlite3.Error, ValueError):  # ValueError: text that is none
            self._failed_reads += 1

    def _check(self, row: tuple[Any, ...]) -> RescuedRow | None:
        """Return the row when every byte of it is as it was stored and the contract takes it."""
        row_id, stream_id, sequence, shape_id, event_time_ms, quality, payload, own_sum = row
        try:
            epoch, stream = self._streams[stream_id]
            shape = self._shapes[shape_id]
            sound = own_sum == checksum(epoch, shape, sequence, event_time_ms, quality, payload)
            if not (sound and is_epoch(epoch) and is_stream(stream)):
                return None
            stored = decode_row(
                parse_shape(shape),
                payload,
                event_time_ms=event_time_ms,
                clock_quality=quality,
                epoch=epoch,
                sequence=sequence,
            )
            prepared = prepare(stored.record)
        except (CrowdLensError, LookupError, TypeError, ValueError):
            return None
        if prepared.stream != stream:
            return None
        return RescuedRow(row_id, epoch, stream, sequence, row_id in self._claims, prepared)
