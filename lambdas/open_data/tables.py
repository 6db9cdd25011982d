"""The Athena statements of a data set, derived from its profile: a table over every load, and views.

The texts have the form of the files under ``athena/``: three comment lines, then one statement with
``${lake_bucket}`` for the bucket's name.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lambdas.open_data.convert import table_schema
from lambdas.open_data.places import data_prefix
from lambdas.open_data.profile import DAY_COLUMN, CountView, Profile

FIRST_DAY = "2024-01-01"
"""Projection starts here; no file was loaded before."""
_HIVE: dict[Any, str] = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("ms"): "timestamp",
}
_LINEAGE_COMMENTS = {
    "series": "Which series of files; the newest of a series is in force",
    "source_file": "The file it came from",
    "source_line": "The line of that file it begins in",
    "loaded_at": "When that file was loaded, UTC",
    "copy_number": "1 for the first of equal rows, 2 for the next",
    "other_columns": "JSON of columns that the profile does not know",
}


def files_table_name(profile: Profile) -> str:
    """Return the name of the table over every load; the view named like the data set has what is in force."""
    return f"{profile.name}_files"


def statements(profile: Profile) -> dict[str, str]:
    """Return the statement files by name, in an order in which they can be created."""
    made = {
        files_table_name(profile): _table(profile),
        profile.name: _current_view(profile),
    }
    made.update({view.name: _count_view(profile, view) for view in profile.counts})
    return made


def _table(profile: Profile) -> str:
    name = files_table_name(profile)
    prefix = f"s3://${{lake_bucket}}/{data_prefix(profile.name)}"
    comments = _comments(profile)
    columns = ",\n".join(
        f"    `{one.name}` {_HIVE[one.type]} COMMENT '{_comment(comments[one.name])}'"
        for one in table_schema(profile)
    )
    properties = ",\n".join(f"    '{key}' = '{value}'" for key, value in table_properties(prefix).items())
    header = _header(name, f"{profile.english}: every file", f"{profile.korean}: 모든 파일")
    return (
        f"{header}CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (\n{columns}\n)\n"
        f"COMMENT '{_comment(profile.english)}'\n"
        f"PARTITIONED BY (`{DAY_COLUMN}` string COMMENT 'UTC day of loaded_at, YYYY-MM-DD')\n"
        f"STORED AS PARQUET\nLOCATION '{prefix}'\nTBLPROPERTIES (\n{properties}\n)\n"
    )


def table_properties(prefix: str) -> dict[str, str]:
    """Return the parameters by which Athena computes the partitions below `prefix` (``s3://…/``) itself."""
    partition = DAY_COLUMN
    return {
        "classification": "parquet",
        "parquet.compression": "SNAPPY",
        "projection.enabled": "true",
        f"projection.{partition}.type": "date",
        f"projection.{partition}.format": "yyyy-MM-dd",
        f"projection.{partition}.range": f"{FIRST_DAY},NOW+2DAYS",
        f"projection.{partition}.interval": "1",
        f"projection.{partition}.interval.unit": "DAYS",
        "storage.location.template": f"{prefix}day=${{{partition}}}/",
    }


def _current_view(profile: Profile) -> str:
    name, files = profile.name, files_table_name(profile)
    columns = [DAY_COLUMN, *(one.name for one in table_schema(profile))]
    selected = ",\n".join(f"    f.{one} AS {one}" for one in columns)
    header = _header(
        name,
        f"{profile.english}: the newest file of each series",
        f"{profile.korean}: 계열마다 가장 새로운 파일",
    )
    return (
        f"{header}CREATE OR REPLACE VIEW {name} AS\nSELECT\n{selected}\nFROM {files} f\n"  # noqa: S608 - checked names
        f"JOIN (\n    SELECT series, max(loaded_at) AS loaded_at\n    FROM {files}\n    GROUP BY series\n"
        ") newest\n    ON f.series = newest.series AND f.loaded_at = newest.loaded_at\n"
    )


def _count_view(profile: Profile, view: CountView) -> str:
    by = ", ".join(view.by)
    return (
        _header(view.name, view.english, view.korean)
        + f"CREATE OR REPLACE VIEW {view.name} AS\nSELECT\n    {by},\n    count(*) AS entries,\n"
        "    count_if(copy_number = 1) AS different_entries\n"
        f"FROM {profile.name}\nGROUP BY {by}\n"
    )


def _comments(profile: Profile) -> dict[str, str]:
    found = dict(_LINEAGE_COMMENTS)
    for column in profile.columns:
        found[column.name] = f"{column.english} ({column.korean})"
        found[f"{column.name}_precision"] = f"{column.english}: day, month or year was written"
    return found


def _header(name: str, english: str, korean: str) -> str:
    return f"-- name: {name}\n-- en: {english}\n-- ko: {korean}\n"


def _comment(text: str) -> str:
    # Hive has no way to write an apostrophe that every parser reads alike.
    return text.replace("'", "’")
