"""What a query may be made of: every part not named here is refused.

A name stands here only when DuckDB gives it Athena's meaning, by itself or after `translate`; each has a
test with a known answer. The list is one of sqlglot's node classes, because a list of what is forbidden
would miss what nobody thought of.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import AthenaQueryError, Fault, not_supported

FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.AnyValue: "arbitrary",
    exp.ArgMax: "max_by",
    exp.ArgMin: "min_by",
    exp.Asin: "asin",
    exp.Avg: "avg",
    exp.Case: "case",
    exp.Cast: "cast",
    exp.Ceil: "ceiling",
    exp.Coalesce: "coalesce",
    exp.Concat: "concat",
    exp.Cos: "cos",
    exp.Count: "count",
    exp.CountIf: "count_if",
    exp.CurrentDate: "current_date",
    exp.CurrentTimestamp: "current_timestamp",
    exp.DateAdd: "date_add",
    exp.DateDiff: "date_diff",
    exp.Day: "day",
    exp.DayOfWeekIso: "day_of_week",
    exp.DenseRank: "dense_rank",
    exp.Exists: "exists",
    exp.FirstValue: "first_value",
    exp.Floor: "floor",
    exp.Greatest: "greatest",
    exp.Hour: "hour",
    exp.If: "if",
    exp.Lag: "lag",
    exp.LastValue: "last_value",
    exp.Lead: "lead",
    exp.Least: "least",
    exp.Length: "length",
    exp.Localtimestamp: "localtimestamp",
    exp.Lower: "lower",
    exp.Max: "max",
    exp.Min: "min",
    exp.Minute: "minute",
    exp.Month: "month",
    exp.Nullif: "nullif",
    exp.Radians: "radians",
    exp.Rank: "rank",
    exp.Round: "round",
    exp.RowNumber: "row_number",
    exp.Sin: "sin",
    exp.Sqrt: "sqrt",
    exp.StrPosition: "strpos",
    exp.Substring: "substr",
    exp.Sum: "sum",
    exp.DateTrunc: "date_trunc",
    exp.TimestampTrunc: "date_trunc",
    exp.TimeToStr: "date_format",
    exp.TimeToUnix: "to_unixtime",
    exp.Upper: "upper",
    exp.Year: "year",
}
"""Functions by the class sqlglot reads them into, with Athena's name."""

ANONYMOUS_FUNCTIONS = frozenset({"at_timezone", "with_timezone"})
"""Functions that sqlglot has no class for; both only in the form of `translate.LOCAL_TIME`."""

