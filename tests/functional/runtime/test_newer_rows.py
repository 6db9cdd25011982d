"""A release that was rolled back: rows of tables and columns it does not know wait for the newer one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from contract.columns import Column, ColumnType
from contract.records import Record
from contract.tables import CAMERA_STATUS, TABLES
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.spool import Spool, rows
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS, TimeSync

TRUE_BOOT_MS = 1_795_176_000_000
_NEW_COLUMN = Column("cleaned_at", ColumnType.TIMESTAMP, "Last cleaning", "마지막 청소", nullable=True)
_NEWER_TABLES = {
    "vehicle_plates": replace(CAMERA_STATUS, name="vehicle_plates", priority=1),
    "camera_status": replace(CAMERA_STATUS, own_columns=(*CAMERA_STATUS.own_columns, _NEW_COLUMN)),
}


@contextmanager
def the_newer_release() -> Iterator[None]:
    rows._shape.cache_clear()
    try:
        with mock.patch.dict(TABLES, _NEWER_TABLES):
            yield
    finally:
        rows._shape.cache_clear()


@pytest.fixture
def machine():
    class Machine:
        uptime_seconds = 10.0
        wall_offset_ms = 0

        def clock(self) -> DeviceClock:
            return DeviceClock(
                monotonic_seconds=lambda: self.uptime_seconds,
                wall_seconds=lambda: self.uptime_seconds + self.wall_offset_ms / 1000,
                probe=lambda wall_ms: TimeSync(wall_ms > EARLIEST_PLAUSIBLE_MILLISECONDS, "test"),
            )

    return Machine()


def status(table: str, at_ms: int, quality: str, **more: object) -> Record:
    values = {"state": "ok", "detail": "of the newer release", **more}
    return Record(table, "plaza-1", "v1", "Asia/Seoul", at_ms, quality, values)  # type: ignore[arg-type]


def tables_of(spool: Spool) -> list[str]:
    return [row.stored.record.table for row in spool.read(maximum_rows=100)]


def test_rows_of_an_unknown_table_or_column_wait_and_hold_up_nothing(make_spool, make_record):
    spool = make_spool()
    with the_newer_release():
        spool.append([status("vehicle_plates", TRUE_BOOT_MS, "synced")])
        assert tables_of(spool) == ["vehicle_plates"]  # it may be in the queue when the roll-back comes
        spool.append([status("camera_status", TRUE_BOOT_MS, "synced", cleaned_at=5)] * 2)
        spool.append([make_record(1)])
    spool.close()
    older = make_spool()
    older.append([make_record(2)])
    assert sorted(tables_of(older)) == ["line_crossings", "line_crossings"]
    assert sorted(tables_of(older)) == ["line_crossings", "line_crossings"]
    assert older.held() == {"vehicle_plates": 1, "camera_status.cleaned_at": 2}
    assert (older.counts().waiting, older.counts().dropped) == (5, 0)
    older.close()
    with the_newer_release():
        newer = make_spool()
        found = newer.read(maximum_rows=100)
        assert len(found) == 5
        assert [row.stored.record.values.get("cleaned_at") for row in found].count(5) == 2
        assert newer.held() == {}


def test_what_only_a_newer_release_can_move_to_the_true_time_is_left_to_it(make_spool, make_record, machine):
    clock = machine.clock()
    spool = make_spool(clock=clock)
    with the_newer_release():
        moment_ms = clock.now_ms()
        spool.append([status("vehicle_plates", moment_ms, "unsynced")])
        spool.append([status("camera_status", moment_ms, "unsynced", cleaned_at=moment_ms)])
    spool.append([make_record(1, event_time_ms=moment_ms, quality="unsynced")])
    machine.wall_offset_ms = TRUE_BOOT_MS
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    assert spool.restamp() == 1
    with the_newer_release():
        assert spool.restamp() == 2
        records = [row.stored.record for row in spool.read(maximum_rows=100)]
    assert {record.event_time_ms for record in records} == {TRUE_BOOT_MS + 10_000}
    assert {record.values.get("cleaned_at") for record in records} == {None, TRUE_BOOT_MS + 10_000}


def test_a_spool_over_its_bound_drops_them_too_and_says_so(make_spool, make_record):
    spool = make_spool(maximum_bytes=64 * 1024)
    with the_newer_release():
        spool.append([status("vehicle_plates", TRUE_BOOT_MS, "synced")] * 300)
    spool.append([make_record(index) for index in range(600)])
    gaps = [
        row.stored.record.values
        for row in spool.read(maximum_rows=1_000)
        if row.stored.record.table == "gaps"
    ]
    assert [gap["gap_stream"] for gap in gaps] == ["plaza-1/vehicle_plates"]
    counts = spool.counts()
    # The gap itself took the room of some more.
    assert 0 < gaps[0]["records"] <= counts.dropped <= gaps[0]["records"] + 5
    assert spool.held() == {"vehicle_plates": 300 - counts.dropped}
