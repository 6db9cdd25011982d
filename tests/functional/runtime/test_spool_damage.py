from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from contract.errors import CrowdLensError, DiskFullError
from contract.records import Record
from edge_components.runtime.spool import Spool, SpoolCorruptError, SpoolError
from edge_components.runtime.spool.schema import UPGRADES, SpoolVersionError, upgrade


def overwrite(path: Path, offset: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * length)


def fill(make_spool, make_record) -> Spool:
    spool = make_spool()
    for start in range(1, 501, 50):
        spool.append([make_record(index) for index in range(start, start + 50)])
    spool.acknowledge([row.row_id for row in spool.read(maximum_rows=100)])
    spool.close()
    return spool


@pytest.mark.parametrize(
    ("damaged", "ledger_readable"),
    [
        pytest.param((0, 4096), False, id="first page gone"),
        pytest.param((100, 60), False, id="root of the schema damaged"),
        pytest.param(None, True, id="pages of records damaged"),
    ],
)
def test_a_damaged_file_is_set_aside_and_reported(
    make_spool, make_record, damage_records, damaged, ledger_readable
):
    old = fill(make_spool, make_record)
    if damaged is None:
        damage_records(old.path)
    else:
        overwrite(old.path, *damaged)
    spool = make_spool()
    assert [aside.path.stat().st_size > 60_000 for aside in spool.set_aside] == [True]
    assert spool.epoch != old.epoch
    rows = [row.stored for row in spool.read(maximum_rows=1000)]
    gaps = [stored.record.values for stored in rows if stored.record.table == "gaps"]
    assert [gap["reason"] for gap in gaps] == ["spool_corrupt"]
    counts = spool.counts()
    assert counts.made == counts.acknowledged + counts.waiting + counts.dropped
    rescued = spool.set_aside[0].rescued
    lost = 400 - rescued
    if ledger_readable:
        assert 200 < rescued < 400
        # A rescued row is what was stored, under the number it was born with.
        assert sorted((s.sequence, s.record) for s in rows if s.epoch == old.epoch) == sorted(
            (sequence, make_record(sequence))
            for sequence in {s.sequence for s in rows if s.epoch == old.epoch}
        )
        assert sum(stored.epoch == old.epoch for stored in rows) == rescued
        assert (gaps[0]["gap_epoch"], gaps[0]["gap_stream"]) == (old.epoch, "plaza-1/line_crossings")
        assert (gaps[0]["records"], gaps[0]["first_sequence"], gaps[0]["last_sequence"]) == (lost, 1, 500)
        assert (counts.made, counts.dropped) == (501, lost)
        ledger = {s.record.values["ledger_epoch"]: s.record.values for s in spool.write_ledger()}
        assert (ledger[old.epoch]["made"], ledger[old.epoch]["dropped"]) == (500, lost)
    else:
        assert rescued == 0
        assert (gaps[0]["gap_epoch"], gaps[0]["records"]) == (None, 0)
    assert spool.append([make_record(1)])[0].sequence == 1


def test_setting_a_file_aside_is_logged_with_the_problem(make_spool, make_record, caplog):
    old = fill(make_spool, make_record)
    overwrite(old.path, 0, 4096)
    spool = make_spool()
    logged = [(record.message, record.set_aside) for record in caplog.records]
    path = str(spool.set_aside[0].path)
    assert logged == [("damaged spool file set aside", path), ("damaged spool file declared", path)]
    assert (caplog.records[1].rescued, caplog.records[1].lost, caplog.records[1].all) == (0, 0, False)
    assert "is damaged" in caplog.records[0].problem


def test_a_healthy_file_is_never_set_aside(make_spool, make_record):
    fill(make_spool, make_record)
    assert make_spool().set_aside == ()
    assert make_spool(boot_id="boot-2").set_aside == ()


def test_a_damaged_file_in_use_is_left_to_its_user(make_spool, make_record, damage_records, monkeypatch):
    monkeypatch.setattr("edge_components.runtime.spool.files.SET_ASIDE_TIMEOUT_SECONDS", 0.1)
    fill(make_spool, make_record)
    user = make_spool()
    damage_records(user.path)
    with pytest.raises(SpoolCorruptError, match="another process has it open"):
        make_spool()
    assert list(user.path.parent.glob("*.damaged-*")) == []
    user.close()
    assert len(make_spool().set_aside) == 1


