"""Tables of the spool file, and how an older file becomes a newer one.

`records` holds what waits, one row a record. What its rows share (table, camera, scene version, time zone,
column names) stands once in `shapes`; epoch and stream once in `streams`. `ledger` counts per epoch, stream
and UTC day; `totals` counts what waits, so that the bound costs no scan; `drops` holds what was dropped
until it is declared; `claims` names the rows a publisher may have sent already; `settled` holds the sums of
old epochs whose ledger rows were removed, so that the ledger of a machine that boots often stays small.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x43724C73
"""Marks the file as a CrowdLens spool (SQLite's application_id)."""

# AUTOINCREMENT: a row id is never given twice, so a late acknowledgement cannot hit another record.
_VERSION_1 = (
    "CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE epochs (
        epoch_id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, boot_id TEXT NOT NULL,
        file_number INTEGER NOT NULL, minted_at_ms INTEGER NOT NULL, unsynced_offset_ms INTEGER)""",
    """CREATE TABLE streams (
        stream_id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, stream TEXT NOT NULL,
        last_sequence INTEGER NOT NULL, UNIQUE (epoch_id, stream))""",
    "CREATE TABLE shapes (shape_id INTEGER PRIMARY KEY, shape TEXT NOT NULL UNIQUE)",
    """CREATE TABLE records (
        row_id INTEGER PRIMARY KEY AUTOINCREMENT, priority INTEGER NOT NULL, stream_id INTEGER NOT NULL,
        sequence INTEGER NOT NULL, shape_id INTEGER NOT NULL, event_time_ms INTEGER NOT NULL,
        clock_quality TEXT NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX records_by_priority ON records (priority)",
    "CREATE INDEX records_unsynced ON records (stream_id) WHERE clock_quality = 'unsynced'",
    """CREATE TABLE ledger (
        stream_id INTEGER NOT NULL, day TEXT NOT NULL, made INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
        first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
        reported_made INTEGER NOT NULL DEFAULT 0, reported_dropped INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (stream_id, day)) WITHOUT ROWID""",
    """CREATE TABLE totals (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        waiting_rows INTEGER NOT NULL, waiting_bytes INTEGER NOT NULL)""",
    "INSERT INTO totals VALUES (1, 0, 0)",
    """CREATE TABLE drops (
        drop_id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, epoch TEXT, stream TEXT,
        camera TEXT, scene_version TEXT, time_zone TEXT, clock_quality TEXT NOT NULL,
        first_sequence INTEGER, last_sequence INTEGER, records INTEGER NOT NULL,
        start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL)""",
    "CREATE TABLE claims (row_id INTEGER PRIMARY KEY)",
)

# SQLite does not see a flipped bit inside a page. Rows of version 1 keep no checksum; they are believed as
# long as the file is whole and are not taken over from a damaged one.
_VERSION_2 = (
    "ALTER TABLE records ADD COLUMN checksum INTEGER",
    # A row counts five bytes more against the bound.
    "UPDATE totals SET waiting_bytes = waiting_bytes + 5 * waiting_rows",
    """CREATE TABLE settled (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        made INTEGER NOT NULL, acknowledged INTEGER NOT NULL, dropped INTEGER NOT NULL)""",
    "INSERT INTO settled VALUES (1, 0, 0, 0)",
)

UPGRADES: Sequence[Sequence[str]] = (_VERSION_1, _VERSION_2)
"""`UPGRADES[n]` takes a file from version n to n + 1; a new file starts at version 0."""


class SpoolVersionError(Exception):
    """Raised when the file was written by newer software; `found` is its version."""

    def __init__(self, found: int) -> None:
        super().__init__(f"spool file version {found}")
        self.found = found


class ForeignFileError(Exception):
    """Raised when the file is the database of another program."""


def upgrade(connection: sqlite3.Connection, upgrades: Sequence[Sequence[str]] = UPGRADES) -> None:
    """Bring the file to the newest version, in one transaction.

    Raises `SpoolVersionError` for a newer file and `ForeignFileError` for another program's.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _checked_version(connection, len(upgrades))
        for statements in upgrades[version:]:
            for statement in statements:
                connection.execute(statement)
        if version < len(upgrades):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(upgrades)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _checked_version(connection: sqlite3.Connection, newest: int) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if tables and application != APPLICATION_ID:
        raise ForeignFileError
    if version > newest:
        raise SpoolVersionError(version)
    return version
