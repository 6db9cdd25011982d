from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from quicksight.preview.charts import figure, series
from quicksight.preview.querying import VisualRows
from quicksight.preview.reading import read_definition
from quicksight.preview.specs import VisualSpec
from quicksight.theme import BLANK_CELL_COLOR
from tests import quicksight_sample as sample

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
OCCUPANCY, NOW_BARS, MINUTES = "occupancy-over-time", "people-now", "in-and-out"


def visual(identifier: str) -> VisualSpec:
    """Return a visual of the operations dashboard."""
    return {spec.visual_id: spec for spec in read_definition(sample.definition()).visuals}[identifier]


def rows_at(*seconds: float, zone: str = "plaza") -> VisualRows:
    """Return rows of the occupancy chart: one person, that many seconds after noon."""
    return VisualRows(tuple((NOON + timedelta(seconds=second), zone, 1.0) for second in seconds), cut=False)


def breaks(*seconds: float) -> list[float]:
    """Return after which of the points, by its second, the line breaks."""
    (trace,) = figure(visual(OCCUPANCY), rows_at(*seconds), ZoneInfo("UTC")).data
    assert trace.connectgaps is False
    missing = [index for index, value in enumerate(trace.y) if value is None]
    before = [datetime.fromisoformat(trace.x[index - 1]).replace(tzinfo=UTC) for index in missing]
    return [(moment - NOON).total_seconds() for moment in before]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([0], [], id="one window"),
        pytest.param([0, 10], [], id="two windows"),
        pytest.param([0, 10, 20, 30, 40], [], id="regular windows"),
        pytest.param([0, 10, 20, 40, 50], [20], id="one window missing"),
        pytest.param([0, 10, 20, 3620, 3630], [20], id="an hour missing"),
        pytest.param([0, 10, 100, 110, 120, 500, 510], [10, 120], id="two silences"),
        pytest.param([0, 10, 13, 23, 33, 43], [], id="a camera that started anew makes a short step"),
        pytest.param([0, 10, 20, 30, 90, 150, 210, 270], [], id="windows became longer"),
        pytest.param([0, 60, 120, 180, 240, 250, 260, 270], [], id="windows became shorter"),
        pytest.param([0, 10, 3610], [10], id="one window after an hour"),
        pytest.param([0, 3600, 3610, 3620], [0], id="an hour after the first window"),
        pytest.param([0, 0.4, 0.8, 1.2], [], id="steps below a second are within the granularity"),
    ],
)
def test_a_line_breaks_where_time_is_missing_and_only_there(
    seconds: list[float], expected: list[float]
) -> None:
    assert breaks(*seconds) == expected


def test_times_stand_on_the_clock_of_the_site() -> None:
    (trace,) = figure(visual(OCCUPANCY), rows_at(0), SEOUL).data
    assert list(trace.x) == ["2026-11-21T21:00:00"]


def test_each_zone_is_a_line_of_its_own_sign_and_colour() -> None:
    rows = VisualRows((*rows_at(0, 10, zone="b").rows, *rows_at(0, 10, zone="a").rows), cut=False)
    first, second = figure(visual(OCCUPANCY), rows, SEOUL).data
    assert (first.name, second.name) == ("a", "b")
    assert first.line.color != second.line.color
    assert first.marker.symbol != second.marker.symbol


def test_many_points_are_drawn_without_markers() -> None:
    (few,) = figure(visual(OCCUPANCY), rows_at(*range(0, 600, 10)), SEOUL).data
    (many,) = figure(visual(OCCUPANCY), rows_at(*range(0, 610, 10)), SEOUL).data
    assert (few.mode, many.mode) == ("lines+markers", "lines")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", id="script"),
        pytest.param("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;", id="markup that plotly knows"),
        pytest.param("A & B", "A &amp; B", id="ampersand"),
        pytest.param("광장 동쪽", "광장 동쪽", id="korean"),
    ],
)
def test_names_are_shown_as_written(name: str, shown: str) -> None:
    (line,) = figure(visual(OCCUPANCY), rows_at(0, zone=name), SEOUL).data
    (bar,) = figure(visual(NOW_BARS), VisualRows(((name, 3),), cut=False), SEOUL).data
    assert line.name == shown
    assert list(bar.y) == [shown]


