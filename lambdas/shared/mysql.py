"""One MySQL connection a process, kept over invocations and made anew when it is lost.

Works against MySQL 8.4 and MariaDB 10.11. The TLS context is built once: building it takes longer than
connecting (PyMySQL would do it for every connection).
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import boto3
import pymysql
from botocore.exceptions import BotoCoreError, ClientError
from pymysql.cursors import Cursor

from contract.errors import WorkFailedError
from lambdas.shared.mysql_rows import RowsConnection
from lambdas.shared.settings import MySQLAuthentication, MySQLSettings

if TYPE_CHECKING:
    Connection = pymysql.connections.Connection[Cursor]

Result = TypeVar("Result")

DEADLOCK_ERRORS = frozenset({1205, 1213})
"""Lock wait timeout and deadlock: the transaction was rolled back and may simply be run again."""
LOST_ERRORS = frozenset({2006, 2013, 2014, 2055, 1927, 4031})
"""Gone away, lost during a query, out of order, lost on read, killed, closed for being idle."""
REFUSED_ERRORS = frozenset({2002, 2003, 1040, 1053})
"""Not reachable, too many connections, shutting down: worth another attempt within the invocation."""
REPEATABLE_ERRORS = DEADLOCK_ERRORS | LOST_ERRORS | REFUSED_ERRORS | {0}
"""0 is what PyMySQL raises with when it finds its own socket closed."""
STOPPED_ERRORS = frozenset({3024, 1969})
"""The server itself ended a query that took too long: MySQL's number, and MariaDB's."""
SCHEMA_ERRORS = frozenset({1048, 1054, 1136, 1146, 1264, 1265, 1292, 1364, 1366, 1406})
"""A table or column that is not there, or a value that its column does not take."""
MAXIMUM_ATTEMPTS = 4
LOCK_WAIT_SECONDS = 5
"""All attempts together must end within a function's time-out; MySQL's default is 50 s for one."""
STATEMENT_SECONDS = 20
"""How long one statement of a function may take before its connection counts as lost."""
_FIRST_PAUSE_SECONDS = 0.1
_SESSION = (
    "SET SESSION time_zone = '+00:00', "
    # Whatever the server's default: a value that does not fit is an error, never cut short.
    "SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
    f"SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}",
    # The variable behind this has different names in MySQL and MariaDB.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)


class DatabaseError(WorkFailedError):
    """Raised when MySQL failed for good; `code` is its error number, 0 when it gave none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class DatabaseUnavailableError(DatabaseError):
    """Raised when MySQL could not be reached, or not kept: the next statement would fail as well."""


class SchemaMismatchError(DatabaseError):
    """Raised when the tables in MySQL do not take what the contract says; a migration is missing."""


