"""Named queries and prepared statements."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass

from athena import catalog

_NAMESPACE = uuid.UUID("6f6bd0a2-5b53-4f0e-9a0c-4d6c1c2f1b77")


@dataclass(frozen=True)
class NamedQuery:
    """A query that a person finds under *Saved queries*."""

    identity: str
    name: str
    description: str
    database: str
    sql: str
    work_group: str


@dataclass(frozen=True)
class PreparedStatement:
    """A query with question marks, kept under a name in a work group."""

    name: str
    sql: str
    work_group: str
    description: str
    modified: float


class SavedQueries:
    """Both kinds; begins with those of the `athena` package. Safe to use from several threads."""

    def __init__(self, *, lake_bucket: str, database: str, work_group: str) -> None:
        self._lock = threading.Lock()
        self._prepared: dict[tuple[str, str], PreparedStatement] = {}
        self._named: dict[str, NamedQuery] = {}
        for statement in catalog.named_queries():
            text = statement.sql(lake_bucket=lake_bucket, database=database)
            identity = str(uuid.uuid5(_NAMESPACE, statement.name))
            description = f"{statement.english} / {statement.korean}"
            self._named[identity] = NamedQuery(
                identity, statement.name, description, database, text, work_group
            )
        for statement in catalog.prepared_statements():
            text = statement.sql(lake_bucket=lake_bucket, database=database)
            description = f"{statement.english} / {statement.korean}"
            self.put_prepared(
                PreparedStatement(statement.name, text, work_group, description, modified=time.time())
            )

    def named(self) -> dict[str, NamedQuery]:
        """Return the named queries by id."""
        with self._lock:
            return dict(self._named)

    def add_named(self, query: NamedQuery) -> None:
        """Keep a named query."""
        with self._lock:
            self._named[query.identity] = query

    def remove_named(self, identity: str) -> None:
        """Forget a named query, if there is such a one."""
        with self._lock:
            self._named.pop(identity, None)

    def prepared(self, work_group: str) -> dict[str, PreparedStatement]:
        """Return the prepared statements of a work group by name."""
        with self._lock:
            return {name: value for (group, name), value in self._prepared.items() if group == work_group}

    def put_prepared(self, statement: PreparedStatement) -> None:
        """Keep a prepared statement under its name."""
        with self._lock:
            self._prepared[statement.work_group, statement.name] = statement

    def remove_prepared(self, work_group: str, name: str) -> bool:
        """Forget a prepared statement; returns whether there was one."""
        with self._lock:
            return self._prepared.pop((work_group, name), None) is not None
