"""The committed Athena statements agree with the contract, with each other and with the local endpoint."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlglot import exp

from athena import catalog, ddl
from athena.open_data.data_set import data_set_of_statement, files_table_name
from cli.opendata import definitions
from contract.lake import CompactedObject, raw_key
from contract.tables import TABLES, Table
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.athena.definitions import parse_one, parse_table
from infra.local.athena.whitelist import check_query
from lambdas.open_data.profile import shipped_profiles

ALL = [*catalog.statements(), *catalog.named_queries()]
QUERIES = [*catalog.views(), *catalog.named_queries()]
HANGUL = re.compile(r"[가-힣]")


@pytest.mark.parametrize("path", ddl.generated_files(), ids=lambda path: path.name)
def test_generated_files_are_what_the_contract_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == ddl.generated_files()[path], "run python -m athena.ddl"


@pytest.mark.parametrize("path", definitions.generated_files(), ids=lambda path: path.name)
def test_statements_of_public_data_are_what_their_profiles_say(path: Path) -> None:
    expected = definitions.generated_files()[path]
    assert path.read_text(encoding="utf-8") == expected, "run python -m cli.opendata.definitions"


def test_the_stack_reads_out_of_a_table_statement_what_the_profile_says() -> None:
    for profile in shipped_profiles():
        expected = definitions.data_set_of(profile)
        name = files_table_name(profile.name)
        (statement,) = [item for item in catalog.tables() if item.name == name]
        found = data_set_of_statement(statement)
        assert (found.columns, found.key_prefix) == (expected.columns, expected.key_prefix)


def test_a_table_statement_of_another_form_is_told() -> None:
    statement = catalog.Statement(catalog.Kind.TABLE, "mine", "a", "b", "CREATE EXTERNAL TABLE mine (a int)")
    with pytest.raises(catalog.CatalogError, match=r"mine\.sql: expected columns with comments"):
        data_set_of_statement(statement)


def test_nothing_is_left_of_tables_that_are_gone() -> None:
    generated = {path.name for path in ddl.generated_files()}
    folder = {path.name for path in (ddl.FOLDER / "tables").iterdir()}
    views = {
        path.name for pattern in ("unique_*", "stored_*") for path in (ddl.FOLDER / "views").glob(pattern)
    }
    assert folder | views == generated


@pytest.mark.parametrize("is_compacted", [pytest.param(False, id="raw"), pytest.param(True, id="compacted")])
@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_reads_where_lake_writer_and_compactor_write(table: Table, is_compacted: bool) -> None:
    name = ddl.compacted_table_name(table) if is_compacted else table.name
    (statement,) = [item for item in catalog.tables() if item.name == name]
    parsed = parse_one(statement.sql(lake_bucket="lake", database="crowdlens"))
    assert isinstance(parsed, exp.Create)
    definition = parse_table(parsed)
    assert definition.partition is not None
    folder = f"{definition.prefix}{definition.partition.directory_key}=2026-11-21/"
    raw = raw_key(table.name, "2026-11-21", "object")
    compacted = CompactedObject(table.name, "2026-11-21", 0, 1, 9, "0" * 40).key
    assert (compacted if is_compacted else raw).startswith(folder)
    assert not (raw if is_compacted else compacted).startswith(definition.prefix)
    assert [(column.name, column.hive_type) for column in definition.columns] == [
        (column.name, column.glue_type) for column in table.columns
    ]
    names = [column.name for column in definition.all_columns]
    assert len(set(names)) == len(names), "Hive forbids a partition column that is also a column"


@pytest.mark.parametrize("statement", ALL, ids=lambda statement: statement.name)
def test_every_statement_has_a_name_and_two_descriptions(statement: catalog.Statement) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", statement.name)
    assert not HANGUL.search(statement.english)
    assert HANGUL.search(statement.korean)
    sql = statement.sql(lake_bucket="lake", database="crowdlens")
    assert "${" not in sql.replace("=${day}", "")


@pytest.mark.parametrize("statement", QUERIES, ids=lambda statement: statement.name)
def test_every_query_keeps_to_the_whitelist(statement: catalog.Statement) -> None:
    parsed = parse_one(statement.sql(lake_bucket="lake", database="crowdlens"))
    query = parsed.expression if isinstance(parsed, exp.Create) else parsed
    check_query(query)


@pytest.mark.parametrize("statement", catalog.views(), ids=lambda statement: statement.name)
def test_views_never_select_a_star_and_always_name_their_columns(statement: catalog.Statement) -> None:
    parsed = parse_one(statement.template)
    assert not list(parsed.find_all(exp.Star)) or all(
        isinstance(star.parent, exp.Count) for star in parsed.find_all(exp.Star)
    )
    assert all(select.alias_or_name for select in parsed.expression.selects)


def test_every_view_has_the_day_so_that_it_can_prune(tmp_path: Path) -> None:
    athena = LocalAthena(LocalFolderLake(tmp_path))
    without = [
        view.name
        for view in catalog.views()
        if not {"day"} & {name for name, _ in athena.view_columns(view.name)}
    ]
    # Public data is asked for what is in force, however long ago it came.
    assert set(without) <= catalog.open_data()


def test_statements_come_after_what_they_read() -> None:
    seen: set[str] = set()
    for statement in catalog.statements():
        if statement.kind is catalog.Kind.VIEW:
            parsed = parse_one(statement.template)
            names = {cte.alias for cte in parsed.find_all(exp.CTE)} | {statement.name}
            read = {table.name for table in parsed.find_all(exp.Table)} - names
            assert read <= seen
        seen.add(statement.name)


def test_the_local_endpoint_takes_every_statement_in_order_as_athena_would(tmp_path: Path) -> None:
    athena = LocalAthena(LocalFolderLake(tmp_path), with_catalog=False)
    for statement in catalog.statements():
        athena.query(statement.sql(lake_bucket="lake", database="crowdlens"))
    assert set(athena.definitions.views()) == {view.name for view in catalog.views()}
    assert set(athena.definitions.tables()) == {table.name for table in catalog.tables()}


def test_a_file_without_its_header_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.sql"
    path.write_text("SELECT 1\n")
    with pytest.raises(catalog.CatalogError, match=r"mine\.sql: expected the lines -- name: mine"):
        catalog.parse_statement(catalog.Kind.VIEW, path)
