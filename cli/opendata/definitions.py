"""Derives the Athena statements of the data sets from their profiles: `python -m cli.opendata.definitions`.

Only here do profiles (of the function) and statements (of the catalogue) meet; a consistency test holds the
files equal, so that a new profile under ``lambdas/open_data/profiles/`` is deployed with its table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from athena.catalog import OPEN_DATA_FOLDER
from athena.open_data.data_set import CountView, DataSet, statement_files
from contract.files import write_whole
from lambdas.open_data.convert import table_schema
from lambdas.open_data.places import data_prefix
from lambdas.open_data.profile import Profile, shipped_profiles

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


def data_set_of(profile: Profile) -> DataSet:
    """Return what the catalogue has to know of a data set."""
    comments = _comments(profile)
    return DataSet(
        profile.name,
        profile.english,
        profile.korean,
        data_prefix(profile.name),
        tuple((one.name, _HIVE[one.type], comments[one.name]) for one in table_schema(profile)),
        tuple(CountView(view.name, view.by, view.english, view.korean) for view in profile.counts),
    )


def _comments(profile: Profile) -> dict[str, str]:
    found = dict(_LINEAGE_COMMENTS)
    for column in profile.columns:
        found[column.name] = f"{column.english} ({column.korean})"
        found[f"{column.name}_precision"] = f"{column.english}: day, month or year was written"
    return found


def generated_files() -> dict[Path, str]:
    """Return every statement file of the data sets that come with the product, with its text."""
    return {
        OPEN_DATA_FOLDER / file.kind.value / f"{file.name}.sql": file.text
        for profile in shipped_profiles()
        for file in statement_files(data_set_of(profile))
    }


def write_generated_files() -> None:
    """Write every generated file."""
    for path, text in generated_files().items():
        write_whole(path, text)


if __name__ == "__main__":
    write_generated_files()
