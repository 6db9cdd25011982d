from __future__ import annotations

from pathlib import Path

import pytest

from quicksight.data_sets import DATA_SETS, FREE_WIFI
from quicksight.row_security import (
    SiteRule,
    SiteRulesError,
    is_held_to_rules,
    read_site_rules,
    row_level_permission,
    rules_data_set,
)


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    return tmp_path / "site_rules.csv"


def test_rules_are_read_as_a_spreadsheet_writes_them(rules_file: Path) -> None:
    text = "\ufeffgroup,user,sites\r\nseoul staff,,seoul-1; seoul-2;seoul-1\r\n,kim,*\r\n"
    rules_file.write_text(text, encoding="utf-8", newline="")
    assert read_site_rules(rules_file) == (
        SiteRule("seoul staff", None, ("seoul-1", "seoul-2")),
        SiteRule(None, "kim", ()),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "the first line is ''", id="empty"),
        pytest.param("user,sites\n", "expected group,user,sites", id="other columns"),
        pytest.param("group,user,sites\n,,a\n", "names no group and no user", id="nobody"),
        pytest.param("group,user,sites\na,b,c\n", "names a and b: expected one", id="both"),
        pytest.param("group,user,sites\na,,\n", "line 2 has no site", id="no site is not every site"),
        pytest.param("group,user,sites\na,\n", "expected group, user and sites", id="too few cells"),
        pytest.param("group,user,sites\na,,b,c\n", "expected group, user and sites", id="comma in sites"),
        pytest.param("group,user,sites\na,,b'c\n", "expected no quotes", id="quote"),
        pytest.param("group,user,sites\na,,b\na,,c\n", "has a twice", id="twice"),
        pytest.param('group,user,sites\n"a,,b\n', "expected a UTF-8 CSV file", id="open quote"),
    ],
)
def test_a_rule_that_is_not_clear_is_refused_in_one_sentence(
    rules_file: Path, text: str, expected: str
) -> None:
    rules_file.write_text(text, encoding="utf-8")
    with pytest.raises(SiteRulesError) as caught:
        read_site_rules(rules_file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(rules_file: Path) -> None:
    with pytest.raises(SiteRulesError, match="expected a UTF-8 CSV file of rules"):
        read_site_rules(rules_file)


def test_public_data_is_of_no_site_and_all_else_is() -> None:
    assert [data_set for data_set in DATA_SETS if not is_held_to_rules(data_set)] == [FREE_WIFI]


def test_the_rules_are_enforced() -> None:
    assert row_level_permission("arn")["Status"] == "ENABLED"
    columns = rules_data_set(()).columns
    assert [column.known_as or column.name for column in columns] == ["UserName", "GroupName", "site"]
