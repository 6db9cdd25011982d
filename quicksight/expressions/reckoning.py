"""What an expression comes to without QuickSight: as Athena's SQL, or as a date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from quicksight.expressions.nodes import Call, ColumnName, Literal, Node, Operation, ParameterName
from quicksight.expressions.parsing import ExpressionError, parse

_UNITS: Mapping[str, timedelta] = {
    "'DD'": timedelta(days=1),
    "'HH'": timedelta(hours=1),
    "'MI'": timedelta(minutes=1),
}
_NAMES_IN_SQL: Mapping[str, str] = {
    "sum": "SUM",
    "avg": "AVG",
    "min": "MIN",
    "max": "MAX",
    "count": "COUNT",
    "coalesce": "COALESCE",
    "nullIf": "NULLIF",
    "abs": "ABS",
    "round": "ROUND",
    "concat": "CONCAT",
}


def athena_sql(text: str, *, table: str) -> str:
    """Return the expression as SQL over the columns of `table`, an alias.

    Dividing gives a number with decimals, and by zero nothing, as in QuickSight. Raises `ExpressionError` for
    what cannot be read, and for dates and parameters, which only filters and defaults have here.
    """
    return _sql(parse(text), table)


def rolling_date(text: str, now: datetime) -> datetime:
    """Return the instant that the default of a date parameter means at `now`, on the clock of `now`.

    Raises `ExpressionError` for any other function than now, truncDate and addDateTime over DD, HH and MI.
    """
    return _date(parse(text), now, text)


def _sql(node: Node, table: str) -> str:
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, ColumnName):
        return f'{table}."{node.name}"'
    if isinstance(node, ParameterName):
        raise ExpressionError(f"parameter {node.name!r} in a calculated field: expected it in a filter")
    if isinstance(node, Operation):
        return _operation(node, table)
    return _call(node, table)


def _operation(node: Operation, table: str) -> str:
    right = _sql(node.right, table)
    if node.left is None:
        return f"({node.operator} {right})"
    left = _sql(node.left, table)
    if node.operator == "/":
        return f"(CAST({left} AS double) / NULLIF({right}, 0))"
    return f"({left} {node.operator} {right})"


def _call(node: Call, table: str) -> str:
    arguments = [_sql(argument, table) for argument in node.arguments]
    if node.function in _NAMES_IN_SQL:
        return f"{_NAMES_IN_SQL[node.function]}({', '.join(arguments)})"
    special: Mapping[str, Callable[[list[str]], str]] = {
        "distinct_count": lambda given: f"COUNT(DISTINCT {given[0]})",
        "isNull": lambda given: f"({given[0]} IS NULL)",
        "isNotNull": lambda given: f"({given[0]} IS NOT NULL)",
        "ifelse": _choice,
    }
    if node.function not in special:
        raise ExpressionError(f"function {node.function!r} in a calculated field: expected none of dates")
    return special[node.function](arguments)


def _choice(arguments: list[str]) -> str:
    *pairs, otherwise = arguments
    if len(pairs) % 2:
        raise ExpressionError("ifelse: expected a condition and a value in turn, and one value at the end")
    whens = [f"WHEN {pairs[at]} THEN {pairs[at + 1]}" for at in range(0, len(pairs), 2)]
    return f"CASE {' '.join(whens)} ELSE {otherwise} END"


def _date(node: Node, now: datetime, text: str) -> datetime:
    if isinstance(node, Call) and node.function == "now":
        return now
    if isinstance(node, Call) and node.function == "truncDate":
        unit, of = node.arguments
        moment = _date(of, now, text)
        if unit == Literal("'DD'"):
            return moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if isinstance(node, Call) and node.function == "addDateTime":
        amount, unit, of = node.arguments
        if isinstance(unit, Literal) and unit.text in _UNITS:
            return _date(of, now, text) + _whole_number(amount, text) * _UNITS[unit.text]
    raise ExpressionError(f"default {text!r}: expected now(), truncDate('DD', …) or addDateTime(-6, 'DD', …)")


def _whole_number(node: Node, text: str) -> int:
    sign = -1 if isinstance(node, Operation) and node.left is None else 1
    value = node.right if isinstance(node, Operation) else node
    if not isinstance(value, Literal) or not value.text.isdigit():
        raise ExpressionError(f"default {text!r}: expected a whole number of units to add")
    return sign * int(value.text)
