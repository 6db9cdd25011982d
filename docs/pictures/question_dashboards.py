"""The pictures of docs/questions.md that a dashboard answers: which visuals, of which days, chosen how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from question_truth import days_before

from cli.dashboards import dashboards_by_key
from infra.local.athena import LocalAthena
from quicksight.data_sets import DATA_SETS
from quicksight.preview import (
    Drawing,
    Imported,
    NamedDrawing,
    chosen_for_all,
    start_drawing,
    write_dashboards,
)
from quicksight.preview.specs import SheetSpec

GATE, STAIRS, TIME_ZONE = "seoul-1-gate-1", "seoul-1-school-1", "Asia/Seoul"
SITES = ("busan-1", "jeju-1", "seoul-1")
RUNNING, WRONG_WAY, CROWDING = "running · 뛰기", "wrong way · 역방향", "crowding · 밀집"
WRONG_SIDE = "wrong side · 잘못된 쪽"
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Asked:
    """What a reader chooses to have a question answered, and the visuals of one sheet that answer it."""

    name: str
    dashboard: str
    sheet: str
    visuals: Mapping[str, int]
    """How many of the 36 columns each visual takes in the picture."""
    days: int
    filters: tuple[tuple[str, str], ...] = ()
    width: int = 900
    until_today: bool = False


ASKED = (
    Asked(
        "3-gate-yesterday",
        "footfall",
        "counts",
        {"kpi-came-in": 18, "kpi-went-out": 18},
        1,
        (("camera", GATE),),
        760,
    ),
    Asked(
        "4-busiest-hour", "footfall", "peaks", {"in-by-weekday-and-hour": 36}, 28, (("camera", GATE),), 1000
    ),
    Asked(
        "5-thirty-days",
        "footfall",
        "counts",
        {"in-by-day-and-site": 36},
        29,
        tuple(("site", site) for site in SITES),
    ),
    Asked(
        "6-too-dense",
        "density_and_safety",
        "events",
        {"events-by-weekday-and-hour": 36, "events-by-place": 36},
        28,
        (("event", CROWDING),),
        1000,
    ),
    Asked(
        "7-running-and-wrong-way",
        "density_and_safety",
        "events",
        {"events-by-day": 36, "events-by-place": 36},
        7,
        (("event", RUNNING), ("event", WRONG_WAY), ("event", WRONG_SIDE)),
    ),
    Asked(
        "8-what-is-missing",
        "operations",
        "trust",
        {"minutes-by-kind": 18, "doubt-by-camera-and-day": 18},
        8,
        width=1240,
        until_today=True,
    ),
)
OPEN_DATA = Asked(
    "10-free-wifi", "open_data", "wifi", {"wifi-by-city": 18, "providers-by-city": 18}, 1, (), 1240
)


class Dashboards:
    """Draws what was asked from a lake, as of the local day `today`."""

    def __init__(self, athena: LocalAthena, now: datetime, yesterday: date) -> None:
        self._athena, self._now, self._yesterday = athena, now, yesterday
        self._imported = Imported(athena.table)
        self._built = {key: one.definition(time_zone=TIME_ZONE) for key, one in dashboards_by_key().items()}
        self.names = {key: str(one.name) for key, one in dashboards_by_key().items()}

    def draw(self, asked: Asked) -> Drawing:
        """Return the drawing of the visuals asked for, and of nothing else."""
        last = self._yesterday + timedelta(days=1) if asked.until_today else self._yesterday
        days = days_before(last, asked.days)
        definition = self._built[asked.dashboard]
        pairs = [("kind_name" if name == "event" else name, value) for name, value in asked.filters]
        chosen = chosen_for_all({asked.dashboard: definition}, pairs, days[0], days[-1])[asked.dashboard]
        drawing = start_drawing(
            definition, self._athena.query, DATA_SETS, chosen=chosen, now=self._now, imported=self._imported
        )
        sheets = [
            _cut_out(one, asked.visuals) for one in drawing.dashboard.sheets if one.sheet_id == asked.sheet
        ]
        return replace(drawing, dashboard=replace(drawing.dashboard, sheets=tuple(sheets)))

    def write(self, page: Path, drawings: Mapping[str, tuple[Asked, Drawing]]) -> None:
        """Write a page with the drawings, each under its name."""
        write_dashboards(
            page,
            [NamedDrawing(name, self.names[asked.dashboard], one) for name, (asked, one) in drawings.items()],
        )


def shown(drawing: Drawing, visual_id: str) -> Rows:
    """Return the rows that a visual shows."""
    return next(
        drawing.rows(visual, sheet.sheet_id).rows
        for sheet, visual in drawing.visuals()
        if visual.visual_id == visual_id
    )


def _cut_out(sheet: SheetSpec, visuals: Mapping[str, int]) -> SheetSpec:
    found = {tile.visual.visual_id: tile for tile in sheet.tiles}
    tiles, column, row = [], 0, 0
    for name, columns in visuals.items():
        if column + columns > 36:
            column, row = 0, row + 20
        tiles.append(replace(found[name], column=column, columns=columns, row=row))
        column += columns
    return replace(sheet, tiles=tuple(tiles))
