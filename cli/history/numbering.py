"""Identity for rows as a spool gives it, what is dropped on purpose, and the ledger that tells of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cli.history.rows import Integers, Origin, Part
from contract.identity import stream_name
from contract.lake import day_of

DAY_MS = 86_400_000
_LEDGER = "stream_ledger"
_Stream = tuple[str, str, str]
"""Device, epoch and stream."""


@dataclass
class _Told:
    made: int = 0
    dropped: int = 0
    first: int = 0
    last: int = 0


@dataclass
class Numbering:
    """Allots sequences: from 1 on in every epoch and stream, and remembers what was made by UTC day."""

    _last: dict[_Stream, int] = field(default_factory=dict)
    _made: dict[tuple[_Stream, str], _Told] = field(default_factory=dict)
    _changed: dict[str, dict[tuple[_Stream, str], None]] = field(default_factory=dict)

    def number(self, part: Part, dropped: npt.NDArray[np.bool_] | None = None) -> tuple[Part, list[Part]]:
        """Return the rows of `part` with their sequences, without those `dropped`, and `gaps` about these."""
        sequences = np.zeros(len(part), np.int64)
        gone = np.zeros(len(part), np.bool_) if dropped is None else dropped
        gaps: list[Part] = []
        codes, epochs = part.epochs
        for code in np.unique(codes).tolist():
            rows = np.flatnonzero(codes == code)
            stream = (part.origin.device, epochs[code], part.origin.stream)
            first = self._last.get(stream, 0) + 1
            sequences[rows] = np.arange(first, first + len(rows))
            self._last[stream] = first + len(rows) - 1
            self._tell(stream, part.times_ms[rows], sequences[rows], gone[rows])
            gaps += _gaps_about(part, stream, rows[gone[rows]], sequences)
        numbered = Part(part.origin, part.times_ms, part.epochs, sequences, part.numbers, part.texts)
        return (numbered.select(~gone) if gone.any() else numbered), gaps

    def _tell(
        self, stream: _Stream, times_ms: Integers, sequences: Integers, gone: npt.NDArray[np.bool_]
    ) -> None:
        days = times_ms // DAY_MS
        for day in np.unique(days).tolist():
            of_day = days == day
            key = (stream, day_of(day * DAY_MS))
            told = self._made.setdefault(key, _Told(first=int(sequences[of_day].min())))
            told.made += int(of_day.sum())
            told.dropped += int((of_day & gone).sum())
            told.first = min(told.first, int(sequences[of_day].min()))
            told.last = max(told.last, int(sequences[of_day].max()))
            self._changed.setdefault(stream[0], {})[key] = None

    def ledger(self, site: str, device: str, epoch: str, moment_ms: int) -> list[Part]:
        """Return the `stream_ledger` rows of a device, now in `epoch`, about what changed since its last."""
        changed = list(self._changed.pop(device, {}))
        if not changed:
            return []
        told = [self._made[key] for key in changed]
        count = len(changed)
        stream = (device, epoch, stream_name(None, _LEDGER))
        first = self._last.get(stream, 0) + 1
        self._last[stream] = first + count - 1
        same = np.zeros(count, np.int64)
        places = np.arange(count)
        return [
            Part(
                Origin(site, device, None, stream[2]),
                np.full(count, moment_ms, np.int64),
                (same, [epoch]),
                np.arange(first, first + count),
                {
                    "made": _floats([one.made for one in told]),
                    "dropped": _floats([one.dropped for one in told]),
                    "first_sequence": _floats([one.first for one in told]),
                    "last_sequence": _floats([one.last for one in told]),
                },
                {
                    "ledger_stream": (places, [key[0][2] for key in changed]),
                    "ledger_epoch": (places, [key[0][1] for key in changed]),
                    "ledger_day": (places, [key[1] for key in changed]),
                    "clock_quality": (same, ["synced"]),
                },
            )
        ]


def _floats(values: Sequence[int]) -> npt.NDArray[np.float64]:
    return np.array(values, np.float64)


def _gaps_about(part: Part, stream: _Stream, rows: Integers, sequences: Integers) -> list[Part]:
    """Return a `gaps` row for each run of rows that were dropped because the spool was full."""
    if not len(rows):
        return []
    found = []
    for run in np.split(rows, np.flatnonzero(np.diff(sequences[rows]) > 1) + 1):
        same, times = np.zeros(1, np.int64), part.times_ms[run]
        known = {
            name: (codes[run[:1]], texts)
            for name, (codes, texts) in part.texts.items()
            if name in ("scene_version", "time_zone", "clock_quality")
        }
        found.append(
            Part(
                Origin(
                    part.origin.site,
                    part.origin.device,
                    part.origin.camera,
                    stream_name(part.origin.camera, "gaps"),
                ),
                times[:1],
                (part.epochs[0][run[:1]], part.epochs[1]),
                same,
                {
                    "first_sequence": _floats([int(sequences[run[0]])]),
                    "last_sequence": _floats([int(sequences[run[-1]])]),
                    "records": _floats([len(run)]),
                    "gap_start": _floats([int(times[0])]),
                    "gap_end": _floats([int(times[-1])]),
                },
                {
                    **known,
                    "reason": (same, ["spool_full"]),
                    "gap_stream": (same, [stream[2]]),
                    "gap_epoch": (same, [stream[1]]),
                },
            )
        )
    return found
