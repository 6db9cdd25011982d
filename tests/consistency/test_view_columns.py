"""The columns of the deployed views are those that the local endpoint finds, and its types are Athena's."""

from __future__ import annotations

from pathlib import Path

import pytest

from athena import catalog
from athena.presto_view import (
    COLUMNS_FILE,
    HIVE_TYPES,
    TRINO_TYPES,
    ViewColumn,
    decode_view,
    encode_view,
    hand_written,
    view_columns,
    view_query,
)
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.view_columns import columns_text, found_columns


def test_the_file_is_what_the_local_endpoint_finds() -> None:
    assert COLUMNS_FILE.read_text(encoding="utf-8") == columns_text(found_columns()), (
        "run python -m infra.view_columns"
    )


@pytest.mark.parametrize("name", ["stored_tracks", "unique_tracks", "unique_gaps"])
def test_columns_of_generated_views_need_no_file(name: str, tmp_path: Path) -> None:
    athena = LocalAthena(LocalFolderLake(tmp_path))
    assert [(column.name, column.kind) for column in view_columns(name)] == athena.view_columns(name)


def test_every_view_has_columns_of_known_types() -> None:
    for view in catalog.views():
        columns = view_columns(view.name)
        assert columns
        assert {column.kind for column in columns} <= set(TRINO_TYPES) == set(HIVE_TYPES)
    assert len(hand_written(catalog.views())) < len(catalog.views())


def test_a_view_comes_back_as_it_was_encoded() -> None:
    text = encode_view("SELECT '안녕' AS greeting", [ViewColumn("greeting", "varchar")], "crowdlens")
    assert decode_view(text) == {
        "originalSql": "SELECT '안녕' AS greeting",
        "catalog": "awsdatacatalog",
        "schema": "crowdlens",
        "columns": [{"name": "greeting", "type": "varchar"}],
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1", id="plain SQL"),
        pytest.param("/* Presto View: abc */", id="no base64"),
        pytest.param("/* Presto View: WzFd */", id="no object"),
    ],
)
def test_what_is_no_view_is_told(text: str) -> None:
    with pytest.raises(catalog.CatalogError, match="a view's text is no"):
        decode_view(text)


def test_a_view_that_nobody_described_is_told() -> None:
    with pytest.raises(catalog.CatalogError, match=r"view mine is not in view_columns\.json: run python -m"):
        view_columns("mine")
    statement = catalog.Statement(catalog.Kind.VIEW, "mine", "a", "b", "CREATE VIEW mine AS SELECT 1")
    with pytest.raises(catalog.CatalogError, match=r"mine\.sql: expected CREATE OR REPLACE VIEW mine AS"):
        view_query(statement, "crowdlens")
