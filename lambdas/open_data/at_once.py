"""Many lines of a text table into columns at the speed of C++, where it reads them as the csv module does."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from lambdas.open_data.dialect import Dialect
from lambdas.open_data.rows import KEY_ENDS, KEY_SEPARATOR, row_key

_MOST_QUOTED = 0.5
"""Of the lines: beyond it, reading them twice to compare would cost more than it saves."""
_UNIQUE_TEXTS = pa.dictionary(pa.int32(), pa.string())


def columns_of(lines: Sequence[str], dialect: Dialect) -> tuple[list[Any], list[str]] | None:
    """Return each column of `lines` as texts by number (a dictionary array), and the key of each row.

    None when the lines are not one record each of equally many cells, or when a line with quotes is another
    record to Arrow than to the csv module, which decides.
    """
    quoted = [place for place, line in enumerate(lines) if dialect.quote in line]
    if len(quoted) > _MOST_QUOTED * len(lines) or max(map(len, lines)) > csv.field_size_limit():
        return None
    table = _parsed(lines, dialect)
    if table is None or table.num_rows != len(lines):
        return None
    columns = [_whole(column) for column in table.columns]
    # What `row_key` does, a call a row less: cells that are not quoted need not be taken apart.
    keys = [line.replace(dialect.delimiter, KEY_SEPARATOR).rstrip(KEY_ENDS) for line in lines]
    if quoted:
        rows = _by_csv([lines[place] for place in quoted], dialect)
        if rows is None or not _agree(columns, quoted, rows):
            return None
        for place, cells in zip(quoted, rows, strict=True):
            keys[place] = row_key(cells)
    return columns, keys


def _parsed(lines: Sequence[str], dialect: Dialect) -> Any:
    unquoted = next((line for line in lines if dialect.quote not in line), "")
    names = [str(place) for place in range(unquoted.count(dialect.delimiter) + 1)]
    content = "".join(lines).encode("utf-8", "surrogatepass")
    stream: Any = pa.BufferReader(content)
    try:
        return pacsv.read_csv(
            stream,
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=len(content) + 1, column_names=names
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=dialect.quote, ignore_empty_lines=False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, _UNIQUE_TEXTS), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        # Rows of other widths, bytes that are no text: told row by row.
        return None


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()


def _by_csv(lines: Sequence[str], dialect: Dialect) -> list[list[str]] | None:
    """Return one record for each line, None where a quote runs on."""
    try:
        rows = list(csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) and lines[-1].count(dialect.quote) % 2 == 0 else None


def _agree(columns: Sequence[Any], places: Sequence[int], rows: Sequence[Sequence[str]]) -> bool:
    if any(len(cells) != len(columns) for cells in rows):
        return False
    at = pa.array(places)
    return all(
        column.take(at).cast(pa.string()).to_pylist() == [cells[place] for cells in rows]
        for place, column in enumerate(columns)
    )
