"""The statements that every data set of public data has: a table over all its files, and views.

They have the form of the files under ``athena/``: three comment lines, then one statement with
``${lake_bucket}`` for the bucket's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from athena.catalog import CatalogError, Kind, Statement
from athena.ddl import PARTITION_COLUMN, external_table, header

_COLUMN = re.compile(r"^    `(\w+)` (\w+) COMMENT '([^']*)',?$", re.M)
_LOCATION = re.compile(r"LOCATION 's3://\$\{lake_bucket\}/([^']+)'")


@dataclass(frozen=True)
class CountView:
    """A view that counts entries by some columns."""

    name: str
    by: tuple[str, ...]
    english: str
    korean: str


@dataclass(frozen=True)
class DataSet:
    """What the catalogue has to know: `columns` are name, Hive type and comment, in the parquet's order."""

    name: str
    english: str
    korean: str
    key_prefix: str
    columns: tuple[tuple[str, str, str], ...]
    counts: tuple[CountView, ...] = ()


@dataclass(frozen=True)
class StatementFile:
    """The text of one statement file, with its header."""

    kind: Kind
    name: str
    text: str


def files_table_name(data_set: str) -> str:
    """Return the name of the table over every load; the view named like the data set has what is in force."""
    return f"{data_set}_files"


def statement_files(data_set: DataSet) -> Iterator[StatementFile]:
    """Yield the statements of a data set, in an order in which they can be created."""
    yield StatementFile(Kind.TABLE, files_table_name(data_set.name), _table(data_set))
    yield StatementFile(Kind.VIEW, data_set.name, _current_view(data_set))
    for view in data_set.counts:
        yield StatementFile(Kind.VIEW, view.name, _count_view(data_set, view))


def _table(data_set: DataSet) -> str:
    name = files_table_name(data_set.name)
    described = header(name, f"{data_set.english}: every file", f"{data_set.korean}: 모든 파일")
    return described + external_table(
        name, data_set.columns, data_set.key_prefix, comment=data_set.english, day_of="loaded_at"
    )


def _current_view(data_set: DataSet) -> str:
    name, files = data_set.name, files_table_name(data_set.name)
    columns = [PARTITION_COLUMN, *(column for column, _, _ in data_set.columns)]
    selected = ",\n".join(f"    f.{column} AS {column}" for column in columns)
    described = header(
        name,
        f"{data_set.english}: the newest file of each series",
        f"{data_set.korean}: 계열마다 가장 새로운 파일",
    )
    return (
        f"{described}CREATE OR REPLACE VIEW {name} AS\n"  # noqa: S608 - checked names
        f"WITH newest AS (\n    SELECT series, max(loaded_at) AS loaded_at\n    FROM {files}\n"
        "    GROUP BY series\n),\n"
        # S3 tells whole seconds: of two files of one second the later name is in force, not both.
        "in_force AS (\n    SELECT n.series AS series, n.loaded_at AS loaded_at,\n"
        f"        max(f.source_file) AS source_file\n    FROM {files} f\n"
        "    JOIN newest n ON f.series = n.series AND f.loaded_at = n.loaded_at\n"
        "    GROUP BY n.series, n.loaded_at\n)\n"
        f"SELECT\n{selected}\nFROM {files} f\nJOIN in_force i\n"
        "    ON f.series = i.series AND f.loaded_at = i.loaded_at AND f.source_file = i.source_file\n"
    )


def _count_view(data_set: DataSet, view: CountView) -> str:
    by = ", ".join(view.by)
    return (
        header(view.name, view.english, view.korean)
        + f"CREATE OR REPLACE VIEW {view.name} AS\nSELECT\n    {by},\n    count(*) AS entries,\n"
        "    count_if(copy_number = 1) AS different_entries\n"
        f"FROM {data_set.name}\nGROUP BY {by}\n"
    )


def data_set_of_statement(statement: Statement) -> DataSet:
    """Return what a table statement says, for a catalogue that takes no SQL; raises `CatalogError`."""
    head, partitioned, tail = statement.template.partition("PARTITIONED BY")
    columns = _COLUMN.findall(head)
    location = _LOCATION.search(tail)
    if not columns or not partitioned or location is None:
        raise CatalogError(f"{statement.name}.sql: expected columns with comments and a LOCATION")
    name = statement.name
    return DataSet(name, statement.english, statement.korean, location[1], tuple(columns))
