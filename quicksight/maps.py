"""Builders of the two maps: numbers by two calendars (heat map), and points on the ground."""

from __future__ import annotations

from quicksight.data_set import DataSet
from quicksight.fields import Dimension, JsonObject, Value, dimension_field, measure_field
from quicksight.label import Label
from quicksight.theme import BLANK_CELL_COLOR, HEAT_COLORS
from quicksight.visual_parts import axis_labels, field_sort, legend, visual

MAXIMUM_CELLS_A_SIDE = 100
"""What QuickSight draws of rows, and of columns, at most by default."""


def heat_map(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    rows: Dimension,
    columns: Dimension,
    value: Value,
    subtitle: Label,
    alt: str,
) -> JsonObject:
    """Return a cell a row and column, the darker the larger; a cell without data is blank."""
    limit = {"ItemsLimit": MAXIMUM_CELLS_A_SIDE, "OtherCategories": "EXCLUDE"}
    wells = {
        "Rows": [dimension_field(visual_id, data_set, rows)],
        "Columns": [dimension_field(visual_id, data_set, columns)],
        "Values": [measure_field(visual_id, data_set, value)],
    }
    configuration = {
        "FieldWells": {"HeatMapAggregatedFieldWells": wells},
        "SortConfiguration": {
            "HeatMapRowSort": [field_sort(visual_id, rows, "ASC")],
            "HeatMapColumnSort": [field_sort(visual_id, columns, "ASC")],
            "HeatMapRowItemsLimitConfiguration": limit,
            "HeatMapColumnItemsLimitConfiguration": limit,
        },
        "RowLabelOptions": axis_labels(visual_id, data_set, [rows]),
        "ColumnLabelOptions": axis_labels(visual_id, data_set, [columns]),
        "ColorScale": {
            "Colors": [{"Color": color} for color in HEAT_COLORS],
            "ColorFillType": "GRADIENT",
            "NullValueColor": {"Color": BLANK_CELL_COLOR},
        },
        "Legend": {**legend(), "Title": {"Visibility": "VISIBLE", "CustomLabel": str(value.label)}},
        "DataLabels": {"Visibility": "HIDDEN"},
    }
    return {"HeatMapVisual": visual(visual_id, title, subtitle, alt, configuration)}


def point_map(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    latitude: Dimension,
    longitude: Dimension,
    value: Value,
    subtitle: Label,
    alt: str,
    color: Dimension | None = None,
) -> JsonObject:
    """Return points at the degrees (WGS84) of two columns; near ones are drawn together with their number."""
    wells = {
        "Geospatial": [dimension_field(visual_id, data_set, place) for place in (latitude, longitude)],
        "Values": [measure_field(visual_id, data_set, value)],
        "Colors": [] if color is None else [dimension_field(visual_id, data_set, color)],
    }
    configuration = {
        "FieldWells": {"GeospatialMapAggregatedFieldWells": wells},
        "Legend": legend(visible=color is not None),
        "WindowOptions": {"MapZoomMode": "AUTO"},
        "MapStyleOptions": {"BaseMapStyle": "LIGHT_GRAY"},
        "PointStyleOptions": {"SelectedPointStyle": "CLUSTER"},
    }
    return {"GeospatialMapVisual": visual(visual_id, title, subtitle, alt, configuration)}
