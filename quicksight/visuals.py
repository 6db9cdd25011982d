"""Small typed builders, one per kind of visual; each returns the `Visual` of a QuickSight definition."""

from __future__ import annotations

from collections.abc import Sequence

from quicksight.data_set import DataSet
from quicksight.fields import (
    Dimension,
    Field,
    JsonObject,
    Measure,
    Plain,
    column_identifier,
    dimension_field,
    field_id,
    measure_field,
    unaggregated_field,
)
from quicksight.label import Label

MAXIMUM_SERIES = 25
MAXIMUM_TABLE_ROWS_PER_PAGE = 100


def kpi(
    visual_id: str, title: Label, *, data_set: DataSet, value: Measure, subtitle: Label, alt: str
) -> JsonObject:
    """Return one number over all rows of the data set."""
    configuration = {
        "FieldWells": {"Values": [measure_field(visual_id, data_set, value)]},
        "KPIOptions": {
            "PrimaryValueDisplayType": "ACTUAL",
            "VisualLayoutOptions": {"StandardLayout": {"Type": "VERTICAL"}},
        },
    }
    return {"KPIVisual": _visual(visual_id, title, subtitle, alt, configuration)}


def line_chart(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    category: Dimension,
    value: Measure,
    color: Dimension,
    subtitle: Label,
    alt: str,
    area: bool = False,
) -> JsonObject:
    """Return lines over time, one a value of `color`; a time without data stays blank, never zero."""
    configuration = {
        "FieldWells": {
            "LineChartAggregatedFieldWells": {
                "Category": [dimension_field(visual_id, data_set, category)],
                "Values": [measure_field(visual_id, data_set, value)],
                "Colors": [dimension_field(visual_id, data_set, color)],
            }
        },
        "SortConfiguration": {
            "CategorySort": [_field_sort(visual_id, category, "ASC")],
            "ColorItemsLimitConfiguration": {"ItemsLimit": MAXIMUM_SERIES, "OtherCategories": "EXCLUDE"},
        },
        "Type": "AREA" if area else "LINE",
        "PrimaryYAxisDisplayOptions": {
            "AxisOptions": _number_axis(),
            "MissingDataConfigurations": [{"TreatmentOption": "SHOW_AS_BLANK"}],
        },
        "XAxisLabelOptions": _axis_labels(visual_id, data_set, [category]),
        "PrimaryYAxisLabelOptions": _axis_labels(visual_id, data_set, [value]),
        "DefaultSeriesSettings": {
            "LineStyleSettings": {"LineVisibility": "VISIBLE", "LineWidth": "2px"},
            "MarkerStyleSettings": {"MarkerVisibility": "VISIBLE", "MarkerSize": "4px"},
        },
        "Legend": _legend(),
    }
    return {"LineChartVisual": _visual(visual_id, title, subtitle, alt, configuration)}


def bar_chart(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    category: Dimension,
    values: Sequence[Measure],
    subtitle: Label,
    alt: str,
    color: Dimension | None = None,
    horizontal: bool = False,
    stacked: bool = False,
) -> JsonObject:
    """Return bars by `category`: one a measure, or one a value of `color` when there is a single measure."""
    wells = {
        "Category": [dimension_field(visual_id, data_set, category)],
        "Values": [measure_field(visual_id, data_set, value) for value in values],
        "Colors": [] if color is None else [dimension_field(visual_id, data_set, color)],
    }
    configuration = {
        "FieldWells": {"BarChartAggregatedFieldWells": wells},
        "SortConfiguration": {
            "CategorySort": [_field_sort(visual_id, category, "ASC")],
            "ColorItemsLimit": {"ItemsLimit": MAXIMUM_SERIES, "OtherCategories": "EXCLUDE"},
        },
        "Orientation": "HORIZONTAL" if horizontal else "VERTICAL",
        "BarsArrangement": "STACKED" if stacked else "CLUSTERED",
        "ValueAxis": _number_axis(),
        "CategoryLabelOptions": _axis_labels(visual_id, data_set, [category]),
        "ValueLabelOptions": _axis_labels(visual_id, data_set, values),
        "Legend": _legend(visible=color is not None or len(values) > 1),
        "DataLabels": {"Visibility": "VISIBLE" if horizontal else "HIDDEN", "Overlap": "DISABLE_OVERLAP"},
    }
    return {"BarChartVisual": _visual(visual_id, title, subtitle, alt, configuration)}


def summary_table(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    group_by: Sequence[Dimension],
    values: Sequence[Measure],
    subtitle: Label,
    alt: str,
) -> JsonObject:
    """Return a table with one row a group."""
    wells = {
        "TableAggregatedFieldWells": {
            "GroupBy": [dimension_field(visual_id, data_set, field) for field in group_by],
            "Values": [measure_field(visual_id, data_set, field) for field in values],
        }
    }
    sort = [_field_sort(visual_id, field, "ASC") for field in group_by]
    configuration = _table(visual_id, wells, [*group_by, *values], sort)
    return {"TableVisual": _visual(visual_id, title, subtitle, alt, configuration)}


def plain_table(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    columns: Sequence[Plain],
    newest_first: Plain,
    subtitle: Label,
    alt: str,
) -> JsonObject:
    """Return the rows of the data set as they are, the newest at the top."""
    wells = {
        "TableUnaggregatedFieldWells": {
            "Values": [unaggregated_field(visual_id, data_set, column) for column in columns]
        }
    }
    configuration = _table(visual_id, wells, columns, [_field_sort(visual_id, newest_first, "DESC")])
    return {"TableVisual": _visual(visual_id, title, subtitle, alt, configuration)}


def _visual(visual_id: str, title: Label, subtitle: Label, alt: str, configuration: JsonObject) -> JsonObject:
    return {
        "VisualId": visual_id,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": str(title)}},
        "Subtitle": {"Visibility": "VISIBLE", "FormatText": {"PlainText": str(subtitle)}},
        "ChartConfiguration": configuration,
        "VisualContentAltText": alt,
    }


def _table(
    visual_id: str, wells: JsonObject, fields: Sequence[Field], sort: Sequence[JsonObject]
) -> JsonObject:
    labels = [{"FieldId": field_id(visual_id, field), "CustomLabel": str(field.label)} for field in fields]
    return {
        "FieldWells": wells,
        "SortConfiguration": {
            "RowSort": list(sort),
            "PaginationConfiguration": {"PageSize": MAXIMUM_TABLE_ROWS_PER_PAGE, "PageNumber": 1},
        },
        "TableOptions": {"HeaderStyle": {"TextWrap": "WRAP"}, "CellStyle": {"TextWrap": "WRAP"}},
        "FieldOptions": {"SelectedFieldOptions": labels},
    }


def _field_sort(visual_id: str, field: Field, direction: str) -> JsonObject:
    return {"FieldSort": {"FieldId": field_id(visual_id, field), "Direction": direction}}


def _number_axis() -> JsonObject:
    # From zero: a bar or an area that starts elsewhere exaggerates small differences.
    return {"DataOptions": {"NumericAxisOptions": {"Range": {"MinMax": {"Minimum": 0.0}}}}}


def _axis_labels(visual_id: str, data_set: DataSet, fields: Sequence[Field]) -> JsonObject:
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


def _legend(*, visible: bool = True) -> JsonObject:
    return {"Visibility": "VISIBLE" if visible else "HIDDEN", "Position": "TOP"}
