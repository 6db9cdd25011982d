"""What every kind of visual is made of: its frame, sorts, axis labels and legend."""

from __future__ import annotations

from collections.abc import Sequence

from quicksight.data_set import DataSet
from quicksight.fields import Field, JsonObject, column_identifier, field_id
from quicksight.label import Label

MAXIMUM_SERIES = 25


def visual(visual_id: str, title: Label, subtitle: Label, alt: str, configuration: JsonObject) -> JsonObject:
    """Return the body of a `Visual` of any kind, with its texts in both languages."""
    return {
        "VisualId": visual_id,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": str(title)}},
        "Subtitle": {"Visibility": "VISIBLE", "FormatText": {"PlainText": str(subtitle)}},
        "ChartConfiguration": configuration,
        "VisualContentAltText": alt,
    }


def field_sort(visual_id: str, field: Field, direction: str) -> JsonObject:
    """Return a `FieldSortOptions` by a field of the visual, ``ASC`` or ``DESC``."""
    return {"FieldSort": {"FieldId": field_id(visual_id, field), "Direction": direction}}


def number_axis() -> JsonObject:
    """Return an axis of numbers from zero: one that starts elsewhere exaggerates small differences."""
    return {"DataOptions": {"NumericAxisOptions": {"Range": {"MinMax": {"Minimum": 0.0}}}}}


def axis_labels(visual_id: str, data_set: DataSet, fields: Sequence[Field]) -> JsonObject:
    """Return the `ChartAxisLabelOptions` that name each of `fields`."""
    return {
        "AxisLabelOptions": [
            {
                "CustomLabel": str(field.label),
                "ApplyTo": {
                    "FieldId": field_id(visual_id, field),
                    "Column": column_identifier(data_set, field.column),
                },
            }
            for field in fields
        ]
    }


def legend(*, visible: bool = True) -> JsonObject:
    """Return the `LegendOptions`, above the chart where it is shown."""
    return {"Visibility": "VISIBLE" if visible else "HIDDEN", "Position": "TOP"}
