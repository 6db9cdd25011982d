"""One SQLite connection to the spool file, its thread lock and its transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge_components.runtime.spool.errors import SpoolCorruptError, translated

BUSY_TIMEOUT_SECONDS = 30.0
JOURNAL_LIMIT_BYTES = 16 * 1024 * 1024


def suspicion_of(path: Path) -> Path:
    """Return the file whose presence says that the spool at `path` was found damaged while in use."""
    return path.with_name(path.name + ".suspect")


class Database:
    """A connection in WAL mode with synchronous=FULL: a commit returns after the log reached the disk.

    fsync points: the write-ahead log at each commit; the log, then the database file, at each checkpoint
    (SQLite runs one about every 1,000 pages). Threads of one process may share an instance.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with translated(path):
            self.connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._configure()
            except BaseException:
                self.connection.close()
                raise

    def _configure(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")

    @contextmanager
    def _suspecting(self) -> Iterator[None]:
        """Leave word of damage that was met: the next opening must look, however large the file is."""
        try:
            with translated(self.path):
                yield
        except SpoolCorruptError:
            with suppress(OSError):
                suspicion_of(self.path).touch()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; commit at the end, roll everything back when anything is raised."""
        with self._lock, self._suspecting():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read one consistent state without holding up writers."""
        with self._lock, self._suspecting():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        with self._lock:
            self.connection.close()
