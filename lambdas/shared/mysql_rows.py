"""LOAD DATA LOCAL from memory: rows stream to the server without a file, and nothing else ever does.

PyMySQL opens whatever file the server asks for, as the protocol has it; a function's environment holds its
credentials, so the connection here sends the rows it was given and no file at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.connections import MySQLResult
from pymysql.cursors import Cursor

if TYPE_CHECKING:
    _Connection = pymysql.connections.Connection[Cursor]
else:
    _Connection = pymysql.connections.Connection

REFUSED_LOCAL_ERRORS = frozenset({1148, 2068, 3948, 4166})
"""The four numbers of "LOCAL is off" in MySQL, its client library and MariaDB; the statement did nothing."""
_PACKET_BYTES = 256 * 1024


class UnexpectedFileRequestError(pymysql.err.OperationalError):
    """Raised when the server asks for a file that no LOAD DATA of ours named."""


class RowsConnection(_Connection):
    """A connection whose LOAD DATA LOCAL takes its rows from memory.

    `takes_local_rows` turns False once the server refused; it holds for this connection, so that a changed
    parameter group counts from the next one on.
    """

    def __init__(self, **settings: Any) -> None:
        self.takes_local_rows = bool(settings.get("local_infile"))
        self.rows_to_send: memoryview | None = None
        super().__init__(**settings)

    def _read_query_result(self, unbuffered: bool = False) -> int:
        # As in PyMySQL 1.2, with our own result; a test with a real server holds that it still fits.
        driver: Any = self
        driver._result = None
        result: Any = _RowsResult(self)
        if unbuffered:
            result.init_unbuffered_query()
        else:
            result.read()
        driver._result = result
        if result.server_status is not None:
            driver.server_status = result.server_status
        return int(result.affected_rows)


class _RowsResult(MySQLResult):
    """Answers the server's request for a file with the connection's rows."""

    def _read_load_local_packet(self, first_packet: object) -> None:
        del first_packet  # It names the file that the server wants.
        driver: Any = self
        connection: Any = driver.connection
        rows, connection.rows_to_send = connection.rows_to_send, None
        for start in range(0, len(rows or b""), _PACKET_BYTES):
            connection.write_packet(rows[start : start + _PACKET_BYTES])
        connection.write_packet(b"")
        # Raises what the server has to say about the rows.
        answer = connection._read_packet()
        if rows is None:
            raise UnexpectedFileRequestError(2068, "the server asked for a file: expected an answer")
        driver._read_ok_packet(answer)


def load_rows(cursor: Cursor, statement: str, rows: memoryview) -> bool:
    """Run a LOAD DATA LOCAL `statement` with the lines in `rows`; return False when the server takes none.

    Then nothing was done and the transaction stands. The cursor has the count of stored rows and warnings.
    Raises `pymysql.MySQLError`.
    """
    connection: Any = cursor.connection
    if not getattr(connection, "takes_local_rows", False):
        return False
    connection.rows_to_send = rows
    try:
        cursor.execute(statement)
    except pymysql.MySQLError as error:
        if error.args[:1] and error.args[0] in REFUSED_LOCAL_ERRORS:
            connection.takes_local_rows = False
            return False
        raise
    finally:
        connection.rows_to_send = None
    return True
