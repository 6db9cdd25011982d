"""Sheets on QuickSight's grid of 36 columns, and the dashboard definition around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from quicksight.controls import Control, filter_groups, parameter_controls, parameter_declarations
from quicksight.data_set import DataSet
from quicksight.fields import JsonObject
from quicksight.label import Label

GRID_COLUMNS = 36
CONTROL_COLUMNS = 6

NO_DATA_TITLE = "No data / 데이터 없음"
NO_DATA_DESCRIPTION = (
    "Nothing was recorded here, which is not the same as zero. / 기록이 없다는 뜻이며 0이 아닙니다."
)
"""Without the dot of other labels: QuickSight does not accept it in these messages."""


@dataclass(frozen=True)
class Tile:
    """A visual with its width and height in cells of the grid."""

    visual: JsonObject
    columns: int
    rows: int


@dataclass(frozen=True)
class Sheet:
    """One sheet: rows of tiles, from the top, each row filling the grid from the left."""

    sheet_id: str
    name: Label
    description: Label
    tiles: tuple[tuple[Tile, ...], ...]

    @property
    def visuals(self) -> list[JsonObject]:
        """All visuals in reading order."""
        return [tile.visual for row in self.tiles for tile in row]

    def definition(self, controls: Sequence[Control] = ()) -> JsonObject:
        """Return the `SheetDefinition`, with the controls of the dashboard above the visuals."""
        made: JsonObject = {
            "SheetId": self.sheet_id,
            "Name": str(self.name),
            "Title": str(self.name),
            "Description": str(self.description),
            "ContentType": "INTERACTIVE",
            "Visuals": self.visuals,
            "Layouts": [{"Configuration": {"GridLayout": self._grid()}}],
        }
        if controls:
            choosers = parameter_controls(self.sheet_id, controls)
            made["ParameterControls"] = choosers
            made["SheetControlLayouts"] = [_control_layout(choosers)]
        return made

    def _grid(self) -> JsonObject:
        elements = []
        row_index = 0
        for row in self.tiles:
            column_index = 0
            for tile in row:
                elements.append(_element(tile, column_index, row_index))
                column_index += tile.columns
            row_index += max(tile.rows for tile in row)
        return {"Elements": elements, "CanvasSizeOptions": _canvas()}


def visual_id_of(visual: JsonObject) -> str:
    """Return the id of a `Visual`, whatever its kind."""
    (body,) = visual.values()
    return str(body["VisualId"])


def dashboard_definition(
    sheets: Sequence[Sheet],
    data_sets: Sequence[DataSet],
    *,
    time_zone: str,
    data_set_arn: Callable[[str], str],
    controls: Sequence[Control] = (),
) -> JsonObject:
    """Return the `Definition` of QuickSight's CreateDashboard.

    `data_sets` are those that its visuals show or its controls offer values of, `data_set_arn` maps an id to
    its ARN, and `time_zone` is the IANA zone in which times are shown.
    """
    used_on = {
        data_set.identifier: [sheet.sheet_id for sheet in sheets if shows(sheet, data_set)]
        for data_set in data_sets
    }
    shown = [data_set for data_set in data_sets if used_on[data_set.identifier]]
    made: JsonObject = {
        "DataSetIdentifierDeclarations": [
            {"Identifier": data_set.identifier, "DataSetArn": data_set_arn(data_set.data_set_id)}
            for data_set in data_sets
        ],
        "Sheets": [sheet.definition(controls) for sheet in sheets],
        "AnalysisDefaults": {
            "DefaultNewSheetConfiguration": {
                "SheetContentType": "INTERACTIVE",
                "InteractiveLayoutConfiguration": {"Grid": {"CanvasSizeOptions": _canvas()}},
            }
        },
        "Options": {
            "Timezone": time_zone,
            "WeekStart": "MONDAY",
            "VisualMessages": {"NoDataMessage": _no_data_message()},
        },
    }
    calculated = _calculated_fields(shown)
    if calculated:
        made["CalculatedFields"] = calculated
    if controls:
        made["ParameterDeclarations"] = parameter_declarations(controls)
        made["FilterGroups"] = filter_groups(controls, used_on, shown)
    return made


def shows(sheet: Sheet, data_set: DataSet) -> bool:
    """Return whether a visual of the sheet reads the data set."""
    return data_set.identifier in set(_identifiers(sheet.visuals))


def _identifiers(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if "DataSetIdentifier" in tree:
            yield tree["DataSetIdentifier"]
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _identifiers(part)


def _calculated_fields(data_sets: Sequence[DataSet]) -> list[JsonObject]:
    return [
        {"DataSetIdentifier": data_set.identifier, "Name": column.name, "Expression": column.expression}
        for data_set in data_sets
        for column in data_set.calculated
    ]


def _control_layout(choosers: Sequence[JsonObject]) -> JsonObject:
    elements = [
        {
            "ElementId": body["ParameterControlId"],
            "ElementType": "PARAMETER_CONTROL",
            "ColumnSpan": CONTROL_COLUMNS,
            "RowSpan": 1,
        }
        for chooser in choosers
        for body in chooser.values()
    ]
    return {"Configuration": {"GridLayout": {"Elements": elements}}}


def _element(tile: Tile, column_index: int, row_index: int) -> JsonObject:
    return {
        "ElementId": visual_id_of(tile.visual),
        "ElementType": "VISUAL",
        "ColumnIndex": column_index,
        "ColumnSpan": tile.columns,
        "RowIndex": row_index,
        "RowSpan": tile.rows,
    }


def _canvas() -> JsonObject:
    return {"ScreenCanvasSizeOptions": {"ResizeOption": "RESPONSIVE"}}


def _no_data_message() -> JsonObject:
    return {
        "Enabled": True,
        "Title": NO_DATA_TITLE,
        "TitleVisibility": "VISIBLE",
        "Description": NO_DATA_DESCRIPTION,
        "DescriptionVisibility": "VISIBLE",
    }
