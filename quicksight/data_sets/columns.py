"""Columns that several data sets share, and how a query over a view is put together.

A column's name is what users' copies of a dashboard stand on: it is never renamed or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quicksight.data_set import DataSetColumn, GeographicRole, QuickSightType
from quicksight.label import Label


@dataclass(frozen=True)
class Written:
    """A column and the SQL that gives it; `sql` is the column's own name where the view has it."""

    column: DataSetColumn
    sql: str

    @property
    def selected(self) -> str:
        """The column as a SELECT lists it."""
        name = self.column.name
        return name if self.sql == name else f"{self.sql} AS {name}"


def text(name: str, english: str, korean: str, sql: str = "") -> Written:
    """Return a column of words."""
    return _written(name, QuickSightType.STRING, english, korean, sql)


def integer(name: str, english: str, korean: str, sql: str = "") -> Written:
    """Return a column of whole numbers."""
    return _written(name, QuickSightType.INTEGER, english, korean, sql)


def decimal(name: str, english: str, korean: str, sql: str = "") -> Written:
    """Return a column of numbers with decimals."""
    return _written(name, QuickSightType.DECIMAL, english, korean, sql)


def instant(name: str, english: str, korean: str, sql: str = "") -> Written:
    """Return a column of instants in UTC, shown on the clock of the dashboard's time zone."""
    return _written(name, QuickSightType.DATETIME, english, korean, sql)


def degrees(name: str, english: str, korean: str, role: GeographicRole) -> Written:
    """Return a column of degrees (WGS84) that a map takes."""
    return Written(DataSetColumn(name, QuickSightType.DECIMAL, Label(english, korean), role), name)


def columns_of(written: Sequence[Written]) -> tuple[DataSetColumn, ...]:
    """Return the columns without their SQL."""
    return tuple(one.column for one in written)


def select(written: Sequence[Written], view: str, condition: str = "") -> str:
    """Return a query of the columns of a view, whose rows may be bound by a condition."""
    names = ", ".join(one.selected for one in written)
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT {names} FROM {view}{where}"  # noqa: S608 - names of ours


def _written(name: str, kind: QuickSightType, english: str, korean: str, sql: str) -> Written:
    return Written(DataSetColumn(name, kind, Label(english, korean)), sql or name)


SITE = text("site", "Site", "현장")
CAMERA = text("camera", "Camera", "카메라")
DEVICE = text("device", "Device", "장치")
ZONE = text("zone", "Zone", "구역")
LINE = text("line", "Line", "계수선")
PLACE = text("place", "Place", "위치", "concat(site, ' / ', camera, ' / ', zone)")
"""Site, camera and zone together: two cameras may both have an "entrance" and two sites a camera of one name,
whose counts are not to be added."""
LINE_PLACE = text("place", "Place", "위치", "concat(site, ' / ', camera, ' / ', line)")
SITE_CAMERA = text("site_camera", "Site / camera", "현장 / 카메라", "concat(site, ' / ', camera)")
SITE_DEVICE = text("site_device", "Site / device", "현장 / 장치", "concat(site, ' / ', device)")
OBJECT_CLASS = text("object_class", "Class", "종류")
HOUR_START = instant("hour_start", "Hour", "시간")
LOCAL_DAY = text("local_day", "Day", "날짜")
HOUR_OF_DAY = integer("hour_of_day", "Hour of the day", "시각(시)")
_DAYS = ("Mon · 월", "Tue · 화", "Wed · 수", "Thu · 목", "Fri · 금", "Sat · 토", "Sun · 일")
_DAY_NAMES = " ".join(f"WHEN {number} THEN '{number} {name}'" for number, name in enumerate(_DAYS, 1))
WEEKDAY = text("weekday", "Weekday", "요일", f"CASE day_of_week {_DAY_NAMES} END")
"""With its number, since QuickSight puts words into the order of the alphabet."""
