from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from edge_components.runtime.spool import Spool

APPENDER = Path(__file__).with_name("append_forever.py")
Start = Callable[..., subprocess.Popen[str]]


def kill_after_first_line(process: subprocess.Popen[str], delay_seconds: float) -> list[tuple[str, int, int]]:
    first = process.stdout.readline()
    time.sleep(delay_seconds)
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    # A last line without its end was cut off by the kill: its commit was never told to anybody.
    lines = (first + rest).split("\n")[:-1]
    return [(epoch, int(low), int(high)) for epoch, low, high in (line.split() for line in lines)]


def sequences_in(path: Path) -> dict[tuple[str, str], list[int]]:
    connection = sqlite3.connect(path)
    found: dict[tuple[str, str], list[int]] = {}
    for epoch, stream, sequence in connection.execute(
        "SELECT epoch, stream, sequence FROM records JOIN streams USING (stream_id) "
        "JOIN epochs USING (epoch_id) ORDER BY row_id"
    ):
        found.setdefault((epoch, stream), []).append(sequence)
    connection.close()
    return found


def assert_nothing_lost(path: Path, printed: dict[str, list[tuple[str, int, int]]]) -> int:
    found = sequences_in(path)
    for (_, stream), sequences in found.items():
        assert sequences == list(range(1, len(sequences) + 1)), stream
    for camera, lines in printed.items():
        for epoch, _, high in lines:
            assert found[epoch, f"{camera}/camera_status"][high - 1] == high
    with Spool(path, device="jetson-7") as spool:
        counts = spool.counts()
        assert spool.set_aside == ()
        assert counts.made == counts.waiting == sum(map(len, found.values()))
    return counts.made


def test_kill_at_random_moments_loses_nothing_that_was_committed(tmp_path: Path, start_script: Start):
    generator = random.Random(20261121)
    path = tmp_path / "spool.sqlite"
    printed: dict[str, list[tuple[str, int, int]]] = {"plaza-1": []}
    for _ in range(12):
        process = start_script(APPENDER, path, "plaza-1", generator.randint(1, 20))
        printed["plaza-1"] += kill_after_first_line(process, generator.uniform(0.0, 0.15))
    epochs = {epoch for epoch, _, _ in printed["plaza-1"]}
    assert len(epochs) == 1
    assert assert_nothing_lost(path, printed) >= printed["plaza-1"][-1][2] > 100


def test_several_writers_and_a_reader_share_the_file(tmp_path: Path, start_script: Start):
    path = tmp_path / "spool.sqlite"
    cameras = ("plaza-1", "plaza-2")
    writers = {camera: start_script(APPENDER, path, camera, 5) for camera in cameras}
    read: dict[str, list[int]] = {camera: [] for camera in cameras}
    first = {camera: writer.stdout.readline() for camera, writer in writers.items()}
    with Spool(path, device="jetson-7") as spool:
        for _ in range(30):
            rows = spool.read(maximum_rows=50)
            spool.acknowledge([row.row_id for row in rows])
            for row in rows:
                read[row.stored.record.camera].append(row.stored.sequence)
        made_by = {}
        for camera, writer in writers.items():
            os.kill(writer.pid, signal.SIGKILL)
            lines = (first[camera] + writer.stdout.read()).split("\n")[:-1]
            made_by[camera] = int(lines[-1].split()[2])
        while rows := spool.read(maximum_rows=1000):
            spool.acknowledge([row.row_id for row in rows])
            for row in rows:
                read[row.stored.record.camera].append(row.stored.sequence)
        counts = spool.counts()
    for camera in cameras:
        assert sorted(read[camera]) == list(range(1, len(read[camera]) + 1))
        assert len(read[camera]) >= made_by[camera] >= 5
    assert counts.made == counts.acknowledged == sum(map(len, read.values()))
