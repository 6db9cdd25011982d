"""What devices say they made: of the `stream_ledger` rows about a stream and UTC day, the newest holds.

The newest of all tells what to expect; the newest *settled* one, in the lake for longer than the grace
period, tells what must be here by now. Rows arrive in raw objects and stay there for hours beside their
compacted copy, so a row is recent when a recent raw object has it, wherever else it lies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lambdas.reconciler.ranges import (
    Integers,
    RangeSet,
    Stream,
    StreamNumbers,
    distinct,
    record_numbers,
    runs_of,
)

LEDGER_COLUMNS: Final = (
    "device", "epoch", "stream", "sequence", "event_time", "ledger_stream", "ledger_epoch", "ledger_day",
    "made", "dropped", "first_sequence", "last_sequence",
)  # fmt: skip
_KEY: Final = ("device", "epoch", "ledger_stream", "ledger_epoch", "ledger_day", "recent")
_VALUES: Final = ("sequence", "made", "dropped", "first_sequence", "last_sequence")
_FAR: Final = 1 << 62


@dataclass(frozen=True)
class LedgerRow:
    """What a device said it made of a stream on a day, and the first and last number of it."""

    made: int
    dropped: int
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True)
class LedgerEntry:
    """The newest row about a stream and day, and the newest settled one (None when all are recent)."""

    newest: LedgerRow
    settled: LedgerRow | None


@dataclass
class _Candidate:
    sequence: int
    row: LedgerRow


@dataclass
class LedgerReader:
    """Folds `stream_ledger` rows about `days`, the recent objects first.

    Order of rows: within an epoch by sequence; rows of a later epoch come after those that the epoch
    itself wrote, and later epochs go by the latest event time they were seen with.
    """

    days: Collection[str]
    streams: StreamNumbers
    own: RangeSet = field(default_factory=RangeSet)
    """The ledger's own records: no ledger tells of these, they must be without a hole."""
    _recent_from: dict[tuple[str, str], int] = field(default_factory=dict)
    _epoch_times: dict[tuple[str, str], int] = field(default_factory=dict)
    _found: dict[tuple[Any, ...], _Candidate] = field(default_factory=dict)

    def add(self, rows: pa.Table, *, recent: bool) -> None:
        """Take rows of an object into account; every recent object comes before every other."""
        if not rows.num_rows:
            return
        self.own.add(*runs_of(record_numbers(rows, self.streams)))
        is_recent = self._recent(rows, recent=recent)
        wanted: Any = pc.is_in(
            rows.column("ledger_day").cast(pa.string()), value_set=pa.array(list(self.days))
        )
        rows = rows.append_column("recent", pa.array(is_recent)).filter(wanted)
        for found in _newest_rows(rows):
            key = tuple(found[name] for name in _KEY)
            known = self._found.get(key)
            if known is None or known.sequence < found["sequence_last"]:
                values = (found[f"{name}_last"] for name in _VALUES[1:])
                self._found[key] = _Candidate(found["sequence_last"], LedgerRow(*values))

    def recent_from(self, device: str, epoch: str) -> int:
        """Return the smallest number of a ledger record of the epoch that arrived lately."""
        return self._recent_from.get((device, epoch), _FAR)

    def entries(self, day: str) -> dict[Stream, LedgerEntry]:
        """Return what is known about each device, epoch and stream of a UTC day."""
        newest: dict[Stream, tuple[Any, LedgerRow]] = {}
        settled: dict[Stream, tuple[Any, LedgerRow]] = {}
        for (device, epoch, stream, about, of_day, recent), found in self._found.items():
            if of_day != day:
                continue
            key = (device, about, stream)
            rank = (epoch != about, self._epoch_times[device, epoch], found.sequence)
            for chosen in (newest,) if recent else (newest, settled):
                if key not in chosen or chosen[key][0] < rank:
                    chosen[key] = rank, found.row
        return {
            key: LedgerEntry(row, settled[key][1] if key in settled else None)
            for key, (_, row) in newest.items()
        }

    def _recent(self, rows: pa.Table, *, recent: bool) -> Any:
        codes, epochs = distinct(rows, ("device", "epoch"))
        sequences: Integers = rows.column("sequence").to_numpy()
        times: Integers = rows.column("event_time").cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy()
        latest = np.full(len(epochs), np.iinfo(np.int64).min)
        np.maximum.at(latest, codes, times)
        lowest = np.full(len(epochs), _FAR)
        np.minimum.at(lowest, codes, sequences)
        for (device, epoch), seen, first in zip(epochs, latest.tolist(), lowest.tolist(), strict=True):
            self._epoch_times[device, epoch] = max(seen, self._epoch_times.get((device, epoch), seen))
            if recent:
                self._recent_from[device, epoch] = min(first, self.recent_from(device, epoch))
        borders = np.array([self.recent_from(device, epoch) for device, epoch in epochs], np.int64)
        return sequences >= borders[codes]


def _newest_rows(rows: pa.Table) -> Sequence[dict[str, Any]]:
    """Return the row with the highest sequence of each key."""
    texts = [name for name in _KEY if name != "recent"]
    plain = rows.select([*_KEY, *_VALUES])
    for name in texts:
        plain = plain.set_column(plain.column_names.index(name), name, plain.column(name).cast(pa.string()))
    ordered: Any = plain.sort_by([("sequence", "ascending")])
    grouped = ordered.group_by(list(_KEY), use_threads=False)
    found: list[dict[str, Any]] = grouped.aggregate([(name, "last") for name in _VALUES]).to_pylist()
    return found
