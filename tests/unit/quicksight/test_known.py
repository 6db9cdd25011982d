"""What the lake has nothing of is refused in a sentence that names what it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pytest

from quicksight import data_sets
from quicksight.preview.choosing import ChoiceError, Choices, TextFilter
from quicksight.preview.known import recorded_days, refuse_days_without_records, refuse_unknown_values

KINDS = Choices(filters=(TextFilter("safety_counts", "kind_name", "Event", "NON_NULLS_ONLY", None),))
SPANS = (
    ("Asia/Seoul", datetime(2026, 11, 14, 15, 0), datetime(2026, 11, 20, 14, 59)),  # noqa: DTZ001 - as asked
    ("America/New_York", datetime(2026, 11, 15, 0, 0), datetime(2026, 11, 20, 9, 0)),  # noqa: DTZ001 - as asked
)


@dataclass(frozen=True)
class Answer:
    rows: Sequence[Sequence[object]]
    columns: Sequence[str] = ()
    types: Sequence[str] = ()


def lake(sql: str) -> Answer:
    """Answer as a lake with two sites and one kind of event."""
    if "time_zone" in sql:
        return Answer(SPANS)
    if "kind_name" in sql:
        return Answer([("running · 뛰기",)])
    return Answer([("seoul-1",), ("busan-1",), (None,)])


def test_values_that_are_there_are_not_refused() -> None:
    wanted = [("site", "seoul-1"), ("site", "busan-1"), ("kind_name", "running · 뛰기")]
    refuse_unknown_values(wanted, [KINDS], lake, data_sets.DATA_SETS)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        pytest.param("site", "filter site=nowhere: expected busan-1, seoul-1", id="of every record"),
        pytest.param("kind_name", "filter kind_name=nowhere: expected running", id="of one data set"),
    ],
)
def test_a_value_that_stands_nowhere_is_refused(column: str, sentence: str) -> None:
    with pytest.raises(ChoiceError, match=sentence):
        refuse_unknown_values([(column, "nowhere")], [KINDS], lake, data_sets.DATA_SETS)


def test_of_many_values_some_are_named() -> None:
    with pytest.raises(ChoiceError, match=r"site-19 and 5 more$"):
        refuse_unknown_values(
            [("site", "x")], [], lambda _: Answer([(f"site-{n:02}",) for n in range(25)]), data_sets.DATA_SETS
        )


def test_days_are_those_of_each_sites_clock() -> None:
    assert recorded_days(lake) == (date(2026, 11, 14), date(2026, 11, 20))


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [
        pytest.param(None, None, False, id="nothing chosen"),
        pytest.param(date(2026, 11, 20), None, False, id="the newest day"),
        pytest.param(None, date(2026, 11, 14), False, id="New York's first day"),
        pytest.param(date(2026, 11, 21), None, True, id="after the newest"),
        pytest.param(None, date(2026, 11, 13), True, id="before the oldest"),
    ],
)
def test_days_without_records_are_refused(first: date | None, last: date | None, refused: bool) -> None:
    if not refused:
        refuse_days_without_records(first, last, lake)
        return
    with pytest.raises(ChoiceError, match="days that the lake has, 2026-11-14 to 2026-11-20"):
        refuse_days_without_records(first, last, lake)


def test_a_lake_without_counts_refuses_no_days() -> None:
    refuse_days_without_records(date(2020, 1, 1), None, lambda _: Answer([]))
