"""Values for the question marks of a query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokenizer_core import TokenType

from infra.local.athena.errors import AthenaQueryError, Fault

Parameter = str | int | float | bool | date | datetime | None


def literal_of(value: Parameter) -> str:
    """Return `value` as a literal of Athena SQL; a datetime must be naive UTC or carry its zone."""
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.strftime('%Y-%m-%d %H:%M:%S')}.{value.microsecond // 1000:03d}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, float):
        return f"{value!r}e0" if "e" not in repr(value) else repr(value)
    return str(exp.convert(value).sql(dialect="athena"))


def check_literal(text: str) -> str:
    """Return `text` when it is one literal, as ExecutionParameters must be; raises `AthenaQueryError`."""
    try:
        parsed = sqlglot.parse_one(text, read="athena")
    except sqlglot.errors.SqlglotError as error:
        raise _no_literal(text) from error
    inner = parsed.this if isinstance(parsed, (exp.Neg, exp.Cast)) else parsed
    if not isinstance(inner, (exp.Literal, exp.Boolean, exp.Null)):
        raise _no_literal(text)
    return str(parsed.sql(dialect="athena"))


def bind(sql: str, literals: Sequence[str]) -> str:
    """Return `sql` with its question marks replaced in order; raises when their numbers differ."""
    tokens = Trino().tokenize(sql)
    marks = [token for token in tokens if token.token_type is TokenType.PLACEHOLDER]
    if len(marks) != len(literals):
        raise AthenaQueryError(
            Fault.GENERIC,
            f"Incorrect number of parameters: expected {len(marks)} but found {len(literals)}",
        )
    bound = sql
    for mark, literal in reversed(list(zip(marks, literals, strict=True))):
        bound = bound[: mark.start] + literal + bound[mark.end + 1 :]
    return bound


def _no_literal(text: str) -> AthenaQueryError:
    return AthenaQueryError(
        Fault.GENERIC,
        f"execution parameter {text!r} is no literal: write text as \"'text'\" and times as DATE '…'",
    )