def test_zones_named_with_digits_are_names() -> None:
    chart = figure(visual(NOW_BARS), VisualRows((("1", 3), ("10", 4)), cut=False), SEOUL)
    assert chart.layout.yaxis.type == "category"
    assert chart.layout.xaxis.type is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("plaza", "plaza", id="short"),
        pytest.param(
            "광장 동쪽 출입구 앞 아주 긴 이름", "광장 동쪽 출입구 앞<br>아주 긴 이름", id="between words"
        ),
        pytest.param("<b>" * 6, "&lt;b&gt;" * 4 + "<br>" + "&lt;b&gt;" * 2, id="escaped after it is cut"),
        pytest.param("x" * 99, "<br>".join(["x" * 12, "x" * 12, "x" * 11 + "…"]), id="cut at the third line"),
    ],
)
def test_long_names_at_an_axis_take_short_lines(name: str, shown: str) -> None:
    axis = figure(visual(NOW_BARS), VisualRows(((name, 3),), cut=False), SEOUL).layout.yaxis
    assert list(axis.ticktext) == [shown]


@pytest.mark.parametrize(
    ("largest", "step"),
    [pytest.param(1, 1, id="one person"), pytest.param(5, 1, id="five"), pytest.param(40, None, id="many")],
)
def test_an_axis_of_people_has_no_fractions(largest: int, step: int | None) -> None:
    axis = figure(visual(NOW_BARS), VisualRows((("a", 0), ("b", largest)), cut=False), SEOUL).layout.xaxis
    assert axis.tickformat == ",d"
    assert axis.dtick == step
    assert axis.rangemode == "tozero"


def test_measures_are_series_when_nothing_colours_the_bars() -> None:
    rows = VisualRows(((NOON, 3, 2), (NOON + timedelta(minutes=1), 0, 1)), cut=False)
    points = series(visual(MINUTES), rows, SEOUL)
    assert list(points) == ["In · 들어옴", "Out · 나감"]
    assert [value for _, value in points["In · 들어옴"]] == [3, 0]


def test_a_missing_number_stays_missing_in_a_bar() -> None:
    (bar,) = figure(visual(NOW_BARS), VisualRows((("a", None), ("b", 2)), cut=False), SEOUL).data
    assert list(bar.x) == [None, 2]
    assert list(bar.text) == ["no data · 데이터 없음", "2"]


def test_bars_of_several_series_stand_in_the_order_of_the_query() -> None:
    # The first series lacks the first category.
    spec = replace(visual(MINUTES), color=visual(OCCUPANCY).color, measures=visual(MINUTES).measures[:1])
    rows = VisualRows((("18th", "b", 1), ("19th", "a", 2), ("19th", "b", 3)), cut=False)
    assert list(figure(spec, rows, SEOUL).layout.xaxis.categoryarray) == ["18th", "19th"]


def test_a_cell_without_data_is_blank_and_zero_is_not() -> None:
    minutes = visual(MINUTES)
    place = visual(OCCUPANCY).color
    assert place is not None
    spec = replace(
        minutes, kind="HeatMapVisual", dimensions=(place, place), measures=minutes.measures[:1], sort=()
    )
    rows = VisualRows((("Mon", 8, 4), ("Tue", 9, 0)), cut=False)
    chart = figure(spec, rows, SEOUL)
    assert [list(line) for line in chart.data[0].z] == [[4, None], [None, 0]]
    assert chart.layout.plot_bgcolor == BLANK_CELL_COLOR


def test_near_points_are_drawn_together_and_none_is_lost() -> None:
    minutes = visual(MINUTES)
    place = visual(OCCUPANCY).color
    assert place is not None
    spec = replace(
        minutes, kind="GeospatialMapVisual", dimensions=(place, place), measures=minutes.measures[:1], sort=()
    )
    rows = VisualRows(tuple((37 + i / 1e4, 127 + i % 7 / 1e3, 2) for i in range(900)), cut=False)
    dots = [trace for trace in figure(spec, rows, SEOUL).data if trace.mode == "markers"]
    assert len(dots[0].x) < 400
    assert sum(float(text.split(" ")[0]) for text in dots[0].customdata) == 1800