def test_damage_met_in_a_large_file_is_looked_for_at_the_next_opening(
    make_spool, make_record, damage_records, monkeypatch
):
    monkeypatch.setattr("edge_components.runtime.spool.files.CHECK_EVERY_OPENING_BYTES", 0)
    old = fill(make_spool, make_record)
    damage_records(old.path)
    unaware = make_spool()
    assert unaware.set_aside == ()
    with pytest.raises(SpoolCorruptError, match="start again to set it aside"):
        unaware.read(maximum_rows=1000)
    unaware.close()
    again = make_spool()
    assert [aside.counts[0].lost for aside in again.set_aside] == [400]
    assert list(old.path.parent.glob("*.suspect")) == []


@pytest.mark.parametrize(
    "name", [pytest.param("notes.txt", id="text"), pytest.param("other.sqlite", id="SQLite")]
)
def test_a_file_that_is_no_spool_is_left_alone(make_spool, tmp_path: Path, name: str):
    path = tmp_path / name
    if name == "notes.txt":
        path.write_text("buy milk, and much else that fills a line\n" * 10)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE milk (litres REAL)")
        connection.close()
    content = path.read_bytes()
    with pytest.raises(SpoolError, match="expected a spool"):
        make_spool(path=path)
    if name == "notes.txt":
        assert path.read_bytes() == content
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_a_file_of_newer_software_is_refused(make_spool):
    spool = make_spool()
    spool.close()
    with sqlite3.connect(spool.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SpoolError, match="has version 99"):
        make_spool()


def test_an_older_file_is_upgraded_in_place_and_keeps_its_rows(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    spool.close()
    newer = (*UPGRADES, ("ALTER TABLE records ADD COLUMN note TEXT",))
    connection = sqlite3.connect(spool.path, isolation_level=None)
    upgrade(connection, newer)
    upgrade(connection, newer)
    assert connection.execute("SELECT sequence, note FROM records").fetchall() == [(1, None)]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)
    with pytest.raises(SpoolVersionError):
        upgrade(connection)
    connection.close()


def test_an_upgrade_that_fails_changes_nothing(make_spool):
    spool = make_spool()
    spool.close()
    connection = sqlite3.connect(spool.path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        upgrade(connection, (*UPGRADES, ("ALTER TABLE records ADD COLUMN note TEXT", "ALTER TABLE nowhere")))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(UPGRADES),)
    assert "note" not in [row[1] for row in connection.execute("PRAGMA table_info(records)")]
    connection.close()


def test_a_full_disk_stores_nothing_of_the_append(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    database = spool._database.connection
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFullError, match="is full"):
        spool.append([make_record(index) for index in range(2, 2000)])
    counts = spool.counts()
    assert (counts.made, counts.dropped, counts.waiting) == (1999, 1998, 1)
    database.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert spool.append([make_record(2)])[0].sequence == 2000


@pytest.fixture
def tiny_disk(tmp_path: Path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system of 8 MB can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def append_until_full(spool: Spool, records: list[Record]) -> int:
    committed = 0
    try:
        while True:
            committed += len(spool.append(records))
    except DiskFullError:
        return committed


def test_a_really_full_disk_is_survived_and_drained(tiny_disk: Path, make_spool, make_record):
    spool = make_spool(path=tiny_disk / "spool.sqlite")
    committed = append_until_full(spool, [make_record(index) for index in range(100)])
    assert committed > 1000
    spool.close()
    again = make_spool(path=tiny_disk / "spool.sqlite")
    counts = again.counts()
    assert (counts.made, counts.dropped, counts.waiting) == (committed + 100, 100, committed)
    while rows := again.read(maximum_rows=500):
        again.acknowledge([row.row_id for row in rows])
    assert again.counts().acknowledged == committed + 1  # and the gap that declares the last append
    assert again.append([make_record(1)])[0].sequence == committed + 101


def test_a_disk_too_full_for_a_new_spool_is_one_clear_sentence(tiny_disk: Path, make_spool):
    free_bytes = shutil.disk_usage(tiny_disk).free
    (tiny_disk / "ballast").write_bytes(b"\0" * (free_bytes - 4096))
    with pytest.raises(CrowdLensError, match="is full"):
        make_spool(path=tiny_disk / "spool.sqlite")
    (tiny_disk / "ballast").unlink()
    assert make_spool(path=tiny_disk / "spool.sqlite").counts().made == 0
