"""One definition over one source, with what was chosen: gives the rows of any of its visuals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from quicksight.data_set import DataSet
from quicksight.preview.choosing import Chosen, resolve
from quicksight.preview.conditions import bounded, conditions
from quicksight.preview.importing import Imported
from quicksight.preview.querying import Query, VisualRows, data_set_of, fetch, with_labels
from quicksight.preview.reading import read_definition
from quicksight.preview.shaping import shaped
from quicksight.preview.specs import DashboardSpec, Json, SheetSpec, VisualSpec
from quicksight.preview.values import time_zone

DATABASE = "crowdlens"


@dataclass(frozen=True)
class Drawing:
    """A dashboard that is being drawn; `chosen` has a value for every parameter."""

    dashboard: DashboardSpec
    chosen: Chosen
    zone: ZoneInfo
    data_sets: Mapping[str, DataSet]
    query: Query
    imported: Imported | None = None
    """Where given, each data set is asked once and kept for all its visuals."""

    def rows(self, visual: VisualSpec, sheet_id: str) -> VisualRows:
        """Return what a visual of a sheet shows; raises `DefinitionError`, or what the query raises."""
        data_set = data_set_of(visual, self.data_sets)
        met = conditions(
            self.dashboard.choices,
            self.chosen,
            data_set=data_set,
            sheet_id=sheet_id,
            zone=self.zone,
        )
        if self.imported is None:
            return shaped(visual, fetch(visual, self.data_sets, self.query, met))
        kept = replace(data_set, sql=self.imported.kept(data_set, met))
        return shaped(visual, fetch(visual, {data_set.identifier: kept}, self.imported.query))

    def visuals(self) -> Iterator[tuple[SheetSpec, VisualSpec]]:
        """Yield every visual with its sheet, in reading order."""
        for sheet in self.dashboard.sheets:
            for tile in sheet.tiles:
                yield sheet, tile.visual


def start_drawing(
    definition: Json,
    query: Query,
    data_sets: Sequence[DataSet],
    *,
    chosen: Chosen | None = None,
    now: datetime | None = None,
    zone: ZoneInfo | None = None,
    imported: Imported | None = None,
) -> Drawing:
    """Return the drawing of a definition at `now`, an aware time; `zone` replaces the definition's clock.

    Raises `DefinitionError` for what the preview does not draw and `ChoiceError` for a period that is none.
    """
    dashboard = read_definition(definition)
    clock = zone or time_zone(dashboard.time_zone)
    local_now = (now or datetime.now(UTC)).astimezone(clock)
    known = resolve(dashboard.choices, chosen or Chosen(), now=local_now)
    read = {
        data_set.identifier: bounded(data_set, dashboard.choices, known, local_now.date(), DATABASE)
        for data_set in data_sets
    }
    sheets = tuple(_labelled(sheet, read) for sheet in dashboard.sheets)
    return Drawing(replace(dashboard, sheets=sheets), known, clock, read, query, imported)


def _labelled(sheet: SheetSpec, data_sets: Mapping[str, DataSet]) -> SheetSpec:
    tiles = tuple(replace(tile, visual=with_labels(tile.visual, data_sets)) for tile in sheet.tiles)
    return replace(sheet, tiles=tiles)
