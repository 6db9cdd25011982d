"""Every prepared statement answers with as many values as it has question marks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from athena import catalog
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.athena.definitions import parse_one
from infra.local.athena.whitelist import check_query

VALUES = {
    **{"zone_hours": 5, "line_hours": 5, "missing_at_site": 3, "site_events": 3},
    **{"zone_density": 5, "zone_dwell": 5, "camera_speeds": 4, "device_hours": 4},
    **{"zone_days": 7, "line_days": 7, "zone_week": 7, "site_days": 5},
}
LOCAL_DAYS = {"zone_days", "line_days", "zone_week", "site_days"}
"""Take the first and the last local day twice: once for the days, once for the partitions around them."""


def days_of(name: str, first: str, last: str) -> list[str]:
    return [first, last] * (2 if name in LOCAL_DAYS else 1)


def test_each_is_known_here() -> None:
    found = {one.name: one.template.count("?") for one in catalog.prepared_statements()}
    assert found == VALUES


@pytest.mark.parametrize("statement", catalog.prepared_statements(), ids=lambda one: one.name)
def test_it_can_be_executed(statement: catalog.Statement, tmp_path: Path) -> None:
    check_query(parse_one(statement.template))
    count = VALUES[statement.name]
    days = days_of(statement.name, "2026-11-20", "2026-11-21")
    values = [f"name-{number}" for number in range(count - len(days))] + days
    result = LocalAthena(LocalFolderLake(tmp_path)).query(statement.template, values)
    assert result.rows == []
    parsed = parse_one(statement.template)
    assert list(result.columns) == [select.alias_or_name for select in parsed.selects]
    assert all(result.columns)


@pytest.mark.parametrize("statement", catalog.prepared_statements(), ids=lambda one: one.name)
def test_its_description_says_what_the_question_marks_stand_for(statement: catalog.Statement) -> None:
    listed = re.split(
        r", | and ", statement.english.partition(": ")[2].replace("first and last", "first, last")
    )
    assert len(listed) == VALUES[statement.name]
