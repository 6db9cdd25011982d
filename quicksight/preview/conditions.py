"""What was chosen, as conditions in the SQL of each visual and as bounds of the days that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from quicksight.data_set import DataSet, sql_in
from quicksight.preview.choosing import Choices, Chosen, DayFilter, Filter, TextFilter, instants
from quicksight.preview.errors import DefinitionError

LOCAL_DAY = "local_day"
"""The column of a row's day at its site, as text."""
LOOK_BACK_DAYS = 9
"""A row may stand beside one of a week earlier; a day more on each side for clocks other than UTC's."""


def conditions(
    choices: Choices, chosen: Chosen, *, data_set: DataSet, sheet_id: str, zone: ZoneInfo
) -> list[exp.Expr]:
    """Return the conditions on the rows ``d`` of a data set on a sheet; `chosen` has every parameter.

    Days are those of each site where a row says its local day, so that a period shows the very days that
    stand at an axis; else they are those of `zone`, the clock of the dashboard. Instants in the data are UTC.
    """
    by_site = has_site_days(data_set)
    filters = choices.acting_on(data_set.identifier, sheet_id)
    made = [_condition(one, chosen, None if by_site else zone) for one in filters]
    return [one for one in made if one is not None]


def has_site_days(data_set: DataSet) -> bool:
    """Return whether the rows of a data set say which day it was at their site.

    What a camera saw is on the clock of its site; a device's own reports know no clock but UTC.
    """
    return data_set.has_column(LOCAL_DAY) and data_set.has_column("camera")


def bounded(data_set: DataSet, choices: Choices, chosen: Chosen, today: date, database: str) -> DataSet:
    """Return the data set over the days that a drawing needs of those that QuickSight reads.

    Where a period filters its rows, those are the days from its first one and what rows are compared with;
    for a first day that QuickSight no longer has, they are all there are.
    """
    if choices.period is None:
        return replace(data_set, sql=sql_in(data_set, database))
    days = (today - chosen.days[choices.period[0]]).days + 1
    if days > data_set.history_days:
        return data_set
    if data_set.period_column is None:
        return replace(data_set, sql=sql_in(data_set, database))
    needed = replace(data_set, history_days=min(data_set.history_days, days + LOOK_BACK_DAYS))
    return replace(data_set, sql=sql_in(needed, database))


def _condition(one: Filter, chosen: Chosen, zone: ZoneInfo | None) -> exp.Expr | None:
    column = exp.column(one.column, table="d")
    if isinstance(one, TextFilter):
        values = chosen.texts.get(one.parameter, ())
        within: exp.Expr | None = column.isin(*values) if values else None
    elif zone is None:
        first, last = (exp.Literal.string(chosen.days[name].isoformat()) for name in (one.first, one.last))
        within = exp.column(LOCAL_DAY, table="d").between(first, last)
    else:
        within = _within(one, column, chosen, zone)
    return _with_nulls(within, column, one.null_option)


def _within(one: DayFilter, column: exp.Column, chosen: Chosen, zone: ZoneInfo) -> exp.Expr:
    first, after = instants((chosen.days[one.first], chosen.days[one.last]), zone)
    return exp.and_(
        exp.GTE(this=column, expression=_timestamp(first)),
        exp.LT(this=column.copy(), expression=_timestamp(after)),
    )


def _timestamp(moment: datetime) -> exp.Expr:
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return exp.cast(exp.Literal.string(text), "timestamp")


def _with_nulls(within: exp.Expr | None, column: exp.Column, null_option: str) -> exp.Expr | None:
    """Return the condition with what is said of rows without a value; None where every row meets it."""
    missing = exp.Is(this=column.copy(), expression=exp.Null())
    if null_option == "ALL_VALUES":
        return None if within is None else exp.or_(within, missing)
    if null_option == "NON_NULLS_ONLY":
        return exp.not_(missing) if within is None else within
    raise DefinitionError(
        f"a filter of {column.name!r} has the null option {null_option!r}: "
        "expected ALL_VALUES or NON_NULLS_ONLY"
    )


def today_in(zone: ZoneInfo, now: datetime) -> date:
    """Return the day that it is on the clock of `zone`."""
    return now.astimezone(zone).date()


def described(choices: Choices, chosen: Chosen) -> Sequence[tuple[str, str]]:
    """Return the title of each control and what was chosen there, in words."""
    said = []
    for parameter in choices.parameters:
        label = choices.labels.get(parameter.name, parameter.name)
        if parameter.name in chosen.days:
            said.append((label, chosen.days[parameter.name].isoformat()))
        else:
            said.append((label, ", ".join(chosen.texts.get(parameter.name, ())) or "all · 전체"))
    return said
