"""No identity is allotted twice, whatever is done to the files of a spool within one boot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contract.records import StoredRecord
from contract.tables import GAPS


def identities(stored: list[StoredRecord]) -> list[tuple[str, str, int]]:
    return [(s.epoch, s.stream, s.sequence) for s in stored]


def put_back_over_it(path: Path, backup: Path) -> None:
    shutil.copyfile(backup, path)


def put_back_as_a_new_file(path: Path, backup: Path) -> None:
    path.unlink()
    shutil.copyfile(backup, path)


def put_back_after_removing_all(path: Path, backup: Path) -> None:
    for part in path.parent.glob(path.name + "*"):
        part.unlink()
    shutil.copyfile(backup, path)


def put_back_with_a_broken_mark(path: Path, backup: Path) -> None:
    path.with_name(path.name + ".mark").write_text("no number")
    shutil.copyfile(backup, path)


@pytest.mark.parametrize(
    ("put_back", "noticed"),
    [
        pytest.param(put_back_over_it, ["spool_rewound"], id="over it"),
        pytest.param(put_back_as_a_new_file, ["spool_rewound"], id="as a new file"),
        pytest.param(put_back_after_removing_all, [], id="all else removed"),
        pytest.param(put_back_with_a_broken_mark, [], id="mark broken"),
    ],
)
@pytest.mark.parametrize("lost", [pytest.param(1, id="one later record"), pytest.param(300, id="many")])
def test_a_backup_put_back_begins_an_epoch(make_spool, make_record, put_back, noticed, lost):
    spool = make_spool()
    made = identities(spool.append([make_record(1)]))
    spool.close()
    backup = spool.path.with_name("backup")
    shutil.copyfile(spool.path, backup)
    spool = make_spool()
    made += identities(spool.append([make_record(index) for index in range(lost)]))
    sent = [row.row_id for row in spool.read(maximum_rows=1000)]
    spool.close()
    put_back(spool.path, backup)
    again = make_spool()
    made += identities(again.append([make_record(index) for index in range(3)]))
    assert len(set(made)) == len(made)
    rows = again.read(maximum_rows=100)
    assert [
        row.stored.record.values["reason"] for row in rows if row.stored.record.table == GAPS.name
    ] == noticed
    if noticed:
        # A late acknowledgement from before hits only what the backup still holds.
        assert again.acknowledge(sent) == 1
    again.close()
    assert make_spool().epoch == again.epoch


def test_a_spool_file_that_was_removed_is_noticed(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    spool.close()
    spool.path.unlink()
    again = make_spool()
    assert again.epoch != spool.epoch
    assert [row.stored.record.values["reason"] for row in again.read(maximum_rows=9)] == ["spool_rewound"]


def test_every_number_that_is_told_is_covered_by_the_mark(make_spool, make_record, tmp_path: Path):
    writer, reader = make_spool(), make_spool()
    mark = tmp_path / "spool.sqlite.mark"
    for expected in (3, 6):
        writer.append([make_record(index) for index in range(3)])
        assert int(mark.read_text()) == expected
    reader.write_ledger()
    assert int(mark.read_text()) == 7
    writer.append([make_record(1)])
    reader.read(maximum_rows=1)
    assert int(mark.read_text()) == 8


def test_a_mark_that_cannot_be_written_costs_the_epoch_and_no_record(make_spool, make_record, monkeypatch):
    spool = make_spool()

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.pwrite", fail)
        assert spool.append([make_record(1)])[0].sequence == 1
    spool.close()
    again = make_spool()
    assert again.epoch != spool.epoch
    assert again.counts().waiting == 1
