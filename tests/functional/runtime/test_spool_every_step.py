"""A kill after every single write, and a power loss between every two fsyncs, of a real process.

A child fills, reads, acknowledges, drops and closes a spool while each of its system calls on the files is
noted; a mark is noted whenever a call of the spool has returned. Then each disk it could have left is opened.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from contract.records import Record
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES, Spool, SpooledRow
from edge_components.runtime.time_sync import TimeSync
from tests.functional.runtime.disk_trace import Disk, Step, TracingRefusedError, mark, record

NOON_MS = 1_795_176_000_000
POWER_LOSSES_A_STEP = 2


def clock() -> DeviceClock:
    return DeviceClock(
        monotonic_seconds=lambda: 100.0,
        wall_seconds=lambda: NOON_MS / 1000,
        probe=lambda _: TimeSync(True, "test"),
    )


def status(index: int) -> Record:
    values = {
        "state": "ok",
        "previous_state": None,
        "frames_per_second": None,
        "detail": f"{index} " + "x" * 150,
    }
    return Record("camera_status", "plaza-1", None, None, NOON_MS + index, "synced", values)


def open_spool(path: Path, boot: str) -> Spool:
    return Spool(path, device="jetson-7", maximum_bytes=MINIMUM_MAXIMUM_BYTES, clock=clock(), boot_id=boot)


def told_by(row: SpooledRow) -> Iterable[int]:
    """Return the numbers that are accounted for once this row is in the queue."""
    stored = row.stored
    if stored.record.table == "camera_status":
        return [stored.sequence]
    values = stored.record.values
    if values.get("gap_stream") != "plaza-1/camera_status":
        return []
    return range(int(values["first_sequence"] or 0), int(values["last_sequence"] or 0) + 1)


def work_on(path: Path) -> None:
    """Make 560 records, drop some, send some; the log is folded into the file on the way and at the end."""
    spool = open_spool(path, "boot-1")
    spool._database.connection.execute("PRAGMA wal_autocheckpoint = 60")
    for start in range(0, 560, 40):
        stored = spool.append([status(index) for index in range(start, start + 40)])
        mark(json.dumps(["made", stored[0].epoch, stored[-1].sequence]))
        if start % 120 == 80:
            rows = spool.read(maximum_rows=30)
            mark(json.dumps(["sent", spool.epoch, [number for row in rows for number in told_by(row)]]))
            spool.acknowledge([row.row_id for row in rows])
        if start == 240:
            spool.write_ledger()
    spool.close()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    folder = tmp_path_factory.mktemp("traced").resolve()
    try:
        return record(folder, lambda: work_on(folder / "spool.sqlite"))
    except TracingRefusedError as error:
        pytest.skip(f"a process may not be traced here: {error}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory: what is opened here was laid out by hand, an fsync need not cost anything."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    for old in folder.iterdir():
        old.unlink()
    for path, content in files.items():
        name = Path(path).name
        if not name.endswith("-shm"):  # rebuilt at each opening after a crash
            (folder / name).write_bytes(content)
    return folder / "spool.sqlite"


def check(path: Path, boot: str, made: dict[str, int], sent: set[tuple[str, int]], *, sound: bool) -> None:
    """Hold everything that was told to be made to be there, sent or declared; nothing is there twice."""
    with open_spool(path, boot) as spool:
        counts = spool.counts()
        if sound:
            assert spool.set_aside == ()
        assert counts.made == counts.acknowledged + counts.waiting + counts.dropped
        for (epoch, stream), told in {(s.epoch, s.stream): s for s in counts.streams}.items():
            if stream == "plaza-1/camera_status":
                assert told.made >= made.get(epoch, 0)
        made_here = {s.epoch: s.made for s in counts.streams if s.stream == "plaza-1/camera_status"}
        assert all(made_here.get(epoch, 0) >= highest for epoch, highest in made.items())
        there: Counter[tuple[str, int]] = Counter()
        declared: Counter[tuple[str, int]] = Counter()
        while rows := spool.read(maximum_rows=5_000):
            for row in rows:
                stored = row.stored
                if stored.record.table == "camera_status":
                    there[stored.epoch, stored.sequence] += 1
                elif stored.record.table == "gaps":
                    declared.update((str(stored.record.values["gap_epoch"]), n) for n in told_by(row))
            spool.acknowledge([row.row_id for row in rows])
        assert set(there.values()) | set(declared.values()) <= {1}
        assert not set(there) & set(declared)
        for epoch, highest in made.items():
            for number in range(1, highest + 1):
                key = (epoch, number)
                assert key in there or key in declared or key in sent, key


def states(steps: list[Step]) -> Iterator[tuple[Disk, dict[str, int], set[tuple[str, int]], Step]]:
    disk, made, sent = Disk(), {}, set()
    for step in steps:
        if step.kind == "mark":
            kind, epoch, told = json.loads(step.data)
            if kind == "made":
                made[epoch] = told
            else:
                sent |= {(epoch, number) for number in told}
        else:
            disk.do(step)
        yield disk, made, sent, step


def test_the_trace_shows_every_fsync_point(steps: list[Step]):
    """Between two commits' marks the log is synced; a checkpoint syncs the log, then the file."""
    kinds = [(step.kind, Path(step.path).name) for step in steps]
    logs = [index for index, kind in enumerate(kinds) if kind == ("sync", "spool.sqlite-wal")]
    marks = [i for i, step in enumerate(steps) if step.kind == "mark" and b'"made"' in step.data]
    for before, after in zip([0, *marks], marks, strict=False):
        assert any(before < index < after for index in logs)
        last_write = max(i for i in range(before, after) if kinds[i] == ("write", "spool.sqlite-wal"))
        # The records of an append are written to the log, and synced, before the append returns.
        assert (
            any(last_write < index < after for index in logs)
            or ("sync", "spool.sqlite") in kinds[before:after]
        )
    assert ("sync", "spool.sqlite") in kinds
    assert len(steps) > 300


def test_a_kill_after_any_write_loses_nothing(steps: list[Step], folder: Path):
    tried = 0
    for disk, made, sent, step in states(steps):
        if step.kind in ("write", "cut", "remove", "rename") and step.path.endswith(
            ("sqlite", "-wal", ".mark")
        ):
            path = lay_out(folder, disk.after_kill())
            check(path, "boot-1", made, sent, sound=True)
            tried += 1
    assert tried > 200


def test_a_power_loss_between_any_two_fsyncs_loses_nothing(steps: list[Step], folder: Path):
    dice = random.Random(int(os.environ.get("SPOOL_POWER_SEED", "20261121")))
    tried = 0
    for disk, made, sent, step in states(steps):
        if step.kind == "sync" or (step.kind == "write" and dice.random() < 0.5):
            for _ in range(POWER_LOSSES_A_STEP):
                path = lay_out(folder, disk.after_power_loss(dice))
                check(path, "boot-2", made, sent, sound=True)
                tried += 1
    assert tried > 200
