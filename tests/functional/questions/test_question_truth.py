"""What the answers are held against is itself held to a small history: two ways to count, one number."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.history.history import HistorySettings, make_history
from cli.history.kinds import KINDS
from infra.local.athena import LocalAthena, LocalFolderLake
from quicksight.dashboards.footfall import DASHBOARD
from quicksight.data_sets import DATA_SETS
from quicksight.preview import Chosen, start_drawing

SCRIPT = Path(__file__).parents[3] / "docs" / "pictures" / "question_truth.py"
END, NOW = date(2026, 11, 10), datetime(2026, 11, 11, tzinfo=UTC)
YESTERDAY, WEEK_BEFORE = date(2026, 11, 10), date(2026, 11, 3)
CAMERA = "seoul-1-school-1"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in list(KINDS.items()):
            patch.setitem(KINDS, name, replace(kind, levels=(0.0, 1.5), busiest=1.2, inward=(0.5,)))
        out = tmp_path_factory.mktemp("questions") / "history"
        make_history(HistorySettings(9, 2, 3, END, NOW), out)
    return runpy.run_path(str(SCRIPT))["read_truth"](out)


def rows_of(truth: Any, visual_id: str, first: date, last: date) -> Any:
    athena = LocalAthena(LocalFolderLake(truth.folder / "lake"), now=lambda: truth.ended_at)
    chosen = Chosen({"Camera": (CAMERA,)}, {"PeriodStart": first, "PeriodEnd": last})
    drawing = start_drawing(
        DASHBOARD.definition(time_zone="Asia/Seoul"), athena.query, DATA_SETS, chosen=chosen, now=NOW
    )
    return next(
        drawing.rows(visual, sheet.sheet_id).rows
        for sheet, visual in drawing.visuals()
        if visual.visual_id == visual_id
    )


def test_the_gate_yesterday_and_a_week_before(truth: Any) -> None:
    true = [truth.came_in("camera", [day], camera=CAMERA)[CAMERA] for day in (YESTERDAY, WEEK_BEFORE)]
    assert min(true) > 0
    assert [tuple(row) for row in rows_of(truth, "kpi-came-in", YESTERDAY, YESTERDAY)] == [tuple(true)]


def test_the_busiest_hour(truth: Any) -> None:
    days = [date(2026, 11, day) for day in range(4, 11)]
    counted = truth.came_in_by_hour(CAMERA, days)
    cells = {
        (int(str(weekday)[0]), int(hour)): number
        for weekday, hour, number in rows_of(truth, "in-by-weekday-and-hour", days[0], days[-1])
        if number
    }
    assert cells == dict(counted)
    assert sum(cells.values()) == truth.came_in("camera", days, camera=CAMERA)[CAMERA]


def test_each_day_of_a_site(truth: Any) -> None:
    days = [date(2026, 11, day) for day in range(4, 11)]
    rows = rows_of(truth, "in-by-day-and-site", days[0], days[-1])
    true = {str(day): truth.came_in("site", [day], camera=CAMERA)["seoul-1"] for day in days}
    # Nobody comes to school on a weekend, and a line without crossings has no rows.
    assert {str(day): number for day, _, number in rows if number} == {
        day: number for day, number in true.items() if number
    }
    assert len(rows) >= 5
