"""What a visual reads from its data set: grouping columns, measures and plain columns."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from quicksight.data_set import DataSet, QuickSightType
from quicksight.label import NO_DATA, Label

JsonObject = dict[str, Any]


class Aggregation(enum.Enum):
    """How the rows of a group become one number."""

    SUM = "SUM"
    AVERAGE = "AVERAGE"
    MAXIMUM = "MAX"
    MINIMUM = "MIN"
    COUNT = "COUNT"
    DISTINCT_COUNT = "DISTINCT_COUNT"


class Granularity(enum.Enum):
    """The length of time that a date column is grouped by.

    Days and hours of the day depend on the time zone of a site: the views carry them as columns of their own.
    """

    SECOND = "SECOND"
    MINUTE = "MINUTE"
    HOUR = "HOUR"


@dataclass(frozen=True)
class Dimension:
    """A column that rows are grouped by; `granularity` belongs to date columns only."""

    column: str
    label: Label
    granularity: Granularity | None = None


@dataclass(frozen=True)
class Measure:
    """A column reduced to one number a group, shown with `decimals` digits."""

    column: str
    label: Label
    aggregation: Aggregation
    decimals: int = 0


@dataclass(frozen=True)
class Calculated:
    """A calculated column that is a number a group by itself, such as a ratio of sums."""

    column: str
    label: Label
    decimals: int = 0


@dataclass(frozen=True)
class Plain:
    """A column of an unaggregated table, as it is."""

    column: str
    label: Label
    decimals: int = 0


Value = Measure | Calculated
Field = Dimension | Value | Plain


def field_id(visual_id: str, field: Field) -> str:
    """Return the id of `field` in its visual, the same for ever for the same visual and column."""
    suffix = f".{field.aggregation.value.lower()}" if isinstance(field, Measure) else ""
    return f"{visual_id}.{field.column}{suffix}"


def column_identifier(data_set: DataSet, column: str) -> JsonObject:
    """Return a `ColumnIdentifier`; raises `UnknownColumnError` when the data set lacks the column."""
    return {"DataSetIdentifier": data_set.identifier, "ColumnName": data_set.column(column).name}


def dimension_field(visual_id: str, data_set: DataSet, dimension: Dimension) -> JsonObject:
    """Return the `DimensionField` of a grouping column."""
    body = _identity(visual_id, data_set, dimension)
    kind = data_set.column(dimension.column).type
    if kind is QuickSightType.DATETIME:
        granularity = dimension.granularity or Granularity.MINUTE
        return {"DateDimensionField": {**body, "DateGranularity": granularity.value}}
    if kind is QuickSightType.STRING:
        return {"CategoricalDimensionField": body}
    return {"NumericalDimensionField": body}


def measure_field(visual_id: str, data_set: DataSet, measure: Value) -> JsonObject:
    """Return the `MeasureField` of a measure, with its number format and its text for a missing number."""
    body = _identity(visual_id, data_set, measure)
    if isinstance(measure, Calculated):
        return {"NumericalMeasureField": {**body, "FormatConfiguration": number_format(measure.decimals)}}
    kind = data_set.column(measure.column).type
    function = measure.aggregation.value
    if kind is QuickSightType.DATETIME:
        return {"DateMeasureField": {**body, "AggregationFunction": function}}
    if kind is QuickSightType.STRING:
        return {"CategoricalMeasureField": {**body, "AggregationFunction": function}}
    return {
        "NumericalMeasureField": {
            **body,
            "AggregationFunction": {"SimpleNumericalAggregation": function},
            "FormatConfiguration": number_format(measure.decimals),
        }
    }


def unaggregated_field(visual_id: str, data_set: DataSet, plain: Plain) -> JsonObject:
    """Return the `UnaggregatedField` of a table's column."""
    body = _identity(visual_id, data_set, plain)
    kind = data_set.column(plain.column).type
    if kind is QuickSightType.DATETIME:
        return {**body, "FormatConfiguration": {"DateTimeFormatConfiguration": _date_format()}}
    if kind is QuickSightType.STRING:
        return {**body, "FormatConfiguration": {"StringFormatConfiguration": null_format()}}
    return {**body, "FormatConfiguration": {"NumberFormatConfiguration": number_format(plain.decimals)}}


def number_format(decimals: int) -> JsonObject:
    """Return a `NumberFormatConfiguration` that shows a missing number as "no data"."""
    return {
        "FormatConfiguration": {
            "NumberDisplayFormatConfiguration": {
                "DecimalPlacesConfiguration": {"DecimalPlaces": decimals},
                "SeparatorConfiguration": {
                    "ThousandsSeparator": {"Symbol": "COMMA", "Visibility": "VISIBLE"}
                },
                **null_format(),
            }
        }
    }


def _identity(visual_id: str, data_set: DataSet, field: Field) -> JsonObject:
    return {"FieldId": field_id(visual_id, field), "Column": column_identifier(data_set, field.column)}


def _date_format() -> JsonObject:
    return {"DateTimeFormat": "YYYY-MM-DD HH:mm:ss", **null_format()}


def null_format() -> JsonObject:
    """Return what a format says of a missing value: "no data"."""
    return {"NullValueFormatConfiguration": {"NullString": str(NO_DATA)}}
