"""The operations on named queries and prepared statements."""

from __future__ import annotations

import time
import uuid

from infra.local.athena import shapes
from infra.local.athena.requests import (
    WORK_GROUP,
    Answer,
    Request,
    RequestError,
    optional_text,
    optional_texts,
    page,
    required,
)
from infra.local.athena.saved import NamedQuery, PreparedStatement, SavedQueries


class SavedOperations:
    """Keeps, lists and forgets queries; each operation takes and returns the JSON of its shape."""

    def __init__(self, saved: SavedQueries) -> None:
        self._saved = saved

    def create_named_query(self, request: Request) -> Answer:
        """Save a query."""
        identity = str(uuid.uuid4())
        self._saved.add_named(
            NamedQuery(
                identity,
                required(request, "Name"),
                optional_text(request, "Description") or "",
                required(request, "Database"),
                required(request, "QueryString"),
                WORK_GROUP,
            )
        )
        return {"NamedQueryId": identity}

    def delete_named_query(self, request: Request) -> Answer:
        """Forget a saved query."""
        self._saved.remove_named(required(request, "NamedQueryId"))
        return {}

    def get_named_query(self, request: Request) -> Answer:
        """Return a saved query."""
        query = self._saved.named().get(required(request, "NamedQueryId"))
        if query is None:
            raise RequestError(f"Named query {request['NamedQueryId']} was not found")
        return {"NamedQuery": shapes.named_query_shape(query)}

    def batch_get_named_query(self, request: Request) -> Answer:
        """Return several saved queries."""
        named = self._saved.named()
        wanted = optional_texts(request, "NamedQueryIds")
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
        return page(list(self._saved.named()), request, "NamedQueryIds")

    def create_prepared_statement(self, request: Request) -> Answer:
        """Keep a query with question marks."""
        name = required(request, "StatementName")
        if name in self._saved.prepared(WORK_GROUP):
            raise RequestError(f"Prepared statement {name} already exists in the workgroup {WORK_GROUP}")
        return self.update_prepared_statement({**request, "StatementName": name}, create=True)

    def update_prepared_statement(self, request: Request, *, create: bool = False) -> Answer:
        """Replace a kept query."""
        name = required(request, "StatementName")
        if not create:
            self.prepared(name)
        sql = required(request, "QueryStatement")
        description = optional_text(request, "Description") or ""
        self._saved.put_prepared(PreparedStatement(name, sql, WORK_GROUP, description, time.time()))
        return {}

    def get_prepared_statement(self, request: Request) -> Answer:
        """Return a kept query."""
        return {"PreparedStatement": shapes.prepared_shape(self.prepared(required(request, "StatementName")))}

    def delete_prepared_statement(self, request: Request) -> Answer:
        """Forget a kept query."""
        name = required(request, "StatementName")
        self.prepared(name)
        self._saved.remove_prepared(WORK_GROUP, name)
        return {}

    def list_prepared_statements(self, request: Request) -> Answer:
        """Return the names of the kept queries."""
        kept = [
            {"StatementName": value.name, "LastModifiedTime": value.modified}
            for value in self._saved.prepared(WORK_GROUP).values()
        ]
        return page(kept, request, "PreparedStatements")

    def prepared(self, name: str) -> PreparedStatement:
        """Return a kept query; raises `RequestError` when there is none."""
        statement = self._saved.prepared(WORK_GROUP).get(name)
        if statement is None:
            raise RequestError(
                f"PreparedStatement {name} was not found in workGroup {WORK_GROUP}",
                kind="ResourceNotFoundException",
            )
        return statement


SAVED_OPERATIONS = frozenset(name for name in vars(SavedOperations) if not name.startswith("_")) - {
    "prepared"
}
