"""Reads a QuickSight definition back into the few facts that drawing it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.errors import CrowdLensError
from quicksight.label import NO_DATA

Json = Mapping[str, Any]

KINDS = ("KPIVisual", "LineChartVisual", "BarChartVisual", "TableVisual")


class DefinitionError(CrowdLensError):
    """Raised when a definition holds something that the preview cannot draw; names the place."""


@dataclass(frozen=True)
class FieldSpec:
    """One field of a visual: the column it reads and how it is reduced, named and written.

    `aggregation` is set for measures only, `granularity` for date columns that rows are grouped by.
    """

    field_id: str
    data_set: str
    column: str
    label: str
    aggregation: str | None = None
    granularity: str | None = None
    decimals: int = 0
    null_text: str = str(NO_DATA)


@dataclass(frozen=True)
class VisualSpec:
    """One visual: what it reads, how it is sorted, and its options as written in the definition."""

    kind: str
    visual_id: str
    title: str
    subtitle: str
    alt_text: str
    dimensions: tuple[FieldSpec, ...]
    measures: tuple[FieldSpec, ...]
    color: FieldSpec | None
    plain: tuple[FieldSpec, ...]
    sort: tuple[tuple[str, str], ...]
    configuration: Json

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Every field, in the order of the columns of its query."""
        color = () if self.color is None else (self.color,)
        return (*self.dimensions, *color, *self.measures, *self.plain)

    @property
    def data_set(self) -> str:
        """Identifier of the one data set the visual reads."""
        return self.fields[0].data_set


@dataclass(frozen=True)
class TileSpec:
    """A visual and its cell of the grid: zero-based column and row, and spans."""

    visual: VisualSpec
    column: int
    columns: int
    row: int
    rows: int


@dataclass(frozen=True)
class SheetSpec:
    """A sheet and its tiles in reading order."""

    sheet_id: str
    name: str
    description: str
    tiles: tuple[TileSpec, ...]


@dataclass(frozen=True)
class DashboardSpec:
    """The whole definition: sheets, the time zone of its clock and its words for missing data."""

    sheets: tuple[SheetSpec, ...]
    time_zone: str
    no_data_title: str
    no_data_description: str

    @property
    def visuals(self) -> Iterator[VisualSpec]:
        """All visuals of all sheets."""
        return (tile.visual for sheet in self.sheets for tile in sheet.tiles)


def read_definition(definition: Json) -> DashboardSpec:
    """Return what the preview draws; raises `DefinitionError` for kinds and features it does not know."""
    for feature in ("FilterGroups", "CalculatedFields", "ParameterDeclarations"):
        if definition.get(feature):
            raise DefinitionError(
                f"the definition has {feature}, which the preview does not draw: remove them"
            )
    options = definition.get("Options", {})
    message = options.get("VisualMessages", {}).get("NoDataMessage", {})
    return DashboardSpec(
        sheets=tuple(_read_sheet(sheet) for sheet in definition["Sheets"]),
        time_zone=str(options.get("Timezone", "UTC")),
        no_data_title=str(message.get("Title", NO_DATA)),
        no_data_description=str(message.get("Description", "")),
    )


def _read_sheet(sheet: Json) -> SheetSpec:
    visuals = {spec.visual_id: spec for spec in map(_read_visual, sheet["Visuals"])}
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


def _read_visual(visual: Json) -> VisualSpec:
    ((kind, body),) = visual.items()
    if kind not in KINDS:
        raise DefinitionError(f"visual kind {kind!r}: expected one of {', '.join(KINDS)}")
    configuration = body["ChartConfiguration"]
    wells = _wells(configuration["FieldWells"])
    labels = dict(_custom_labels(configuration))
    read = {name: tuple(_read_field(field, labels) for field in fields) for name, fields in wells.items()}
    unaggregated = "TableUnaggregatedFieldWells" in configuration["FieldWells"]
    return VisualSpec(
        kind=kind,
        visual_id=str(body["VisualId"]),
        title=_text(body, "Title"),
        subtitle=_text(body, "Subtitle"),
        alt_text=str(body.get("VisualContentAltText", "")),
        dimensions=read.get("Category", ()) + read.get("GroupBy", ()),
        measures=() if unaggregated else read.get("Values", ()),
        color=next(iter(read.get("Colors", ())), None),
        plain=read.get("Values", ()) if unaggregated else (),
        sort=tuple(_sorts(configuration.get("SortConfiguration", {}))),
        configuration=configuration,
    )


def _wells(field_wells: Json) -> Mapping[str, Sequence[Json]]:
    """Return the wells by name; all but a KPI's lie one level deeper, under the name of their kind."""
    if all(isinstance(wells, Sequence) for wells in field_wells.values()):
        return field_wells
    ((_, wells),) = field_wells.items()
    return dict(wells)


def _text(body: Json, name: str) -> str:
    return str(body.get(name, {}).get("FormatText", {}).get("PlainText", ""))


def _read_field(field: Json, labels: Mapping[str, str]) -> FieldSpec:
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
    for key in ("CategorySort", "RowSort"):
        for sort in configuration.get(key, ()):
            yield sort["FieldSort"]["FieldId"], sort["FieldSort"]["Direction"]
