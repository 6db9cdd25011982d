"""The CSV file of a count by hand: one row for each stretch of a line and direction, or instant of a zone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from contract.errors import CrowdLensError

COLUMNS = ("start", "end", "line", "direction", "count", "zone", "people", "stratum", "weight", "note")
DIRECTIONS = ("in", "out")
COMMENTS = ("#", '"#')
"""How a line of remarks begins; a spreadsheet puts quotes around those with a comma."""
MAXIMUM_ROWS = 200_000
LONGEST_SECONDS = 366 * 86_400
YEARS = range(2000, 2100)


class HandCountError(CrowdLensError):
    """Raised when a file of counts by hand cannot be used."""


@dataclass(frozen=True)
class Subject:
    """What was counted: a line in one direction, or, with an empty direction, a zone."""

    name: str
    direction: str = ""

    @property
    def is_line(self) -> bool:
        """Whether it is a line: crossings of a stretch; else people in a zone at an instant."""
        return bool(self.direction)

    def __lt__(self, other: Subject) -> bool:
        """Lines come before zones, each by name."""
        return (not self.is_line, self.name, self.direction) < (
            not other.is_line,
            other.name,
            other.direction,
        )

    def __str__(self) -> str:
        """Return "road in" for a line, "zone lawn" for a zone."""
        return f"{self.name} {self.direction}" if self.is_line else f"zone {self.name}"


@dataclass(frozen=True)
class HandRow:
    """A stretch (or instant, `end_ms` equal to `start_ms`) and its count; None when not counted yet.

    Times are ms since 1970 UTC. `weight` is how many stretches of the period it stands for, None when the
    file does not say; `stratum` names the layer it was drawn from.
    """

    number: int
    subject: Subject
    start_ms: int
    end_ms: int
    count: int | None
    stratum: str = ""
    weight: float | None = None


def read_hand_file(path: Path, origin_ms: int | None) -> list[HandRow]:
    """Return the rows of `path`; plain numbers in `start` and `end` are seconds from `origin_ms`.

    Raises `HandCountError` with the number of the line and the column that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HandCountError(f"hand count {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise HandCountError(f"hand count {path} is not UTF-8: save it as 'CSV UTF-8'") from error
    rows = list(_rows(text, path.name, origin_ms))
    if not rows:
        raise HandCountError(f"hand count {path} has no rows: expected one for each stretch and line or zone")
    _check_overlaps(rows, path.name)
    _check_weights(rows, path.name)
    return rows


def _rows(text: str, name: str, origin_ms: int | None) -> Iterator[HandRow]:
    # Comments keep their place, so that the numbers of the lines in error texts hold.
    lines = ["" if line.startswith(COMMENTS) else line for line in text.splitlines()]
    reader = csv.reader(io.StringIO("\n".join(lines)))
    header: list[str] | None = None
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if header is None:
                header = _header(values, name)
                continue
            where = f"hand count {name}, line {reader.line_num}"
            if len(values) > len(header):
                raise HandCountError(
                    f"{where} has {len(values)} cells: expected {len(header)}, as the header"
                )
            if reader.line_num > MAXIMUM_ROWS:
                raise HandCountError(f"hand count {name} is longer than {MAXIMUM_ROWS} lines")
            yield _Cells(dict(zip(header, values, strict=False)), where).row(reader.line_num, origin_ms)
    except csv.Error as error:
        raise HandCountError(f"hand count {name}, line {reader.line_num} is no CSV: {error}") from error


def _header(values: list[str], name: str) -> list[str]:
    header = [value.lower() for value in values]
    unknown = [value for value in header if value not in COLUMNS]
    if unknown or len(set(header)) != len(header):
        raise HandCountError(
            f"hand count {name}: the header is {', '.join(values)}: expected each of "
            f"{', '.join(COLUMNS)} at most once, with commas between"
        )
    lines = {"start", "end", "line", "direction", "count"} <= set(header)
    zones = {"start", "zone", "people"} <= set(header)
    if not lines and not zones:
        raise HandCountError(
            f"hand count {name}: the header is {', '.join(values)}: expected start,end,line,direction,count "
            "for lines or start,zone,people for zones"
        )
    return header


@dataclass(frozen=True)
class _Cells:
    """The cells of one row by column, and where it stands, for error texts."""

    cells: Mapping[str, str]
    where: str

    def row(self, number: int, origin_ms: int | None) -> HandRow:
        subject = self._subject()
        start_ms = self._time("start", origin_ms)
        if subject.is_line:
            end_ms = self._time("end", origin_ms)
            if end_ms <= start_ms:
                raise self._error("end", "a time after start")
        else:
            end_ms = self._time("end", origin_ms) if self.cells.get("end") else start_ms
            if end_ms != start_ms:
                raise self._error("end", "nothing: people in a zone are counted at one instant, start")
        count = self._count("count" if subject.is_line else "people")
        return HandRow(
            number, subject, start_ms, end_ms, count, self.cells.get("stratum", ""), self._weight()
        )

    def _subject(self) -> Subject:
        line, zone = self.cells.get("line", ""), self.cells.get("zone", "")
        if bool(line) == bool(zone):
            raise HandCountError(f"{self.where}: line is {line!r} and zone is {zone!r}: expected one of them")
        if zone:
            return Subject(zone)
        if self.cells.get("direction") not in DIRECTIONS:
            raise self._error("direction", "in or out")
        return Subject(line, self.cells["direction"])

    def _time(self, column: str, origin_ms: int | None) -> int:
        text = self.cells.get(column, "")
        seconds = finite_number(text)
        if seconds is not None:
            if not 0 <= seconds <= LONGEST_SECONDS:
                raise self._error(column, "seconds from the start, 0 or more and below a year")
            if origin_ms is None:
                raise self._error(
                    column, "a time with its offset, or --start TIME that says when second 0 was"
                )
            return origin_ms + round(seconds * 1000)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._error(column, "a time like 2026-11-21T09:00:00+09:00, or seconds") from error
        if instant.tzinfo is None:
            raise self._error(column, "an offset behind the time, such as +09:00 or Z")
        if instant.year not in YEARS:
            raise self._error(column, f"a year from {YEARS[0]} to {YEARS[-1]}")
        return round(instant.timestamp() * 1000)

    def _count(self, column: str) -> int | None:
        text = self.cells.get(column, "")
        if not text:
            return None
        if not text.isdecimal() or len(text) > 6:
            raise self._error(column, "a whole number, or nothing while it is not counted yet")
        return int(text)

    def _weight(self) -> float | None:
        text = self.cells.get("weight", "")
        if not text:
            return None
        number = finite_number(text)
        if number is None or number < 1:
            raise self._error("weight", "a number of 1 or more, as --sample wrote it")
        return number

    def _error(self, column: str, expected: str) -> HandCountError:
        return HandCountError(
            f"{self.where}: {column} is {self.cells.get(column, '')!r}: expected {expected}"
        )


def finite_number(text: str) -> float | None:
    """Return the number that `text` writes, None when it writes none or no finite one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def by_subject(rows: list[HandRow]) -> dict[Subject, list[HandRow]]:
    """Return the rows of each subject in order of time, lines before zones."""
    found: dict[Subject, list[HandRow]] = {}
    for row in sorted(rows, key=lambda row: (row.subject, row.start_ms)):
        found.setdefault(row.subject, []).append(row)
    return found


def _check_overlaps(rows: list[HandRow], name: str) -> None:
    for subject, mine in by_subject(rows).items():
        for before, after in pairwise(mine):
            if after.start_ms < before.end_ms or after.start_ms == before.start_ms:
                raise HandCountError(
                    f"hand count {name}: lines {before.number} and {after.number} count {subject} at the "
                    "same time: expected each moment at most once"
                )


def _check_weights(rows: list[HandRow], name: str) -> None:
    for subject, mine in by_subject(rows).items():
        without = next((row for row in mine if row.weight is None), None)
        if without is not None and any(row.weight is not None for row in mine):
            raise HandCountError(
                f"hand count {name}, line {without.number}: weight is empty: expected one in every row of "
                f"{subject}, as --sample wrote them; a row of one's own choice is no random one"
            )
