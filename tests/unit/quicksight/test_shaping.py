"""What is kept of a visual's rows, and that lines of many moments become lines of longer steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quicksight.preview.chart_parts import LONG_NAME_LETTERS, on_short_lines
from quicksight.preview.querying import VisualRows
from quicksight.preview.reading import read_definition
from quicksight.preview.shaping import MAXIMUM_LINE_POINTS, MAXIMUM_LINES, shaped
from quicksight.preview.specs import VisualSpec
from tests import quicksight_sample as sample

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def lines() -> VisualSpec:
    """Return the chart of people in each zone."""
    return {one.visual_id: one for one in read_definition(sample.definition()).visuals}["occupancy-over-time"]


def test_a_chart_without_any_number_has_no_rows() -> None:
    assert shaped(lines(), VisualRows(((NOON, "a", None), (NOON, "b", None)), cut=False)).empty


def test_of_many_lines_the_largest_are_drawn_and_those_without_a_number_not_counted() -> None:
    rows = tuple((NOON, f"zone-{n}", float(n)) for n in range(MAXIMUM_LINES + 2))
    kept = shaped(lines(), VisualRows((*rows, (NOON, "empty", None)), cut=False))
    assert ([row[1] for row in kept.rows], kept.series_left_out) == ([row[1] for row in rows[2:]], 2)


def test_two_days_of_minutes_become_means_of_ten_and_keep_their_gap() -> None:
    minutes = [n for n in range(2 * 24 * 60) if not 600 <= n < 720]
    rows = tuple((NOON + timedelta(minutes=n), "a", float(n % 10)) for n in minutes)
    thin = shaped(lines(), VisualRows(rows, cut=False))
    assert thin.step_minutes == 10
    assert len(thin.rows) == len(minutes) / 10 <= MAXIMUM_LINE_POINTS
    assert {row[2] for row in thin.rows} == {4.5}
    assert NOON + timedelta(minutes=610) not in {row[0] for row in thin.rows}


def test_few_points_stay_as_they_are() -> None:
    rows = VisualRows(tuple((NOON + timedelta(seconds=n), "a", 1.0) for n in range(60)), cut=False)
    assert shaped(lines(), rows) == rows


def test_a_long_path_keeps_its_end() -> None:
    path = "seoul-1 / seoul-1-plaza-2 / 광장"
    assert on_short_lines(path, LONG_NAME_LETTERS) == "… / seoul-1-plaza-2 / 광장"
