"""The catalogue: every column of the contract, queries bounded in bytes."""

from __future__ import annotations

import pytest

from contract.tables import TABLES
from tests.infrastructure.reading import Templates, properties

pytestmark = pytest.mark.xdist_group("synth")


def test_glue_knows_every_column_of_the_contract(templates: Templates) -> None:
    tables = {
        table["TableInput"]["Name"]: table["TableInput"]
        for table in properties(templates, "AWS::Glue::Table")
    }
    assert set(tables) == set(TABLES)
    for name, table in TABLES.items():
        columns = [
            (column["Name"], column["Type"]) for column in tables[name]["StorageDescriptor"]["Columns"]
        ]
        assert columns == [(column.name, column.glue_type) for column in table.columns]
        assert tables[name]["Parameters"]["projection.enabled"] == "true"
        assert tables[name]["PartitionKeys"] == [{"Name": "day", "Type": "string"}]


def test_queries_are_bounded_in_bytes(templates: Templates) -> None:
    (workgroup,) = properties(templates, "AWS::Athena::WorkGroup")
    settings = workgroup["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] >= 10 * 1024**3
