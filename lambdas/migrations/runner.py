"""Numbered files of SQL, each applied once, in order, and remembered with its checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql
from pymysql.cursors import Cursor

from contract.errors import CrowdLensError
from contract.mysql import TABLE_OPTIONS
from lambdas.migrations.statements import split_statements

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

SQL_FOLDER = Path(__file__).parent / "sql"
LOCK_TIMEOUT_SECONDS = 120
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_THERE_ALREADY = frozenset({1060, 1061})
"""Column and key exist. A statement does all it says or nothing, so a run before this one did it."""
_HISTORY = f"""CREATE TABLE IF NOT EXISTS schema_migrations (
    number INT NOT NULL,
    name VARCHAR(128) NOT NULL,
    checksum CHAR(64) NOT NULL,
    applied_at DATETIME(3) NOT NULL,
    PRIMARY KEY (number)
) {TABLE_OPTIONS}"""


class MigrationError(CrowdLensError):
    """Raised when the files do not fit what was applied before, or a statement fails."""


@dataclass(frozen=True)
class Migration:
    """One file; `checksum` is the SHA-256 of its text with line ends as LF."""

    number: int
    name: str
    sql: str
    checksum: str


@dataclass(frozen=True)
class MigrationResult:
    """The names of the files applied now, and of those that had been before."""

    applied: list[str]
    present: list[str]


def read_migrations(folder: Path = SQL_FOLDER) -> list[Migration]:
    """Return the migrations in `folder` by number; raises `MigrationError` for a name that does not fit."""
    migrations: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"migration is named {path.name!r}: expected 0001_lower_case_words.sql")
        number = int(match[1])
        if number in migrations:
            raise MigrationError(f"{path.name} and {migrations[number].name} have the same number")
        sql = path.read_text(encoding="utf-8")
        migrations[number] = Migration(number, path.name, sql, hashlib.sha256(sql.encode()).hexdigest())
    return [migrations[number] for number in sorted(migrations)]


def apply_migrations(connection: Connection, folder: Path = SQL_FOLDER) -> MigrationResult:
    """Bring the database of `connection` to the newest of the migrations in `folder`.

    Two callers at once take turns. A statement that changes tables commits by itself in MySQL, so a file
    that failed half-way is run again from its start: its statements must be safe to repeat. CREATE TABLE IF
    NOT EXISTS is; ADD COLUMN and ADD KEY are, because what is there already is passed over.
    Raises `MigrationError`: a file changed after it was applied, one was slipped in behind a later one, or
    a statement failed.
    """
    migrations = read_migrations(folder)
    with connection.cursor() as cursor, _alone(cursor):
        cursor.execute(_HISTORY)
        history = _history(cursor)
        pending = _pending(migrations, history)
        for migration in pending:
            _apply(cursor, migration)
            connection.commit()
    present = [migration.name for migration in migrations if migration.number in history]
    return MigrationResult([migration.name for migration in pending], present)


@contextmanager
def _alone(cursor: Cursor) -> Iterator[None]:
    """Hold the lock of this database's migrations; a lock is the server's, so its name has the database's."""
    cursor.execute("SELECT GET_LOCK(LEFT(CONCAT('crowdlens:', DATABASE()), 64), %s)", (LOCK_TIMEOUT_SECONDS,))
    row = cursor.fetchone()
    if row is None or row[0] != 1:
        raise MigrationError(f"another migration did not end within {LOCK_TIMEOUT_SECONDS} s")
    try:
        yield
    finally:
        cursor.execute("SELECT RELEASE_LOCK(LEFT(CONCAT('crowdlens:', DATABASE()), 64))")


def _history(cursor: Cursor) -> dict[int, tuple[str, str]]:
    cursor.execute("SELECT number, name, checksum FROM schema_migrations")
    return {int(number): (str(name), str(checksum)) for number, name, checksum in cursor.fetchall()}


def _pending(migrations: Sequence[Migration], history: Mapping[int, tuple[str, str]]) -> list[Migration]:
    newest = max(history, default=0)
    pending: list[Migration] = []
    for migration in migrations:
        if migration.number not in history:
            if migration.number < newest:
                raise MigrationError(
                    f"{migration.name} is older than the applied {history[newest][0]}: expected a new number"
                )
            pending.append(migration)
        elif history[migration.number][1] != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it had been applied: expected a new migration instead"
            )
    return pending


def _apply(cursor: Cursor, migration: Migration) -> None:
    for statement in split_statements(migration.sql, migration.name):
        try:
            cursor.execute(statement)
        except pymysql.MySQLError as error:
            if error.args[:1] and error.args[0] in _THERE_ALREADY:
                continue
            raise MigrationError(f"{migration.name}: {error} in: {statement[:120]}") from error
    cursor.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at) "
        "VALUES (%s, %s, %s, UTC_TIMESTAMP(3))",
        (migration.number, migration.name, migration.checksum),
    )
