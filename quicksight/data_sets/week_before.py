"""History by local hour in which a week earlier stands beside each hour.

A row of a week ago is moved to where it is compared, so that one sum over the rows a reader has chosen has
both numbers, whatever the period, site or class; what is still to come of the current week has no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quicksight.data_set import CalculatedColumn, DataSet, ImportMode, QuickSightType
from quicksight.data_sets.columns import (
    HOUR_OF_DAY,
    HOUR_START,
    LOCAL_DAY,
    WEEKDAY,
    Written,
    columns_of,
    select,
)
from quicksight.label import Label

HISTORY_BY_HOUR_DAYS = 62
"""Two months to choose a period from; the week before is known for all but the first seven days."""
_CALENDAR = (HOUR_START, LOCAL_DAY, WEEKDAY, HOUR_OF_DAY)
_A_WEEK_LATER = (
    replace(HOUR_START, sql="date_add('day', 7, hour_start)"),
    replace(LOCAL_DAY, sql="date_format(date_add('day', 7, local_hour), '%Y-%m-%d')"),
    WEEKDAY,
    HOUR_OF_DAY,
)
# An hour of last week stands beside an hour that is over, or the current one would seem to fall behind.
_IS_OVER = "date_add('hour', 7 * 24 + 1, hour_start) <= localtimestamp"
_SQL_TYPES = {
    QuickSightType.STRING: "varchar",
    QuickSightType.INTEGER: "bigint",
    QuickSightType.DECIMAL: "double",
}


def beside_a_week_earlier(
    view: str,
    identifier: str,
    label: Label,
    *,
    keys: Sequence[Written],
    values: Sequence[Written],
    compared: Sequence[Written],
    calculated: Sequence[CalculatedColumn] = (),
) -> DataSet:
    """Return a data set of `values` by hour, and of `compared` of a week earlier, one row each."""
    now = (*keys, *_CALENDAR, *values, *(_nothing(one) for one in compared))
    before = (*keys, *_A_WEEK_LATER, *(_nothing(one) for one in values), *compared)
    return DataSet(
        identifier,
        label,
        ImportMode.SPICE,
        f"{select(now, view)}\nUNION ALL\n{select(before, view, _IS_OVER)}",
        columns_of(now),
        time_column=HOUR_START.column.name,
        period_column=HOUR_START.column.name,
        history_days=HISTORY_BY_HOUR_DAYS,
        calculated=tuple(calculated),
    )


def _nothing(written: Written) -> Written:
    return replace(written, sql=f"CAST(NULL AS {_SQL_TYPES[written.column.type]})")
