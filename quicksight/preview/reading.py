"""Reads a QuickSight definition back into the few facts that drawing it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quicksight.label import NO_DATA
from quicksight.preview.choosing import read_choices
from quicksight.preview.errors import DefinitionError
from quicksight.preview.specs import DashboardSpec, FieldSpec, Json, SheetSpec, TileSpec, VisualSpec

KINDS = (
    "KPIVisual",
    "LineChartVisual",
    "BarChartVisual",
    "TableVisual",
    "HeatMapVisual",
    "GeospatialMapVisual",
)
_GROUPING_WELLS = ("Category", "GroupBy", "Rows", "Columns", "Geospatial")
_SORTS = ("CategorySort", "RowSort", "HeatMapRowSort", "HeatMapColumnSort")

Expressions = Mapping[tuple[str, str], str]
"""The expression of a calculated field, by data set and name."""


def read_definition(definition: Json) -> DashboardSpec:
    """Return what the preview draws; raises `DefinitionError` for kinds and features it does not know."""
    if definition.get("ColumnConfigurations"):
        raise DefinitionError("the definition has ColumnConfigurations, which the preview does not draw")
    expressions = {
        (str(one["DataSetIdentifier"]), str(one["Name"])): str(one["Expression"])
        for one in definition.get("CalculatedFields", ())
    }
    options = definition.get("Options", {})
    message = options.get("VisualMessages", {}).get("NoDataMessage", {})
    return DashboardSpec(
        sheets=tuple(_read_sheet(sheet, expressions) for sheet in definition["Sheets"]),
        time_zone=str(options.get("Timezone", "UTC")),
        no_data_title=str(message.get("Title", NO_DATA)),
        no_data_description=str(message.get("Description", "")),
        choices=read_choices(definition),
    )


def _read_sheet(sheet: Json, expressions: Expressions) -> SheetSpec:
    for feature in ("FilterControls", "TextBoxes", "Images"):
        if sheet.get(feature):
            raise DefinitionError(
                f"sheet {sheet['SheetId']!r} has {feature}, which the preview does not draw: "
                "expected visuals and controls of parameters"
            )
    read = [_read_visual(visual, expressions) for visual in sheet["Visuals"]]
    visuals = {spec.visual_id: spec for spec in read}
    elements = sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
    tiles = [_read_tile(element, visuals) for element in elements]
    return SheetSpec(
        sheet_id=str(sheet["SheetId"]),
        name=str(sheet["Name"]),
        description=str(sheet.get("Description", "")),
        tiles=tuple(sorted(tiles, key=lambda tile: (tile.row, tile.column))),
    )


def _read_tile(element: Json, visuals: Mapping[str, VisualSpec]) -> TileSpec:
    element_id = element["ElementId"]
    if element_id not in visuals:
        raise DefinitionError(f"layout element {element_id!r}: expected the id of a visual of its sheet")
    return TileSpec(
        visual=visuals[element_id],
        column=int(element["ColumnIndex"]),
        columns=int(element["ColumnSpan"]),
        row=int(element["RowIndex"]),
        rows=int(element["RowSpan"]),
    )


def _read_visual(visual: Json, expressions: Expressions) -> VisualSpec:
    ((kind, body),) = visual.items()
    if kind not in KINDS:
        raise DefinitionError(f"visual kind {kind!r}: expected one of {', '.join(KINDS)}")
    configuration = body["ChartConfiguration"]
    wells = _wells(configuration["FieldWells"])
    labels = dict(_custom_labels(configuration))
    read = {
        name: tuple(_read_field(field, labels, expressions) for field in fields)
        for name, fields in wells.items()
    }
    unaggregated = "TableUnaggregatedFieldWells" in configuration["FieldWells"]
    return VisualSpec(
        kind=kind,
        visual_id=str(body["VisualId"]),
        title=_text(body, "Title"),
        subtitle=_text(body, "Subtitle"),
        alt_text=str(body.get("VisualContentAltText", "")),
        dimensions=tuple(field for name in _GROUPING_WELLS for field in read.get(name, ())),
        measures=() if unaggregated else read.get("Values", ()),
        color=next(iter(read.get("Colors", ())), None),
        plain=read.get("Values", ()) if unaggregated else (),
        sort=tuple(_sorts(configuration.get("SortConfiguration", {}))),
        configuration=configuration,
        target=next(iter(read.get("TargetValues", ())), None),
    )


def _wells(field_wells: Json) -> Mapping[str, Sequence[Json]]:
    """Return the wells by name; all but a KPI's lie one level deeper, under the name of their kind."""
    if all(isinstance(wells, Sequence) for wells in field_wells.values()):
        return field_wells
    ((_, wells),) = field_wells.items()
    return dict(wells)


def _text(body: Json, name: str) -> str:
    return str(body.get(name, {}).get("FormatText", {}).get("PlainText", ""))


def _read_field(field: Json, labels: Mapping[str, str], expressions: Expressions) -> FieldSpec:
    body = field if "FieldId" in field else next(iter(field.values()))
    identifier = str(body["FieldId"])
    column = body["Column"]
    return FieldSpec(
        field_id=identifier,
        data_set=str(column["DataSetIdentifier"]),
        column=str(column["ColumnName"]),
        label=labels.get(identifier, str(column["ColumnName"])),
        aggregation=_aggregation(body.get("AggregationFunction")),
        granularity=body.get("DateGranularity"),
        decimals=int(_find(body, "DecimalPlaces", 0)),
        null_text=str(_find(body, "NullString", str(NO_DATA))),
        expression=expressions.get((str(column["DataSetIdentifier"]), str(column["ColumnName"]))),
    )


def _aggregation(function: Json | str | None) -> str | None:
    if isinstance(function, Mapping):
        return str(function["SimpleNumericalAggregation"])
    return function


def _find(tree: Json, key: str, otherwise: object) -> Any:
    """Return the first value of `key` anywhere in the nested `tree`."""
    for name, value in tree.items():
        if name == key:
            return value
        if isinstance(value, Mapping):
            found = _find(value, key, None)
            if found is not None:
                return found
    return otherwise


def _custom_labels(configuration: Json) -> Iterator[tuple[str, str]]:
    for option in configuration.get("FieldOptions", {}).get("SelectedFieldOptions", ()):
        yield option["FieldId"], option["CustomLabel"]
    for value in configuration.values():
        if isinstance(value, Mapping):
            for option in value.get("AxisLabelOptions", ()):
                yield option["ApplyTo"]["FieldId"], option["CustomLabel"]


def _sorts(configuration: Json) -> Iterator[tuple[str, str]]:
    for key in _SORTS:
        for sort in configuration.get(key, ()):
            yield sort["FieldSort"]["FieldId"], sort["FieldSort"]["Direction"]
