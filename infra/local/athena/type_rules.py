"""Athena's rules about types, which are stricter than DuckDB's: text never turns into a time or a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlglot import exp
from sqlglot.dialects.athena import Athena
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from infra.local.athena.errors import AthenaQueryError, Fault, not_supported

_Types = exp.DType
_UNRESOLVED = re.compile(r"Column '(.+)' could not be resolved\. Line: (\d+), Col: (\d+)")
INTEGERS = frozenset({_Types.INT, _Types.BIGINT, _Types.SMALLINT, _Types.TINYINT})
_FAMILIES: dict[exp.DType, str] = {
    **dict.fromkeys(INTEGERS, "number"),
    _Types.DOUBLE: "number",
    _Types.DECIMAL: "number",
    _Types.VARCHAR: "varchar",
    _Types.TEXT: "varchar",
    _Types.CHAR: "varchar",
    _Types.BOOLEAN: "boolean",
    _Types.DATE: "time",
    _Types.TIMESTAMP: "time",
    _Types.TIMESTAMPTZ: "time",
    _Types.INTERVAL: "interval",
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_TEXT_ONLY = (
    exp.Lower,
    exp.Upper,
    exp.Length,
    exp.Substring,
    exp.Like,
    exp.DPipe,
    exp.Concat,
    exp.StrPosition,
)
_OF_ANGLES = (exp.Sin, exp.Cos, exp.Asin, exp.Radians)
_NUMBERS_ONLY = (
    *(exp.Sum, exp.Avg, exp.Round, exp.Floor, exp.Ceil, exp.Abs, exp.Sqrt, exp.Neg),
    *_OF_ANGLES,
)
_TIMES_ONLY = (exp.Hour, exp.Minute, exp.Day, exp.Month, exp.Year, exp.DayOfWeekIso, exp.DateTrunc,
    exp.TimestampTrunc,
               exp.TimeToStr, exp.TimeToUnix, exp.DateAdd)  # fmt: skip


def _typed(kind: str) -> dict[str, object]:
    return {"returns": exp.DType[kind]}


_METADATA: dict[type[exp.Expr], Any] = {
    **Athena.EXPRESSION_METADATA,
    exp.DateTrunc: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.TimestampTrunc: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.TimeToUnix: _typed("DOUBLE"),
    exp.DateDiff: _typed("BIGINT"),
    exp.Localtimestamp: _typed("TIMESTAMP"),
    exp.CurrentTimestamp: _typed("TIMESTAMPTZ"),
    exp.Floor: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.Ceil: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.Round: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.Abs: {"annotator": lambda annotator, node: annotator._annotate_by_args(node, "this")},
    exp.Sqrt: _typed("DOUBLE"),
    **{function: _typed("DOUBLE") for function in _OF_ANGLES},
}


def resolve(query: exp.Expr, schema: MappingSchema) -> exp.Expr:
    """Return `query` with every column qualified, every star expanded and every type known.

    Raises `AthenaQueryError` when a column does not exist or types do not go together as Athena wants.
    """
    try:
        qualified = qualify(
            query,
            schema=schema,
            dialect="athena",
            expand_alias_refs=False,
            quote_identifiers=False,
            identify=False,
            allow_partial_qualification=False,
        )
    except OptimizeError as error:
        raise AthenaQueryError(Fault.COLUMN_NOT_FOUND, _as_athena(str(error).splitlines()[0])) from error
    _check_aliases(qualified)
    annotated = annotate_types(qualified, schema=schema, dialect="athena", expression_metadata=_METADATA)
    for node in annotated.walk():
        _check_node(node)
    return annotated


def _as_athena(sentence: str) -> str:
    match = _UNRESOLVED.match(sentence)
    if match is None:
        return sentence
    return f"line {match[2]}:{match[3]}: Column '{match[1]}' cannot be resolved"


def is_integer(node: exp.Expr) -> bool:
    """Return whether the value of `node` is a whole number."""
    return node.type is not None and node.type.this in INTEGERS


def _check_aliases(query: exp.Expr) -> None:
    # DuckDB lets HAVING, WHERE and GROUP BY use a name given in the SELECT list; Athena does not.
    for clause in query.find_all(exp.Where, exp.Having, exp.Group):
        for column in clause.find_all(exp.Column):
            if not column.table and column.parent_select is clause.parent:
                raise AthenaQueryError(
                    Fault.COLUMN_NOT_FOUND,
                    f"Column '{column.name}' cannot be resolved; a name given in SELECT cannot be used in "
                    f"{type(clause).__name__.upper()}",
                )


def family(node: exp.Expr) -> str | None:
    """Return number, varchar, boolean, time or interval, or None when the type is not known."""
    return _FAMILIES.get(node.type.this) if node.type is not None else None


def _check_node(node: exp.Expr) -> None:
    for left, right in _compared(node):
        families = {family(left), family(right)} - {None}
        if len(families) > 1:
            raise _mismatch(node, left, right)
    for kinds, expected in ((_TEXT_ONLY, "varchar"), (_NUMBERS_ONLY, "number"), (_TIMES_ONLY, "time")):
        if isinstance(node, kinds):
            _check_arguments(node, expected)
    if isinstance(node, _ARITHMETIC):
        _check_arithmetic(node)
    if isinstance(node, exp.Literal) and _is_decimal(node):
        _check_decimal(node)
    if isinstance(node, exp.Cast):
        _check_cast(node)


def _compared(node: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    if isinstance(node, _COMPARISONS):
        yield node.left, node.right
    elif isinstance(node, exp.Between):
        yield node.this, node.args["low"]
        yield node.this, node.args["high"]
    elif isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        branches += [node.args["default"]] if node.args.get("default") else []
        yield from ((branches[0], branch) for branch in branches[1:])
    elif isinstance(node, exp.If) and node.args.get("false"):
        yield node.args["true"], node.args["false"]
    elif isinstance(node, exp.SetOperation):
        yield from zip(node.left.selects, node.right.selects, strict=False)
    elif isinstance(node, (exp.In, exp.Coalesce, exp.Greatest, exp.Least)):
        yield from ((node.this, item) for item in node.expressions)


def _check_arguments(node: exp.Expr, expected: str) -> None:
    arguments = [node.this] if expected != "varchar" else _text_arguments(node)
    for argument in arguments:
        if isinstance(argument, exp.Expr) and family(argument) not in (expected, None):
            raise AthenaQueryError(
                Fault.TYPE_MISMATCH,
                f"{node.sql(dialect='athena')[:80]}: expected {expected}, found {_name(argument)}",
            )


def _text_arguments(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Concat):
        return node.expressions
    if isinstance(node, (exp.Like, exp.DPipe)):
        return [node.this, node.expression]
    return [node.this]


def _check_arithmetic(node: exp.Expr) -> None:
    left, right = node.this, node.expression
    families = (family(left), family(right))
    if None in families or families == ("number", "number"):
        return
    shifts = isinstance(node, (exp.Add, exp.Sub)) and families == ("time", "interval")
    if not shifts and not (isinstance(node, exp.Add) and families == ("interval", "time")):
        raise _mismatch(node, left, right)


def _is_decimal(literal: exp.Literal) -> bool:
    return not literal.is_string and "." in literal.name and "e" not in literal.name.lower()


def _check_decimal(literal: exp.Literal) -> None:
    # In Athena 1.5 is a decimal(2,1), and decimals divide and round by rules of their own.
    parent = literal.parent
    inside_sign = isinstance(parent, (exp.Neg, exp.Paren))
    outer = parent.parent if inside_sign and parent is not None else parent
    operands = [part for part in _operands(outer) if part is not literal and part is not parent]
    if not any(
        part.type is not None and part.type.this is _Types.DOUBLE and not _holds(part) for part in operands
    ):
        raise not_supported(
            f"the decimal {literal.name} outside a calculation with a double; write {literal.name}e0"
        )


def _holds(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, (exp.Neg, exp.Paren)) else node
    return isinstance(inner, exp.Literal) and _is_decimal(inner)


def _operands(node: exp.Expr | None) -> list[exp.Expr]:
    if isinstance(node, (*_COMPARISONS, *_ARITHMETIC)):
        return [node.this, node.expression]
    if isinstance(node, exp.Between):
        return [node.this]
    if isinstance(node, (exp.Coalesce, exp.In)):
        return [node.this, *node.expressions]
    return []


def _check_cast(node: exp.Cast) -> None:
    source, target = node.this.type, node.args["to"].this
    if source is None:
        return
    pair = (family(node.this), _FAMILIES.get(target))
    if pair == ("varchar", "number") or (pair == ("time", "varchar") and source.this is not _Types.DATE):
        raise not_supported(f"CAST from {_name(node.this)} to {target.name.lower()}")
    if pair == ("number", "varchar") and source.this not in INTEGERS:
        raise not_supported("CAST from double to varchar")


def _mismatch(node: exp.Expr, left: exp.Expr, right: exp.Expr) -> AthenaQueryError:
    return AthenaQueryError(
        Fault.TYPE_MISMATCH,
        f"Cannot apply {_name(left)} and {_name(right)} in {node.sql(dialect='athena')[:100]}",
    )


def _name(node: exp.Expr) -> str:
    return node.type.sql(dialect="athena").lower() if node.type is not None else "unknown"
