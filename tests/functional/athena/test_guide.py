"""The guides name everything that can be asked, and their examples can be asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from athena import catalog
from athena.presto_view import view_columns
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake

DOCS = Path(__file__).parents[3] / "docs"
GUIDES = ("athena.md", "athena.ko.md")
GENERATED = {f"{kind}_{table}" for kind in ("stored", "unique") for table in TABLES}
STATEMENTS = [*catalog.views(), *catalog.named_queries(), *catalog.prepared_statements()]
NAMES = [one.name for one in STATEMENTS if one.name not in GENERATED | catalog.open_data()]
COMMON = {"day", "site", "device", "camera", "zone", "line", "object_class", "time_zone"}


def text_of(guide: str) -> str:
    return (DOCS / guide).read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_everything_that_can_be_asked_is_named(guide: str) -> None:
    text = text_of(guide)
    assert [name for name in NAMES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("guide", GUIDES)
@pytest.mark.parametrize(
    "view",
    [
        *("occupancy_by_day", "peak_hours", "usual_by_hour_of_week", "deviation_from_usual"),
        *("line_crossings_by_day", "dwell_by_hour", "data_quality"),
    ],
)
def test_every_column_of_a_business_view_is_explained(guide: str, view: str) -> None:
    (row,) = re.findall(rf"^\| `{view}` \|.*$", text_of(guide), re.M)
    hour = {"local_hour", "hour_start", "local_day", "hour_of_day", "day_of_week"}
    columns = {column.name for column in view_columns(view)} - COMMON
    assert {name for name in columns - hour if f"`{name}`" not in row} == set()


@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_can_be_asked(guide: str, tmp_path: Path) -> None:
    athena = LocalAthena(LocalFolderLake(tmp_path))
    blocks = re.findall(r"```sql\n(.*?)```", text_of(guide), re.S)
    lines = ";\n".join(blocks).splitlines()
    examples = "\n".join(line for line in lines if not line.startswith("--")).split(";")
    selects = [example for example in examples if example.strip().startswith("SELECT")]
    assert len(selects) == 5
    for example in selects:
        assert athena.query(example).columns
