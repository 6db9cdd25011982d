"""A column of text becomes a column of its type, a batch at a time; what cannot is told by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lambdas.open_data.cells import (
    CellError,
    read_date,
    read_degrees,
    read_integer,
    read_number,
    read_partial_date,
    read_yes_no,
)
from lambdas.open_data.changes import EXAMPLES, Change, Changes
from lambdas.open_data.profile import ProfileColumn

MISSING = (
    "", "-", "--", "N/A", "n/a", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "NULL", "null", "NaN",
    "nan", "None", "0000-00-00", "해당없음", "해당 없음",
)  # fmt: skip
"""What municipalities write where there is nothing."""
LONGEST_TEXT = 4_000
_PLAIN_NUMBER = r"^[+-]?[0-9]{1,15}(?:\.[0-9]{1,17})?$"
FORMULA = r"^(?:[=@＝＠]|[+\-＋－][^0-9\s]*[A-Za-z=@(|]|[+\-＋－].*[!|(][^)]*)"
"""What a spreadsheet would run: =1+1, @SUM(A1), +cmd|…, -2+HYPERLINK(…); not -, +82-2-123 or -3.5."""
ARROW_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "partial_date": pa.date32(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "yes_no": pa.bool_(),
}
_READERS: dict[str, Callable[[str], Any]] = {
    "integer": read_integer,
    "number": read_number,
    "date": read_date,
    "partial_date": read_partial_date,
    "latitude": read_degrees,
    "longitude": read_degrees,
    "yes_no": read_yes_no,
}


Lines = Sequence[int] | npt.NDArray[np.int64]
"""Where each row begins in its file."""


@dataclass
class TypedColumn:
    """Values by name of the table's columns (a partial date makes two), and the reasons by row."""

    arrays: dict[str, Any]
    reasons: list[tuple[int, str]] = field(default_factory=list)


def typed_column(cells: Any, column: ProfileColumn, lines: Lines, changes: Changes) -> TypedColumn:
    """Return `cells`, a dictionary array of texts, in the type of `column`; repairs go to `changes`.

    Every different text is looked at once, however many rows have it.
    """
    unique = _Unique(_cleaned(cells.dictionary), cells.indices.to_numpy(), column, lines, changes)
    typed = _text(unique) if column.type == "text" else _parsed(unique)
    if column.required:
        values = typed.arrays[column.name]
        told = {row for row, _ in typed.reasons}
        empty = pc.indices_nonzero(pc.is_null(values)).to_pylist()
        typed.reasons += [(row, "missing_value") for row in empty if row not in told]
    return typed


@dataclass(frozen=True)
class _Unique:
    """The different texts of a column, null where there is nothing, and which of them each row has."""

    texts: Any
    indices: Any
    column: ProfileColumn
    lines: Lines
    changes: Changes

    def rows(self, places: Iterable[int]) -> list[int]:
        """Return the rows that have one of the texts at `places`."""
        has = np.zeros(len(self.texts), dtype=bool)
        has[list(places)] = True
        return list(np.flatnonzero(has[self.indices]).tolist())

    def spread(self, values: Any) -> Any:
        """Return for each row the value that stands at its text's place."""
        return values.take(pa.array(self.indices))

    def changed(self, code: str, places: Iterable[int], before: Sequence[Any], after: Sequence[Any]) -> None:
        """Count a repair for every row that has one of the texts at `places`."""
        rows = self.rows(places)
        for row in rows[:EXAMPLES]:
            place = self.indices[row]
            change = Change(int(self.lines[row]), self.column.name, before[place], after[place])
            self.changes.add(code, change)
        if len(rows) > EXAMPLES:
            self.changes.counts[code] += len(rows) - EXAMPLES


def _cleaned(texts: Any) -> Any:
    """Return trimmed text, null where there is nothing."""
    trimmed: Any = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, value_set=pa.array(MISSING)), None, trimmed)


def _text(unique: _Unique) -> TypedColumn:
    name, texts = unique.column.name, unique.texts
    if unique.column.aliases or unique.column.values:
        texts = _canonical(unique)
    formulas = pc.indices_nonzero(pc.match_substring_regex(texts, FORMULA)).to_pylist()
    if formulas:
        before = texts.to_pylist()
        after = [f"'{text}" if place in set(formulas) else text for place, text in enumerate(before)]
        unique.changed("formula", formulas, before, after)
        texts = pa.array(after, pa.string())
    lengths: Any = pc.utf8_length(texts)
    reasons: list[tuple[int, str]] = []
    if (pc.max(lengths).as_py() or 0) > LONGEST_TEXT:
        too_long = pc.indices_nonzero(pc.greater(lengths, pa.scalar(LONGEST_TEXT, pa.int32()))).to_pylist()
        reasons = [(row, "text_too_long") for row in unique.rows(too_long)]
    return TypedColumn({name: unique.spread(texts)}, reasons)


def _canonical(unique: _Unique) -> Any:
    """Return the different values under their one spelling."""
    spellings = unique.texts.to_pylist()
    found = [("", "") if value is None else _spelling(value, unique.column) for value in spellings]
    after = [None if value is None else found[place][0] for place, value in enumerate(spellings)]
    for code in sorted({code for _, code in found} - {""}):
        places = [place for place, (_, one) in enumerate(found) if one == code]
        unique.changed(code, places, spellings, after)
    return pa.array(after, pa.string())


def _spelling(value: str, column: ProfileColumn) -> tuple[str, str]:
    """Return the spelling to use and the code of the change: alias, a letter's typo, or an unknown value."""
    if value in column.aliases:
        return column.aliases[value], "alias"
    if not column.values or value in column.values:
        return value, ""
    near = [one for one in column.values if len(one) == len(value) and _differing(one, value) == 1]
    return (near[0], "typo") if len(near) == 1 and len(value) > 2 else (value, "unlisted_value")


def _differing(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _parsed(unique: _Unique) -> TypedColumn:
    column, kind = unique.column, ARROW_TYPES[unique.column.type]
    texts = unique.texts.to_pylist()
    read = [None] * len(texts) if kind != pa.float64() else _plain_numbers(unique.texts)
    errors: dict[int, str] = {}
    for place, text in enumerate(texts):
        if text is not None and read[place] is None:
            try:
                read[place] = _read(text, column)
            except CellError as error:
                errors[place] = str(error)
    reasons = [(row, errors[int(unique.indices[row])]) for row in unique.rows(errors)] if errors else []
    if column.type != "partial_date":
        return TypedColumn({column.name: unique.spread(pa.array(read, kind))}, reasons)
    if guessed := [place for place, value in enumerate(read) if value is not None and value[2]]:
        after = [value and value[0].isoformat()[:7] for value in read]
        unique.changed("two_digit_year", guessed, texts, after)
    days = pa.array([value and value[0] for value in read], kind)
    precisions = pa.array([value and value[1] for value in read], pa.string())
    arrays = {column.name: unique.spread(days), f"{column.name}_precision": unique.spread(precisions)}
    return TypedColumn(arrays, reasons)


def _plain_numbers(texts: Any) -> list[Any]:
    """Return numbers where texts are plain ones, None elsewhere."""
    is_plain = pc.match_substring_regex(texts, _PLAIN_NUMBER)
    numbers: list[Any] = pc.if_else(is_plain, texts, None).cast(pa.float64()).to_pylist()
    return numbers


def _read(text: str, column: ProfileColumn) -> Any:
    value = _READERS[column.type](text)
    day = value[0] if column.type == "partial_date" else value
    if isinstance(day, date) and day.year < column.earliest_year:
        raise CellError("implausible_date")
    return value
