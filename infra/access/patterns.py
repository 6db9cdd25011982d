"""How IAM compares texts: wildcards, and policy variables that the request fills in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Context = Mapping[str, str | Sequence[str]]
"""Condition keys of a request, by their name in lower case; a key with several values has a list."""
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_LITERAL = {"*": "*", "?": "?", "$": "$"}


def context_of(values: Mapping[str, str | Sequence[str]]) -> Context:
    """Return `values` by lower-case names: condition keys do not tell cases apart."""
    return {name.lower(): value for name, value in values.items()}


def matches(pattern: str, text: str, context: Context, *, ignore_case: bool = False) -> bool:
    """Return whether `text` is as `pattern` says, whose variables take their values from `context`.

    ``*`` stands for any characters, slashes included, ``?`` for one; ``${*}``, ``${?}`` and ``${$}`` are the
    characters themselves, and so are those in the value of a variable. A variable without a single value
    matches nothing (IAM user guide, Policy elements: Variables and tags).
    """
    expression = _filled(pattern, context)
    if expression is None:
        return False
    return _compiled(expression, ignore_case).fullmatch(text) is not None


def filled(pattern: str, context: Context) -> str | None:
    """Return the text of a pattern in which wildcards mean nothing; None when a variable has no value."""
    parts: list[str] = []
    for text, variable in _split(pattern):
        value = text if variable is None else _value(variable, context)
        if value is None:
            return None
        parts.append(value)
    return "".join(parts)


def _filled(pattern: str, context: Context) -> str | None:
    parts: list[str] = []
    for text, variable in _split(pattern):
        if variable is None:
            parts.append(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))
            continue
        value = _value(variable, context)
        if value is None:
            return None
        parts.append(re.escape(value))
    return "".join(parts)


def _split(pattern: str) -> list[tuple[str, str | None]]:
    """Return the parts of a pattern: plain text, or a variable's name beside an empty text."""
    parts: list[tuple[str, str | None]] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        parts += [(pattern[end : found.start()], None), ("", found.group(1))]
        end = found.end()
    return [*parts, (pattern[end:], None)]


def _value(variable: str, context: Context) -> str | None:
    if variable in _LITERAL:
        return _LITERAL[variable]
    name, _, default = variable.partition(",")
    value = context.get(name.strip().lower())
    if isinstance(value, str):
        return value
    return default.strip().strip("'") if default else None


@lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
