"""What a data set is: one Athena query and its typed columns.

Each data set names its own columns, so that a view may gain columns without touching what users' copies of a
dashboard stand on. Booleans become words: QuickSight groups and filters words alike in every visual.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from contract.errors import CrowdLensError
from quicksight.label import Label


class UnknownColumnError(CrowdLensError):
    """Raised when a visual reads a column that its data set does not have."""


class QuickSightType(enum.Enum):
    """The `InputColumn` types in use."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    DATETIME = "DATETIME"


class ImportMode(enum.Enum):
    """Whether QuickSight asks Athena each time or keeps a copy."""

    DIRECT_QUERY = "DIRECT_QUERY"
    SPICE = "SPICE"


@dataclass(frozen=True)
class DataSetColumn:
    """One column a reader can build visuals with."""

    name: str
    type: QuickSightType
    label: Label


@dataclass(frozen=True)
class DataSet:
    """A QuickSight data set: one Athena query and the type of each of its columns, in order."""

    identifier: str
    label: Label
    import_mode: ImportMode
    sql: str
    columns: tuple[DataSetColumn, ...]

    @property
    def data_set_id(self) -> str:
        """The id in the account; derived from a fixed name, so that an update never replaces the data set."""
        return f"crowdlens-{self.identifier.replace('_', '-')}"

    def column(self, name: str) -> DataSetColumn:
        """Return the column called `name`; raises `UnknownColumnError` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in self.columns)
        raise UnknownColumnError(
            f"data set {self.identifier!r} has no column {name!r}: expected one of {known}"
        )


def physical_table_map(data_set: DataSet, data_source_arn: str) -> dict[str, Any]:
    """Return the `PhysicalTableMap` of QuickSight's CreateDataSet over the Athena data source."""
    return {
        f"{data_set.data_set_id}-query": {
            "CustomSql": {
                "DataSourceArn": data_source_arn,
                "Name": data_set.identifier,
                "SqlQuery": data_set.sql,
                "Columns": [{"Name": column.name, "Type": column.type.value} for column in data_set.columns],
            }
        }
    }
