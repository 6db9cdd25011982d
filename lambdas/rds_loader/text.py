"""Arrow rows → text for MySQL, column by column: lines for LOAD DATA, literals for INSERT.

The lines are canonical, too: equal rows give equal bytes, so that digests of content are taken over them.
Numbers are written as the shortest decimal that reads back as the same number, times like
``2026-11-21 01:02:03.456``, which MySQL and MariaDB read as naive UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType

_LINE_ESCAPES: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0"))
_LITERAL_ESCAPES: Final = (("\\", "\\\\"), ("'", "\\'"), ("\0", "\\0"))
_QUOTED: Final = frozenset({ColumnType.TEXT, ColumnType.TIMESTAMP})


def lines(data: pa.Table, columns: Sequence[Column]) -> memoryview:
    """Return `columns` of the rows as tab-separated lines with MySQL's default escapes, in UTF-8."""
    texts = [_text(data, column, _LINE_ESCAPES).fill_null("\\N") for column in columns]
    texts[-1] = _join(texts[-1], "\n", separator="")
    joined = _join(*texts, separator="\t")
    ends = _ends(joined)
    return _bytes(joined)[ends[0] : ends[-1]]


def literal_rows(data: pa.Table, columns: Sequence[Column], maximum_bytes: int) -> Iterator[bytes]:
    """Yield the rows as ``(…),(…)`` for an INSERT, at most `maximum_bytes` at a time.

    A row that is longer comes alone.
    """
    if data.num_rows == 0:
        return
    texts = [_literals(data, column) for column in columns]
    joined = _join(",(", _join(*texts, separator=","), ")", separator="")
    ends, body = _ends(joined), _bytes(joined)
    first = 0
    for row in range(1, len(ends)):
        if row == len(ends) - 1 or ends[row + 1] - ends[first] > maximum_bytes:
            # Without the comma before the first row.
            yield bytes(body[ends[first] + 1 : ends[row]])
            first = row


def _literals(data: pa.Table, column: Column) -> Any:
    text = _text(data, column, _LITERAL_ESCAPES)
    quoted = _join("'", text, "'", separator="") if column.type in _QUOTED else text
    return quoted.fill_null("NULL")


def _text(data: pa.Table, column: Column, escapes: Sequence[tuple[str, str]]) -> Any:
    values: Any = data.column(column.name).combine_chunks()
    if column.type is ColumnType.TEXT:
        return _escaped(values, escapes)
    if column.type is ColumnType.BOOLEAN:
        values = values.cast(pa.int8())
    if column.type is ColumnType.REAL:
        # An INSERT's literal "-0" is the whole number 0, a line's is not: one zero for both.
        values = _add(values, 0.0)
    return values.cast(pa.string())


def _escaped(values: Any, escapes: Sequence[tuple[str, str]]) -> Any:
    body = bytes(values.buffers()[2] or b"")
    for letter, escaped in escapes:
        # Hardly any text needs it, and looking is cheaper than rewriting.
        if letter.encode() in body:
            values = pc.replace_substring(values, letter, escaped)
    return values


def _add(values: Any, number: float) -> Any:
    function: Any = pc.add
    return function(values, number)


def _join(*parts: Any, separator: str) -> Any:
    function: Any = pc.binary_join_element_wise
    return function(*parts, separator)


def _ends(joined: Any) -> memoryview:
    """Return where each text begins, and where the last one ends."""
    offsets = memoryview(joined.buffers()[1]).cast("i")
    return offsets[joined.offset : joined.offset + len(joined) + 1]


def _bytes(joined: Any) -> memoryview:
    return memoryview(joined.buffers()[2] or b"")
