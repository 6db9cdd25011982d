"""The condition operators of IAM that our policies use; any other is refused, never taken as fulfilled.

Source: IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contract.errors import CrowdLensError
from infra.access.patterns import Context, filled, matches

Test = Callable[[str, str, Context], bool]
"""Compares a policy's value with the request's."""


class UnsupportedConditionError(CrowdLensError):
    """Raised for a condition operator that the evaluator does not know."""


def _equal(expected: str, found: str, context: Context) -> bool:
    return filled(expected, context) == found


def _equal_in_any_case(expected: str, found: str, context: Context) -> bool:
    text = filled(expected, context)
    return text is not None and text.lower() == found.lower()


def _number(compare: Callable[[float, float], bool]) -> Test:
    return lambda expected, found, _: compare(float(found), float(expected))


_POSITIVE: dict[str, Test] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_in_any_case,
    "StringLike": matches,
    # Both take wildcards: for ARNs AWS makes no difference between them.
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": _equal_in_any_case,
    "NumericEquals": _number(lambda found, limit: found == limit),
    "NumericLessThan": _number(lambda found, limit: found < limit),
    "NumericLessThanEquals": _number(lambda found, limit: found <= limit),
    "NumericGreaterThan": _number(lambda found, limit: found > limit),
    "NumericGreaterThanEquals": _number(lambda found, limit: found >= limit),
}
_NEGATIVE: dict[str, Test] = {
    "StringNotEquals": _equal,
    "StringNotEqualsIgnoreCase": _equal_in_any_case,
    "StringNotLike": matches,
    "ArnNotEquals": matches,
    "ArnNotLike": matches,
    "NumericNotEquals": _POSITIVE["NumericEquals"],
}


def fulfilled(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether every condition holds; raises `UnsupportedConditionError`."""
    return all(
        _holds(operator, as_texts(values), context, key.lower())
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def as_texts(values: Any) -> list[str]:
    """Return one value or a list of them as texts, as JSON would write them."""
    found = values if isinstance(values, list | tuple) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in found]


def _holds(operator: str, expected: Sequence[str], context: Context, key: str) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnsupportedConditionError(f"condition operator {operator!r} is not one the evaluator knows")
    if name == "Null":
        return (key not in context) == (expected[0] == "true")
    is_optional, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    if name not in _POSITIVE and name not in _NEGATIVE:
        raise UnsupportedConditionError(f"condition operator {operator!r} is not one the evaluator knows")
    if key not in context:
        return is_optional or name in _NEGATIVE or quantifier == "ForAllValues"
    value = context[key]
    found = [value] if isinstance(value, str) else list(value)
    each = [_of_one(name, expected, one, context) for one in found]
    return all(each) if quantifier == "ForAllValues" or name in _NEGATIVE else any(each)


def _of_one(name: str, expected: Sequence[str], found: str, context: Context) -> bool:
    if name in _NEGATIVE:
        return not any(_NEGATIVE[name](one, found, context) for one in expected)
    return any(_POSITIVE[name](one, found, context) for one in expected)
