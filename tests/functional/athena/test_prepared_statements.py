"""Every prepared statement answers with as many values as it has question marks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from athena import catalog
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.athena.definitions import parse_one
from infra.local.athena.whitelist import check_query

VALUES = {"zone_hours": 5, "line_hours": 5, "missing_at_site": 3}


def test_each_is_known_here() -> None:
    found = {one.name: one.template.count("?") for one in catalog.prepared_statements()}
    assert found == VALUES


@pytest.mark.parametrize("statement", catalog.prepared_statements(), ids=lambda one: one.name)
def test_it_can_be_executed(statement: catalog.Statement, tmp_path: Path) -> None:
    check_query(parse_one(statement.template))
    count = VALUES[statement.name]
    days = ["2026-11-20", "2026-11-21"]
    values = [f"name-{number}" for number in range(count - len(days))] + days
    result = LocalAthena(LocalFolderLake(tmp_path)).query(statement.template, values)
    assert result.rows == []
    selected = statement.template.partition("FROM")[0].removeprefix("SELECT")
    assert list(result.columns) == re.findall(r"\w+", selected)


@pytest.mark.parametrize("statement", catalog.prepared_statements(), ids=lambda one: one.name)
def test_its_description_says_what_the_question_marks_stand_for(statement: catalog.Statement) -> None:
    listed = re.split(
        r", | and ", statement.english.partition(": ")[2].replace("first and last", "first, last")
    )
    assert len(listed) == VALUES[statement.name]
