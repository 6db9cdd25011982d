"""A spool file that older software left is opened, upgraded where it lies, and goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge_components.runtime.spool.ledger import EPOCHS_KEPT

VERSION_1 = Path(__file__).with_name("spool_version_1.sql")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file as version 1 wrote it: 710 made, 278 acknowledged, 424 dropped, 8 wait."""
    path = tmp_path / "spool.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return path


def test_a_file_of_version_1_keeps_its_rows_counts_and_claims(make_spool, make_record, old_file: Path):
    spool = make_spool()
    assert spool.set_aside == ()
    counts = spool.counts()
    assert (counts.made, counts.acknowledged, counts.dropped, counts.waiting) == (710, 278, 424, 8)
    assert counts.bytes == 703 + 8 * 5
    stored = spool.append([make_record(1, "camera_status")])[0]
    assert stored.epoch != "aa6b078ab251"  # the text was restored into another file
    rows = spool.read(maximum_rows=100)
    old = [row.stored for row in rows if row.stored.epoch == "aa6b078ab251"]
    assert [s.sequence for s in old if s.stream == "plaza-1/camera_status"] == [1, 3, 4, 5]
    assert {s.record.values["detail"] for s in old if s.record.table == "camera_status"} == {
        f"문장 {n}" for n in (1, 3, 4, 5)
    }
    assert spool.acknowledge([row.row_id for row in rows]) == 9
    counts = spool.counts()
    assert (counts.made, counts.acknowledged, counts.waiting, counts.bytes) == (711, 287, 0, 0)


def test_a_kill_during_the_upgrade_leaves_the_old_version(make_spool, old_file: Path, monkeypatch):
    from edge_components.runtime.spool import schema

    broken = (schema.UPGRADES[0], (*schema.UPGRADES[1], "SELECT * FROM nowhere"))
    with monkeypatch.context() as patched:
        patched.setattr(schema.upgrade, "__defaults__", (broken,))
        with pytest.raises(Exception, match="nowhere"):
            make_spool()
    with sqlite3.connect(old_file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    assert make_spool().counts().waiting == 8


def test_rows_of_version_1_have_no_checksum_and_are_not_rescued(make_spool, old_file: Path):
    make_spool().close()
    content = bytearray(old_file.read_bytes())
    # The index by priority: the records stay readable, and nobody can vouch for them.
    with sqlite3.connect(old_file) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'records_by_priority'"
        ).fetchone()[0]
    connection.close()
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    old_file.write_bytes(content)
    spool = make_spool()
    assert [aside.rescued for aside in spool.set_aside] == [0]
    assert spool.counts().dropped == 424 + 8


def test_the_ledger_of_a_machine_that_boots_often_stays_small(make_spool, make_record):
    boots = EPOCHS_KEPT + 40
    for boot in range(boots):
        spool = make_spool(boot_id=f"boot-{boot}")
        spool.append([make_record(index) for index in range(3)])
        spool.write_ledger()
        if boot != 10:  # one boot's records wait for long
            spool.acknowledge([row.row_id for row in spool.read(maximum_rows=100)])
        spool.close()
    spool = make_spool(boot_id=f"boot-{boots}")
    spool.acknowledge([row.row_id for row in spool.read(maximum_rows=100)])
    before = spool.counts()
    spool.write_ledger()
    after = spool.counts()
    assert (before.made, before.acknowledged, before.dropped) == (boots * 4, boots * 4, 0)
    assert after.made == after.acknowledged + after.waiting + after.dropped == before.made + after.waiting
    assert len({counts.epoch for counts in after.streams}) <= EPOCHS_KEPT + 1