_SYNTAX = frozenset(
    {
        exp.Add, exp.Alias, exp.And, exp.Between, exp.Boolean, exp.Column, exp.CTE, exp.DataType,
        exp.DataTypeParam, exp.Distinct, exp.Div, exp.DPipe, exp.EQ, exp.Except, exp.Filter, exp.From,
        exp.Group, exp.GT, exp.GTE, exp.Having, exp.Identifier, exp.In, exp.Intersect, exp.Interval, exp.Is,
        exp.Join, exp.Like, exp.Limit, exp.Literal, exp.LT, exp.LTE, exp.Mod, exp.Mul, exp.Neg, exp.NEQ,
        exp.Not, exp.Null, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Offset, exp.Or, exp.Order, exp.Ordered,
        exp.Paren, exp.Placeholder, exp.Select, exp.Star, exp.Sub, exp.Subquery, exp.Table, exp.TableAlias,
        exp.Tuple, exp.Union, exp.Values, exp.Var, exp.Where, exp.Window, exp.WindowSpec, exp.With,
    }
)  # fmt: skip
_SELECT_PARTS = frozenset(
    {
        "with_",
        "expressions",
        "distinct",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
    }
)
_CAST_TYPES = frozenset({"BIGINT", "INT", "DOUBLE", "VARCHAR", "TEXT", "BOOLEAN", "TIMESTAMP", "DATE"})
_DATE_UNITS = frozenset(
    {"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)
_INTERVAL_UNITS = frozenset({"SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"})
_FORMAT_CODES = frozenset("YmdHMS")
_CATALOGS = frozenset({"", "awsdatacatalog"})


def check_query(query: exp.Expr) -> None:
    """Raise `AthenaQueryError` naming the first part of `query` that is outside the whitelist."""
    for node in query.walk():
        _check_class(node)
        check = _CHECKS.get(type(node))
        if check is not None:
            check(node)


def _check_class(node: exp.Expr) -> None:
    if type(node) in _SYNTAX or type(node) in FUNCTIONS:
        return
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in ANONYMOUS_FUNCTIONS:
            raise not_supported(f"the function {node.name.lower()}")
        return
    if isinstance(node, exp.Func):
        raise not_supported(f"the function {node.sql_name().lower()}")
    raise not_supported(f"{type(node).__name__.upper()} in {node.sql(dialect='athena')[:80]!r}")


def _check_select(node: exp.Expr) -> None:
    present = {key for key, value in node.args.items() if value}
    unknown = present - _SELECT_PARTS
    if unknown:
        raise not_supported(f"{min(unknown).strip('_').upper()} in a SELECT")


def _check_join(node: exp.Expr) -> None:
    if node.args.get("method") or node.args.get("kind") not in (None, "", "INNER", "OUTER", "CROSS"):
        raise not_supported(f"the join {node.sql(dialect='athena')[:60]!r}")


def _check_group(node: exp.Expr) -> None:
    if any(value for key, value in node.args.items() if key != "expressions"):
        raise not_supported("GROUP BY ALL, ROLLUP, CUBE or GROUPING SETS")


def _check_star(node: exp.Expr) -> None:
    if any(node.args.values()):
        raise not_supported("SELECT * with EXCEPT, REPLACE or RENAME")


def _check_table(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise not_supported("a function in FROM")
    if {key for key, value in node.args.items() if value} - {"this", "db", "catalog", "alias"}:
        raise not_supported(f"the table {node.sql(dialect='athena')[:60]!r}")


def _check_cast(node: exp.Expr) -> None:
    kind = node.args["to"].this.name
    if kind not in _CAST_TYPES:
        raise not_supported(f"CAST to {kind.lower()}")


def _check_distinct(node: exp.Expr) -> None:
    if node.args.get("on") or (isinstance(node.parent, exp.Count) and len(node.expressions) > 1):
        raise not_supported("DISTINCT ON, or DISTINCT of several columns in count")


def _check_set_operation(node: exp.Expr) -> None:
    if node.args.get("by_name"):
        raise not_supported("UNION BY NAME")


def _check_with(node: exp.Expr) -> None:
    if node.args.get("recursive"):
        raise not_supported("WITH RECURSIVE")


def _check_one_argument(node: exp.Expr) -> None:
    if node.expressions:
        raise not_supported(f"{FUNCTIONS[type(node)]} with more than one argument")


def _check_unit(node: exp.Expr) -> None:
    unit = node.args["unit"].name.upper() if node.args.get("unit") else ""
    if unit not in _DATE_UNITS:
        raise not_supported(f"the unit {unit.lower()!r} in {FUNCTIONS[type(node)]}")


def _check_interval(node: exp.Expr) -> None:
    unit = node.args.get("unit")
    if not isinstance(node.this, exp.Literal) or unit is None or unit.name.upper() not in _INTERVAL_UNITS:
        raise not_supported(f"the interval {node.sql(dialect='athena')!r}; write it as INTERVAL '1' DAY")


def _check_format(node: exp.Expr) -> None:
    text = node.args["format"]
    if not isinstance(text, exp.Literal):
        raise not_supported("date_format with a format that is no literal")
    pieces = text.name.split("%")[1:]
    for piece in pieces:
        if piece[:1] not in _FORMAT_CODES:
            raise not_supported("date_format with another code than %Y %m %d %H %i %s")


def _check_substring(node: exp.Expr) -> None:
    start = node.args.get("start")
    if not isinstance(start, exp.Literal) or start.is_string or int(start.name) < 1:
        raise not_supported("substr whose start is not a number of 1 or more")


def _check_position(node: exp.Expr) -> None:
    if node.args.get("position") or node.args.get("occurrence"):
        raise not_supported("strpos with more than two arguments")


def _check_values_function(node: exp.Expr) -> None:
    if node.args.get("ignore_nulls"):
        raise not_supported("IGNORE NULLS")


def _check_limit(node: exp.Expr) -> None:
    if not isinstance(node.expression, exp.Literal) or node.expression.is_string:
        raise not_supported("a LIMIT or OFFSET that is no number")


def _check_database(node: exp.Expr) -> None:
    _check_table(node)
    catalog = node.text("catalog").lower()
    if catalog not in _CATALOGS:
        raise AthenaQueryError(Fault.TABLE_NOT_FOUND, f"Catalog '{catalog}' does not exist")


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Select: _check_select,
    exp.Join: _check_join,
    exp.Group: _check_group,
    exp.Star: _check_star,
    exp.Table: _check_database,
    exp.Cast: _check_cast,
    exp.Distinct: _check_distinct,
    exp.Union: _check_set_operation,
    exp.Except: _check_set_operation,
    exp.Intersect: _check_set_operation,
    exp.With: _check_with,
    exp.Max: _check_one_argument,
    exp.Min: _check_one_argument,
    exp.DateAdd: _check_unit,
    exp.DateDiff: _check_unit,
    exp.DateTrunc: _check_unit,
    exp.TimestampTrunc: _check_unit,
    exp.Interval: _check_interval,
    exp.TimeToStr: _check_format,
    exp.Substring: _check_substring,
    exp.StrPosition: _check_position,
    exp.FirstValue: _check_values_function,
    exp.LastValue: _check_values_function,
    exp.Limit: _check_limit,
    exp.Offset: _check_limit,
}
