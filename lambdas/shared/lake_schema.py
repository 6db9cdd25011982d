"""The arrow schema of a record table, and older or foreign parquet brought into that shape."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.records import TIMESTAMP_MAXIMUM_MILLISECONDS
from contract.tables import TABLES, Table


class LakeSchemaError(CrowdLensError):
    """Raised when a lake object does not have a column its table needs; the text names the column."""


ColumnData: TypeAlias = "pa.ChunkedArray[Any]"


def arrow_type(column: Column) -> Any:
    """Return the `pyarrow.DataType` of a contract column (the stubs know only concrete types)."""
    alias: Any = column.arrow_type
    return pa.type_for_alias(alias)


@lru_cache(maxsize=2 * len(TABLES))
def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema of the parquet objects of `table`: its columns, in the contract's order."""
    return pa.schema(
        [pa.field(column.name, arrow_type(column), nullable=column.nullable) for column in table.columns]
    )


def conform(data: pa.Table, table: Table) -> pa.Table:
    """Return `data` with exactly the columns of `table`, in its schema.

    Columns the contract does not know (a newer writer's) are left out, nullable columns that are missing
    (an older writer's) are null. Raises `LakeSchemaError` naming the first column that cannot be used.
    """
    arrays = [_conform_column(data, table, column) for column in table.columns]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(table))


def check_values(data: pa.Table, table: Table) -> None:
    """Raise `LakeSchemaError` when a value of `data`, already in the schema of `table`, breaks its limits."""
    for column in table.columns:
        values: Any = data.column(column.name)
        if column.type is ColumnType.TEXT:
            _check_range(
                f"the length of {table.name}.{column.name}", pc.utf8_length(values), 0, column.maximum_length
            )
        elif column.type is ColumnType.TIMESTAMP:
            times = values.cast(pa.int64())
            _check_range(f"{table.name}.{column.name}", times, 0, TIMESTAMP_MAXIMUM_MILLISECONDS)
        elif column.type is ColumnType.REAL and not pc.all(pc.is_finite(values), min_count=0).as_py():
            raise LakeSchemaError(f"{table.name}.{column.name} is not finite on every row: expected numbers")


def _check_range(what: str, values: Any, lowest: int, highest: int) -> None:
    found: Any = pc.min_max(values).as_py()
    for value in (found["min"], found["max"]):
        if value is not None and not lowest <= value <= highest:
            raise LakeSchemaError(f"{what} is {value}: expected {lowest} to {highest}")


def _conform_column(data: pa.Table, table: Table, column: Column) -> ColumnData:
    wanted = arrow_type(column)
    where = f"{table.name}.{column.name}"
    if column.name not in data.column_names:
        if not column.nullable:
            raise LakeSchemaError(f"{where} is missing: expected a column of {wanted}")
        return pa.chunked_array([pa.nulls(data.num_rows, wanted)])
    if data.column_names.count(column.name) > 1:
        raise LakeSchemaError(f"{where} is there {data.column_names.count(column.name)} times: expected once")
    found = data.column(column.name)
    if found.type != wanted:
        found = _cast(found, wanted, where)
    if found.null_count and not column.nullable:
        raise LakeSchemaError(f"{where} has {found.null_count} nulls: expected a value on every row")
    return found


def _cast(found: ColumnData, wanted: Any, where: str) -> ColumnData:
    """Cast where only the representation differs; a number stored as text is a mistake to be shown."""
    source = found.type.value_type if pa.types.is_dictionary(found.type) else found.type
    if not any(both(source) and both(wanted) for both in _SAME_KIND):
        raise LakeSchemaError(f"{where} is {found.type}: expected {wanted}")
    try:
        return found.cast(wanted)
    except pa.ArrowInvalid as error:
        raise LakeSchemaError(f"{where} is {found.type}: expected {wanted} ({error})") from error


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_naive_time(kind: Any) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is None)


_SAME_KIND = (_is_text, _is_naive_time, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
