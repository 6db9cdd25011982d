"""Records of a file become rows of the data set's table, or rows of its quarantine: each exactly one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lambdas.open_data.changes import Changes
from lambdas.open_data.columns import ARROW_TYPES, typed_column
from lambdas.open_data.coordinates import checked_coordinates
from lambdas.open_data.duplicates import DuplicateCounter
from lambdas.open_data.header import Header
from lambdas.open_data.profile import Profile
from lambdas.open_data.rows import BadRow, Batch, row_key


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


@dataclass(frozen=True)
class _Records:
    """Rows by column: where each begins, its cells as dictionary arrays, and what equal rows share.

    `extra` are the empty cells beyond the header, where rows have not all as many.
    """

    lines: npt.NDArray[np.int64]
    columns: Sequence[Any]
    keys: Sequence[str]
    extra: Sequence[tuple[str, ...]]

    def cells(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row as they were."""
        return (*(column[row].as_py() for column in self.columns), *(self.extra[row] if self.extra else ()))


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
        kept = self._of_columns(batch, bad) if batch.columns else self._of_rows(batch, bad)
        reasons: dict[int, list[str]] = {}
        data = self._typed(kept, reasons)
        numbers = self._numbers(kept, reasons)
        bad += [BadRow(int(kept.lines[row]), tuple(why), kept.cells(row)) for row, why in reasons.items()]
        table = self._table(data, kept, numbers)
        if reasons:
            fits = np.ones(len(kept.lines), dtype=bool)
            fits[list(reasons)] = False
            table = table.filter(pa.array(fits))
        self._count(table, bad)
        return table, sorted(bad, key=lambda row: row.line)

    def _of_rows(self, batch: Batch, bad: list[BadRow]) -> _Records:
        """Return the records of a batch that are rows."""
        lines, cells = batch.lines, batch.cells
        places = [place for place, line in enumerate(lines) if self._is_row(line, cells[place], bad)]
        rows = [cells[place] for place in places]
        columns = [
            pa.array([row[place] for row in rows], pa.string()).dictionary_encode()
            for place in range(self._header.width)
        ]
        extra = [tuple(row[self._header.width :]) for row in rows]
        return _Records(
            np.array([lines[place] for place in places], np.int64),
            columns,
            [row_key(row) for row in rows],
            extra,
        )

    def _of_columns(self, batch: Batch, bad: list[BadRow]) -> _Records:
        """Return the records of a batch that are rows; only the odd ones are looked at one by one."""
        width, columns = self._header.width, batch.columns
        lines = np.array(batch.lines, np.int64)
        if len(columns) < width:
            # Some are blank, the others too short.
            rows: list[Sequence[str]] = list(zip(*(one.to_pylist() for one in columns), strict=True))
            return self._of_rows(Batch(batch.lines, rows), bad)
        odd = lines <= self._header.line
        odd |= _has(columns[0], lambda text: text.strip() in ("", self._header.names[0]))
        for column in columns[width:]:
            odd |= _has(column, bool)
        keeps = np.ones(len(lines), dtype=bool)
        for row in np.flatnonzero(odd).tolist():
            cells = tuple(column[row].as_py() for column in columns)
            keeps[row] = self._is_row(batch.lines[row], cells, bad)
        if keeps.all():
            return _Records(lines, columns, batch.keys, [])
        mask = pa.array(keeps)
        keys = [key for key, keep in zip(batch.keys, keeps.tolist(), strict=True) if keep]
        return _Records(lines[keeps], [column.filter(mask) for column in columns], keys, [])

    def _is_row(self, line: int, cells: Sequence[str], bad: list[BadRow]) -> bool:
        """Return whether a record is a row; blank ones, headers and other widths are counted apart."""
        width = self._header.width
        if line <= self._header.line:
            self._count_above(line, cells)
        elif not any(cell.strip() for cell in cells):
            self.account.blank += 1
        elif len(cells) < width:
            bad.append(BadRow(line, ("too_few_cells",), tuple(cells)))
        elif any(cell.strip() for cell in cells[width:]):
            bad.append(BadRow(line, ("too_many_cells",), tuple(cells)))
        elif self._is_header(cells):
            # Where files were put together one after another.
            self.account.headers += 1
        else:
            return True
        return False

    def _is_header(self, cells: Sequence[str]) -> bool:
        names = self._header.names
        return cells[0].strip() == names[0] and tuple(cell.strip() for cell in cells[: len(names)]) == names

    def _count_above(self, line: int, cells: Sequence[str]) -> None:
        if line == self._header.line:
            self.account.headers += 1
        elif any(cells):
            self.account.above_header += 1
        else:
            self.account.blank += 1

    def _typed(self, kept: _Records, reasons: dict[int, list[str]]) -> dict[str, Any]:
        """Return the columns by name; rows that do not fit are added to `reasons`."""
        arrays: dict[str, Any] = {}
        for column in self._profile.columns:
            place = self._header.places.get(column.name)
            if place is None or not len(kept.lines):
                continue
            typed = typed_column(kept.columns[place], column, kept.lines, self.changes)
            arrays.update(typed.arrays)
            for row, code in typed.reasons:
                reasons.setdefault(row, []).append(f"{code}:{column.name}")
        self._place(arrays, kept, reasons)
        return arrays

    def _place(self, arrays: dict[str, Any], kept: _Records, reasons: dict[int, list[str]]) -> None:
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

    def _numbers(self, kept: _Records, reasons: dict[int, list[str]]) -> Any:
        """Return which copy of its kind each row is, among those that fit."""
        numbers = np.zeros(len(kept.lines), dtype=np.int64)
        is_fit = np.ones(len(kept.lines), dtype=bool)
        is_fit[list(reasons)] = False
        hashes = np.fromiter(map(hash, kept.keys), np.int64, len(kept.keys))
        numbers[is_fit] = self._duplicates.numbers(hashes[is_fit])
        copies = np.flatnonzero(numbers > 1).tolist()
        self.account.copies += len(copies)
        if self._profile.quarantines_duplicates:
            reasons.update({row: ["duplicate"] for row in copies})
        return numbers

    def _table(self, data: dict[str, Any], kept: _Records, numbers: Any) -> pa.Table:
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

    def _others(self, kept: _Records) -> Any:
        """Return what stands in columns that the profile does not know, as JSON: nothing is thrown away."""
        others = self._header.others
        if not others:
            return None
        columns = [(name, kept.columns[place].to_pylist()) for name, place in others]
        found = [
            {name: filled for name, cells in columns if (filled := cells[row].strip())}
            for row in range(len(kept.lines))
        ]
        return pa.array([json.dumps(one, ensure_ascii=False) if one else None for one in found], pa.string())

    def _count(self, table: pa.Table, bad: list[BadRow]) -> None:
        self.account.accepted += table.num_rows
        self.account.quarantined += len(bad)
        for row in bad:
            self.account.reasons.update(row.reasons)


def _has(column: Any, is_so: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Return which rows have a text that `is_so`."""
    found = np.array([is_so(text) for text in column.dictionary.to_pylist()], dtype=bool)
    indices = column.indices.to_numpy()
    return found[indices] if len(found) else np.zeros(len(indices), dtype=bool)


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
