"""A column of text becomes a column of its type, a batch at a time; what cannot is told by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
from lambdas.open_data.changes import Change, Changes
from lambdas.open_data.profile import ProfileColumn

MISSING = (
    "", "-", "--", "N/A", "n/a", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "NULL", "null", "NaN",
    "nan", "None", "0000-00-00", "해당없음", "해당 없음",
)  # fmt: skip
"""What municipalities write where there is nothing."""
LONGEST_TEXT = 4_000
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


@dataclass
class TypedColumn:
    """Values by name of the table's columns (a partial date makes two), and the reasons by row."""

    arrays: dict[str, Any]
    reasons: list[tuple[int, str]] = field(default_factory=list)


def typed_column(
    cells: Sequence[str], column: ProfileColumn, lines: Sequence[int], changes: Changes
) -> TypedColumn:
    """Return `cells` in the type of `column`; repairs go to `changes`."""
    texts = _cleaned(cells)
    if column.type == "text":
        typed = _text(texts, column, lines, changes)
    else:
        typed = _parsed(texts, column, lines, changes)
    if column.required:
        values = typed.arrays[column.name]
        told = {row for row, _ in typed.reasons}
        empty = pc.indices_nonzero(pc.is_null(values)).to_pylist()
        typed.reasons += [(row, "missing_value") for row in empty if row not in told]
    return typed


def _cleaned(cells: Sequence[str]) -> Any:
    """Return trimmed text, null where there is nothing."""
    texts: Any = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    return pc.if_else(pc.is_in(texts, value_set=pa.array(MISSING)), None, texts)


def _text(texts: Any, column: ProfileColumn, lines: Sequence[int], changes: Changes) -> TypedColumn:
    if column.aliases or column.values:
        texts = _canonical(texts, column, lines, changes)
    formulas = pc.indices_nonzero(pc.match_substring_regex(texts, FORMULA)).to_pylist()
    if formulas:
        values = texts.to_pylist()
        for row in formulas:
            before = values[row]
            values[row] = f"'{before}"
            changes.add("formula", Change(lines[row], column.name, before, values[row]))
        texts = pa.array(values, pa.string())
    lengths: Any = pc.utf8_length(texts)
    if (pc.max(lengths).as_py() or 0) <= LONGEST_TEXT:
        return TypedColumn({column.name: texts})
    too_long: Any = pc.indices_nonzero(pc.greater(lengths, pa.scalar(LONGEST_TEXT, pa.int32())))
    return TypedColumn({column.name: texts}, [(row, "text_too_long") for row in too_long.to_pylist()])


def _canonical(texts: Any, column: ProfileColumn, lines: Sequence[int], changes: Changes) -> Any:
    """Return the values under their one spelling."""
    encoded = texts.dictionary_encode()
    spellings = encoded.dictionary.to_pylist()
    found = [_spelling(value, column) for value in spellings]
    indices = encoded.indices.to_pylist()
    if any(code for _, code in found):
        for row, index in enumerate(indices):
            if index is not None and (code := found[index][1]):
                changes.add(code, Change(lines[row], column.name, spellings[index], found[index][0]))
    return pa.array([value for value, _ in found], pa.string()).take(encoded.indices)


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


def _parsed(texts: Any, column: ProfileColumn, lines: Sequence[int], changes: Changes) -> TypedColumn:
    kind = ARROW_TYPES[column.type]
    if kind == pa.float64() and (numbers := _at_once(texts)) is not None:
        return TypedColumn({column.name: numbers})
    encoded = texts.dictionary_encode()
    read = [_read(value, column) for value in encoded.dictionary.to_pylist()]
    errors = {index: str(value) for index, value in enumerate(read) if isinstance(value, CellError)}
    reasons = []
    if errors:
        reasons = [(row, errors[i]) for row, i in enumerate(encoded.indices.to_pylist()) if i in errors]
    good = [None if isinstance(value, CellError) else value for value in read]
    if column.type != "partial_date":
        return TypedColumn({column.name: pa.array(good, kind).take(encoded.indices)}, reasons)
    _note_guesses(encoded, good, column, lines, changes)
    days = pa.array([value and value[0] for value in good], kind).take(encoded.indices)
    precisions = pa.array([value and value[1] for value in good], pa.string()).take(encoded.indices)
    return TypedColumn({column.name: days, f"{column.name}_precision": precisions}, reasons)


def _at_once(texts: Any) -> Any:
    """Return numbers when every text is a plain one, None otherwise."""
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return numbers if pc.all(pc.is_finite(numbers), min_count=0).as_py() is not False else None


def _read(text: str, column: ProfileColumn) -> Any:
    try:
        value = _READERS[column.type](text)
    except CellError as error:
        return error
    day = value[0] if column.type == "partial_date" else value
    return (
        CellError("implausible_date") if isinstance(day, date) and day.year < column.earliest_year else value
    )


def _note_guesses(
    encoded: Any, read: Sequence[Any], column: ProfileColumn, lines: Sequence[int], changes: Changes
) -> None:
    guessed = {index for index, value in enumerate(read) if value is not None and value[2]}
    if not guessed:
        return
    texts = encoded.dictionary.to_pylist()
    for row, index in enumerate(encoded.indices.to_pylist()):
        if index in guessed:
            after = read[index][0].isoformat()[:7]
            changes.add("two_digit_year", Change(lines[row], column.name, texts[index], after))
