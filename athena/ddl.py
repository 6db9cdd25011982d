"""Athena statements derived from the contract: for each record table two external tables and two views.

`tracks` is over the raw objects, `compacted_tracks` over what the compactor folded of them; `stored_tracks`
shows the rows of both, `unique_tracks` every record once. The files under ``tables/`` and the
``views/stored_*.sql`` and ``views/unique_*.sql`` files are what this module writes; a consistency test holds
them equal. Run ``python -m athena.ddl`` after the contract has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from athena import places
from contract.columns import Column
from contract.lake import compacted_prefix, raw_prefix
from contract.tables import TABLES, Table

FOLDER = Path(__file__).parent
PARTITION_COLUMN = "day"
"""Of every table; the contract has no column of that name, for Hive forbids both."""
FIRST_DAY = "2024-01-01"
"""Projection starts here; a device whose clock stands before it has a broken clock."""
PROJECTION_RANGE = f"{FIRST_DAY},NOW+2DAYS"
"""Two days of slack, so that a record of a clock that runs ahead is still seen."""
KEY_COLUMNS = ("site", "device", "camera", "epoch", "stream", "sequence", "event_time")
"""These identify a record as its id does, in a fraction of the bytes: ids are long and all different."""


def unique_view_name(table: Table) -> str:
    """Return the name of the view that shows every record of `table` once."""
    return f"unique_{table.name}"


def stored_view_name(table: Table) -> str:
    """Return the name of the view that shows every stored row of `table`, raw or compacted."""
    return f"stored_{table.name}"


def compacted_table_name(table: Table) -> str:
    """Return the name of the external table over the compacted objects of `table`."""
    return f"compacted_{table.name}"


def table_statement(table: Table) -> str:
    """Return the file text of the external table over the raw objects of `table`.

    ``${lake_bucket}`` stands for the bucket's name. The partition column is a string, so that comparing it
    with ``'2026-11-21'`` means the same everywhere; projection computes the partitions, no crawler runs.
    """
    described = header(table.name, f"{table.english}. As it arrived", f"{table.korean}. 도착한 그대로")
    return described + _external_table(table.name, table, raw_prefix(table.name))


def compacted_table_statement(table: Table) -> str:
    """Return the file text of the external table over the compacted objects of `table`."""
    name = compacted_table_name(table)
    described = header(name, f"{table.english}. Compacted", f"{table.korean}. 압축 정리된 것")
    return described + _external_table(name, table, compacted_prefix(table.name))


def _external_table(name: str, table: Table, key_prefix: str) -> str:
    columns = [_column_definition(column) for column in table.columns]
    return external_table(name, columns, key_prefix, comment=table.english, day_of="event_time")


def external_table(
    name: str, columns: Sequence[tuple[str, str, str]], key_prefix: str, *, comment: str, day_of: str
) -> str:
    """Return the statement of a table over the parquet objects below `key_prefix`, a folder a UTC day.

    Each column is its name, its Hive type and its comment; `day_of` names the column whose day it is.
    """
    prefix = f"s3://${{lake_bucket}}/{key_prefix}"
    defined = ",\n".join(f"    `{one}` {kind} COMMENT '{_comment(text)}'" for one, kind, text in columns)
    properties = ",\n".join(f"    '{key}' = '{value}'" for key, value in table_properties(prefix).items())
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (\n{defined}\n)\n"
        f"COMMENT '{_comment(comment)}'\n"
        f"PARTITIONED BY (`{PARTITION_COLUMN}` string COMMENT 'UTC day of {day_of}, YYYY-MM-DD')\n"
        f"STORED AS PARQUET\n"
        f"LOCATION '{prefix}'\n"
        f"TBLPROPERTIES (\n{properties}\n)\n"
    )


def table_properties(prefix: str) -> dict[str, str]:
    """Return the parameters by which Athena computes the partitions below `prefix` (``s3://…/``) itself."""
    partition = PARTITION_COLUMN
    return {
        "classification": "parquet",
        "parquet.compression": "SNAPPY",
        "projection.enabled": "true",
        f"projection.{partition}.type": "date",
        f"projection.{partition}.format": "yyyy-MM-dd",
        f"projection.{partition}.range": PROJECTION_RANGE,
        f"projection.{partition}.interval": "1",
        f"projection.{partition}.interval.unit": "DAYS",
        "storage.location.template": f"{prefix}day=${{{partition}}}/",
    }


def stored_view_statement(table: Table) -> str:
    """Return the file text of the view over raw and compacted objects alike.

    At any instant each record is in one of them at least; while it is in both, this view shows it twice.
    Conditions reach both scans.
    """
    names = ", ".join((PARTITION_COLUMN, *(column.name for column in table.columns)))
    described = header(
        stored_view_name(table),
        f"{table.english}. Every stored row, raw or compacted: a record may be here twice",
        f"{table.korean}. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)",
    )
    return (
        f"{described}CREATE OR REPLACE VIEW {stored_view_name(table)} AS\n"
        f"SELECT {names}\nFROM {table.name}\nUNION ALL\n"
        f"SELECT {names}\nFROM {compacted_table_name(table)}\n"
    )


def unique_view_statement(table: Table) -> str:
    """Return the file text of the view that shows every record of `table` once.

    The same record may lie in two objects. The grouping columns include the partition column, so a
    condition on the day, site or camera reaches the scans.
    """
    keys = (PARTITION_COLUMN, *KEY_COLUMNS)
    others = [column.name for column in table.columns if column.name not in keys]
    selected = ",\n".join([f"    {name}" for name in keys] + [f"    arbitrary({n}) AS {n}" for n in others])
    described = header(
        unique_view_name(table),
        f"{table.english}. Every record once",
        f"{table.korean}. 중복 없이 레코드마다 한 번",
    )
    return (
        f"{described}CREATE OR REPLACE VIEW {unique_view_name(table)} AS\n"
        f"SELECT\n{selected}\nFROM {stored_view_name(table)}\nGROUP BY {', '.join(keys)}\n"
    )


def generated_files() -> dict[Path, str]:
    """Return every file this module writes, with its text."""
    described = header(places.NAME, places.ENGLISH, places.KOREAN)
    files = {FOLDER / "tables" / f"{places.NAME}.sql": described + places.places_statement()}
    for table in TABLES.values():
        files[FOLDER / "tables" / f"{table.name}.sql"] = table_statement(table)
        files[FOLDER / "tables" / f"{compacted_table_name(table)}.sql"] = compacted_table_statement(table)
        files[FOLDER / "views" / f"{stored_view_name(table)}.sql"] = stored_view_statement(table)
        files[FOLDER / "views" / f"{unique_view_name(table)}.sql"] = unique_view_statement(table)
    return files


def write_generated_files() -> None:
    """Write every generated file."""
    for path, text in generated_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def header(name: str, english: str, korean: str) -> str:
    """Return the three comment lines that every statement file begins with."""
    return f"-- name: {name}\n-- en: {english}\n-- ko: {korean}\n"


def _column_definition(column: Column) -> tuple[str, str, str]:
    unit = f" [{column.unit}]" if column.unit not in ("", "1") else ""
    return column.name, column.glue_type, column.english + unit


def _comment(text: str) -> str:
    # Hive has no way to write an apostrophe that every parser reads alike.
    return text.replace("'", "’")


if __name__ == "__main__":
    write_generated_files()
