"""Factories that every layer of tests uses."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from contract.columns import Column, ColumnType
from contract.identity import stream_name
from contract.records import Record, StoredRecord, Value, check_record
from contract.tables import TABLES

# OpenCV looks at this once in a process, at its first video: a test that opens one by itself must not make
# FFmpeg talk in a later test of what users see.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

# What the suite says of a commit is the same each time; `make explore` looks for what no run has found yet.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("gate")

RecordFactory = Callable[..., list[StoredRecord]]

NOON_MILLISECONDS = 1_763_726_400_000
"""2025-11-21T12:00:00Z: in the past, since live state leaves out what lies ahead of the clock."""


def sample_value(column: Column, row: int) -> Value:
    """Return a value that fits `column`, another in each row; null in every second row where it may be."""
    if column.nullable and row % 2:
        return None
    if column.type is ColumnType.TEXT:
        return f"{column.name} 값 {row % 3}"[: column.maximum_length]
    return {
        ColumnType.INTEGER: row,
        # A value that its column keeps as it is.
        ColumnType.REAL: row + 0.5 if column.decimals else float(row),
        ColumnType.BOOLEAN: row % 2 == 0,
        ColumnType.TIMESTAMP: NOON_MILLISECONDS - row,
    }[column.type]


def _make_records(
    table: str = "zone_counts",
    *,
    count: int = 3,
    camera: str | None = "plaza-1",
    start_ms: int = NOON_MILLISECONDS,
    step_ms: int = 10_000,
    epoch: str = "0123456789ab",
    first_sequence: int = 1,
    clock_quality: str = "synced",
    **values: Value,
) -> list[StoredRecord]:
    stored = []
    for row in range(count):
        own = {column.name: sample_value(column, row) for column in TABLES[table].own_columns}
        record = Record(
            table, camera, "v1", "Asia/Seoul", start_ms + row * step_ms, clock_quality, {**own, **values}
        )
        check_record(record)
        stored.append(StoredRecord(record, epoch, stream_name(camera, table), first_sequence + row))
    return stored


@pytest.fixture(scope="session")
def make_records() -> RecordFactory:
    """Return a factory of valid records of one table and camera; keywords set columns of all of them."""
    return _make_records


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a component in a test's own process does to the root logger; later tests read warnings."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start.

    A shell starts background jobs with SIGINT ignored, which every child inherits (a handler it does not).
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
