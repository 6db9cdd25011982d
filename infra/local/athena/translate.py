"""Athena SQL into DuckDB SQL of the same meaning.

sqlglot writes the SQL; the rewrites here are where its result would mean something else. Each is a row of
the known-answer test.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import not_supported
from infra.local.athena.type_rules import INTEGERS, is_integer

LOCAL_TIME = "CAST(at_timezone(with_timezone(<time>, 'UTC'), <zone>) AS timestamp)"
"""The one form in which a UTC time may be turned into a local one."""
_TO_INTERVAL = {
    "MILLISECOND": "to_milliseconds",
    "SECOND": "to_seconds",
    "MINUTE": "to_minutes",
    "HOUR": "to_hours",
    "DAY": "to_days",
    "WEEK": "to_weeks",
    "MONTH": "to_months",
    "QUARTER": "to_quarters",
    "YEAR": "to_years",
}


def bind_now(query: exp.Expr, today: str, present: str) -> exp.Expr:
    """Return `query` with the present as text: one instant for the whole query, as in Athena."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(today), "DATE")
        if isinstance(node, exp.Localtimestamp):
            return exp.cast(exp.Literal.string(present), "TIMESTAMP")
        if isinstance(node, exp.CurrentTimestamp):
            return exp.cast(exp.Literal.string(f"{present}+00"), "TIMESTAMPTZ")
        return node

    return query.transform(replaced)


def bind_local_time(query: exp.Expr) -> exp.Expr:
    """Return `query` with every `LOCAL_TIME` in DuckDB's words; raises when a zone is used otherwise."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Cast) or not _is_anonymous(node.this, "at_timezone"):
            return node
        shifted, zone = node.this.expressions
        if node.args["to"].this is not exp.DType.TIMESTAMP or not _is_utc(shifted):
            return node
        utc = exp.func("TIMEZONE", exp.Literal.string("UTC"), _millisecond_time(shifted.expressions[0]))
        return exp.cast(exp.Anonymous(this="TIMEZONE", expressions=[zone, utc]), "TIMESTAMP")

    result = query.transform(replaced)
    for node in result.find_all(exp.Anonymous):
        if node.name.lower() in ("at_timezone", "with_timezone"):
            raise not_supported(f"{node.name.lower()} in another form than {LOCAL_TIME}")
    return result


def _millisecond_time(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, "TIMESTAMP")


def _is_anonymous(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name and len(node.expressions) == 2


def _is_utc(node: exp.Expr) -> bool:
    return _is_anonymous(node, "with_timezone") and node.expressions[1] == exp.Literal.string("UTC")


def to_duckdb(query: exp.Expr) -> exp.Expr:
    """Return a query whose columns and types are resolved, as DuckDB's SQL says the same."""
    result = query
    for node in reversed(list(query.walk(bfs=True))):
        rewrite = _REWRITES.get(type(node))
        changed = node if rewrite is None else rewrite(node)
        if changed is not node:
            changed.type = node.type
            result = changed if node is result else result
            node.replace(changed)
    return result


def _divide(node: exp.Expr) -> exp.Expr:
    if is_integer(node.this) and is_integer(node.expression):
        return exp.Paren(this=exp.IntDiv(this=node.this, expression=node.expression))
    # sqlglot would guard or cast the plain division; DuckDB's on doubles is Athena's already.
    left = exp.cast(node.this, "DOUBLE")
    divided = exp.Div(this=left, expression=node.expression)
    divided.set("typed", False)
    divided.set("safe", False)
    return exp.Paren(this=divided)


def _whole_sum(node: exp.Expr) -> exp.Expr:
    # DuckDB sums whole numbers into 128 bits; Athena keeps bigint.
    inner = node
    while isinstance(inner, (exp.Filter, exp.Window)):
        inner = inner.this
    if isinstance(inner, exp.CountIf):
        return _count(node)
    return _bigint(node) if isinstance(inner, exp.Sum) and is_integer(inner.this) else node


def _bare_whole_sum(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, (exp.Filter, exp.Window)):
        return node
    return _whole_sum(node)


def _filtered_sum(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node.parent, exp.Window) else _whole_sum(node)


def _count(node: exp.Expr) -> exp.Expr:
    # Of no rows DuckDB's count_if is NULL; Athena's is 0, as every count.
    return exp.Coalesce(this=_bigint(node), expressions=[exp.Literal.number(0)])


def _bigint(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT"))


def _cast(node: exp.Expr) -> exp.Expr:
    source, target = node.this.type, node.args["to"].this
    if target in INTEGERS and source is not None and source.this is exp.DType.DOUBLE:
        # Athena rounds half away from zero, DuckDB's cast to even.
        return exp.Cast(this=exp.Round(this=node.this), to=node.args["to"])
    if target is exp.DType.TIMESTAMP:
        return exp.Cast(this=node.this, to=exp.DataType.build("TIMESTAMP"))
    return node


def _date_add(node: exp.Expr) -> exp.Expr:
    unit = node.args["unit"].name.upper()
    amount = node.expression
    if unit != "MILLISECOND":
        amount = exp.cast(amount, "INT" if unit not in ("SECOND", "MINUTE", "HOUR") else "BIGINT")
    step = exp.Anonymous(this=_TO_INTERVAL[unit], expressions=[amount])
    return _same_time(node.this, exp.Paren(this=exp.Add(this=node.this, expression=step)))


def _same_time(original: exp.Expr, changed: exp.Expr) -> exp.Expr:
    # DuckDB makes a timestamp of a date that is moved or truncated.
    if original.type is not None and original.type.this is exp.DType.DATE:
        return exp.cast(changed, "DATE")
    return changed


def _shift(node: exp.Expr) -> exp.Expr:
    if isinstance(node.expression, exp.Interval):
        return _same_time(node.this, node.copy())
    return node


def _date_diff(node: exp.Expr) -> exp.Expr:
    # Athena counts whole units that have passed, DuckDB's date_diff the borders between.
    unit = exp.Literal.string(node.args["unit"].name.lower())
    arguments = [unit, exp.cast(node.expression, "TIMESTAMP"), exp.cast(node.this, "TIMESTAMP")]
    return exp.Anonymous(this="date_sub", expressions=arguments)


def _truncate(node: exp.Expr) -> exp.Expr:
    return _same_time(node.this, node.copy())


def _keeping_nulls(name: str) -> Callable[[exp.Expr], exp.Expr]:
    def rewritten(node: exp.Expr) -> exp.Expr:
        return exp.Anonymous(this=name, expressions=[node.this, node.expression])

    return rewritten


_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Div: _divide,
    exp.Sum: _bare_whole_sum,
    exp.CountIf: _bare_whole_sum,
    exp.Filter: _filtered_sum,
    exp.Window: _whole_sum,
    exp.Cast: _cast,
    exp.DateAdd: _date_add,
    exp.Add: _shift,
    exp.Sub: _shift,
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _truncate,
    exp.TimestampTrunc: _truncate,
    exp.ArgMax: _keeping_nulls("arg_max_null"),
    exp.ArgMin: _keeping_nulls("arg_min_null"),
}
