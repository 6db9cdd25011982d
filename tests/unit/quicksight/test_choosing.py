"""Filters and parameters of a definition: what is chosen, and the SQL that it comes to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from quicksight import data_sets
from quicksight.controls import Choice, Period
from quicksight.data_set import DataSet
from quicksight.label import Label
from quicksight.preview import Chosen, Imported, start_drawing
from quicksight.preview.choosing import ChoiceError, Choices, DayFilter, chosen_for_all, read_choices, resolve
from quicksight.preview.conditions import bounded, conditions, described
from quicksight.sheets import dashboard_definition
from tests import quicksight_sample as sample

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
"""In Seoul it is the 21st already."""
SITE = Choice("Site", Label("Site", "현장"), "site", data_sets.PEOPLE_NOW)
CAMERA = Choice("Camera", Label("Camera", "카메라"), "camera", data_sets.PEOPLE_NOW, keeps_rows_without=True)
PERIOD = Period("FirstDay", Label("From", "시작"), "LastDay", Label("To", "끝"), days=7)


def definition() -> dict[str, Any]:
    return dashboard_definition(
        [sample._sheet()],
        sample.DATA_SETS,
        time_zone="Asia/Seoul",
        data_set_arn=sample.example_arn,
        controls=(SITE, CAMERA, PERIOD),
    )


def said(data_set: DataSet, chosen: Chosen) -> list[str]:
    choices = read_choices(definition())
    known = resolve(choices, chosen, now=NOW.astimezone(SEOUL))
    made = conditions(choices, known, data_set=data_set, sheet_id="operations", zone=SEOUL)
    return [one.sql(dialect="athena") for one in made]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(
            Chosen(),
            [
                "NOT d.site IS NULL",
                "d.event_time >= CAST('2026-11-14 15:00:00' AS TIMESTAMP) AND "
                "d.event_time < CAST('2026-11-21 15:00:00' AS TIMESTAMP)",
            ],
            id="defaults: seven local days, every site",
        ),
        pytest.param(
            Chosen(
                {"Site": ("a'b", "c"), "Camera": ("gate",)},
                {"FirstDay": date(2026, 11, 1), "LastDay": date(2026, 11, 1)},
            ),
            [
                "d.site IN ('a''b', 'c')",
                "d.camera IN ('gate') OR d.camera IS NULL",
                "d.event_time >= CAST('2026-10-31 15:00:00' AS TIMESTAMP) AND "
                "d.event_time < CAST('2026-11-01 15:00:00' AS TIMESTAMP)",
            ],
            id="chosen values are literals, one local day is whole",
        ),
    ],
)
def test_what_is_chosen_becomes_conditions(chosen: Chosen, expected: list[str]) -> None:
    assert said(data_sets.ZONE_WINDOWS, chosen) == expected


def test_a_data_set_without_a_period_is_filtered_by_place_alone() -> None:
    assert said(data_sets.CAMERA_STATES, Chosen({"Site": ("a",)})) == ["d.site IN ('a')"]


def test_the_strip_says_the_period_and_that_all_are_shown() -> None:
    choices = read_choices(definition())
    known = resolve(choices, Chosen({"Site": ("a", "b")}), now=NOW.astimezone(SEOUL))
    assert described(choices, known) == [
        ("Site · 현장", "a, b"),
        ("Camera · 카메라", "all · 전체"),
        ("From · 시작", "2026-11-15"),
        ("To · 끝", "2026-11-21"),
    ]


def test_a_period_that_ends_before_it_begins_is_one_sentence() -> None:
    chosen = Chosen({}, {"FirstDay": date(2026, 11, 9), "LastDay": date(2026, 11, 8)})
    with pytest.raises(ChoiceError, match="the period is 2026-11-09 to 2026-11-08"):
        start_drawing(definition(), lambda _: pytest.fail("asked"), sample.DATA_SETS, chosen=chosen, now=NOW)


def test_a_column_that_nothing_filters_is_named() -> None:
    with pytest.raises(
        ChoiceError, match="filter 'pixels' is not one of the dashboard: expected site, camera"
    ):
        chosen_for_all({"a": definition()}, [("pixels", "1")], None, None)


@pytest.mark.parametrize(
    ("first", "days"),
    [
        pytest.param(date(2026, 11, 21), 10, id="one day, and the week it is compared with"),
        pytest.param(date(2026, 11, 1), 30, id="three weeks"),
        pytest.param(date(2026, 10, 22), 31, id="the oldest day that QuickSight has"),
        pytest.param(date(2026, 10, 21), None, id="older than QuickSight has: everything"),
    ],
)
def test_only_the_days_that_matter_are_read(first: date, days: int | None) -> None:
    choices = read_choices(definition())
    chosen = resolve(choices, Chosen({}, {"FirstDay": first}), now=NOW.astimezone(SEOUL))
    sql = bounded(data_sets.ZONE_WINDOWS, choices, chosen, date(2026, 11, 21), "crowdlens").sql
    if days is None:
        assert sql == data_sets.ZONE_WINDOWS.sql
    else:
        assert f"INTERVAL '{days - 1}' DAY" in sql


def test_what_is_kept_is_asked_once_for_all_its_visuals() -> None:
    asked: list[str] = []

    def read(sql: str) -> pa.Table:
        asked.append(sql)
        names = [column.name for column in data_sets.LINE_MINUTES.columns]
        return pa.table({name: [2, 3] if "crossings" in name else ["a", "b"] for name in names})

    drawing = start_drawing(
        definition(), lambda _: pytest.fail("asked"), sample.DATA_SETS, now=NOW, imported=Imported(read)
    )
    figures = {
        visual.visual_id: drawing.rows(visual, sheet.sheet_id).rows
        for sheet, visual in drawing.visuals()
        if visual.visual_id in ("kpi-in", "kpi-out")
    }
    assert figures == {"kpi-in": ((5,),), "kpi-out": ((5,),)}
    assert len(asked) == 1


def test_a_period_over_local_days_is_cut_by_the_day_of_each_site() -> None:
    choices = Choices(filters=(DayFilter("line_hours", "hour_start", "A", "B", "NON_NULLS_ONLY", None),))
    chosen = Chosen({}, {"A": date(2026, 11, 18), "B": date(2026, 11, 18)})
    made = conditions(choices, chosen, data_set=data_sets.LINE_HOURS, sheet_id="counts", zone=SEOUL)
    assert [one.sql() for one in made] == ["d.local_day BETWEEN '2026-11-18' AND '2026-11-18'"]
