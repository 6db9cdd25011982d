"""Single cells: the forms in which municipalities write dates, numbers, coordinates and yes or no.

Each function returns the value, or raises `CellError` with the reason's code.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
)}  # fmt: skip
_YMD = re.compile(
    r"'?(\d{4}|\d{2})\s*[-./년]\s*(\d{1,2})\s*(?:[-./월]\s*(\d{1,2})\s*[.일]?|월|\.)?"
    r"(?:[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?(?:\d{6})?")
_YEAR = re.compile(r"(\d{4})\s*년?")
_NAME_FIRST = re.compile(r"([A-Za-z]{3})[-\s.](\d{2}|\d{4})")
_NAME_LAST = re.compile(r"(\d{2}|\d{4})[-\s.]([A-Za-z]{3})")
_SERIAL = re.compile(r"\d{5}(?:\.0+)?")
_SERIAL_DAYS = range(32_874, 54_789)
"""1990 to 2049, as Excel counts days: a five-digit number there is no year and month."""
_EXCEL_EPOCH = date(1899, 12, 30)
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
_DEGREES = re.compile(
    r"(?:[NE]\s*)?(\d{1,3})\s*[°도]\s*(\d{1,2})\s*['′분]\s*(\d{1,2}(?:\.\d+)?)\s*(?:[\"″초]|'')?\s*[NE]?"
)
_YEARS = range(1900, 2101)
_TRUE = {"y", "yes", "true", "1", "o", "예", "유", "있음", "가능"}
_FALSE = {"n", "no", "false", "0", "x", "아니오", "무", "없음", "불가", "불가능"}
_LARGEST_INTEGER = 2**63
DAY, MONTH, YEAR = "day", "month", "year"


class CellError(Exception):
    """A cell that cannot be read as its type; the text is the reason's code."""


@lru_cache(maxsize=65_536)
def read_partial_date(text: str) -> tuple[date, str, bool]:
    """Return the first day meant, whether day, month or year was written, and if the century was guessed.

    Takes 2015-11, 201511, 2015.11., 2015년 11월 2일, 2015, and what Excel makes of a year and month: Nov-15
    and 15-Nov, both November 2015, and a serial number of days.
    """
    for pattern, order in ((_NAME_FIRST, (2, 1)), (_NAME_LAST, (1, 2))):
        if (match := pattern.fullmatch(text)) and (month := _MONTHS.get(match[order[1]].lower())):
            return _date(match[order[0]], month, 1), MONTH, len(match[order[0]]) == 2
    if match := _YMD.fullmatch(text):
        return _of_parts(match[1], match[2], match[3])
    if (match := _COMPACT.fullmatch(text)) and len(text) in (6, 8, 14):
        return _of_parts(match[1], match[2], match[3])
    if match := _YEAR.fullmatch(text):
        return _date(match[1], 1, 1), YEAR, False
    if _SERIAL.fullmatch(text) and int(float(text)) in _SERIAL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(float(text))), DAY, False
    raise CellError("unreadable_date")


def read_date(text: str) -> date:
    """Return a day; a month or a year alone is not one."""
    found, precision, _ = read_partial_date(text)
    if precision != DAY:
        raise CellError("incomplete_date")
    return found


def read_number(text: str) -> float:
    """Return a finite number; thousands may have commas."""
    if _NUMBER.fullmatch(text) is None:
        raise CellError("unreadable_number")
    number = float(text.replace(",", ""))
    if number in (float("inf"), float("-inf")):
        raise CellError("unreadable_number")
    return number


def read_integer(text: str) -> int:
    """Return a whole number of 64 bits; 3.0 is one."""
    number = text.replace(",", "") if _NUMBER.fullmatch(text) else ""
    digits = number.partition(".")
    if not re.fullmatch(r"[+-]?\d+", digits[0]) or digits[2].strip("0"):
        raise CellError("unreadable_integer")
    if not -_LARGEST_INTEGER <= int(digits[0]) < _LARGEST_INTEGER:
        raise CellError("unreadable_integer")
    return int(digits[0])


def read_degrees(text: str) -> float:
    """Return degrees, written with a decimal point or as degrees, minutes and seconds."""
    if match := _DEGREES.fullmatch(text):
        return int(match[1]) + int(match[2]) / 60 + float(match[3]) / 3600
    try:
        return read_number(text)
    except CellError as error:
        raise CellError("unreadable_coordinate") from error


def read_yes_no(text: str) -> bool:
    """Return what Y, 예, 유, O and their opposites mean."""
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise CellError("unreadable_yes_no")


def _of_parts(year: str, month: str, day: str | None) -> tuple[date, str, bool]:
    precision = DAY if day else MONTH
    return _date(year, int(month), int(day or 1)), precision, len(year) == 2


def _date(year: str, month: int, day: int) -> date:
    # Public data of two digits is of this century: nobody installed anything "in 98" that is still listed.
    full = int(year) + (2000 if len(year) == 2 else 0)
    if full not in _YEARS:
        raise CellError("unreadable_date")
    try:
        return date(full, month, day)
    except ValueError as error:
        raise CellError("unreadable_date") from error