class Database:
    """The MySQL projection: transactions that are retried when the server says so."""

    def __init__(
        self,
        settings: MySQLSettings,
        *,
        connect: Callable[[], Connection] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = MAXIMUM_ATTEMPTS,
        repeat_slow: bool = True,
    ) -> None:
        self._connect = connect or Connector(settings).connect
        self._sleep = sleep
        self._attempts = attempts
        # Somebody who waits is not helped by the same slow query once more, and the server still less.
        self._repeat_slow = repeat_slow
        self._connection: Connection | None = None
        self._where = f"{settings.host}:{settings.port}/{settings.database}"

    def run(self, work: Callable[[Cursor], Result]) -> Result:
        """Return what `work` returns, run in one transaction that is committed after it.

        `work` must be safe to repeat: a deadlock or a lost connection rolls it back and runs it again, up
        to `attempts` times with growing, random pauses; without `repeat_slow`, not after a time-out. When
        the connection is lost during the commit nobody knows whether it counted; repeating is then the
        only safe answer. Any other error rolls back and is raised: MySQL's as `DatabaseError`.
        """
        for attempt in range(1, self._attempts + 1):
            try:
                with self.transaction() as cursor:
                    return work(cursor)
            except pymysql.MySQLError as error:
                code = error_code(error)
                again = code in REPEATABLE_ERRORS and (self._repeat_slow or not _timed_out(error))
                if attempt == self._attempts or not again:
                    raise self._final(error, code) from error
                self._sleep(random.uniform(0.5, 1.5) * _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))  # noqa: S311
        raise AssertionError("unreachable")

    def _final(self, error: pymysql.MySQLError, code: int) -> DatabaseError:
        if code in SCHEMA_ERRORS:
            return SchemaMismatchError(
                f"MySQL at {self._where} does not fit the contract: {error}; expected every file of "
                "lambdas/migrations/sql to be applied",
                code,
            )
        unavailable = code in LOST_ERRORS | REFUSED_ERRORS | STOPPED_ERRORS
        kind = DatabaseUnavailableError if unavailable else DatabaseError
        return kind(f"MySQL at {self._where} failed: {error.args[-1] if error.args else error}", code)

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Give a cursor; commit when the block ends well, roll back and re-raise when it does not."""
        connection = self.connection()
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except BaseException as error:
            self._roll_back(connection, error)
            raise

    def connection(self) -> Connection:
        """Return the kept connection, made now when there is none."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def close(self) -> None:
        """Close the kept connection; the next use makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(pymysql.MySQLError, OSError):
                connection.close()

    def _roll_back(self, connection: Connection, error: BaseException) -> None:
        # A connection that failed in any other way than by a statement's own error is in an unknown state.
        if isinstance(error, pymysql.MySQLError) and error_code(error) in LOST_ERRORS | REFUSED_ERRORS | {0}:
            self.close()
            return
        try:
            connection.rollback()
        except (pymysql.MySQLError, OSError):
            self.close()


class Connector:
    """Makes connections: by password on one machine, by IAM token over TLS in the cloud.

    `statement_seconds` bounds the wait for one statement, and `query_seconds` has the server itself end a
    query that takes longer; `local_rows` offers the server to take rows by LOAD DATA LOCAL, which it may
    still refuse.
    """

    def __init__(
        self,
        settings: MySQLSettings,
        *,
        statement_seconds: int = STATEMENT_SECONDS,
        query_seconds: int | None = None,
        local_rows: bool = True,
    ) -> None:
        self._settings = settings
        self._session = _SESSION if query_seconds is None else (*_SESSION, _query_limit(query_seconds))
        self._statement_seconds = statement_seconds
        self._local_rows = local_rows
        self._tls = tls_context(settings.ca_file) if settings.require_tls else None

    def connect(self) -> Connection:
        """Return a new connection: UTC, READ COMMITTED, autocommit off; raises `pymysql.MySQLError`."""
        settings = self._settings
        connection = RowsConnection(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            # As bytes: the driver would write text as Latin-1, which has no Korean letters.
            password=self._password().encode(),
            database=settings.database,
            charset="utf8mb4",
            collation="utf8mb4_bin",
            autocommit=False,
            connect_timeout=5,
            read_timeout=self._statement_seconds,
            write_timeout=self._statement_seconds,
            local_infile=self._local_rows,
            ssl=self._tls,
            ssl_disabled=self._tls is None,
        )
        try:
            with connection.cursor() as cursor:
                for statement in self._session:
                    cursor.execute(statement)
        except BaseException:
            # Nobody holds it yet: left open it would count against the server's limit.
            connection.close()
            raise
        return connection

    def _password(self) -> str:
        settings = self._settings
        if settings.authentication is MySQLAuthentication.PASSWORD:
            return settings.password
        # Signed locally, good for 15 minutes and only needed while connecting, so never kept.
        try:
            rds = boto3.client("rds")
            return str(rds.generate_db_auth_token(settings.host, settings.port, settings.user))
        except (BotoCoreError, ClientError) as error:
            raise DatabaseError(f"no IAM token for MySQL user {settings.user}: {error}") from error


def select_within(seconds: float) -> str:
    """Return SELECT for a query that the server ends after `seconds`, with a code of `STOPPED_ERRORS`.

    Each server reads its own form and takes the other's for a comment.
    """
    maria = f"/*M!100100 SET STATEMENT max_statement_time = {seconds:.3f} FOR */"
    return f"{maria} SELECT /*+ MAX_EXECUTION_TIME({max(1, round(seconds * 1000))}) */"


def _query_limit(seconds: int) -> str:
    # MariaDB takes no comment of MySQL versions 5.7 to 9.9, and MySQL none with an M.
    return (
        "SET SESSION time_zone = '+00:00' "
        f"/*!80000 , SESSION max_execution_time = {seconds * 1000} */ "
        f"/*M!100100 , SESSION max_statement_time = {seconds} */"
    )


def _timed_out(error: BaseException) -> bool:
    """Return whether the driver gave up waiting; it raises its own error while it handles the socket's."""
    return isinstance(error.__context__, TimeoutError) or isinstance(error.__cause__, TimeoutError)


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name against `ca_file` (or the system's)."""
    context = ssl.create_default_context(cafile=ca_file)
    # Python 3.13 turned strict RFC 5280 checks on, which private authorities' roots often fail.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def error_code(error: BaseException) -> int:
    """Return MySQL's error number, 0 when the driver raised without one."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0
