"""A damaged file is declared exactly once, wherever a crash or a full disk comes in between."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from contract.errors import DiskFullError
from contract.tables import GAPS
from edge_components.runtime.spool import Spool, damage, files

RECORDS = 500
ACKNOWLEDGED = 100


@pytest.fixture
def damaged_spool(make_spool, make_record, damage_records) -> Spool:
    """A closed spool of 500 records, 100 of them sent, with three pages of records overwritten."""
    spool = make_spool()
    for start in range(1, RECORDS + 1, 50):
        spool.append([make_record(index) for index in range(start, start + 50)])
    spool.acknowledge([row.row_id for row in spool.read(maximum_rows=ACKNOWLEDGED)])
    spool.close()
    damage_records(spool.path)
    return spool


def overwrite_schema(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xa5" * 8_192)


def lost_with(spool: Spool) -> int:
    """Return how many of the waiting records the spool could not take over from its damaged file."""
    rescued = spool.set_aside[0].rescued
    assert 200 < rescued < RECORDS - ACKNOWLEDGED
    return RECORDS - ACKNOWLEDGED - rescued


def gaps_of(spool: Spool) -> list[tuple[str, str | None, int]]:
    rows = [row.stored.record for row in spool.read(maximum_rows=10_000)]
    values = [row.values for row in rows if row.table == GAPS.name]
    return [(gap["reason"], gap["gap_epoch"], gap["records"]) for gap in values]


def test_what_a_full_disk_kept_from_being_declared_is_declared_later(
    make_spool, make_record, damaged_spool, monkeypatch
):
    old = damaged_spool

    def fail(*_: object, **__: object) -> None:
        raise DiskFullError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(damage, "note_damage", fail)
        for _ in range(2):
            with pytest.raises(DiskFullError):
                make_spool()
    spool = make_spool()
    # The rows were taken over in transactions of their own, before the disk was full.
    assert spool.set_aside[0].rescued == 0
    rescued = sum(row.stored.epoch == old.epoch for row in spool.read(maximum_rows=1000))
    lost = RECORDS - ACKNOWLEDGED - rescued
    assert 0 < lost < 200
    assert [(a.counts[0].made, a.counts[0].acknowledged) for a in spool.set_aside] == [
        (RECORDS, ACKNOWLEDGED)
    ]
    assert gaps_of(spool) == [("spool_corrupt", old.epoch, lost)]
    ledger = {row.record.values["ledger_epoch"]: row.record.values for row in spool.write_ledger()}
    assert (ledger[old.epoch]["made"], ledger[old.epoch]["dropped"]) == (RECORDS, lost)


def test_a_damaged_file_is_declared_once(make_spool, damaged_spool):
    first = make_spool()
    lost = lost_with(first)
    assert len(gaps_of(first)) == 1
    first.close()
    again = make_spool(boot_id="boot-2")
    assert (again.set_aside, again.counts().dropped) == ((), lost)
    assert len(gaps_of(again)) == 1


def test_a_second_damage_takes_over_what_the_first_had_declared(
    make_spool, make_record, damaged_spool, damage_records
):
    old = damaged_spool
    second = make_spool()
    lost = lost_with(second)
    for start in range(1, 1001, 100):
        second.append([make_record(index) for index in range(start, start + 100)])
    second.close()
    damage_records(second.path)
    third = make_spool()
    assert [len(aside.counts) for aside in third.set_aside] == [2]
    made = {counts.epoch: counts for counts in third.counts().streams if "crossings" in counts.stream}
    assert (made[old.epoch].made, made[second.epoch].made) == (RECORDS, 1000)
    lost_again = made[old.epoch].dropped - lost + made[second.epoch].dropped
    assert 0 < lost_again < 300
    gaps = gaps_of(third)
    # The first loss was noted and not yet sent: the note was taken over, too.
    assert ("spool_corrupt", old.epoch, lost) in gaps
    assert sum(records for _, _, records in gaps) == lost + lost_again


def test_a_second_damage_that_tells_nothing_declares_the_first_again(make_spool, make_record, damaged_spool):
    old = damaged_spool
    second = make_spool()
    lost = lost_with(second)
    second.close()
    overwrite_schema(second.path)
    third = make_spool()
    assert gaps_of(third) == [("spool_corrupt", old.epoch, lost), ("spool_corrupt", None, 0)]
    assert [aside.rescued for aside in third.set_aside] == [RECORDS - ACKNOWLEDGED - lost, 0]


@pytest.mark.parametrize("renames", [pytest.param(0, id="before"), pytest.param(1, id="between")])
def test_a_crash_while_setting_aside_loses_nothing(make_spool, make_record, tmp_path, monkeypatch, renames):
    spool = make_spool()
    spool.append([make_record(index) for index in range(1, 101)])
    spool.close()
    spool = make_spool()
    spool.append([make_record(index) for index in range(101, 301)])
    # What a killed process leaves: later records stand in the log only.
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"spool.sqlite{suffix}", tmp_path / f"kept{suffix}")
    spool.close()
    for suffix in ("", "-wal"):
        # Writing into the same file keeps its inode.
        (tmp_path / f"spool.sqlite{suffix}").write_bytes((tmp_path / f"kept{suffix}").read_bytes())
    done: list[str] = []
    rename = Path.rename

    def rename_until_killed(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(path.name)
        return rename(path, target)

    def find_damage(path: Path, boot_id: str) -> object:
        raise files.SpoolCorruptError(f"spool {path} is damaged")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_open_checked", find_damage)
        patched.setattr(Path, "rename", rename_until_killed)
        with pytest.raises(KeyboardInterrupt):
            make_spool()
    again = make_spool()
    if renames:
        assert again.epoch != spool.epoch
        assert (again.set_aside[0].rescued, gaps_of(again)) == (300, [])
        assert again.append([make_record(1)])[0].sequence == 1
    else:
        assert (again.epoch, again.counts().waiting) == (spool.epoch, 300)
        assert again.append([make_record(1)])[0].sequence == 301


def test_an_empty_file_with_a_log_is_damage(make_spool, make_record, tmp_path: Path):
    spool = make_spool()
    spool.append([make_record(1)])
    log = (tmp_path / "spool.sqlite-wal").read_bytes()
    spool.close()
    (tmp_path / "spool.sqlite-wal").write_bytes(log)
    (tmp_path / "spool.sqlite").write_bytes(b"")
    again = make_spool()
    assert len(again.set_aside) == 1
    assert gaps_of(again) == [("spool_corrupt", None, 0)]
    assert [path.read_bytes() for path in tmp_path.glob("*damaged-*-wal")] == [log]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE ledger SET day = 'yesterday'", id="no day"),
        pytest.param("UPDATE ledger SET made = 'many'", id="no number"),
        pytest.param("UPDATE ledger SET acknowledged = made + 1", id="more sent than made"),
        pytest.param("UPDATE epochs SET epoch = 'long ago'", id="no epoch"),
        pytest.param("UPDATE streams SET stream = 'plaza 1/tracks'", id="no camera"),
        pytest.param("UPDATE streams SET stream = x'ff00'", id="no text"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_a_silence(make_spool, make_record, damaged_spool, change: str):
    old = damaged_spool
    connection = sqlite3.connect(old.path)
    connection.execute(change)
    connection.commit()
    connection.close()
    spool = make_spool()
    assert len(spool.set_aside) == 1
    assert gaps_of(spool) == [("spool_corrupt", None, 0)]
    assert spool.write_ledger()
