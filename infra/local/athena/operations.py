"""The operations of Athena's API."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.athena import shapes
from infra.local.athena.engine import LocalAthena
from infra.local.athena.errors import AthenaQueryError
from infra.local.athena.executions import Execution, Executions
from infra.local.athena.parameters import bind, check_literal
from infra.local.athena.saved import NamedQuery, PreparedStatement, SavedQueries

Request = Mapping[str, Any]
Answer = dict[str, Any]

WORK_GROUP = "primary"
_RESULT_LINES = 1000
_PAGE = 50
_QUERY_MAXIMUM_BYTES = 262_144
_EXECUTE = re.compile(r"EXECUTE\s+(?P<name>\w+)(?:\s+USING\s+(?P<values>.+))?", re.I | re.S)
_NOT_YET = "Query has not yet finished. Current state: {}"


class RequestError(Exception):
    """Raised for a request that Athena answers with an error; `kind` is the error's shape."""

    def __init__(
        self, message: str, *, kind: str = "InvalidRequestException", code: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


class Operations:
    """Athena's API over one `LocalAthena`; each operation takes and returns the JSON of its shape.

    `output_location` is where results go when a request does not say; None keeps them managed, which the
    clients then read through GetQueryResults.
    """

    def __init__(self, athena: LocalAthena, executions: Executions, output_location: str | None) -> None:
        self._athena = athena
        self._executions = executions
        self._output_location = output_location
        self._saved = SavedQueries(
            lake_bucket=athena.lake.bucket, database=athena.database, work_group=WORK_GROUP
        )

    def call(self, operation: str, request: Request) -> Answer:
        """Return the answer of one operation; raises `RequestError` as Athena would."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        handler: Callable[[Request], Answer] | None = getattr(self, name, None) if name in _NAMES else None
        if handler is None:
            raise RequestError(f"{operation} is not one of the local Athena's operations")
        _check_work_group(request)
        return handler(request)

    def start_query_execution(self, request: Request) -> Answer:
        """Queue a query; refused at once when it does not parse."""
        query = _required(request, "QueryString")
        self._check_context(request.get("QueryExecutionContext") or {})
        if len(query.encode()) > _QUERY_MAXIMUM_BYTES:
            raise RequestError(f"QueryString is longer than {_QUERY_MAXIMUM_BYTES} bytes")
        parameters = [str(value) for value in request.get("ExecutionParameters") or []]
        try:
            bound = self._bound(query, parameters)
            self._athena.check_syntax(bound)
        except AthenaQueryError as error:
            raise RequestError(error.sentence, code="MALFORMED_QUERY") from error
        execution = self._executions.start(
            query=query,
            bound_query=bound,
            work_group=request.get("WorkGroup") or WORK_GROUP,
            output=self._output_of(request),
            parameters=parameters,
            token=request.get("ClientRequestToken"),
        )
        return {"QueryExecutionId": execution.identity}

    def get_query_execution(self, request: Request) -> Answer:
        """Return where a query stands."""
        return {"QueryExecution": shapes.execution_shape(self._execution(request), self._athena.database)}

    def batch_get_query_execution(self, request: Request) -> Answer:
        """Return where several queries stand."""
        found, unknown = [], []
        for identity in request.get("QueryExecutionIds") or []:
            execution = self._executions.get(identity)
            if execution is None:
                unknown.append({"QueryExecutionId": identity, "ErrorMessage": _absent_query(identity)})
            else:
                found.append(shapes.execution_shape(execution, self._athena.database))
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown}

    def list_query_executions(self, request: Request) -> Answer:
        """Return the ids of the remembered queries, newest first."""
        return _page(self._executions.identities(), request, "QueryExecutionIds")

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
        size = min(int(request.get("MaxResults") or _RESULT_LINES), _RESULT_LINES)
        first = _offset(request)
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
        self._check_database(_required(request, "DatabaseName"))
        return {"Database": {"Name": self._athena.database}}

    def get_table_metadata(self, request: Request) -> Answer:
        """Return the columns of a table or view."""
        self._check_database(_required(request, "DatabaseName"))
        name = _required(request, "TableName").lower()
        if name not in self._table_names():
            raise RequestError(f"EntityNotFoundException: table {name} not found", kind="MetadataException")
        return {"TableMetadata": self._table_metadata(name)}

    def list_table_metadata(self, request: Request) -> Answer:
        """Return the columns of every table and view whose name fits the expression."""
        self._check_database(_required(request, "DatabaseName"))
        expression = request.get("Expression") or ".*"
        names = [name for name in self._table_names() if re.search(expression.replace("*", ".*"), name)]
        page = _page(names, request, "TableMetadataList")
        page["TableMetadataList"] = [self._table_metadata(name) for name in page["TableMetadataList"]]
        return page

    def create_named_query(self, request: Request) -> Answer:
        """Save a query."""
        identity = str(uuid.uuid4())
        self._saved.add_named(
            NamedQuery(
                identity,
                _required(request, "Name"),
                str(request.get("Description") or ""),
                _required(request, "Database"),
                _required(request, "QueryString"),
                WORK_GROUP,
            )
        )
        return {"NamedQueryId": identity}

    def delete_named_query(self, request: Request) -> Answer:
        """Forget a saved query."""
        self._saved.remove_named(_required(request, "NamedQueryId"))
        return {}

    def get_named_query(self, request: Request) -> Answer:
        """Return a saved query."""
        query = self._saved.named().get(_required(request, "NamedQueryId"))
        if query is None:
            raise RequestError(f"Named query {request['NamedQueryId']} was not found")
        return {"NamedQuery": shapes.named_query_shape(query)}

    def batch_get_named_query(self, request: Request) -> Answer:
        """Return several saved queries."""
        named = self._saved.named()
        wanted = list(request.get("NamedQueryIds") or [])
        return {
            "NamedQueries": [
                shapes.named_query_shape(named[identity]) for identity in wanted if identity in named
            ],
            "UnprocessedNamedQueryIds": [
                {"NamedQueryId": identity} for identity in wanted if identity not in named
            ],
        }

    def list_named_queries(self, request: Request) -> Answer:
        """Return the ids of the saved queries."""
        return _page(list(self._saved.named()), request, "NamedQueryIds")

    def create_prepared_statement(self, request: Request) -> Answer:
        """Keep a query with question marks."""
        name = _required(request, "StatementName")
        if name in self._saved.prepared(WORK_GROUP):
            raise RequestError(f"Prepared statement {name} already exists in the workgroup {WORK_GROUP}")
        return self.update_prepared_statement({**request, "StatementName": name}, create=True)

    def update_prepared_statement(self, request: Request, *, create: bool = False) -> Answer:
        """Replace a kept query."""
        name = _required(request, "StatementName")
        if not create:
            self._prepared(name)
        sql = _required(request, "QueryStatement")
        description = str(request.get("Description") or "")
        self._saved.put_prepared(PreparedStatement(name, sql, WORK_GROUP, description, time.time()))
        return {}

    def get_prepared_statement(self, request: Request) -> Answer:
        """Return a kept query."""
        return {
            "PreparedStatement": shapes.prepared_shape(self._prepared(_required(request, "StatementName")))
        }

    def delete_prepared_statement(self, request: Request) -> Answer:
        """Forget a kept query."""
        name = _required(request, "StatementName")
        self._prepared(name)
        self._saved.remove_prepared(WORK_GROUP, name)
        return {}

    def list_prepared_statements(self, request: Request) -> Answer:
        """Return the names of the kept queries."""
        kept = [
            {"StatementName": value.name, "LastModifiedTime": value.modified}
            for value in self._saved.prepared(WORK_GROUP).values()
        ]
        return _page(kept, request, "PreparedStatements")

    def _bound(self, query: str, parameters: list[str]) -> str:
        text = query.strip().removesuffix(";")
        literals = [check_literal(value) for value in parameters]
        match = _EXECUTE.fullmatch(text)
        if match is not None:
            text = self._prepared(match["name"]).sql.strip().removesuffix(";")
            literals += [check_literal(value) for value in _split_values(match["values"] or "")]
        return bind(text, literals) if literals or match is not None else text

    def _prepared(self, name: str) -> PreparedStatement:
        statement = self._saved.prepared(WORK_GROUP).get(name)
        if statement is None:
            raise RequestError(
                f"PreparedStatement {name} was not found in workGroup {WORK_GROUP}",
                kind="ResourceNotFoundException",
            )
        return statement

    def _execution(self, request: Request) -> Execution:
        identity = _required(request, "QueryExecutionId")
        execution = self._executions.get(identity)
        if execution is None:
            raise RequestError(_absent_query(identity))
        return execution

    def _output_of(self, request: Request) -> str | None:
        given = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        if given is not None and not str(given).startswith("s3://"):
            raise RequestError(f"outputLocation is not a valid S3 path: {given!r}")
        return given or self._output_location

    def _check_context(self, context: Request) -> None:
        database = str(context.get("Database") or self._athena.database).lower()
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


def _required(request: Request, field: str) -> str:
    value = request.get(field)
    if not isinstance(value, str) or not value:
        raise RequestError(f"{field} is missing: expected text")
    return value


def _check_work_group(request: Request) -> None:
    group = request.get("WorkGroup") or WORK_GROUP
    if group != WORK_GROUP:
        raise RequestError(f"WorkGroup {group} is not found.")


def _absent_query(identity: str) -> str:
    return f"QueryExecution {identity} was not found"


def _offset(request: Request) -> int:
    token = request.get("NextToken")
    if token is not None and not str(token).isdecimal():
        raise RequestError(f"NextToken is {token!r}: expected one that was given before")
    return int(token or 0)


def _page(items: list[Any], request: Request, field: str) -> Answer:
    first = _offset(request)
    size = min(int(request.get("MaxResults") or _PAGE), _PAGE)
    answer: Answer = {field: items[first : first + size]}
    if first + size < len(items):
        answer["NextToken"] = str(first + size)
    return answer


def _split_values(text: str) -> list[str]:
    # Commas inside quotes belong to the value.
    return [part.strip() for part in re.findall(r"(?:'(?:[^']|'')*'|[^,'])+", text) if part.strip()]
