"""Turns a visual into SQL over its data set, asks it, and gives typed values back.

The grouping runs where the data is, as QuickSight's direct query does it, so a page over a year of minutes
moves only what it draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

import sqlglot
from sqlglot import exp

from quicksight.data_set import DataSet, QuickSightType
from quicksight.expressions import athena_sql
from quicksight.preview.errors import DefinitionError
from quicksight.preview.specs import FieldSpec, VisualSpec

DIALECT = "athena"
MAXIMUM_ROWS = 5000
"""Of one visual; the newest are kept and the page says so."""
MAXIMUM_POINTS = 60_000
"""Of a visual whose rows become points of a line, cells or dots, not lines of text."""
_POINTS = frozenset({"LineChartVisual", "HeatMapVisual", "GeospatialMapVisual"})

Value = str | int | float | datetime | None


class QueryResult(Protocol):
    """What a query gives back: names, Athena type names, and rows of Python values or their text."""

    @property
    def columns(self) -> Sequence[str]:
        """Column names."""

    @property
    def types(self) -> Sequence[str]:
        """Athena's type of each column, such as ``bigint`` or ``timestamp``."""

    @property
    def rows(self) -> Sequence[Sequence[object]]:
        """One sequence a row; SQL's NULL is None."""


Query = Callable[[str], QueryResult]
Condition = exp.Expr


@dataclass(frozen=True)
class VisualRows:
    """The rows of one visual, values in the order of `VisualSpec.fields`; times are aware, in UTC."""

    rows: tuple[tuple[Value, ...], ...]
    cut: bool
    left_out: int = 0
    """How many categories the visual's own limit leaves out."""
    series_left_out: int = 0
    step_minutes: int = 0
    """How long a point stands for, where there would be too many otherwise; 0 where each is as asked."""

    @property
    def empty(self) -> bool:
        """Whether nothing at all was measured: no rows, or a single row of nothing."""
        return not self.rows or (len(self.rows) == 1 and all(value is None for value in self.rows[0]))


def fetch(
    visual: VisualSpec,
    data_sets: Mapping[str, DataSet],
    query: Query,
    conditions: Sequence[Condition] = (),
) -> VisualRows:
    """Return the rows of `visual` that meet `conditions`.

    Raises `DefinitionError`, or what `query` raises.
    """
    data_set = data_set_of(visual, data_sets)
    kinds = [_kind(field, data_set) for field in visual.fields]
    raw = query(visual_sql(visual, data_set, conditions)).rows
    limit = row_limit(visual)
    rows = [tuple(_typed(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in raw[:limit]]
    if _newest_first(visual, data_set):
        rows.reverse()
    return VisualRows(tuple(rows), cut=len(raw) > limit)


def row_limit(visual: VisualSpec) -> int:
    """Return how many rows of a visual are drawn at most."""
    return MAXIMUM_POINTS if visual.kind in _POINTS else MAXIMUM_ROWS


def data_set_of(visual: VisualSpec, data_sets: Mapping[str, DataSet]) -> DataSet:
    """Return the data set that a visual reads; raises `DefinitionError` when it is not given."""
    if visual.data_set not in data_sets:
        raise DefinitionError(
            f"visual {visual.visual_id!r} reads data set {visual.data_set!r}: "
            f"expected one of {sorted(data_sets)}"
        )
    return data_sets[visual.data_set]


def with_labels(visual: VisualSpec, data_sets: Mapping[str, DataSet]) -> VisualSpec:
    """Return `visual` with the data set's label on each field that its definition gives none."""
    data_set = data_set_of(visual, data_sets)

    def labelled(field: FieldSpec) -> FieldSpec:
        named = field.label != field.column
        return field if named else replace(field, label=str(data_set.column(field.column).label))

    return replace(
        visual,
        dimensions=tuple(map(labelled, visual.dimensions)),
        measures=tuple(map(labelled, visual.measures)),
        color=visual.color and labelled(visual.color),
        plain=tuple(map(labelled, visual.plain)),
        target=visual.target and labelled(visual.target),
    )


def visual_sql(visual: VisualSpec, data_set: DataSet, conditions: Sequence[Condition] = ()) -> str:
    """Return the Athena SQL that reads `visual` from its data set, one row more than the page shows."""
    inner = sqlglot.parse_one(data_set.sql, dialect=DIALECT)
    aliased = [_expression(field).as_(f"f{index}") for index, field in enumerate(visual.fields)]
    select = exp.select(*aliased).from_(
        exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("d")))
    )
    for condition in conditions:
        select = select.where(condition)
    if visual.measures:
        groups = [_expression(field) for field in visual.grouping]
        select = select.group_by(*groups) if groups else select
    positions = {field.field_id: f"f{index}" for index, field in enumerate(visual.fields)}
    flip = _newest_first(visual, data_set)
    for identifier, direction in visual.sort:
        descending = (direction == "DESC") != flip
        select = select.order_by(exp.Ordered(this=exp.column(positions[identifier]), desc=descending))
    return select.limit(row_limit(visual) + 1).sql(dialect=DIALECT)


def _newest_first(visual: VisualSpec, data_set: DataSet) -> bool:
    """Whether the query runs backwards in time, so that a cut takes the oldest rows away."""
    first = visual.dimensions[0] if visual.dimensions else None
    by_first = first is not None and visual.sort[:1] == ((first.field_id, "ASC"),)
    return by_first and first is not None and data_set.column(first.column).type is QuickSightType.DATETIME


def _expression(field: FieldSpec) -> exp.Expr:
    if field.expression is not None:
        read = sqlglot.parse_one(athena_sql(field.expression, table="d"), dialect=DIALECT)
        return exp.func(_function(field.aggregation), read) if field.aggregation else read
    column = exp.column(field.column, table="d")
    if field.aggregation == "DISTINCT_COUNT":
        return exp.Count(this=exp.Distinct(expressions=[column]))
    if field.aggregation is not None:
        return exp.func(_function(field.aggregation), column)
    if field.granularity is not None:
        return exp.TimestampTrunc(this=column, unit=exp.var(field.granularity))
    return column


def _function(aggregation: str) -> str:
    return {"AVERAGE": "AVG"}.get(aggregation, aggregation)


def _kind(field: FieldSpec, data_set: DataSet) -> QuickSightType:
    if field.aggregation in {"COUNT", "DISTINCT_COUNT"}:
        return QuickSightType.INTEGER
    if field.aggregation == "AVERAGE" or field.expression is not None:
        return QuickSightType.DECIMAL
    return data_set.column(field.column).type


def _typed(value: object, kind: QuickSightType) -> Value:
    if value is None:
        return None
    if kind is QuickSightType.INTEGER:
        return value if type(value) is int else int(Decimal(str(value)))
    if kind is QuickSightType.DECIMAL:
        return value if type(value) is float else float(str(value))
    if kind is QuickSightType.DATETIME:
        return _instant(value)
    return str(value)


def _instant(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
