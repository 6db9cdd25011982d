"""The lake of a history: objects by lake_writer's code, past days folded by the compactor itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from cli.folder_store import FolderStore, NoLeases
from cli.history.rows import Part, table_rows
from contract.errors import WorkFailedError
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.lake_writer.objects import raw_objects

_PORTION_MS = 6 * 3_600_000


class HistoryLakeError(WorkFailedError):
    """Raised when days could not be compacted."""


class HistoryLake:
    """Writes the rows of a history into a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._store = FolderStore(folder)
        self._seed = seed

    def write(self, table: str, parts: Sequence[Part], *, in_portions: bool) -> None:
        """Write the rows of a table; `in_portions` as some objects of a few hours each, as they arrive."""
        parts = [part for part in parts if len(part)]
        if not in_portions:
            self._write(table, parts)
            return
        places = [part.times_ms // _PORTION_MS for part in parts]
        for portion in sorted({place for of_part in places for place in np.unique(of_part).tolist()}):
            chosen = [part.select(place == portion) for part, place in zip(parts, places, strict=True)]
            self._write(table, [part for part in chosen if len(part)])

    def compact(self, before_day: str, progress: Callable[[str], None]) -> None:
        """Fold the raw objects of the days before `before_day` (UTC) and take them away."""
        at_once = timedelta(0)
        rules = CompactionRules(raw_keep=at_once, reader_grace=at_once)
        compactor = Compactor(self._store, NoLeases(), rules)
        pieces = [piece for piece in compactor.pieces() if piece.day < before_day]
        for number, piece in enumerate(pieces, 1):
            progress(f"compacting: {number} of {len(pieces)} tables and days")
            # What was folded is taken away by the run after the one that wrote the proof.
            for _ in range(2):
                report = compactor.run([piece])
                for name, reason in report.failed.items():
                    raise HistoryLakeError(f"{name} could not be compacted: {reason}")

    def _write(self, table: str, parts: Sequence[Part]) -> None:
        if not parts:
            return
        rows = table_rows(table, parts)
        first, last = min(int(part.times_ms[0]) for part in parts), max(len(part) for part in parts)
        name = f"{self._seed}/{table}/{first}/{last}/{rows.data.num_rows}"
        for upload in raw_objects(rows, [hashlib.sha256(name.encode()).hexdigest()]):
            self._store.put_new(upload.key, upload.body, upload.content_type)
