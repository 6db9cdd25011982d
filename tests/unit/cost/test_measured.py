"""Figures that follow from the contract are those of the contract as it is now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from contract.columns import Column, ColumnType
from contract.tables import DEVICE_HEALTH
from infra.cost.measured import TABLE_FIGURES
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.lake_schema import arrow_schema

AT = datetime(2026, 11, 21)  # noqa: DTZ001 - as the lake has it, without a zone
VALUES: dict[ColumnType, Any] = {
    ColumnType.TIMESTAMP: AT,
    ColumnType.REAL: 12.5,
    ColumnType.INTEGER: 123_456_789,
    ColumnType.BOOLEAN: False,
}


def value(column: Column) -> Any:
    return VALUES.get(column.type, f"{column.name} of this device"[: column.maximum_length])


def test_an_object_of_one_row_of_health_is_as_big_as_the_model_takes_it_for() -> None:
    # Nearly all of it is what parquet says of each column, so that new columns show.
    row = {column.name: value(column) for column in DEVICE_HEALTH.columns}
    data = pa.Table.from_pylist([row], schema=arrow_schema(DEVICE_HEALTH))
    found = len(encode_parquet(data, DEVICE_HEALTH))
    assert found == pytest.approx(TABLE_FIGURES["device_health"].raw_object_bytes, rel=0.25)
