"""The operations of Athena's API."""

from __future__ import annotations

import re
from collections.abc import Callable

from infra.local.athena import shapes
from infra.local.athena.engine import LocalAthena
from infra.local.athena.errors import AthenaQueryError
from infra.local.athena.executions import Execution, Executions
from infra.local.athena.parameters import bind, check_literal
from infra.local.athena.requests import (
    WORK_GROUP,
    Answer,
    Request,
    RequestError,
    check_work_group,
    maximum_results,
    offset,
    optional_structure,
    optional_text,
    optional_texts,
    page,
    required,
)
from infra.local.athena.saved import SavedQueries
from infra.local.athena.saved_operations import SAVED_OPERATIONS, SavedOperations

_RESULT_LINES = 1000
_QUERY_MAXIMUM_BYTES = 262_144
_EXECUTE = re.compile(r"EXECUTE\s+(?P<name>\w+)(?:\s+USING\s+(?P<values>.+))?", re.I | re.S)
_NOT_YET = "Query has not yet finished. Current state: {}"


class Operations:
    """Athena's API over one `LocalAthena`; each operation takes and returns the JSON of its shape.

    `output_location` is where results go when a request does not say; None keeps them managed, which the
    clients then read through GetQueryResults.
    """

    def __init__(self, athena: LocalAthena, executions: Executions, output_location: str | None) -> None:
        self._athena = athena
        self._executions = executions
        self._output_location = output_location
        self._saved = SavedOperations(
            SavedQueries(lake_bucket=athena.lake.bucket, database=athena.database, work_group=WORK_GROUP)
        )

    def call(self, operation: str, request: Request) -> Answer:
        """Return the answer of one operation; raises `RequestError` as Athena would."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        owner = self._saved if name in SAVED_OPERATIONS else self
        if name not in _NAMES | SAVED_OPERATIONS:
            raise RequestError(f"{operation} is not one of the local Athena's operations")
        check_work_group(request)
        handler: Callable[[Request], Answer] = getattr(owner, name)
        return handler(request)

    def start_query_execution(self, request: Request) -> Answer:
        """Queue a query; refused at once when it does not parse."""
        query = required(request, "QueryString")
        self._check_context(optional_structure(request, "QueryExecutionContext"))
        if len(query.encode()) > _QUERY_MAXIMUM_BYTES:
            raise RequestError(f"QueryString is longer than {_QUERY_MAXIMUM_BYTES} bytes")
        parameters = optional_texts(request, "ExecutionParameters")
        try:
            bound = self._bound(query, parameters)
            self._athena.check_syntax(bound)
        except AthenaQueryError as error:
            raise RequestError(error.sentence, code="MALFORMED_QUERY") from error
        execution = self._executions.start(
            query=query,
            bound_query=bound,
            work_group=WORK_GROUP,
            output=self._output_of(request),
            parameters=parameters,
            token=optional_text(request, "ClientRequestToken"),
        )
        return {"QueryExecutionId": execution.identity}

    def get_query_execution(self, request: Request) -> Answer:
        """Return where a query stands."""
        return {"QueryExecution": shapes.execution_shape(self._execution(request), self._athena.database)}

    def batch_get_query_execution(self, request: Request) -> Answer:
        """Return where several queries stand."""
        found, unknown = [], []
        for identity in optional_texts(request, "QueryExecutionIds"):
            execution = self._executions.get(identity)
            if execution is None:
                unknown.append({"QueryExecutionId": identity, "ErrorMessage": _absent_query(identity)})
            else:
                found.append(shapes.execution_shape(execution, self._athena.database))
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown}

    def list_query_executions(self, request: Request) -> Answer:
        """Return the ids of the remembered queries, newest first."""
        return page(self._executions.identities(), request, "QueryExecutionIds")

    def stop_query_execution(self, request: Request) -> Answer:
        """Cancel a query."""
        self._executions.stop(self._execution(request))
        return {}

    def get_query_results(self, request: Request) -> Answer:
        """Return a page of a result; the first line of a SELECT is its header."""
        execution = self._execution(request)
        if execution.result is None:
            reason = f": {execution.reason}" if execution.reason else ""
            raise RequestError(_NOT_YET.format(execution.state) + reason)
        size = maximum_results(request, _RESULT_LINES)
        first = offset(request)
        result = execution.result
        lines = len(result.rows) + (1 if result.statement_type == "DML" else 0)
        answer: Answer = {"UpdateCount": 0, "ResultSet": shapes.result_set(result, first, first + size)}
        if first + size < lines:
            answer["NextToken"] = str(first + size)
        return answer

    def get_work_group(self, request: Request) -> Answer:  # noqa: ARG002 - every operation takes its request
        """Return the one work group."""
        configuration: Answer = {
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "EngineVersion": shapes.ENGINE_VERSION,
        }
        if self._output_location is None:
            configuration["ManagedQueryResultsConfiguration"] = {"Enabled": True}
        else:
            configuration["ResultConfiguration"] = {"OutputLocation": self._output_location}
        return {"WorkGroup": {"Name": WORK_GROUP, "State": "ENABLED", "Configuration": configuration}}

    def list_work_groups(self, request: Request) -> Answer:  # noqa: ARG002 - every operation takes its request
        """Return the one work group."""
        group = {"Name": WORK_GROUP, "State": "ENABLED", "EngineVersion": shapes.ENGINE_VERSION}
        return {"WorkGroups": [group]}

    def list_data_catalogs(self, request: Request) -> Answer:  # noqa: ARG002 - every operation takes its request
        """Return the one catalogue."""
        return {"DataCatalogsSummary": [{"CatalogName": shapes.CATALOG, "Type": "GLUE"}]}

    def list_databases(self, request: Request) -> Answer:  # noqa: ARG002 - every operation takes its request
        """Return the one database."""
        return {"DatabaseList": [{"Name": self._athena.database}]}

    def get_database(self, request: Request) -> Answer:
        """Return the one database."""
        self._check_database(required(request, "DatabaseName"))
        return {"Database": {"Name": self._athena.database}}

    def get_table_metadata(self, request: Request) -> Answer:
        """Return the columns of a table or view."""
        self._check_database(required(request, "DatabaseName"))
        name = required(request, "TableName").lower()
        if name not in self._table_names():
            raise RequestError(f"EntityNotFoundException: table {name} not found", kind="MetadataException")
        return {"TableMetadata": self._table_metadata(name)}

    def list_table_metadata(self, request: Request) -> Answer:
        """Return the columns of every table and view whose name fits the expression."""
        self._check_database(required(request, "DatabaseName"))
        wanted = _pattern(optional_text(request, "Expression"))
        names = [name for name in self._table_names() if wanted.fullmatch(name)]
        answer = page(names, request, "TableMetadataList")
        answer["TableMetadataList"] = [self._table_metadata(name) for name in answer["TableMetadataList"]]
        return answer

    def _bound(self, query: str, parameters: list[str]) -> str:
        text = query.strip().removesuffix(";")
        literals = [check_literal(value) for value in parameters]
        match = _EXECUTE.fullmatch(text)
        if match is not None:
            text = self._saved.prepared(match["name"]).sql.strip().removesuffix(";")
            literals += [check_literal(value) for value in _split_values(match["values"] or "")]
        return bind(text, literals) if literals or match is not None else text

    def _execution(self, request: Request) -> Execution:
        identity = required(request, "QueryExecutionId")
        execution = self._executions.get(identity)
        if execution is None:
            raise RequestError(_absent_query(identity))
        return execution

    def _output_of(self, request: Request) -> str | None:
        given = optional_text(optional_structure(request, "ResultConfiguration"), "OutputLocation")
        if given is not None and not given.startswith("s3://"):
            raise RequestError(f"outputLocation is not a valid S3 path: {given!r}")
        return given or self._output_location

    def _check_context(self, context: Request) -> None:
        database = (optional_text(context, "Database") or self._athena.database).lower()
        if database != self._athena.database:
            raise RequestError(f"Database {database} does not exist")

    def _check_database(self, name: str) -> None:
        if name.lower() != self._athena.database:
            raise RequestError(
                f"EntityNotFoundException: database {name} not found", kind="MetadataException"
            )

    def _table_names(self) -> list[str]:
        return sorted([*self._athena.definitions.tables(), *self._athena.definitions.views()])

    def _table_metadata(self, name: str) -> Answer:
        table = self._athena.definitions.tables().get(name)
        return (
            shapes.table_shape(table) if table else shapes.view_shape(name, self._athena.view_columns(name))
        )


_NAMES = frozenset(name for name in vars(Operations) if not name.startswith("_") and name != "call")


def _split_values(text: str) -> list[str]:
    # Commas inside quotes belong to the value.
    return [part.strip() for part in re.findall(r"(?:'(?:[^']|'')*'|[^,'])+", text) if part.strip()]


def _pattern(expression: str | None) -> re.Pattern[str]:
    try:
        return re.compile(".*" if expression in (None, "", "*") else str(expression))
    except re.error as error:
        raise RequestError(f"Expression is {expression!r}: expected a regular expression") from error


def _absent_query(identity: str) -> str:
    return f"QueryExecution {identity} was not found"
