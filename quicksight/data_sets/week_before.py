"""History by local hour in which a week earlier stands beside each hour.

A row of a week ago is moved to where it is compared, so that one sum over the rows a reader has chosen has
both numbers, whatever the period, site or class. Both sides end with the last hour that is over: the running
one would be on one side only.
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
# The same hour of the local clock: seven days of 24 hours are another one where clocks changed in between.
_SEVEN_DAYS_ON = (
    "CAST(at_timezone(with_timezone({moment}, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp)".format(
        moment="date_add('day', 7, hour_start)"
    )
)
_CLOCK_CHANGED = f"date_diff('second', {_SEVEN_DAYS_ON}, date_add('day', 7, local_hour))"
_HOUR_A_WEEK_LATER = f"date_add('second', {_CLOCK_CHANGED}, date_add('day', 7, hour_start))"
_A_WEEK_LATER = (
    replace(HOUR_START, sql=_HOUR_A_WEEK_LATER),
    replace(LOCAL_DAY, sql="date_format(date_add('day', 7, local_hour), '%Y-%m-%d')"),
    WEEKDAY,
    HOUR_OF_DAY,
)
_IS_OVER = "date_add('hour', 1, {hour}) <= localtimestamp"
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
        f"{select(now, view, _IS_OVER.format(hour='hour_start'))}\nUNION ALL\n"
        f"{select(before, view, _IS_OVER.format(hour=_HOUR_A_WEEK_LATER))}",
        columns_of(now),
        time_column=HOUR_START.column.name,
        period_column=HOUR_START.column.name,
        history_days=HISTORY_BY_HOUR_DAYS,
        calculated=tuple(calculated),
    )


def _nothing(written: Written) -> Written:
    return replace(written, sql=f"CAST(NULL AS {_SQL_TYPES[written.column.type]})")
