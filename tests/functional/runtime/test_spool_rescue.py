"""What is still sound in a damaged spool is sent after all, what is not is declared."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from contract.errors import DiskFullError
from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES, Spool, rescue, set_aside_files
from edge_components.runtime.spool import damage as damage_module

RECORDS = 3_000


@pytest.fixture
def damaged_spool(make_spool, make_record, damage_records) -> Spool:
    spool = make_spool()
    for start in range(1, RECORDS + 1, 300):
        spool.append([make_record(index) for index in range(start, start + 300)])
    spool.close()
    damage_records(spool.path, pages=7)
    return spool


def identities(spool: Spool) -> Counter[tuple[str, str, int]]:
    rows = [row.stored for row in spool.read(maximum_rows=100_000)]
    return Counter((s.epoch, s.stream, s.sequence) for s in rows if s.record.table != "gaps")


def test_rows_before_between_and_after_the_damage_are_rescued(make_spool, make_record, damaged_spool):
    again = make_spool()
    found = {s.sequence: s for s in (row.stored for row in again.read(maximum_rows=RECORDS * 2))}
    kept = [number for number in range(1, RECORDS + 1) if number in found]
    assert (kept[0], kept[-1], len(kept)) == (1, RECORDS, again.set_aside[0].rescued)
    assert RECORDS - 7 * 60 < len(kept) < RECORDS - 7 * 40
    assert all(found[number].record == make_record(number) for number in kept[1:])
    assert {found[number].epoch for number in kept[1:]} == {damaged_spool.epoch}


@pytest.mark.parametrize("batches", [pytest.param(0, id="at once"), pytest.param(2, id="half way")])
def test_a_disk_that_fills_up_puts_the_rescue_off(
    make_spool, damaged_spool, damage_records, monkeypatch, batches
):
    monkeypatch.setattr(rescue, "ROWS_A_BATCH", 500)
    take_over, done = damage_module._take_over, []

    def fail_after_some(*given: object) -> int:
        if len(done) == batches:
            raise DiskFullError("the disk is full")
        done.append(take_over(*given))  # type: ignore[arg-type]
        return done[-1]

    with monkeypatch.context() as patched:
        patched.setattr(damage_module, "_take_over", fail_after_some)
        first = make_spool()
    # It can be used meanwhile, and nothing is declared lost yet.
    assert (first.set_aside, first.counts().waiting) == ((), sum(done))
    assert first.counts().dropped == 0
    first.close()
    again = make_spool()
    assert again.set_aside[0].rescued + sum(done) == again.counts().waiting
    found = identities(again)
    assert set(found.values()) == {1}
    counts = again.counts()
    assert counts.made == counts.waiting + counts.dropped
    assert len(found) + counts.dropped == RECORDS


def test_two_openings_at_once_rescue_once(make_spool, damaged_spool):
    opened: list[Spool] = []
    threads = [threading.Thread(target=lambda: opened.append(make_spool())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened) == 3
    assert sum(len(spool.set_aside) for spool in opened) == 1
    assert set(identities(opened[0]).values()) == {1}
    assert len({spool.epoch for spool in opened}) == 1


def test_rows_that_may_have_been_sent_are_not_dropped_after_a_rescue(make_spool, make_record, damage_records):
    spool = make_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    spool.append([make_record(index) for index in range(400)])
    sent = {row.stored.sequence for row in spool.read(maximum_rows=100)}
    spool.close()
    damage_records(spool.path, pages=1)
    again = make_spool()
    again.append([make_record(index) for index in range(2_000)])
    left = {row.stored.sequence for row in again.read(maximum_rows=5_000) if row.stored.epoch == spool.epoch}
    assert left == sent
    counts = again.counts()
    assert counts.made == counts.waiting + counts.dropped


def test_drops_that_the_damaged_file_had_not_declared_are_declared(make_spool, make_record, damage_records):
    spool = make_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    for start in range(0, 3_000, 100):
        spool.append([make_record(index) for index in range(start, start + 100)])
    dropped = spool.counts().dropped
    spool.close()
    damage_records(spool.path, pages=1)
    again = make_spool()
    gaps = [r.stored.record.values for r in again.read(maximum_rows=5_000) if r.stored.record.table == "gaps"]
    declared = {gap["reason"]: gap["records"] for gap in gaps}
    assert declared["spool_full"] == dropped > 1_000
    assert declared["spool_corrupt"] == again.counts().dropped - dropped > 10


def test_a_flipped_bit_costs_one_row_and_is_declared(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(index) for index in range(1, 101)])
    spool.close()
    content = spool.path.read_bytes()
    where = content.index(b'["gate","in","person",42,') + len(b'["gate","in","person",4')
    with spool.path.open("r+b") as file:
        file.seek(where)
        file.write(b"3")  # track 42 is now track 43: still a record the contract would take
    again = make_spool()
    assert again.set_aside == ()
    rows = again.read(maximum_rows=1_000)
    assert sorted(row.stored.sequence for row in rows) == [n for n in range(1, 101) if n != 42]
    again.acknowledge([row.row_id for row in rows])
    (gap,) = [row.stored.record.values for row in again.read(maximum_rows=10)]
    assert (gap["reason"], gap["gap_stream"]) == ("spool_corrupt", "plaza-1/line_crossings")
    assert (gap["first_sequence"], gap["last_sequence"], gap["records"]) == (42, 42, 1)
    counts = again.counts()
    assert (counts.made, counts.acknowledged, counts.dropped, counts.waiting) == (101, 99, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE records SET event_time_ms = -5", id="time before 1970"),
        pytest.param("UPDATE records SET event_time_ms = 'noon'", id="time in words"),
        pytest.param("UPDATE records SET payload = x'5b'", id="half a payload"),
        pytest.param("UPDATE records SET payload = 7", id="payload a number"),
        pytest.param("UPDATE records SET clock_quality = 'good'", id="no quality"),
        pytest.param("UPDATE records SET sequence = sequence + 10", id="other numbers"),
        pytest.param("UPDATE records SET checksum = NULL, payload = x'5b'", id="no checksum"),
        pytest.param("UPDATE shapes SET shape = '[]'", id="no shape"),
    ],
)
def test_a_row_that_makes_no_sense_is_declared_and_stops_nobody(make_spool, make_record, change: str):
    spool = make_spool()
    spool.append([make_record(index) for index in range(1, 4)])
    with sqlite3.connect(spool.path) as connection:
        connection.execute(change)
    connection.close()
    assert spool.read(maximum_rows=10) == []
    spool.append([make_record(4, "camera_status")])
    tables = Counter(row.stored.record.table for row in spool.read(maximum_rows=10))
    assert tables["camera_status"] == 1
    assert tables["gaps"] >= 1
    counts = spool.counts()
    assert counts.dropped == 3
    assert counts.made == counts.waiting + counts.dropped


def test_damaged_files_are_removed_beyond_a_number(make_spool, make_record, damage_records, tmp_path: Path):
    aside = []
    for _ in range(damage_module.FILES_KEPT + 2):
        spool = make_spool()
        aside += [one.path for one in spool.set_aside]
        spool.append([make_record(index) for index in range(1, 301)])
        spool.close()
        damage_records(spool.path, pages=1)
    last = make_spool()
    aside += [one.path for one in last.set_aside]
    assert set_aside_files(last.path) == aside[-damage_module.FILES_KEPT :]
    assert len(list(tmp_path.glob("*.damaged-*"))) >= damage_module.FILES_KEPT
    assert not aside[0].exists()


def test_damaged_files_take_no_more_room_than_the_bound(make_spool, make_record, damage_records):
    for _ in range(5):
        spool = make_spool(maximum_bytes=256 * 1024)
        spool.acknowledge([row.row_id for row in spool.read(maximum_rows=10_000)])
        for start in range(1, 601, 50):
            spool.append([make_record(index) for index in range(start, start + 50)])
        spool.close()
        damage_records(spool.path, pages=1)
    last = make_spool()
    kept = set_aside_files(last.path)
    assert 1 <= len(kept) < damage_module.FILES_KEPT
    assert sum(file.stat().st_size for file in kept) <= 256 * 1024


def test_the_bound_of_a_damaged_file_holds_for_the_next(make_spool, make_record, damage_records):
    spool = make_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    spool.append([make_record(index) for index in range(400)])
    spool.close()
    damage_records(spool.path, pages=1)
    again = make_spool()
    again.append([make_record(index) for index in range(2_000)])
    assert again.counts().bytes <= MINIMUM_MAXIMUM_BYTES
