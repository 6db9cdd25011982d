"""Rows as text for MySQL: canonical lines, and literals within a bound."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import Column, ColumnType
from lambdas.rds_loader.text import lines, literal_rows
from lambdas.shared.lake_schema import arrow_type

NAMES = {kind: Column(kind.value, kind, "x", "x", nullable=True) for kind in ColumnType}
COLUMNS = list(NAMES.values())
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(codec="utf-8"), max_size=12),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.integers(0, 4_102_444_800_000),
    ),
    max_size=6,
)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[] for _ in COLUMNS]
    arrays: list[Any] = []
    for column, values in zip(COLUMNS, columns, strict=True):
        plain = pa.int64() if column.type is ColumnType.TIMESTAMP else arrow_type(column)
        arrays.append(pa.array(list(values), plain).cast(arrow_type(column)))
    return pa.Table.from_arrays(arrays, names=[column.name for column in COLUMNS])


NOTHING = "\\N"
LINES = {
    "plain": (("x", 1, 0.1, True, 1_763_726_400_007), ["x", "1", "0.1", "1", "2025-11-21 12:00:00.007"]),
    "nothing": ((None,) * 5, [NOTHING] * 5),
    "escapes": (
        ("a\tb\nc\\d\0e", 0, -0.0, False, 0),
        ["a\\tb\\nc\\\\d\\0e", "0", "0", "0", "1970-01-01 00:00:00.000"],
    ),
    "text that looks like nothing": (
        ("\\N", -1, 1e300, None, None),
        ["\\\\N", "-1", "1e+300", NOTHING, NOTHING],
    ),
    "Korean and small": (("사람 🚶", 2, 1e-7, None, None), ["사람 🚶", "2", "1e-7", NOTHING, NOTHING]),
}


@pytest.mark.parametrize("name", LINES)
def test_a_row_is_one_line(name: str) -> None:
    row, fields = LINES[name]
    assert bytes(lines(table([row]), COLUMNS)).decode() == "\t".join(fields) + "\n"


def read_line(line: str) -> list[str | None]:
    """Read a line as MySQL reads it: an independent reading of its documented escapes."""
    fields: list[str | None] = []
    for field in line.split("\t"):
        if field == "\\N":
            fields.append(None)
            continue
        letters, text = iter(field), ""
        for letter in letters:
            text += (
                {"t": "\t", "n": "\n", "0": "\0"}.get(after := next(letters), after)
                if letter == "\\"
                else letter
            )
        fields.append(text)
    return fields


@given(ROWS)
def test_every_line_reads_back(rows: list[tuple[Any, ...]]) -> None:
    text = bytes(lines(table(rows), COLUMNS)).decode()
    found = [read_line(line) for line in text.split("\n")[:-1]]
    assert [row[0] for row in found] == [row[0] for row in rows]
    assert [None if row[1] is None else int(row[1]) for row in found] == [row[1] for row in rows]
    assert [None if row[2] is None else float(row[2]) for row in found] == [row[2] for row in rows]


@given(ROWS)
def test_a_slice_gives_the_lines_of_its_rows(rows: list[tuple[Any, ...]]) -> None:
    data = table(rows)
    whole = bytes(lines(data, COLUMNS))
    parts = [bytes(lines(data.slice(row, 1), COLUMNS)) for row in range(len(rows))]
    assert b"".join(parts) == whole


def test_literals_are_cut_below_the_bound_and_none_is_lost() -> None:
    rows = [(f"it's {number}\\", number, 0.5, None, 0) for number in range(50)]
    texts = list(literal_rows(table(rows), COLUMNS, 200))
    assert all(len(text) <= 200 for text in texts)
    assert len(texts) > 5
    joined = b",".join(texts).decode()
    assert joined.startswith("('it\\'s 0\\\\',0,0.5,NULL,'1970-01-01 00:00:00.000'),('it")
    assert joined.count("),(") == 49


def test_a_row_longer_than_the_bound_comes_alone() -> None:
    rows = [("x" * 30, 1, None, None, None), ("y", 2, None, None, None)]
    assert [len(list(literal_rows(table(rows), COLUMNS, bound))) for bound in (10, 10_000)] == [2, 1]


def test_no_row_is_no_text() -> None:
    assert bytes(lines(table([]), COLUMNS)) == b""
    assert list(literal_rows(table([]), COLUMNS, 100)) == []
