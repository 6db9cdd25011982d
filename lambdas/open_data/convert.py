"""Records of a file become rows of the data set's table, or rows of its quarantine: each exactly one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from lambdas.open_data.changes import Changes
from lambdas.open_data.columns import ARROW_TYPES, typed_column
from lambdas.open_data.coordinates import checked_coordinates
from lambdas.open_data.duplicates import DuplicateCounter
from lambdas.open_data.header import Header
from lambdas.open_data.profile import Profile
from lambdas.open_data.rows import BadRow, Batch


@dataclass(frozen=True)
class Origin:
    """Where a file comes from; of a series of files the one loaded last is in force. `loaded_at` is UTC."""

    series: str
    source_file: str
    loaded_at: datetime


@dataclass
class Account:
    """Where every record of a file went: accepted + quarantined + blank + headers = records read."""

    accepted: int = 0
    quarantined: int = 0
    blank: int = 0
    headers: int = 0
    above_header: int = 0
    copies: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows of data: accepted and quarantined."""
        return self.accepted + self.quarantined


def table_schema(profile: Profile) -> pa.Schema:
    """Return the schema of the parquet objects of a data set: its columns, then where each row came from."""
    fields: list[tuple[str, Any]] = []
    for column in profile.columns:
        fields.append((column.name, ARROW_TYPES[column.type]))
        if column.type == "partial_date":
            fields.append((f"{column.name}_precision", pa.string()))
    fields += [
        ("series", pa.string()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("loaded_at", pa.timestamp("ms")),
        ("copy_number", pa.int64()),
        ("other_columns", pa.string()),
    ]
    return pa.schema(fields)


class Converter:
    """Converts the batches of one file; `account` and `changes` grow with each."""

    def __init__(self, profile: Profile, header: Header, origin: Origin) -> None:
        self.account = Account()
        self.changes = Changes()
        self.schema = table_schema(profile)
        self._profile = profile
        self._header = header
        self._origin = origin
        self._duplicates = DuplicateCounter()

    def convert(self, batch: Batch) -> tuple[pa.Table, list[BadRow]]:
        """Return the rows that fit and those that do not, in the order of the file."""
        bad = list(batch.bad)
        kept = self._whole_rows(batch, bad)
        reasons: dict[int, list[str]] = {}
        data = self._typed(kept, reasons)
        numbers = self._numbers(kept, reasons)
        bad += [BadRow(kept.lines[row], tuple(why), tuple(kept.cells[row])) for row, why in reasons.items()]
        table = self._table(data, kept, numbers)
        if reasons:
            fits = np.ones(len(kept.lines), dtype=bool)
            fits[list(reasons)] = False
            table = table.filter(pa.array(fits))
        self._count(table, bad)
        return table, sorted(bad, key=lambda row: row.line)

    def _whole_rows(self, batch: Batch, bad: list[BadRow]) -> Batch:
        """Return the records with as many cells as the header; blank ones and headers are counted apart."""
        width, header = self._header.width, self._header
        kept = Batch()
        for line, cells in zip(batch.lines, batch.cells, strict=True):
            if line <= header.line:
                self._count_above(line, cells)
            elif len(cells) >= width and not any(cells[width:]) and cells[0]:
                kept.lines.append(line)
                kept.cells.append(cells)
            elif not any(cell.strip() for cell in cells):
                self.account.blank += 1
            elif len(cells) < width:
                bad.append(BadRow(line, ("too_few_cells",), tuple(cells)))
            elif any(cell.strip() for cell in cells[width:]):
                bad.append(BadRow(line, ("too_many_cells",), tuple(cells)))
            else:
                kept.lines.append(line)
                kept.cells.append(cells)
        return self._without_headers(kept)

    def _count_above(self, line: int, cells: Sequence[str]) -> None:
        if line == self._header.line:
            self.account.headers += 1
        elif any(cells):
            self.account.above_header += 1
        else:
            self.account.blank += 1

    def _without_headers(self, kept: Batch) -> Batch:
        """Leave out the header where files were put together one after another."""
        names = list(self._header.names)
        first = names[0]
        repeated = {
            place
            for place, cells in enumerate(kept.cells)
            if cells[0].strip() == first and [cell.strip() for cell in cells[: len(names)]] == names
        }
        if not repeated:
            return kept
        self.account.headers += len(repeated)
        places = [place for place in range(len(kept.lines)) if place not in repeated]
        return Batch([kept.lines[place] for place in places], [kept.cells[place] for place in places])

    def _typed(self, kept: Batch, reasons: dict[int, list[str]]) -> dict[str, Any]:
        """Return the columns by name; rows that do not fit are added to `reasons`."""
        arrays: dict[str, Any] = {}
        for column in self._profile.columns:
            place = self._header.places.get(column.name)
            if place is None or not kept.cells:
                continue
            typed = typed_column([cells[place] for cells in kept.cells], column, kept.lines, self.changes)
            arrays.update(typed.arrays)
            for row, code in typed.reasons:
                reasons.setdefault(row, []).append(f"{code}:{column.name}")
        self._place(arrays, kept, reasons)
        return arrays

    def _place(self, arrays: dict[str, Any], kept: Batch, reasons: dict[int, list[str]]) -> None:
        north, east = self._profile.of_type("latitude"), self._profile.of_type("longitude")
        if north not in arrays or east not in arrays or north is None or east is None:
            return
        arrays[north], arrays[east], outside = checked_coordinates(
            arrays[north], arrays[east], kept.lines, self.changes
        )
        for row, code in outside:
            told = reasons.get(row, [])
            if not any(reason.startswith("unreadable_coordinate") for reason in told):
                reasons.setdefault(row, []).append(code)

    def _numbers(self, kept: Batch, reasons: dict[int, list[str]]) -> Any:
        """Return which copy of its kind each row is, among those that fit."""
        width = self._header.width
        numbers = np.zeros(len(kept.lines), dtype=np.int64)
        fits = np.array([row for row in range(len(kept.lines)) if row not in reasons], dtype=np.int64)
        hashes = np.fromiter((hash(tuple(kept.cells[row][:width])) for row in fits), np.int64, len(fits))
        numbers[fits] = self._duplicates.numbers(hashes)
        copies = np.flatnonzero(numbers > 1).tolist()
        self.account.copies += len(copies)
        if self._profile.quarantines_duplicates:
            reasons.update({row: ["duplicate"] for row in copies})
        return numbers

    def _table(self, data: dict[str, Any], kept: Batch, numbers: Any) -> pa.Table:
        rows = len(kept.lines)
        lineage = {
            "series": pa.repeat(pa.scalar(self._origin.series), rows),
            "source_file": pa.repeat(pa.scalar(self._origin.source_file), rows),
            "source_line": pa.array(kept.lines, pa.int64()),
            "loaded_at": pa.repeat(pa.scalar(_naive(self._origin.loaded_at), pa.timestamp("ms")), rows),
            "copy_number": pa.array(numbers, pa.int64()),
            "other_columns": self._others(kept),
        }
        known = {**data, **lineage}
        arrays = [known.get(field.name) for field in self.schema]
        filled = [
            pa.nulls(rows, field.type) if array is None else array
            for field, array in zip(self.schema, arrays, strict=True)
        ]
        return pa.Table.from_arrays(filled, schema=self.schema)

    def _others(self, kept: Batch) -> Any:
        """Return what stands in columns that the profile does not know, as JSON: nothing is thrown away."""
        others = self._header.others
        if not others:
            return None
        found = [{name: cells[place].strip() for name, place in others} for cells in kept.cells]
        return pa.array(
            [
                json.dumps(filled, ensure_ascii=False)
                if (filled := {k: v for k, v in one.items() if v})
                else None
                for one in found
            ],
            pa.string(),
        )

    def _count(self, table: pa.Table, bad: list[BadRow]) -> None:
        self.account.accepted += table.num_rows
        self.account.quarantined += len(bad)
        for row in bad:
            self.account.reasons.update(row.reasons)


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
