"""Queries in flight and lately finished."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from infra.local.athena.engine import LocalAthena, QueryResult
from infra.local.athena.errors import AthenaQueryError, Fault
from infra.local.athena.results import Results
from infra.local.athena.utility_statements import is_utility
from infra.local.athena.values import csv_bytes, text_of

_KEPT_EXECUTIONS = 200
_WORKERS = 4


@dataclass
class Execution:
    """One query from submission to its end; `state` is Athena's word for where it stands."""

    identity: str
    query: str
    bound_query: str
    work_group: str
    output_location: str | None
    parameters: list[str]
    submitted: float
    state: str = "QUEUED"
    reason: str | None = None
    completed: float | None = None
    result: QueryResult | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    interrupt: Callable[[], None] | None = None
    managed: bool = False

    @property
    def statement_type(self) -> str:
        """DML, DDL or UTILITY."""
        if is_utility(self.bound_query):
            return "UTILITY"
        return "DDL" if re.match(r"(CREATE|DROP|ALTER)\b", self.bound_query.lstrip(), re.I) else "DML"


class Executions:
    """Runs queries in the background and remembers the last ones."""

    def __init__(self, athena: LocalAthena, results: Results | None) -> None:
        self._athena = athena
        self._results = results
        self._lock = threading.Lock()
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="athena-query")

    def start(
        self,
        *,
        query: str,
        bound_query: str,
        work_group: str,
        output: str | None,
        parameters: list[str],
        token: str | None,
    ) -> Execution:
        """Queue a query; a `token` seen before returns the execution it started."""
        with self._lock:
            if token is not None and self._tokens.get(token) in self._all:
                return self._all[self._tokens[token]]
            identity = str(uuid.uuid4())
            execution = Execution(identity, query, bound_query, work_group, None, parameters, time.time())
            execution.managed = output is None
            if output is not None:
                suffix = "csv" if execution.statement_type == "DML" else "txt"
                execution.output_location = f"{output.rstrip('/')}/{identity}.{suffix}"
            self._all[identity] = execution
            if token is not None:
                self._tokens[token] = identity
            self._forget_oldest()
        self._pool.submit(self._run, execution)
        return execution

    def get(self, identity: str) -> Execution | None:
        """Return an execution that is still remembered."""
        with self._lock:
            return self._all.get(identity)

    def identities(self) -> list[str]:
        """Return the remembered executions, newest first."""
        with self._lock:
            return list(reversed(self._all))

    def stop(self, execution: Execution) -> None:
        """Cancel a query that has not ended; one that has ended stays as it is."""
        with execution.lock:
            if execution.state in ("QUEUED", "RUNNING"):
                _finish(execution, "CANCELLED", "Query cancelled by user")
                if execution.interrupt is not None:
                    execution.interrupt()

    def close(self) -> None:
        """Cancel what still runs and end the workers."""
        for identity in self.identities():
            execution = self.get(identity)
            if execution is not None:
                self.stop(execution)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _forget_oldest(self) -> None:
        while len(self._all) > _KEPT_EXECUTIONS:
            identity, _ = self._all.popitem(last=False)
            self._tokens = {token: kept for token, kept in self._tokens.items() if kept != identity}

    def _run(self, execution: Execution) -> None:
        with execution.lock:
            if execution.state != "QUEUED":
                return
            execution.state = "RUNNING"

        def started(interrupt: Callable[[], None]) -> None:
            with execution.lock:
                execution.interrupt = interrupt
                if execution.state == "CANCELLED":
                    raise AthenaQueryError(Fault.CANCELLED, "Query cancelled by user")

        try:
            result = self._athena.query(execution.bound_query, started=started)
            self._keep(execution, result)
        except AthenaQueryError as error:
            self._end(execution, "FAILED", str(error), None)
        except Exception as error:  # noqa: BLE001 - a worker's fault must end the query, not hang its reader
            self._end(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", None)
        else:
            self._end(execution, "SUCCEEDED", None, result)

    def _keep(self, execution: Execution, result: QueryResult) -> None:
        if self._results is None or execution.output_location is None:
            return
        if result.statement_type == "DML":
            body = csv_bytes(result.columns, result.rows)
        else:
            body = "".join(_text_line(row) for row in result.rows).encode()
        self._results.write(execution.output_location, body)

    def _end(self, execution: Execution, state: str, reason: str | None, result: QueryResult | None) -> None:
        with execution.lock:
            execution.interrupt = None
            if execution.state == "RUNNING":
                execution.result = result
                _finish(execution, state, reason)


def _finish(execution: Execution, state: str, reason: str | None) -> None:
    execution.state, execution.reason, execution.completed = state, reason, time.time()


def _text_line(row: tuple[object, ...]) -> str:
    return "\t".join(text_of(value) or "" for value in row) + "\n"
