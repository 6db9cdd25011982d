"""Spool commits a second and bytes a record, beside a bare SQLite insert and bare fsync, in one run.

Run: ``python tests/bench/bench_spool.py [--seconds 3]``. Prints a markdown table. The rows are interleaved
in short rounds, so that a slow disk or a busy neighbour hits all of them alike.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from contract.envelope import pack_messages
from contract.records import Record
from edge_components.runtime.spool import Spool

START_MS = 1_795_176_000_000
TRACKS = 10
ZONES = 3
ROUND_SECONDS = 0.25
DAY_WINDOWS = 8640
CROSSINGS_PER_DAY = 8640


def zone_row(window: int, zone: int) -> Record:
    values = {
        "window_seconds": 10.0,
        "zone": f"entrance-{zone}",
        "object_class": "person",
        "frames": 100,
        "occupancy_mean": 3.1 + window % 7 / 7,
        "occupancy_maximum": 5 + window % 3,
        "occupancy_last": 3,
        "entries": window % 4,
        "exits": window % 3,
        "appeared": 0,
        "vanished": 1,
        "dwell_seconds_sum": 12.345 * (window % 5),
        "dwell_count": window % 3,
        "density_per_m2": 0.1234,
        "suspect": False,
    }
    return _record("zone_counts", window, values)


def track_row(window: int, track: int) -> Record:
    shift = (window * 7 + track * 13) % 400
    values = {
        "window_seconds": 10.0,
        "track": window * 3 + track,
        "object_class": "person",
        "frames": 80 + track,
        "confidence_mean": 0.7 + track / 50,
        "box_left": 100.3 + shift,
        "box_top": 80.7 + shift / 3,
        "box_width": 41.2,
        "box_height": 102.9,
        "image_x": 121.4 + shift,
        "image_y": 183.6 + shift / 3,
        "ground_x_m": 4.567 + shift / 60,
        "ground_y_m": 9.123 + shift / 90,
        "speed_mps": 1.234,
        "speed_uncertainty_mps": 0.21,
        "suspect": False,
    }
    return _record("tracks", window, values)


def _record(table: str, window: int, values: dict[str, object]) -> Record:
    at_ms = START_MS + window * 10_000
    return Record(table, "plaza-1", "2026-11-01", "Asia/Seoul", at_ms, "synced", values)  # type: ignore[arg-type]


def window_of_records(window: int) -> list[Record]:
    """One 10 s window of a camera: three zones and ten tracks."""
    zones = [zone_row(window, zone) for zone in range(ZONES)]
    return zones + [track_row(window, track) for track in range(TRACKS)]


class Contestant:
    """A named way to make one window durable, timed in rounds."""

    def __init__(self, name: str, rows: int, work: Callable[[int], object]) -> None:
        self.name, self.rows, self._work = name, rows, work
        self.commits = 0
        self.seconds = 0.0

    def round(self) -> None:
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < ROUND_SECONDS:
            self._work(self.commits)
            self.commits += 1
        self.seconds += spent

    @property
    def rate(self) -> float:
        return self.commits / self.seconds


def raw_fsync(folder: Path) -> Callable[[int], object]:
    descriptor = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT)

    def work(_: int) -> None:
        os.write(descriptor, b"x" * 4096)
        os.fsync(descriptor)

    return work


def bare_sqlite(folder: Path) -> Callable[[int], object]:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE records (row_id INTEGER PRIMARY KEY, payload TEXT)")

    def work(window: int) -> None:
        rows = [(json.dumps(vars(record)),) for record in window_of_records(window)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO records (payload) VALUES (?)", rows)
        connection.execute("COMMIT")

    return work


def table(contestants: list[Contestant]) -> list[str]:
    bare = next(c for c in contestants if c.name.startswith("bare SQLite"))
    lines = ["| what | commits/s | records/s | against bare SQLite |", "| --- | ---: | ---: | ---: |"]
    for c in contestants:
        ratio = c.rate / bare.rate
        lines.append(f"| {c.name} | {c.rate:,.0f} | {c.rate * c.rows:,.0f} | {ratio:.2f} |")
    return lines


def size_lines(folder: Path) -> list[str]:
    windows = 2000
    with Spool(folder / "size.sqlite", device="jetson-7") as spool:
        for start in range(0, windows, 100):
            spool.append([r for w in range(start, start + 100) for r in window_of_records(w)])
        counts = spool.counts()
        rows = spool.read(maximum_rows=8_000)
        started = time.perf_counter()
        messages = pack_messages("seoul-1", "jetson-7", [row.stored for row in rows])
        pack_seconds = time.perf_counter() - started
    with sqlite3.connect(folder / "size.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    file_bytes = (folder / "size.sqlite").stat().st_size
    per_record = counts.bytes / counts.waiting
    per_day = DAY_WINDOWS * (ZONES + TRACKS) + CROSSINGS_PER_DAY
    week_bytes = 7 * per_day * per_record
    sent = sum(len(message.body.encode()) for message in messages) / len(rows)
    return [
        f"- bytes a record: {per_record:.0f} counted against the bound, "
        f"{file_bytes / counts.waiting:.0f} on disk, {sent:.0f} in a message",
        f"- packing: {len(rows) / pack_seconds:,.0f} records/s",
        f"- a camera at {per_day:,} records a day: 7 days = {week_bytes / 1e6:,.0f} MB; "
        f"2 GiB = {2**31 / week_bytes:.1f} such camera-weeks",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds for each row of the table")
    parser.add_argument("--folder", type=Path, help="where the files go (default: the temporary folder)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.folder) as name,
        Spool(Path(name) / "spool.sqlite", device="jetson-7") as spool,
    ):
        folder = Path(name)
        contestants = [
            Contestant("raw write + fsync, 4 KiB", 1, raw_fsync(folder)),
            Contestant("bare SQLite insert of the same window as JSON", ZONES + TRACKS, bare_sqlite(folder)),
            Contestant("spool, one window", ZONES + TRACKS, lambda w: spool.append(window_of_records(w))),
            Contestant("spool, one record", 1, lambda w: spool.append([zone_row(w, 1)])),
        ]
        for _ in range(max(1, round(arguments.seconds / ROUND_SECONDS))):
            for contestant in contestants:
                contestant.round()
        lines = [*table(contestants), "", *size_lines(folder)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
