"""A profile proposed for a file of an unknown data set, for a person to look at and confirm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import yaml

from lambdas.open_data.cells import (
    DAY,
    CellError,
    read_date,
    read_degrees,
    read_integer,
    read_number,
    read_partial_date,
)
from lambdas.open_data.columns import MISSING
from lambdas.open_data.coordinates import LATITUDES, LONGITUDES
from lambdas.open_data.profile import DAY_COLUMN, LINEAGE_COLUMNS, Profile, plain
from lambdas.open_data.rows import Batch, RefusedFileError

_FITTING_SHARE = 0.98
_CODE = re.compile(r"(^0\d)|(^\d{2,4}-\d{3,4}-\d{4}$)")
"""Numbers that begin with 0, and telephone numbers, are names."""
_DATE_WORDS = re.compile("일자|년월|연월|일시|날짜|년도|연도|기준일|date|ymd|_at$|_dt", re.I)
_LATITUDE_WORDS = re.compile("위도|lat", re.I)
_LONGITUDE_WORDS = re.compile("경도|lon|lng|lnt", re.I)


def data_set_name(stem: str) -> str:
    """Return a name for a data set from the name of its file; Korean letters cannot be in a table's name."""
    letters = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:40]
    return letters if re.match(r"[a-z]", letters) else f"data_{letters}".strip("_")


def propose(records: Batch, name: str, known: Sequence[Profile]) -> str:
    """Return a profile in YAML for the first records of a file; raises `RefusedFileError` without rows.

    Names come from the shipped profiles where they know a column, else they are letters and numbers.
    """
    header = header_place(records.cells)
    names = [cell.strip() for cell in records.cells[header]]
    while names and not names[-1]:
        names.pop()
    rows = [cells for cells in records.cells[header + 1 :] if any(cell.strip() for cell in cells)]
    if not rows:
        raise RefusedFileError("the file has no rows below its header: expected some to learn from")
    taken: set[str] = {*LINEAGE_COLUMNS, DAY_COLUMN}
    columns = []
    for place, title in enumerate(names):
        cells = [cells[place].strip() for cells in rows if place < len(cells)]
        column = _column_name(title, place, known, taken)
        columns.append(
            {
                "name": column,
                "type": _type(title, [cell for cell in cells if cell not in MISSING]),
                "english": title if title.isascii() and title else column.replace("_", " ").capitalize(),
                "korean": title or column,
                "in_header": bool(title),
            }
        )
    document = {
        "name": name,
        "english": name.replace("_", " ").capitalize(),
        "korean": name.replace("_", " "),
        "recognised_by": [title for title in names if title][:3],
        "columns": columns,
    }
    head = (
        "# Proposed from the first rows of a file: look at names and types, then run again with --profile.\n"
    )
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def header_place(records: Sequence[Sequence[str]]) -> int:
    """Return which record is the header: as wide as most, of different names that are no numbers."""
    widths = [_width(cells) for cells in records]
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    for place, cells in enumerate(records):
        names = [cell.strip() for cell in cells if cell.strip()]
        if (
            widths[place] >= usual
            and len(set(names)) == len(names)
            and not any(_fits(name, read_number) for name in names)
        ):
            return place
    raise RefusedFileError("no row looks like a header: expected different names, none of them a number")


def _width(cells: Sequence[str]) -> int:
    return max((place + 1 for place, cell in enumerate(cells) if cell.strip()), default=0)


def _column_name(title: str, place: int, known: Sequence[Profile], taken: set[str]) -> str:
    for profile in known:
        for column in profile.columns:
            spellings = {plain(one) for one in (column.korean, column.name, *column.synonyms)}
            if plain(title) in spellings and column.name not in taken:
                taken.add(column.name)
                return column.name
    letters = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") if title.isascii() else ""
    name = letters if re.fullmatch(r"[a-z][a-z0-9_]{0,50}", letters) else f"column_{place + 1}"
    while name in taken:
        name = f"{name}_{place + 1}"
    taken.add(name)
    return name


def _type(title: str, cells: Sequence[str]) -> str:
    """Return the narrowest type that nearly all cells have."""
    if not cells:
        return "text"
    for words, limits, kind in (
        (_LATITUDE_WORDS, LATITUDES, "latitude"),
        (_LONGITUDE_WORDS, LONGITUDES, "longitude"),
    ):
        if words.search(title) and _share(cells, lambda cell, limits=limits: _is_within(cell, limits)):
            return kind
    if _DATE_WORDS.search(title) and _share(cells, lambda cell: _fits(cell, read_partial_date)):
        whole = _share(cells, lambda cell: _fits(cell, read_date) and read_partial_date(cell)[1] == DAY)
        return "date" if whole else "partial_date"
    if any(_CODE.search(cell) for cell in cells):
        return "text"
    if _share(cells, lambda cell: _fits(cell, read_integer)):
        return "integer"
    return "number" if _share(cells, lambda cell: _fits(cell, read_number)) else "text"


def _share(cells: Sequence[str], fits: Callable[..., bool]) -> bool:
    return sum(_all(fits, cells)) >= _FITTING_SHARE * len(cells)


def _all(fits: Callable[..., bool], cells: Iterable[str]) -> list[bool]:
    return [fits(cell) for cell in cells]


def _fits(cell: str, reader: Callable[[str], Any]) -> bool:
    try:
        reader(cell)
    except CellError:
        return False
    return True


def _is_within(cell: str, limits: tuple[float, float]) -> bool:
    return _fits(cell, read_degrees) and limits[0] <= read_degrees(cell) <= limits[1]
