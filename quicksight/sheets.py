"""Sheets on QuickSight's grid of 36 columns, and the dashboard definition around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quicksight.data_set import DataSet
from quicksight.fields import JsonObject
from quicksight.label import Label

GRID_COLUMNS = 36

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

    def definition(self) -> JsonObject:
        """Return the `SheetDefinition`."""
        return {
            "SheetId": self.sheet_id,
            "Name": str(self.name),
            "Title": str(self.name),
            "Description": str(self.description),
            "ContentType": "INTERACTIVE",
            "Visuals": [tile.visual for row in self.tiles for tile in row],
            "Layouts": [{"Configuration": {"GridLayout": self._grid()}}],
        }

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
) -> JsonObject:
    """Return the `Definition` of QuickSight's CreateDashboard.

    `data_set_arn` maps a data set's id to its ARN; `time_zone` is the IANA zone in which times are shown.
    """
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": data_set.identifier, "DataSetArn": data_set_arn(data_set.data_set_id)}
            for data_set in data_sets
        ],
        "Sheets": [sheet.definition() for sheet in sheets],
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
