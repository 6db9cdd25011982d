"""Which row groups a scan's conditions leave, as Athena's reader finds them by their statistics.

Only plain comparisons of a column with text, a number or a time are used: what is left out of them keeps row
groups, so that the bytes told are never too few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow.dataset as pads
from sqlglot import exp

from infra.local.athena.definitions import TableDefinition

_COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], pads.Expression]] = {
    exp.EQ: lambda left, right: left == right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
}
_TIMES = frozenset({exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMP_MS})
"""Without a zone, as sqlglot reads DuckDB's names."""


def row_group_filter(conditions: Sequence[exp.Expr], table: TableDefinition) -> pads.Expression | None:
    """Return those of `conditions`, all of which hold, that the statistics of columns can answer."""
    types = {column.name: column.hive_type for column in table.columns}
    found: pads.Expression | None = None
    for condition in conditions:
        answerable = _answerable(condition, types)
        if answerable is not None:
            found = answerable if found is None else found & answerable
    return found


def _answerable(condition: exp.Expr, types: Mapping[str, str]) -> pads.Expression | None:
    column = _column(condition.this, types)
    if isinstance(condition, exp.In):
        values = [_value(item) for item in condition.expressions]
        return pads.field(column).isin(values) if column and values and None not in values else None
    compare = _COMPARISONS.get(type(condition))
    value = _value(condition.expression) if compare is not None else None
    if compare is None or value is None or column is None:
        return None
    return compare(pads.field(column), value)


def _column(node: object, types: Mapping[str, str]) -> str | None:
    """Return the name of a column; a timestamp stays one when it is cast to a finer one."""
    inner = node.this if isinstance(node, exp.Cast) and _is_time(node) else node
    if not isinstance(inner, exp.Column) or inner.name not in types:
        return None
    return inner.name if inner is node or types[inner.name] == "timestamp" else None


def _value(node: exp.Expr) -> str | float | datetime | None:
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else float(node.name)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and _is_time(node):
        return datetime.fromisoformat(node.this.name)
    return None


def _is_time(node: exp.Cast) -> bool:
    return node.args["to"].this in _TIMES
