"""What a full disk refuses is declared: made stays what is sent, what waits and what was dropped."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path

import pytest

from contract.errors import DiskFullError


def let_grow(spool, pages):
    """Let the file take so many pages more than it has, as a disk with so much room does."""
    connection = spool._database.connection
    now = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {now + pages}")


def refuse(spool, records):
    with pytest.raises(DiskFullError, match="is full"):
        spool.append(records)


def gaps_of(rows):
    records = [row.stored.record for row in rows if row.stored.record.table == "gaps"]
    return [
        (v["reason"], v["gap_stream"], v["first_sequence"], v["last_sequence"], v["records"])
        for v in (record.values for record in records)
    ]


def test_refused_records_are_numbered_and_declared_once(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1), make_record(1, "camera_status")])
    let_grow(spool, 0)
    many = [make_record(index) for index in range(2, 1_002)]
    refuse(spool, many)
    refuse(spool, [*many, *(make_record(index, "camera_status") for index in range(5))])
    let_grow(spool, 1_000)
    assert spool.append([make_record(9)])[0].sequence == 2_002
    rows = spool.read(maximum_rows=100)
    assert gaps_of(rows) == [
        ("disk_full", "plaza-1/camera_status", 2, 6, 5),
        ("disk_full", "plaza-1/line_crossings", 2, 2_001, 2_000),
    ]
    span = next(r.stored.record for r in rows if r.stored.record.values.get("records") == 2_000)
    assert span.values["gap_start"] == many[0].event_time_ms
    assert span.values["gap_end"] == many[-1].event_time_ms
    spool.acknowledge([row.row_id for row in rows])
    assert gaps_of(spool.read(maximum_rows=100)) == []
    told = {r.record.values["ledger_stream"]: r.record.values for r in spool.write_ledger()}
    crossings = told["plaza-1/line_crossings"]
    assert (crossings["made"], crossings["dropped"], crossings["last_sequence"]) == (2_002, 2_000, 2_002)
    counts = spool.counts()
    assert counts.made == counts.acknowledged + counts.dropped + counts.waiting


def test_refused_records_of_a_boot_without_time_are_told_at_the_true_time(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    let_grow(spool, 0)
    refuse(spool, [make_record(i, quality="unsynced" if i < 500 else "synced") for i in range(1_000)])
    let_grow(spool, 1_000)
    assert [gap[2:] for gap in gaps_of(spool.read(maximum_rows=10))] == [(502, 1_001, 500), (2, 501, 500)]


def test_what_could_not_even_be_declared_is_in_the_log(make_spool, make_record, monkeypatch, caplog):
    spool = make_spool()
    spool.append([make_record(1)])
    let_grow(spool, 0)

    def full(*_):
        raise DiskFullError("the disk is full")

    monkeypatch.setattr(spool._writer, "drain", full)
    refuse(spool, [make_record(index) for index in range(1_000)])
    found = [record for record in caplog.records if record.message == "refused records not declared"]
    assert [(record.levelno, record.records) for record in found] == [(logging.ERROR, 1_000)]


@pytest.fixture
def small_disk(tmp_path: Path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system of 24 MB can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Let another program take the rest of the disk."""
    path = folder / "of another program"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass
    return path


def test_a_disk_that_stays_full_declares_all_it_refuses_and_is_drained(small_disk, make_spool, make_record):
    spool = make_spool(path=small_disk / "spool.sqlite")
    taken, refused = len(spool.append([make_record(1)])), 0
    other = fill(small_disk)
    for _ in range(40):
        try:
            taken += len(spool.append([make_record(index) for index in range(300)]))
        except DiskFullError:
            refused += 300
            fill(small_disk)
    assert refused > 20 * 300
    counts = spool.counts()
    assert (counts.made, counts.dropped, counts.waiting) == (taken + refused, refused, taken)
    # As vision and publisher do when they are started again on such a disk.
    spool.close()
    spool = make_spool(path=small_disk / "spool.sqlite")
    declared = 0
    while rows := spool.read(maximum_rows=2_000):
        declared += sum(gap[-1] for gap in gaps_of(rows))
        spool.acknowledge([row.row_id for row in rows])
    assert declared == refused
    other.unlink()
    reserve = spool.path.with_name(spool.path.name + ".reserve")
    left_bytes = reserve.stat().st_size if reserve.exists() else 0
    spool.read(maximum_rows=1)
    assert left_bytes < reserve.stat().st_size > 1024 * 1024, "it grows when there is room again"
    assert spool.append([make_record(1)])[0].sequence == taken + refused + 1
