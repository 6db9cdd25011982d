"""What a data set is: one Athena query and its typed columns.

Each data set names its own columns, so that a view may gain columns without touching what users' copies of a
dashboard stand on. Booleans become words: QuickSight groups and filters words alike in every visual.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from athena import catalog
from contract.errors import CrowdLensError
from quicksight.label import Label

HISTORY_DAYS = 31
"""How far back dashboards look: a query reads, and is paid for, the days it asks for."""
_READ = re.compile(r"\b(FROM|JOIN)\s+([a-z_]+)\b")


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


class GeographicRole(enum.Enum):
    """What a number of degrees (WGS84) is on a map."""

    LATITUDE = "LATITUDE"
    LONGITUDE = "LONGITUDE"


@dataclass(frozen=True)
class DataSetColumn:
    """One column a reader can build visuals with.

    QuickSight knows it by the name `known_as` where that is not the query's: Athena has only small letters.
    """

    name: str
    type: QuickSightType
    label: Label
    role: GeographicRole | None = None
    known_as: str | None = None


@dataclass(frozen=True)
class CalculatedColumn:
    """A number that QuickSight reckons itself, group by group; `expression` is in its own language.

    It belongs to each dashboard that uses it, not to the data set in the account.
    """

    name: str
    label: Label
    expression: str

    @property
    def type(self) -> QuickSightType:
        """Always a number with decimals: a ratio, or a difference of means."""
        return QuickSightType.DECIMAL


@dataclass(frozen=True)
class DataSet:
    """A QuickSight data set: one Athena query and the type of each of its columns, in order.

    What is imported (SPICE) is brought up to date by its `time_column`, an instant in UTC; others have none.
    Of what is imported without one, everything is read anew each hour. `period_column` is the instant by
    which a dashboard's period filters rows; None leaves them all. `history_days` of records are read.
    """

    identifier: str
    label: Label
    import_mode: ImportMode
    sql: str
    columns: tuple[DataSetColumn, ...]
    time_column: str | None = None
    period_column: str | None = None
    calculated: tuple[CalculatedColumn, ...] = ()
    history_days: int = HISTORY_DAYS

    @property
    def data_set_id(self) -> str:
        """The id in the account; derived from a fixed name, so that an update never replaces the data set."""
        return f"crowdlens-{self.identifier.replace('_', '-')}"

    def has_column(self, name: str) -> bool:
        """Return whether the query gives a column called `name`."""
        return any(column.name == name for column in self.columns)

    def column(self, name: str) -> DataSetColumn | CalculatedColumn:
        """Return the column called `name`; raises `UnknownColumnError` when there is none."""
        every: tuple[DataSetColumn | CalculatedColumn, ...] = (*self.columns, *self.calculated)
        for column in every:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in every)
        raise UnknownColumnError(
            f"data set {self.identifier!r} has no column {name!r}: expected one of {known}"
        )


def sql_in(data_set: DataSet, database: str) -> str:
    """Return the query over the last days of the views of a Glue `database`.

    QuickSight's queries run in no database, so every view is named with its own; every view of records has
    the day, by which Athena leaves out what is older. Public data is what is in force, whatever its day.
    """
    views = {view.name for view in catalog.views()}
    since = f"date_format(current_date - INTERVAL '{data_set.history_days - 1}' DAY, '%Y-%m-%d')"

    def bounded(found: re.Match[str]) -> str:
        word, name = found.groups()
        if name not in views:
            return found.group()
        if name in catalog.open_data():
            return f"{word} {database}.{name}"
        return f"{word} (SELECT * FROM {database}.{name} WHERE day >= {since}) AS {name}"  # noqa: S608 - ours

    return _READ.sub(bounded, data_set.sql)


def refresh_properties(data_set: DataSet) -> dict[str, Any] | None:
    """Return the `DataSetRefreshProperties` of an imported data set: a day is read anew; else None.

    A record that comes later than that is taken in by the next full refresh.
    """
    if data_set.time_column is None:
        return None
    window = {"ColumnName": data_set.column(data_set.time_column).name, "Size": 1, "SizeUnit": "DAY"}
    return {"RefreshConfiguration": {"IncrementalRefresh": {"LookbackWindow": window}}}


def refresh_schedules(data_set: DataSet) -> list[dict[str, Any]]:
    """Return the `Schedule` of each refresh of an imported data set.

    What is new comes each quarter of an hour and everything once a day; where nothing tells what is new,
    everything each hour.
    """
    if data_set.import_mode is ImportMode.DIRECT_QUERY:
        return []
    if data_set.time_column is None:
        hourly = {"Interval": "HOURLY"}
        return [{"ScheduleId": "whole", "RefreshType": "FULL_REFRESH", "ScheduleFrequency": hourly}]
    return [
        {
            "ScheduleId": "new-rows",
            "RefreshType": "INCREMENTAL_REFRESH",
            "ScheduleFrequency": {"Interval": "MINUTE15"},
        },
        {
            "ScheduleId": "whole",
            "RefreshType": "FULL_REFRESH",
            "ScheduleFrequency": {"Interval": "DAILY", "TimeOfTheDay": "18:00", "TimeZone": "UTC"},
        },
    ]


def physical_table_map(data_set: DataSet, data_source_arn: str, sql: str | None = None) -> dict[str, Any]:
    """Return the `PhysicalTableMap` of QuickSight's CreateDataSet over the Athena data source.

    `sql` stands in for the data set's own, as `sql_in` makes it.
    """
    return {
        f"{data_set.data_set_id}-query": {
            "CustomSql": {
                "DataSourceArn": data_source_arn,
                "Name": data_set.identifier,
                "SqlQuery": sql or data_set.sql,
                "Columns": [{"Name": column.name, "Type": column.type.value} for column in data_set.columns],
            }
        }
    }


def logical_table_map(data_set: DataSet) -> dict[str, Any] | None:
    """Return the `LogicalTableMap` that tells which columns are degrees, and renames; None without such."""
    transforms = [transform for column in data_set.columns for transform in _transforms(column)]
    if not transforms:
        return None
    return {
        f"{data_set.data_set_id}-columns": {
            "Alias": data_set.identifier,
            "DataTransforms": transforms,
            "Source": {"PhysicalTableId": f"{data_set.data_set_id}-query"},
        }
    }


def _transforms(column: DataSetColumn) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if column.role is not None:
        tags = [{"ColumnGeographicRole": column.role.value}]
        made.append({"TagColumnOperation": {"ColumnName": column.name, "Tags": tags}})
    if column.known_as is not None:
        names = {"ColumnName": column.name, "NewColumnName": column.known_as}
        made.append({"RenameColumnOperation": names})
    return made
