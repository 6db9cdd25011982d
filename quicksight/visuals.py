"""Small typed builders, one per kind of visual; each returns the `Visual` of a QuickSight definition."""

from __future__ import annotations

from collections.abc import Sequence

from quicksight.data_set import DataSet
from quicksight.fields import (
    Dimension,
    Field,
    JsonObject,
    Plain,
    Value,
    dimension_field,
    field_id,
    measure_field,
    null_format,
    unaggregated_field,
)
from quicksight.label import Label
from quicksight.visual_parts import MAXIMUM_SERIES, axis_labels, field_sort, legend, number_axis, visual

MAXIMUM_TABLE_ROWS_PER_PAGE = 100


def kpi(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    value: Value,
    subtitle: Label,
    alt: str,
    compared_with: Value | None = None,
) -> JsonObject:
    """Return one number over all rows of the data set, and how far it is from `compared_with` in percent."""
    wells = {"Values": [measure_field(visual_id, data_set, value)]}
    options: JsonObject = {
        "PrimaryValueDisplayType": "ACTUAL",
        "VisualLayoutOptions": {"StandardLayout": {"Type": "VERTICAL"}},
    }
    if compared_with is not None:
        wells["TargetValues"] = [measure_field(visual_id, data_set, compared_with)]
        options |= _comparison()
    configuration = {"FieldWells": wells, "KPIOptions": options}
    return {"KPIVisual": visual(visual_id, title, subtitle, alt, configuration)}


def line_chart(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    category: Dimension,
    values: Sequence[Value],
    subtitle: Label,
    alt: str,
    color: Dimension | None = None,
    area: bool = False,
) -> JsonObject:
    """Return lines over time: one a measure, or one a value of `color` when there is a single measure.

    A time without data stays blank, never zero.
    """
    configuration = {
        "FieldWells": {
            "LineChartAggregatedFieldWells": {
                "Category": [dimension_field(visual_id, data_set, category)],
                "Values": [measure_field(visual_id, data_set, value) for value in values],
                "Colors": [] if color is None else [dimension_field(visual_id, data_set, color)],
            }
        },
        "SortConfiguration": {
            "CategorySort": [field_sort(visual_id, category, "ASC")],
            "ColorItemsLimitConfiguration": {"ItemsLimit": MAXIMUM_SERIES, "OtherCategories": "EXCLUDE"},
        },
        "Type": "AREA" if area else "LINE",
        "PrimaryYAxisDisplayOptions": {
            "AxisOptions": number_axis(),
            "MissingDataConfigurations": [{"TreatmentOption": "SHOW_AS_BLANK"}],
        },
        "XAxisLabelOptions": axis_labels(visual_id, data_set, [category]),
        "PrimaryYAxisLabelOptions": axis_labels(visual_id, data_set, values),
        "DefaultSeriesSettings": {
            "LineStyleSettings": {"LineVisibility": "VISIBLE", "LineWidth": "2px"},
            "MarkerStyleSettings": {"MarkerVisibility": "VISIBLE", "MarkerSize": "4px"},
        },
        "Legend": legend(),
    }
    return {"LineChartVisual": visual(visual_id, title, subtitle, alt, configuration)}


def bar_chart(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    category: Dimension,
    values: Sequence[Value],
    subtitle: Label,
    alt: str,
    color: Dimension | None = None,
    horizontal: bool = False,
    stacked: bool = False,
    largest: int | None = None,
    series: int = MAXIMUM_SERIES,
) -> JsonObject:
    """Return bars by `category`: one a measure, or one a value of `color` when there is a single measure.

    `largest` keeps so many categories, by the first measure, the largest first; else they come by name.
    `series` says how many values of `color` are shown.
    """
    wells = {
        "Category": [dimension_field(visual_id, data_set, category)],
        "Values": [measure_field(visual_id, data_set, value) for value in values],
        "Colors": [] if color is None else [dimension_field(visual_id, data_set, color)],
    }
    configuration = {
        "FieldWells": {"BarChartAggregatedFieldWells": wells},
        "SortConfiguration": {
            **_category_sort(visual_id, category, values[0], largest),
            "ColorItemsLimit": {"ItemsLimit": series, "OtherCategories": "EXCLUDE"},
        },
        "Orientation": "HORIZONTAL" if horizontal else "VERTICAL",
        "BarsArrangement": "STACKED" if stacked else "CLUSTERED",
        "ValueAxis": number_axis(),
        "CategoryLabelOptions": axis_labels(visual_id, data_set, [category]),
        "ValueLabelOptions": axis_labels(visual_id, data_set, values),
        "Legend": legend(visible=color is not None or len(values) > 1),
        "DataLabels": {"Visibility": "VISIBLE" if horizontal else "HIDDEN", "Overlap": "DISABLE_OVERLAP"},
    }
    return {"BarChartVisual": visual(visual_id, title, subtitle, alt, configuration)}


def summary_table(
    visual_id: str,
    title: Label,
    *,
    data_set: DataSet,
    group_by: Sequence[Dimension],
    values: Sequence[Value],
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
    sort = [field_sort(visual_id, field, "ASC") for field in group_by]
    configuration = _table(visual_id, wells, [*group_by, *values], sort)
    return {"TableVisual": visual(visual_id, title, subtitle, alt, configuration)}


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
    configuration = _table(visual_id, wells, columns, [field_sort(visual_id, newest_first, "DESC")])
    return {"TableVisual": visual(visual_id, title, subtitle, alt, configuration)}


def _comparison() -> JsonObject:
    # A comparison with nothing must not read as "no change".
    percent = {"DecimalPlacesConfiguration": {"DecimalPlaces": 0}, **null_format()}
    return {
        "Comparison": {
            "ComparisonMethod": "PERCENT_DIFFERENCE",
            "ComparisonFormat": {"PercentageDisplayFormatConfiguration": percent},
        },
        "SecondaryValue": {"Visibility": "VISIBLE"},
        "TrendArrows": {"Visibility": "VISIBLE"},
        "ProgressBar": {"Visibility": "HIDDEN"},
    }


def _category_sort(visual_id: str, category: Dimension, value: Value, largest: int | None) -> JsonObject:
    if largest is None:
        return {"CategorySort": [field_sort(visual_id, category, "ASC")]}
    return {
        "CategorySort": [field_sort(visual_id, value, "DESC")],
        "CategoryItemsLimit": {"ItemsLimit": largest, "OtherCategories": "EXCLUDE"},
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
