"""The catalogue: every column of the contract, every view as Athena holds it, queries bounded in bytes."""

from __future__ import annotations

from typing import Any

import pytest

from athena import catalog, places
from athena.ddl import compacted_table_name
from athena.presto_view import decode_view
from contract.tables import TABLES
from tests.infrastructure.reading import Templates, properties, text_of

pytestmark = pytest.mark.xdist_group("synth")


def tables_of(templates: Templates, kind: str) -> dict[str, dict[str, Any]]:
    return {
        table["TableInput"]["Name"]: table["TableInput"]
        for table in properties(templates, "AWS::Glue::Table")
        if table["TableInput"]["TableType"] == kind
    }


def columns_of(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]


def test_glue_knows_every_column_of_the_contract_twice(templates: Templates) -> None:
    found = tables_of(templates, "EXTERNAL_TABLE")
    names = {name for table in TABLES.values() for name in (table.name, compacted_table_name(table))}
    assert set(found) == {table.name for table in catalog.tables()} >= names
    for table in TABLES.values():
        expected = [(column.name, column.glue_type) for column in table.columns]
        for name, folder in ((table.name, "raw"), (compacted_table_name(table), "compacted")):
            glue = found[name]
            assert columns_of(glue) == expected
            assert glue["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
            assert glue["Parameters"]["projection.enabled"] == "true"
            location = text_of(glue["StorageDescriptor"]["Location"])
            assert location.endswith(f"/{folder}/{table.name}/")
            assert text_of(glue["Parameters"]["storage.location.template"]) == location + "day=${day}/"


def test_glue_knows_the_tables_of_public_data(templates: Templates) -> None:
    glue = tables_of(templates, "EXTERNAL_TABLE")["free_wifi_files"]
    columns = dict(columns_of(glue))
    assert (columns["installed_at"], columns["latitude"], columns["loaded_at"]) == (
        "date",
        "double",
        "timestamp",
    )
    location = text_of(glue["StorageDescriptor"]["Location"])
    assert location.endswith("/open_data/free_wifi/")
    assert text_of(glue["Parameters"]["storage.location.template"]) == location + "day=${day}/"


def test_glue_knows_the_places_of_the_live_map(templates: Templates) -> None:
    glue = tables_of(templates, "EXTERNAL_TABLE")[places.NAME]
    assert columns_of(glue) == [(name, kind) for name, kind, _ in places.COLUMNS]
    assert "PartitionKeys" not in glue
    storage = glue["StorageDescriptor"]
    assert text_of(storage["Location"]).endswith("/places/")
    assert storage["SerdeInfo"] == {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"}
    assert storage["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"


def test_every_view_is_there_as_it_was_written(templates: Templates) -> None:
    views = tables_of(templates, "VIRTUAL_VIEW")
    assert set(views) == {view.name for view in catalog.views()}
    database = properties(templates, "AWS::Glue::Database")[0]["DatabaseInput"]["Name"]
    for view in catalog.views():
        glue = views[view.name]
        found = decode_view(glue["ViewOriginalText"])
        written = view.sql(lake_bucket="x", database=database)
        assert written == f"CREATE OR REPLACE VIEW {view.name} AS\n{found['originalSql']}"
        assert (found["catalog"], found["schema"]) == ("awsdatacatalog", database)
        assert glue["Parameters"]["presto_view"] == "true"
        assert glue["ViewExpandedText"] == "/* Presto View */"


def test_a_view_has_the_same_columns_in_both_of_their_spellings(templates: Templates) -> None:
    spelled = {"varchar": "string", "timestamp(3)": "timestamp"}
    for glue in tables_of(templates, "VIRTUAL_VIEW").values():
        columns: Any = decode_view(glue["ViewOriginalText"])["columns"]
        assert columns
        in_hive = [(column["name"], spelled.get(column["type"], column["type"])) for column in columns]
        assert in_hive == columns_of(glue)


def test_everything_is_made_after_its_database_and_its_workgroup(templates: Templates) -> None:
    (analytics,) = (template for name, template in templates.items() if name.endswith("-analytics"))
    for resource in analytics["Resources"].values():
        if resource["Type"] == "AWS::Glue::Table":
            assert "Database" in resource["DependsOn"]
        if resource["Type"] in ("AWS::Athena::NamedQuery", "AWS::Athena::PreparedStatement"):
            assert "Workgroup" in resource["DependsOn"]


def test_queries_are_saved_and_prepared(templates: Templates) -> None:
    saved = {
        query["Name"]: query["QueryString"] for query in properties(templates, "AWS::Athena::NamedQuery")
    }
    assert saved == {query.name: query.template for query in catalog.named_queries()}
    prepared = {
        one["StatementName"]: one["QueryStatement"]
        for one in properties(templates, "AWS::Athena::PreparedStatement")
    }
    assert prepared == {one.name: one.template for one in catalog.prepared_statements()}
    assert len(prepared) >= 3


def test_queries_are_bounded_in_bytes(templates: Templates) -> None:
    (workgroup,) = properties(templates, "AWS::Athena::WorkGroup")
    settings = workgroup["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] >= 10 * 1024**3
    assert settings["EngineVersion"]["SelectedEngineVersion"] == "Athena engine version 3"
