from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from quicksight.data_sets import DATA_SETS
from quicksight.preview.errors import DefinitionError
from quicksight.preview.querying import MAXIMUM_ROWS, Value, fetch, row_limit, visual_sql
from quicksight.preview.reading import read_definition
from quicksight.preview.specs import VisualSpec
from tests import quicksight_sample as sample

BY_IDENTIFIER = {data_set.identifier: data_set for data_set in DATA_SETS}


@dataclass
class Answer:
    """What a query gives back."""

    rows: Sequence[Sequence[object]]
    columns: Sequence[str] = ()
    types: Sequence[str] = ()


def visual(identifier: str) -> VisualSpec:
    """Return a visual of the operations dashboard."""
    return {spec.visual_id: spec for spec in read_definition(sample.definition()).visuals}[identifier]


def rows_of(identifier: str, *rows: Sequence[object]) -> tuple[tuple[Value, ...], ...]:
    """Return what the visual makes of these rows."""
    return fetch(visual(identifier), BY_IDENTIFIER, lambda _: Answer(rows)).rows


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        pytest.param("kpi-in", "SELECT SUM(d.crossings_in) AS f0", id="kpi"),
        pytest.param(
            "occupancy-over-time",
            "SELECT DATE_TRUNC('SECOND', d.event_time) AS f0, d.place AS f1, SUM(d.occupancy_mean) AS f2",
            id="line",
        ),
        pytest.param("people-now", "GROUP BY d.place ORDER BY f0", id="bars by name"),
        pytest.param(
            "line-totals",
            "GROUP BY d.camera, d.line, d.object_class ORDER BY f0 ASC, f1 ASC, f2 ASC",
            id="grouped table",
        ),
        pytest.param("in-and-out", "ORDER BY f0 DESC", id="time is asked backwards"),
        pytest.param("camera-states", "ORDER BY f2 DESC", id="newest first"),
    ],
)
def test_the_grouping_runs_in_the_query(identifier: str, expected: str) -> None:
    spec = visual(identifier)
    sql = visual_sql(spec, BY_IDENTIFIER[spec.data_set])
    assert expected in sql
    assert sql.endswith(f"LIMIT {row_limit(spec) + 1}")


def test_text_as_athena_writes_it_becomes_values() -> None:
    ((moment, zone, mean),) = rows_of("occupancy-over-time", ("2026-11-21 12:00:00.000", "plaza", "2.5"))
    assert (moment, zone, mean) == (datetime(2026, 11, 21, 12, tzinfo=UTC), "plaza", 2.5)


def test_times_come_back_in_order_after_being_asked_backwards() -> None:
    later, earlier = datetime(2026, 11, 21, 12, 1), datetime(2026, 11, 21, 12, 0)  # noqa: DTZ001 - as Athena's
    rows = rows_of("in-and-out", (later, 1, 0), (earlier, 2, 0))
    assert [row[1] for row in rows] == [2, 1]


def test_what_is_cut_is_the_oldest_and_said() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    answer = Answer([(moment, index, 0) for index in range(MAXIMUM_ROWS + 1)])
    rows = fetch(visual("in-and-out"), BY_IDENTIFIER, lambda _: answer)
    assert rows.cut
    assert (rows.rows[0][1], rows.rows[-1][1]) == (MAXIMUM_ROWS - 1, 0)


@pytest.mark.parametrize(
    ("rows", "empty"),
    [
        pytest.param([], True, id="no rows"),
        pytest.param([(None,)], True, id="a sum over no rows"),
        pytest.param([(0,)], False, id="a measured zero"),
    ],
)
def test_nothing_measured_is_not_zero(rows: list[tuple[int | None]], empty: bool) -> None:
    assert fetch(visual("kpi-in"), BY_IDENTIFIER, lambda _: Answer(rows)).empty is empty


def test_a_data_set_that_is_not_given_is_named() -> None:
    with pytest.raises(DefinitionError, match="'kpi-in' reads data set 'line_minutes': expected one of"):
        fetch(visual("kpi-in"), {}, lambda _: Answer([]))
