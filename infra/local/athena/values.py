"""Athena's types and how it writes values as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from infra.local.athena.errors import not_supported

_PLAIN = {
    pa.string(): "varchar",
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}
_JAVA_PLAIN_MINIMUM, _JAVA_PLAIN_LIMIT = 1e-3, 1e7


def athena_type(column: str, arrow_type: pa.DataType) -> str:
    """Return Athena's name of a result type; raises `AthenaQueryError` when it has none here."""
    if pa.types.is_timestamp(arrow_type):
        return "timestamp with time zone" if arrow_type.tz else "timestamp"
    if pa.types.is_null(arrow_type):
        return "unknown"
    if arrow_type not in _PLAIN:
        raise not_supported(f"the result type {arrow_type} of column {column}")
    return _PLAIN[arrow_type]


def text_of(value: Any) -> str | None:
    """Return a value as Athena writes it in results, None for a null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, datetime):
        stamp = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
        return stamp if value.tzinfo is None else f"{stamp} UTC"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _java_double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _JAVA_PLAIN_MINIMUM <= abs(value) < _JAVA_PLAIN_LIMIT:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    digits = Decimal(repr(value)).normalize().as_tuple()
    mantissa = "".join(map(str, digits.digits))
    exponent = int(digits.exponent) + len(mantissa) - 1
    return f"{'-' if value < 0 else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{exponent}"


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as the CSV that Athena leaves in S3: every value quoted, a null is nothing at all."""
    lines = [_csv_line(columns)]
    lines.extend(_csv_line([text_of(value) for value in row]) for row in rows)
    return "".join(lines).encode()


def _csv_line(values: Sequence[str | None]) -> str:
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in values) + "\n"
