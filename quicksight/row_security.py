"""Who sees which site: rules in a small CSV file, and the data set by which QuickSight holds readers to them.

With rules, whoever has none sees no row of any site (default deny). Owners of the data sets see everything
whatever the rules say, so people who shall not are made readers of the dashboards only.
https://docs.aws.amazon.com/quicksight/latest/user/restrict-access-to-a-data-set-using-row-level-security.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from quicksight.data_set import DataSet, DataSetColumn, ImportMode, QuickSightType
from quicksight.label import Label

COLUMNS = ("group", "user", "sites")
EVERY_SITE = "*"
SITE_COLUMN = "site"
_UNSAFE = frozenset("'\"\\,\n\r\t")


class SiteRulesError(CrowdLensError):
    """Raised when the file of rules is not as expected; names the line and what was expected."""


@dataclass(frozen=True)
class SiteRule:
    """The sites that one QuickSight group, or one user, may see; no sites listed means every site."""

    group: str | None
    user: str | None
    sites: tuple[str, ...]


def read_site_rules(path: Path) -> tuple[SiteRule, ...]:
    """Return the rules of a UTF-8 CSV file with the columns group, user and sites.

    A line names a group or a user; its sites are separated by semicolons, ``*`` is every site. Raises
    `SiteRulesError` for a file without the columns, a line without a name or a site, and a name given twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                first = ",".join(reader.fieldnames or ())
                raise SiteRulesError(f"{path}: the first line is {first!r}: expected {','.join(COLUMNS)}")
            rules = tuple(_rule(line, f"{path} line {number}") for number, line in enumerate(reader, 2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SiteRulesError(f"{path}: {error}: expected a UTF-8 CSV file of rules") from error
    _check_once(rules, path)
    return rules


def rules_data_set(rules: Sequence[SiteRule]) -> DataSet:
    """Return the data set of rules as QuickSight reads them: NULL sites are all, no row at all is none."""
    return DataSet(
        "site_rules",
        Label("Who sees which site", "현장별 열람 권한"),
        ImportMode.SPICE,
        _sql(rules),
        tuple(
            DataSetColumn(name, QuickSightType.STRING, label, known_as=known_as)
            for name, known_as, label in (
                ("user_name", "UserName", Label("User", "사용자")),
                ("group_name", "GroupName", Label("Group", "그룹")),
                (SITE_COLUMN, None, Label("Sites", "현장")),
            )
        ),
    )


def is_held_to_rules(data_set: DataSet) -> bool:
    """Return whether rules apply to a data set: public data is of no site."""
    return data_set.has_column(SITE_COLUMN)


def row_level_permission(rules_arn: str) -> dict[str, Any]:
    """Return the `RowLevelPermissionDataSet` of a data set that is held to the rules."""
    return {
        "Arn": rules_arn,
        "PermissionPolicy": "GRANT_ACCESS",
        "FormatVersion": "VERSION_1",
        "Status": "ENABLED",
    }


def _rule(line: Mapping[str | None, Any], where: str) -> SiteRule:
    if set(line) != set(COLUMNS) or None in line.values():
        raise SiteRulesError(f"{where} has {len(line)} cells: expected group, user and sites")
    group, user = (_name(line[column], where) for column in ("group", "user"))
    if (group is None) == (user is None):
        raise SiteRulesError(
            f"{where} names {group or 'no group'} and {user or 'no user'}: expected one of them"
        )
    sites = [name for part in line["sites"].split(";") if (name := _name(part, where))]
    if not sites:
        raise SiteRulesError(
            f"{where} has no site: expected names separated by semicolons, or * for every site"
        )
    return SiteRule(group, user, () if EVERY_SITE in sites else tuple(dict.fromkeys(sites)))


def _name(text: str, where: str) -> str | None:
    name = text.strip()
    if _UNSAFE & set(name):
        raise SiteRulesError(f"{where} has the name {name!r}: expected no quotes, commas or backslashes")
    return name or None


def _check_once(rules: Sequence[SiteRule], path: Path) -> None:
    named = [(rule.group, rule.user) for rule in rules]
    for group, user in named:
        if named.count((group, user)) > 1:
            raise SiteRulesError(f"{path} has {group or user} twice: expected all its sites in one line")


def _sql(rules: Sequence[SiteRule]) -> str:
    rows = ", ".join(_rows(rules)) or "(CAST(NULL AS varchar), CAST(NULL AS varchar), CAST(NULL AS varchar))"
    names = "user_name, group_name, sites"
    # Without rules the list is one row that names nobody, and is left out: nobody sees anything.
    return (
        f"SELECT user_name, group_name, sites AS {SITE_COLUMN} "  # noqa: S608 - checked
        f"FROM (VALUES {rows}) AS rules ({names}) WHERE user_name IS NOT NULL OR group_name IS NOT NULL"
    )


def _rows(rules: Sequence[SiteRule]) -> Iterator[str]:
    for rule in rules:
        values = (rule.user, rule.group, ",".join(rule.sites) or None)
        yield f"({', '.join(_literal(value) for value in values)})"


def _literal(value: str | None) -> str:
    return "CAST(NULL AS varchar)" if value is None else f"'{value}'"
