"""Which row groups a scan's conditions leave, as Athena's reader finds them by their statistics.

Only plain comparisons of a column with text or a number are used, joined by AND: what is left out of them
keeps row groups, so that the bytes told are never too few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow.dataset as pads
from sqlglot import exp

_COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], pads.Expression]] = {
    exp.EQ: lambda left, right: left == right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
}


def row_group_filter(conditions: Sequence[exp.Expr], *, without: str) -> pads.Expression | None:
    """Return the conditions on columns other than `without` (the partition) that statistics can answer."""
    found: pads.Expression | None = None
    for condition in conditions:
        for part in _conjuncts(condition):
            answerable = _answerable(part, without)
            if answerable is not None:
                found = answerable if found is None else found & answerable
    return found


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    plain = condition.unnest()
    if isinstance(plain, exp.And):
        return [*_conjuncts(plain.left), *_conjuncts(plain.right)]
    return [plain]


def _answerable(part: exp.Expr, without: str) -> pads.Expression | None:
    if isinstance(part, exp.In):
        return _one_of(part, without)
    compare = _COMPARISONS.get(type(part))
    if compare is None or not _is_column(part.this, without) or not isinstance(part.expression, exp.Literal):
        return None
    return compare(pads.field(part.this.name), _value(part.expression))


def _one_of(part: exp.In, without: str) -> pads.Expression | None:
    literals = [item for item in part.expressions if isinstance(item, exp.Literal)]
    if not literals or len(literals) != len(part.expressions) or not _is_column(part.this, without):
        return None
    return pads.field(part.this.name).isin([_value(literal) for literal in literals])


def _is_column(node: exp.Expr, without: str) -> bool:
    return isinstance(node, exp.Column) and node.name != without


def _value(literal: exp.Literal) -> str | float:
    return literal.name if literal.is_string else float(literal.name)
