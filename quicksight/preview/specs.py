"""What drawing needs to know of a definition: dashboards, sheets, tiles, visuals and their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from quicksight.label import NO_DATA
from quicksight.preview.choosing import Choices

Json = Mapping[str, Any]


@dataclass(frozen=True)
class FieldSpec:
    """One field of a visual: the column it reads and how it is reduced, named and written.

    `aggregation` is set for measures only, `granularity` for date columns that rows are grouped by, and
    `expression` for a calculated field, in QuickSight's own language.
    """

    field_id: str
    data_set: str
    column: str
    label: str
    aggregation: str | None = None
    granularity: str | None = None
    decimals: int = 0
    null_text: str = str(NO_DATA)
    expression: str | None = None


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
    target: FieldSpec | None = None
    """What a KPI is compared with."""

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Every field, in the order of the columns of its query."""
        target = () if self.target is None else (self.target,)
        return (*self.grouping, *self.measures, *target, *self.plain)

    @property
    def grouping(self) -> tuple[FieldSpec, ...]:
        """The fields that rows are grouped by: dimensions, then the colour."""
        return self.dimensions if self.color is None else (*self.dimensions, self.color)

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
    """The whole definition: sheets, the time zone of its clock, its words for missing data, its filters."""

    sheets: tuple[SheetSpec, ...]
    time_zone: str
    no_data_title: str
    no_data_description: str
    choices: Choices = field(default_factory=Choices)

    @property
    def visuals(self) -> Iterator[VisualSpec]:
        """All visuals of all sheets."""
        return (tile.visual for sheet in self.sheets for tile in sheet.tiles)
