"""Asks a loaded data set in Athena's SQL, of the folder it was loaded into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from athena.catalog import Kind, parse_statement
from contract.files import write_whole
from lambdas.open_data.profile import Profile
from lambdas.open_data.tables import statements

if TYPE_CHECKING:
    from infra.local.athena.engine import LocalAthena, QueryResult


def define(folder: Path, profile: Profile) -> LocalAthena:
    """Return the local Athena of a folder with the table and views of `profile`, kept there as files, too."""
    from infra.local.athena.engine import LocalAthena
    from infra.local.athena.lake import LocalFolderLake

    athena = LocalAthena(LocalFolderLake(folder))
    for name, text in statements(profile).items():
        path = folder / "athena" / f"{name}.sql"
        write_whole(path, text)
        statement = parse_statement(Kind.VIEW, path)
        athena.query(statement.sql(lake_bucket=athena.lake.bucket, database=athena.database))
    return athena


def ask(folder: Path, profile: Profile, sql: str) -> QueryResult:
    """Return the answer to `sql`; raises `AthenaQueryError`."""
    return define(folder, profile).query(sql)
