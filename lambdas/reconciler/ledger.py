"""What devices say they made: of the `stream_ledger` rows about a stream and UTC day, the newest holds.

The newest of all tells what to expect; the newest *settled* one, in the lake for longer than the grace
period, tells what must be here by now. Rows arrive in raw objects and stay there for hours beside their
compacted copy, so a row is recent when a recent raw object has it, wherever else it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

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
    "made", "dropped", "first_sequence", "last_sequence", "site",
)  # fmt: skip
_KEY: Final = ("device", "epoch", "ledger_stream", "ledger_epoch", "ledger_day", "recent")
_VALUES: Final = ("sequence", "made", "dropped", "first_sequence", "last_sequence")
_FAR: Final = 1 << 62
_StreamDay = tuple[str, str, str, str]
"""Device, epoch, stream, UTC day."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What a device said it made of a stream on a day, and the first and last number of it."""

    made: int
    dropped: int
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The newest row about a stream and day, and the newest settled one (None when all are recent)."""

    newest: LedgerRow
    settled: LedgerRow | None


@dataclass(slots=True)
class _Candidate:
    sequence: int
    row: LedgerRow


@dataclass
class LedgerReader:
    """Folds `stream_ledger` rows, the recent objects first.

    Order of rows: within an epoch by sequence; rows of a later epoch come after those that the epoch
    itself wrote, and later epochs go by the latest event time they were seen with.
    """

    streams: StreamNumbers
    own: RangeSet = field(default_factory=RangeSet)
    """The ledger's own records: no ledger tells of these, they must be without a hole."""
    _recent_from: dict[tuple[str, str], int] = field(default_factory=dict)
    _places: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By device the latest event time of a row, and the site that it names."""
    _epoch_times: dict[tuple[str, str], int] = field(default_factory=dict)
    _found: dict[tuple[Any, ...], _Candidate] = field(default_factory=dict)
    _chosen: dict[_StreamDay, LedgerEntry] | None = None

    def add(self, rows: pa.Table, *, recent: bool) -> None:
        """Take rows of an object into account; every recent object comes before every other."""
        if not rows.num_rows:
            return
        self._chosen = None
        self.own.add(*runs_of(record_numbers(rows, self.streams)))
        is_recent = self._recent(rows, recent=recent)
        rows = rows.append_column("recent", pa.array(is_recent))
        for found in _newest_rows(rows):
            key = tuple(found[name] for name in _KEY)
            known = self._found.get(key)
            if known is None or known.sequence < found["sequence_last"]:
                values = (found[f"{name}_last"] for name in _VALUES[1:])
                self._found[key] = _Candidate(found["sequence_last"], LedgerRow(*values))

    def recent_from(self, device: str, epoch: str) -> int:
        """Return the smallest number of a ledger record of the epoch that arrived lately."""
        return self._recent_from.get((device, epoch), _FAR)

    def silent_devices(self) -> set[str]:
        """Return the devices whose ledger is here, but of which no row arrived lately."""
        return {device for device, _ in self._epoch_times} - {device for device, _ in self._recent_from}

    def places(self) -> dict[str, tuple[int, str]]:
        """Return by device the latest event time (UTC milliseconds) it was seen with, and its site."""
        return dict(self._places)

    def entries(self, day: str) -> dict[Stream, LedgerEntry]:
        """Return what is known about each device, epoch and stream of a UTC day."""
        return {(key[0], key[1], key[2]): entry for key, entry in self._entries().items() if key[3] == day}

    def days(self) -> set[str]:
        """Return the days that the ledger tells of: of one that is wholly lost the lake has nothing."""
        return {key[3] for key in self._entries()}

    def dropped(self) -> dict[Stream, int]:
        """Return, by stream, how many records the ledger says were dropped, on all days that it tells of."""
        found: dict[Stream, int] = {}
        for (*stream, _), entry in self._entries().items():
            key = (stream[0], stream[1], stream[2])
            found[key] = found.get(key, 0) + entry.newest.dropped
        return found

    def _entries(self) -> dict[_StreamDay, LedgerEntry]:
        if self._chosen is None:
            newest: dict[_StreamDay, tuple[Any, LedgerRow]] = {}
            settled: dict[_StreamDay, tuple[Any, LedgerRow]] = {}
            for (device, epoch, stream, about, day, recent), found in self._found.items():
                key = (device, about, stream, day)
                rank = (epoch != about, self._epoch_times[device, epoch], found.sequence)
                for chosen in (newest,) if recent else (newest, settled):
                    if key not in chosen or chosen[key][0] < rank:
                        chosen[key] = rank, found.row
            self._chosen = {
                key: LedgerEntry(row, settled[key][1] if key in settled else None)
                for key, (_, row) in newest.items()
            }
        return self._chosen

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
        self._note_places(rows, times)
        borders = np.array([self.recent_from(device, epoch) for device, epoch in epochs], np.int64)
        return sequences >= borders[codes]

    def _note_places(self, rows: pa.Table, times: Integers) -> None:
        codes, places = distinct(rows, ("device", "site"))
        latest = np.full(len(places), np.iinfo(np.int64).min)
        np.maximum.at(latest, codes, times)
        for (device, site), seen in zip(places, latest.tolist(), strict=True):
            if device not in self._places or self._places[device][0] < seen:
                self._places[device] = seen, site


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
