"""Answers in the shapes of Athena's API."""

from __future__ import annotations

from typing import Any

from infra.local.athena.definitions import ColumnDefinition, TableDefinition
from infra.local.athena.engine import QueryResult
from infra.local.athena.executions import Execution
from infra.local.athena.saved import NamedQuery, PreparedStatement
from infra.local.athena.values import text_of

CATALOG = "AwsDataCatalog"
ENGINE_VERSION = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
_USER_ERROR = 2
_DIGITS = {"double": 17, "bigint": 19, "integer": 10, "timestamp": 3, "varchar": 2_147_483_647, "string": 0}


def execution_shape(execution: Execution, database: str) -> dict[str, Any]:
    """Return a QueryExecution."""
    status: dict[str, Any] = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.completed is not None:
        status["CompletionDateTime"] = execution.completed
    if execution.reason is not None:
        status["StateChangeReason"] = execution.reason
    if execution.state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": _USER_ERROR,
            "ErrorType": 1006,
            "Retryable": False,
            "ErrorMessage": execution.reason,
        }
    shape: dict[str, Any] = {
        "QueryExecutionId": execution.identity,
        "Query": execution.query,
        "StatementType": execution.statement_type,
        "QueryExecutionContext": {"Database": database, "Catalog": CATALOG.lower()},
        "Status": status,
        "Statistics": _statistics(execution),
        "WorkGroup": execution.work_group,
        "EngineVersion": ENGINE_VERSION,
    }
    if execution.parameters:
        shape["ExecutionParameters"] = execution.parameters
    if execution.managed:
        shape["ManagedQueryResultsConfiguration"] = {"Enabled": True}
    else:
        shape["ResultConfiguration"] = {"OutputLocation": execution.output_location}
    return shape


def _statistics(execution: Execution) -> dict[str, Any]:
    if execution.completed is None:
        return {}
    result = execution.result
    total = round((execution.completed - execution.submitted) * 1000)
    engine = result.engine_milliseconds if result is not None else 0
    return {
        "EngineExecutionTimeInMillis": engine,
        "DataScannedInBytes": result.data_scanned_bytes if result is not None else 0,
        "TotalExecutionTimeInMillis": total,
        "QueryQueueTimeInMillis": max(total - engine, 0),
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }


def result_set(result: QueryResult, first: int, last: int) -> dict[str, Any]:
    """Return lines `first` to `last` of a ResultSet; line 0 of a SELECT is its header."""
    lines: list[Any] = [] if result.statement_type != "DML" else [result.columns]
    header = len(lines)
    lines += result.rows[max(first - header, 0) : max(last - header, 0)] if first or last > header else []
    chosen = lines if first == 0 else lines[header:]
    return {
        "Rows": [{"Data": [_datum(value) for value in line]} for line in chosen[: last - first]],
        "ResultSetMetadata": {
            "ColumnInfo": [
                _column_info(name, kind) for name, kind in zip(result.columns, result.types, strict=True)
            ]
        },
    }


def _datum(value: object) -> dict[str, str]:
    text = text_of(value)
    return {} if text is None else {"VarCharValue": text}


def _column_info(name: str, kind: str) -> dict[str, Any]:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": _DIGITS.get(kind, 0),
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def table_shape(table: TableDefinition) -> dict[str, Any]:
    """Return a TableMetadata of an external table."""
    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Columns": [_column(column) for column in table.columns],
        "PartitionKeys": [_column(column) for column in table.partition_columns],
        "Parameters": {
            **table.parameters,
            "EXTERNAL": "TRUE",
            "comment": table.comment,
            "location": table.location,
        },
    }


def _column(column: ColumnDefinition) -> dict[str, str]:
    shape = {"Name": column.name, "Type": column.hive_type}
    return {**shape, "Comment": column.comment} if column.comment else shape


def view_shape(name: str, columns: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a TableMetadata of a view."""
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Columns": [{"Name": column, "Type": kind} for column, kind in columns],
        "PartitionKeys": [],
        "Parameters": {"comment": "Presto View", "presto_view": "true"},
    }


def named_query_shape(query: NamedQuery) -> dict[str, str]:
    """Return a NamedQuery."""
    return {
        "Name": query.name,
        "Description": query.description,
        "Database": query.database,
        "QueryString": query.sql,
        "NamedQueryId": query.identity,
        "WorkGroup": query.work_group,
    }


def prepared_shape(statement: PreparedStatement) -> dict[str, Any]:
    """Return a PreparedStatement."""
    return {
        "StatementName": statement.name,
        "QueryStatement": statement.sql,
        "WorkGroupName": statement.work_group,
        "Description": statement.description,
        "LastModifiedTime": statement.modified,
    }
