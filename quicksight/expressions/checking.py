"""What an expression reads, and whether QuickSight would take it for a group of rows or for a row."""

from __future__ import annotations

from quicksight.expressions.nodes import (
    FUNCTIONS,
    Call,
    ColumnName,
    Node,
    ParameterName,
    children,
    walk,
)


def columns_of(node: Node) -> list[str]:
    """Return the names of the columns that an expression reads, in the order of their first use."""
    return list(dict.fromkeys(part.name for part in walk(node) if isinstance(part, ColumnName)))


def parameters_of(node: Node) -> list[str]:
    """Return the names of the parameters that an expression reads."""
    return list(dict.fromkeys(part.name for part in walk(node) if isinstance(part, ParameterName)))


def aggregation_fault(node: Node) -> str | None:
    """Return what QuickSight would refuse about aggregation, or None.

    One that mixes a column of each row with a number of the whole group is refused ("mismatched
    aggregation"), and so is an aggregation of an aggregation.
    """
    for part in walk(node):
        if isinstance(part, Call) and FUNCTIONS[part.function].aggregates and _aggregates(part.arguments[0]):
            return f"{part.function}() over what is aggregated already"
    if _aggregates(node) and (bare := _bare_columns(node)):
        return f"column {bare[0]!r} beside an aggregation: expected it within sum(), avg() or the like"
    return None


def is_aggregated(node: Node) -> bool:
    """Return whether the expression is one number for a group of rows."""
    return _aggregates(node)


def _aggregates(node: Node) -> bool:
    return any(isinstance(part, Call) and FUNCTIONS[part.function].aggregates for part in walk(node))


def _bare_columns(node: Node) -> list[str]:
    """Return the columns outside any aggregation."""
    if isinstance(node, ColumnName):
        return [node.name]
    if isinstance(node, Call) and FUNCTIONS[node.function].aggregates:
        return []
    return [name for child in children(node) for name in _bare_columns(child)]
