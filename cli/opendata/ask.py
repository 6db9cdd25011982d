"""Asks a loaded data set in Athena's SQL, of the folder it was loaded into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from athena import catalog
from athena.catalog import Kind, parse_statement
from athena.open_data.data_set import statement_files
from cli.opendata.definitions import data_set_of
from contract.errors import CrowdLensError
from contract.files import write_whole
from lambdas.open_data.profile import Profile

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena
    from infra.local.athena.engine import QueryResult
    from infra.local.athena.lake import Lake

TAKEN_NAMES = frozenset(statement.name for statement in catalog.statements()) - catalog.open_data()
STATEMENTS_FOLDER = "athena"
"""Of a folder of open data: the statements of its data sets, below the names of their kinds."""


def define(folder: Path, profile: Profile) -> LocalAthena:
    """Return the local Athena of a folder with the table and views of `profile`, kept there as files, too."""
    from infra.local.athena import LocalFolderLake

    for file in statement_files(data_set_of(profile)):
        if file.name in TAKEN_NAMES:
            raise CrowdLensError(
                f"data set {profile.name} would make {file.name}: expected a name no table of records has"
            )
        write_whole(folder / STATEMENTS_FOLDER / file.kind.value / f"{file.name}.sql", file.text)
    return athena_of(LocalFolderLake(folder), folder)


def athena_of(lake: Lake, folder: Path, database: str = "crowdlens") -> LocalAthena:
    """Return the local Athena of `lake` with the data sets whose statements lie in `folder`.

    A data set of a profile of one's own may have the name of one that comes with the product: it takes its
    place.
    """
    from infra.local.athena import AthenaQueryError, LocalAthena

    own = {
        path.stem: parse_statement(kind, path)
        for kind in (Kind.TABLE, Kind.VIEW)
        for path in sorted((folder / STATEMENTS_FOLDER / kind.value).glob("*.sql"))
    }
    shipped = {statement.name: statement for statement in catalog.statements()}
    if all(shipped.get(name) == statement for name, statement in own.items()):
        return LocalAthena(lake, database)
    athena = LocalAthena(lake, database, with_catalog=False)
    together = {**shipped, **own}.values()
    tables = [statement for statement in together if statement.kind is Kind.TABLE]
    views = [statement for statement in together if statement.kind is Kind.VIEW]
    for statement in tables + catalog.in_order(views):
        try:
            athena.query(statement.sql(lake_bucket=lake.bucket, database=athena.database))
        except AthenaQueryError:
            # A view of ours over columns that somebody's own profile of the data set does not have.
            if statement.name in own or statement.name not in catalog.open_data():
                raise
    return athena


def ask(folder: Path, profile: Profile, sql: str) -> QueryResult:
    """Return the answer to `sql`; raises `AthenaQueryError`."""
    return define(folder, profile).query(sql)
