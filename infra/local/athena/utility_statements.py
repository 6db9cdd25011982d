"""SHOW and DESCRIBE."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from infra.local.athena.definitions import Definitions
from infra.local.athena.errors import AthenaQueryError, Fault, not_supported

_STATEMENT = re.compile(r"(?:SHOW|DESCRIBE|DESC)\b", re.I)
_NAME = r"(?:[`\"]?\w+[`\"]?\.)?[`\"]?(?P<name>\w+)[`\"]?"
_LISTING = r"(?:\s+(?:IN|FROM)\s+[`\"]?(?P<database>\w+)[`\"]?)?(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?"
_Answer = tuple[tuple[str, ...], list[tuple[str, ...]]]


def is_utility(sql: str) -> bool:
    """Return whether `sql` is a SHOW or DESCRIBE."""
    return _STATEMENT.match(sql) is not None


def answer(sql: str, definitions: Definitions, database: str) -> _Answer | None:
    """Return columns and rows of a SHOW or DESCRIBE, None for any other statement.

    Raises `AthenaQueryError` when the form is not known or the table does not exist.
    """
    if not is_utility(sql):
        return None
    for pattern, handle in _FORMS:
        match = re.fullmatch(pattern, sql, re.I | re.S)
        if match is not None:
            return handle(match, definitions, database)
    raise not_supported(f"the statement {sql[:60]!r}")


def _listed(match: re.Match[str], names: list[str], column: str, database: str) -> _Answer:
    if (match["database"] or database).lower() != database:
        raise AthenaQueryError(Fault.TABLE_NOT_FOUND, f"Schema '{match['database']}' does not exist")
    pattern = (match["pattern"] or "*").lower()
    return (column,), [(name,) for name in sorted(names) if fnmatch.fnmatchcase(name, pattern)]


def _show_tables(match: re.Match[str], definitions: Definitions, database: str) -> _Answer:
    return _listed(match, [*definitions.tables(), *definitions.views()], "tab_name", database)


def _show_views(match: re.Match[str], definitions: Definitions, database: str) -> _Answer:
    return _listed(match, [*definitions.views()], "views", database)


def _show_databases(_match: re.Match[str], _definitions: Definitions, database: str) -> _Answer:
    return ("database_name",), [(database,)]


def _describe(match: re.Match[str], definitions: Definitions, database: str) -> _Answer:
    table = definitions.tables().get(match["name"].lower())
    if table is None:
        raise _absent(match["name"], database)
    rows: list[tuple[str, ...]] = [
        (column.name, column.hive_type, column.comment) for column in table.all_columns
    ]
    return ("col_name", "data_type", "comment"), rows


def _show_columns(match: re.Match[str], definitions: Definitions, database: str) -> _Answer:
    _, rows = _describe(match, definitions, database)
    return ("field",), [(row[0],) for row in rows]


def _show_create_view(match: re.Match[str], definitions: Definitions, database: str) -> _Answer:
    view = definitions.views().get(match["name"].lower())
    if view is None:
        raise _absent(match["name"], database)
    return ("create view",), [(line,) for line in view.text.splitlines()]


def _absent(name: str, database: str) -> AthenaQueryError:
    return AthenaQueryError(Fault.TABLE_NOT_FOUND, f"Table 'awsdatacatalog.{database}.{name}' does not exist")


_FORMS: tuple[tuple[str, Callable[[re.Match[str], Definitions, str], _Answer]], ...] = (
    (rf"SHOW\s+TABLES{_LISTING}", _show_tables),
    (rf"SHOW\s+VIEWS{_LISTING}", _show_views),
    (r"SHOW\s+(?:DATABASES|SCHEMAS)", _show_databases),
    (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}", _show_columns),
    (rf"SHOW\s+CREATE\s+VIEW\s+{_NAME}", _show_create_view),
    (rf"(?:DESCRIBE|DESC)\s+(?:FORMATTED\s+|EXTENDED\s+)?{_NAME}", _describe),
)
