"""What an expression is made of, and the functions it may call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """A number, a text in its quotes or NULL, as written."""

    text: str


@dataclass(frozen=True)
class ColumnName:
    """``{name}``: a column of the data set, or another calculated field."""

    name: str


@dataclass(frozen=True)
class ParameterName:
    """``${Name}``: what the reader has chosen."""

    name: str


@dataclass(frozen=True)
class Operation:
    """`left` and `right` joined by an operator; `left` is None for a sign or NOT."""

    operator: str
    left: Node | None
    right: Node


@dataclass(frozen=True)
class Call:
    """A function over its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node = Literal | ColumnName | ParameterName | Operation | Call


@dataclass(frozen=True)
class Function:
    """How many arguments a function takes, and whether it makes one value of a group of rows."""

    least: int
    most: int
    aggregates: bool = False


FUNCTIONS: Mapping[str, Function] = {
    "sum": Function(1, 1, aggregates=True),
    "avg": Function(1, 1, aggregates=True),
    "min": Function(1, 1, aggregates=True),
    "max": Function(1, 1, aggregates=True),
    "count": Function(1, 1, aggregates=True),
    "distinct_count": Function(1, 1, aggregates=True),
    "ifelse": Function(3, 21),
    "isNull": Function(1, 1),
    "isNotNull": Function(1, 1),
    "coalesce": Function(2, 20),
    "nullIf": Function(2, 2),
    "abs": Function(1, 1),
    "round": Function(1, 2),
    "concat": Function(2, 20),
    "now": Function(0, 0),
    "truncDate": Function(2, 2),
    "addDateTime": Function(3, 3),
    "dateDiff": Function(2, 3),
}
"""Those in use, a small part of QuickSight's; names are spelled as in its user guide.

https://docs.aws.amazon.com/quicksight/latest/user/calculated-field-reference.html
"""


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node."""
    if isinstance(node, Operation):
        return (node.right,) if node.left is None else (node.left, node.right)
    return node.arguments if isinstance(node, Call) else ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)
