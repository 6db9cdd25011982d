from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from contract.tables import TABLES, ZONE_COUNTS
from lambdas.shared.lake_schema import LakeSchemaError, arrow_schema, conform


def one_row(**changes: Any) -> pa.Table:
    """A zone_counts row as parquet gives it back; a change of None takes the column out."""
    values: dict[str, Any] = {}
    for field in arrow_schema(ZONE_COUNTS):
        value = "x" if pa.types.is_string(field.type) else 1
        values[field.name] = pa.array([value], pa.int64() if value == 1 else pa.string()).cast(field.type)
    values.update(changes)
    return pa.table({name: value for name, value in values.items() if value is not None})


@pytest.mark.parametrize("table", TABLES.values(), ids=str)
def test_the_schema_has_the_contract_columns_in_order(table: Any) -> None:
    schema = arrow_schema(table)
    assert schema.names == [column.name for column in table.columns]
    assert [field.nullable for field in schema] == [column.nullable for column in table.columns]


def test_rows_that_fit_stay_as_they_are() -> None:
    assert conform(one_row(), ZONE_COUNTS).equals(one_row().cast(arrow_schema(ZONE_COUNTS)))


def test_a_newer_writer_has_columns_that_are_left_out() -> None:
    newer = one_row(mood=pa.array(["glad"]), zone=pa.array(["hall"]))
    assert conform(newer, ZONE_COUNTS).schema == arrow_schema(ZONE_COUNTS)


def test_an_older_writer_lacks_columns_that_become_null() -> None:
    conformed = conform(one_row(density_per_m2=None), ZONE_COUNTS)
    assert conformed.column("density_per_m2").to_pylist() == [None]


@pytest.mark.parametrize(
    ("column", "data"),
    [
        pytest.param("zone", pa.array(["hall"]).dictionary_encode(), id="text as a dictionary"),
        pytest.param("zone", pa.array(["hall"], pa.large_string()), id="text in large form"),
        pytest.param("frames", pa.array([7], pa.int32()), id="narrow whole number"),
        pytest.param("event_time", pa.array([1000], pa.timestamp("us")), id="time in microseconds"),
        pytest.param("occupancy_mean", pa.array([1.5], pa.float32()), id="single precision"),
    ],
)
def test_another_form_of_the_same_kind_is_taken(column: str, data: Any) -> None:
    assert conform(one_row(**{column: data}), ZONE_COUNTS).schema == arrow_schema(ZONE_COUNTS)


@pytest.mark.parametrize(
    ("column", "data", "sentence"),
    [
        pytest.param("frames", pa.array(["7"]), "zone_counts.frames is string: expected int64", id="text"),
        pytest.param("frames", pa.array([7.5]), "zone_counts.frames is double: expected int64", id="real"),
        pytest.param("zone", None, "zone_counts.zone is missing: expected a column of string", id="missing"),
        pytest.param(
            "zone", pa.array([None], pa.string()), "zone_counts.zone has 1 nulls", id="null where none may be"
        ),
        pytest.param(
            "event_time",
            pa.array([0], pa.timestamp("ms", "UTC")),
            r"zone_counts.event_time is timestamp\[ms, tz=UTC\]",
            id="time with a zone",
        ),
        pytest.param(
            "event_time", pa.array([1], pa.timestamp("us")), "would lose data", id="time finer than ours"
        ),
    ],
)
def test_what_does_not_fit_is_named(column: str, data: Any, sentence: str) -> None:
    with pytest.raises(LakeSchemaError, match=sentence):
        conform(one_row(**{column: data}), ZONE_COUNTS)
