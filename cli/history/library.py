"""The library of stretches: what each kind of scene gives at each crowd level, as columns to be laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cli.history.kinds import KINDS, Kind
from cli.history.stretch import Stretch, replay_stretch, template_scene
from contract.columns import Column, ColumnType
from contract.records import Record
from contract.tables import TABLES

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LAID_OUT = ("zone_counts", "line_crossings", "tracks", "events")
DIRECTIONS = ("in", "out")
PHASES = ("start", "update", "end")
NO_CODE = -1


@dataclass(frozen=True)
class Shelf:
    """All rows of one table and kind.

    `numbers` (N,) are the table's own numeric columns, NaN for null; `codes` (N,) of its text columns, places
    in `texts`, -1 for null. `times_ms` and `begun_ms` count from the start of the stretch; `begun_ms` is when
    an event began, elsewhere the same. A stretch has the `counts[level, variant]` rows from
    `firsts[level, variant]` on.
    """

    numbers: Mapping[str, Floats]
    codes: Mapping[str, Integers]
    texts: Mapping[str, tuple[str, ...]]
    times_ms: Integers
    begun_ms: Integers
    firsts: Integers
    counts: Integers


@dataclass(frozen=True)
class Accuracy:
    """How many crossings of the generated ways there were in the stretches, and how many were counted."""

    true_crossings: int
    counted_crossings: int


@dataclass(frozen=True)
class KindLibrary:
    """The stretches of one kind of scene; the most tracks that one has sets them apart when laid out."""

    kind: Kind
    shelves: Mapping[str, Shelf]
    accuracy: Accuracy

    @property
    def track_numbers(self) -> int:
        """One more than the highest track number of any stretch."""
        columns = [shelf.numbers["track"] for shelf in self.shelves.values() if "track" in shelf.numbers]
        return 1 + int(max((np.nanmax(column) for column in columns if len(column)), default=0))


def build_library(
    kinds: Sequence[str], seed: int, progress: Callable[[str], None] | None = None
) -> dict[str, KindLibrary]:
    """Replay every level and variant of `kinds` and return them by name."""
    tell = progress or (lambda _: None)
    return {name: _of_kind(KINDS[name], seed, tell) for name in kinds}


def _of_kind(kind: Kind, seed: int, tell: Callable[[str], None]) -> KindLibrary:
    stretches: list[list[Stretch]] = []
    for level, present in enumerate(kind.levels):
        tell(f"replaying {kind.name}: level {level + 1} of {len(kind.levels)}")
        of_level = [
            replay_stretch(
                kind, present, inward, np.random.default_rng([seed, *kind.name.encode(), level, variant])
            )
            for variant, inward in enumerate(kind.inward)
        ]
        stretches.append(of_level)
    every = [stretch for of_level in stretches for stretch in of_level]
    accuracy = Accuracy(sum(one.true_crossings for one in every), sum(one.counted_crossings for one in every))
    return KindLibrary(kind, {table: _shelf(kind, table, stretches) for table in LAID_OUT}, accuracy)


def _shelf(kind: Kind, table: str, stretches: Sequence[Sequence[Stretch]]) -> Shelf:
    chosen = [
        [[record for record in one.records if record.table == table] for one in level] for level in stretches
    ]
    counts = np.array([[len(one) for one in level] for level in chosen], np.int64)
    firsts = (np.cumsum(counts.ravel()) - counts.ravel()).reshape(counts.shape)
    records = [record for level in chosen for one in level for record in one]
    texts, times = _texts(kind), np.array([record.event_time_ms for record in records], np.int64)
    own = [column for column in TABLES[table].own_columns if column.name != "event"]
    begun = [int(record.values.get("started_at") or 0) for record in records]
    return Shelf(
        numbers={column.name: _numbers(column, records) for column in own if column.name not in texts},
        codes={
            column.name: _codes(column.name, texts[column.name], records)
            for column in own
            if column.name in texts
        },
        texts=texts,
        times_ms=times,
        begun_ms=np.array(begun, np.int64) if table == "events" else times,
        firsts=firsts,
        counts=counts,
    )


def _texts(kind: Kind) -> dict[str, tuple[str, ...]]:
    scene = template_scene(kind)
    rules = {rule.kind for zone in scene.zones for rule in zone.events}
    return {
        "zone": tuple(zone.name for zone in scene.zones),
        "line": tuple(line.name for line in scene.lines),
        "object_class": scene.classes,
        "direction": DIRECTIONS,
        "phase": PHASES,
        "kind": tuple(sorted(rules)),
    }


def _numbers(column: Column, records: Sequence[Record]) -> Floats:
    found = [record.values.get(column.name) for record in records]
    numbers = np.array([np.nan if value is None else float(value) for value in found], np.float64)
    # A message carries so many decimals and no more.
    return numbers.round(column.decimals) if column.type is ColumnType.REAL else numbers


def _codes(name: str, texts: Sequence[str], records: Sequence[Record]) -> Integers:
    codes = {text: code for code, text in enumerate(texts)}
    found = [record.values.get(name) for record in records]
    return np.array([NO_CODE if value is None else codes[str(value)] for value in found], np.int64)
