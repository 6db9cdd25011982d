from __future__ import annotations

from datetime import date

import pytest

from contract.mysql import KEPT_DAYS, first_kept_day
from contract.tables import TABLES


def test_every_table_has_a_bound() -> None:
    assert KEPT_DAYS.keys() == TABLES.keys()
    assert all(days >= 1 for days in KEPT_DAYS.values())


@pytest.mark.parametrize(
    ("today", "first"),
    [
        pytest.param(date(2026, 11, 21), "2026-11-19", id="within a month"),
        pytest.param(date(2026, 3, 1), "2026-02-27", id="over the end of a month"),
        pytest.param(date(2028, 3, 1), "2028-02-28", id="over a leap day"),
        pytest.param(date(2027, 1, 1), "2026-12-30", id="over the end of a year"),
    ],
)
def test_the_first_kept_day_counts_back_from_today(today: date, first: str) -> None:
    assert KEPT_DAYS["tracks"] == 2
    assert first_kept_day("tracks", today) == first
