"""A view as the Glue catalogue holds it: Athena's own form, so that a stack can make it without a query.

The table's ViewOriginalText is a comment with base64 of a JSON object, the columns with Trino's types in it;
beside it stand the same columns with Hive's types. A column's declared type must be one that the query's own
type can be widened to, else Athena calls the view stale:
https://docs.aws.amazon.com/athena/latest/ug/views.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from athena.catalog import CatalogError, Statement
from athena.ddl import KEY_COLUMNS, PARTITION_COLUMN, stored_view_name, unique_view_name
from contract.tables import TABLES

COLUMNS_FILE = Path(__file__).parent / "view_columns.json"
"""Name and type of each column of the views written by hand, as the local endpoint finds them."""
TRINO_TYPES: Mapping[str, str] = {
    "varchar": "varchar",
    "bigint": "bigint",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    # Hive's timestamps, and whatever is reckoned from them, count milliseconds.
    "timestamp": "timestamp(3)",
}
"""By the name that Athena gives a type in a result."""
HIVE_TYPES: Mapping[str, str] = {**{name: name for name in TRINO_TYPES}, "varchar": "string"}
PARAMETERS: Mapping[str, str] = {"presto_view": "true", "comment": "Presto View"}
EXPANDED_TEXT = "/* Presto View */"
_ORIGINAL = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_CREATE = re.compile(r"CREATE OR REPLACE VIEW (\w+) AS\s+(.+)", re.S)


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view; `kind` is the type's name in a result of Athena."""

    name: str
    kind: str

    @property
    def hive_type(self) -> str:
        """The type's name in the Glue catalogue."""
        return HIVE_TYPES[self.kind]


def view_query(view: Statement, database: str) -> str:
    """Return the query of a view, without its CREATE; raises `CatalogError` when it is written otherwise."""
    match = _CREATE.fullmatch(view.sql(lake_bucket="", database=database))
    if match is None or match[1] != view.name:
        raise CatalogError(f"{view.name}.sql: expected CREATE OR REPLACE VIEW {view.name} AS and a query")
    return match[2].strip()


def view_columns(view: str) -> tuple[ViewColumn, ...]:
    """Return the columns of a view, in their order; raises `CatalogError` when they are not known."""
    if view in _generated():
        return _generated()[view]
    columns = json.loads(COLUMNS_FILE.read_text(encoding="utf-8")).get(view)
    if columns is None:
        raise CatalogError(f"view {view} is not in {COLUMNS_FILE.name}: run python -m infra.view_columns")
    return tuple(ViewColumn(name, kind) for name, kind in columns.items())


def hand_written(views: Sequence[Statement]) -> list[Statement]:
    """Return those of `views` whose columns the contract does not give."""
    return [view for view in views if view.name not in _generated()]


def encode_view(query: str, columns: Sequence[ViewColumn], database: str) -> str:
    """Return the ViewOriginalText of a view over the tables of `database`."""
    view = {
        "originalSql": query,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column.name, "type": TRINO_TYPES[column.kind]} for column in columns],
    }
    encoded = base64.b64encode(json.dumps(view, ensure_ascii=False).encode()).decode()
    return f"/* Presto View: {encoded} */"


def decode_view(text: str) -> dict[str, object]:
    """Return the object in a ViewOriginalText; raises `CatalogError` when there is none."""
    match = _ORIGINAL.fullmatch(text)
    try:
        view = json.loads(base64.b64decode(match[1], validate=True)) if match else None
    except (binascii.Error, ValueError) as error:
        raise CatalogError(f"a view's text is no base64 of a JSON object: {error}") from error
    if not isinstance(view, dict):
        raise CatalogError("a view's text is not of the form /* Presto View: … */")
    return view


def _generated() -> dict[str, tuple[ViewColumn, ...]]:
    found: dict[str, tuple[ViewColumn, ...]] = {}
    for table in TABLES.values():
        columns = {column.name: _result_type(column.glue_type) for column in table.columns}
        day = ViewColumn(PARTITION_COLUMN, "varchar")
        stored = [ViewColumn(name, kind) for name, kind in columns.items()]
        found[stored_view_name(table)] = (day, *stored)
        # The view of unique records begins with what it groups by.
        keys = [ViewColumn(name, columns[name]) for name in KEY_COLUMNS]
        rest = [column for column in stored if column not in keys]
        found[unique_view_name(table)] = (day, *keys, *rest)
    return found


def _result_type(glue_type: str) -> str:
    return "varchar" if glue_type == "string" else glue_type
