"""A spool against a model of a few lines, under any order of operations."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract.records import Record
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES, Spool
from edge_components.runtime.time_sync import TimeSync

MEMORY = Path("/dev/shm")  # nothing here is about the disk: an fsync need not cost anything
DAY_MS = 86_400_000
NOON_MS = 1_795_176_000_000
STREAMS = st.sampled_from(
    [("plaza-1", "camera_status"), ("plaza-2", "camera_status"), ("plaza-1", "classifications")]
)


def record(camera: str, table: str, at_ms: int, quality: str) -> Record:
    values = {
        "camera_status": {"state": "ok", "detail": "x" * 150},
        "classifications": {"rank": 1, "label": "x" * 100, "label_text": "y", "probability": 0.25},
    }[table]
    return Record(table, camera, None, None, at_ms, quality, values)


class SpoolMachine(RuleBasedStateMachine):
    """The model: which identities were made, acknowledged, and are in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="spool-model-", dir=MEMORY if MEMORY.is_dir() else None))
        self.boot = 1
        self.uptime_seconds = 10.0
        self.synced = True
        self.made: dict[tuple[str, str, int], Record] = {}
        self.meant_ms: dict[tuple[str, str, int], int] = {}
        self.last: dict[tuple[str, str], int] = defaultdict(int)
        self.acknowledged: set[tuple[str, str, int]] = set()
        self.in_flight: dict[int, tuple[str, str, int]] = {}
        self.declared: set[tuple[str, str, int]] = set()
        self.open()

    def open(self) -> None:
        clock = DeviceClock(
            monotonic_seconds=lambda: self.uptime_seconds,
            wall_seconds=lambda: self.true_ms() / 1000 if self.synced else self.uptime_seconds,
            probe=lambda _: TimeSync(self.synced, ""),
        )
        self.spool = Spool(
            self.folder / "spool.sqlite",
            device="jetson-7",
            maximum_bytes=MINIMUM_MAXIMUM_BYTES,
            clock=clock,
            boot_id=f"boot-{self.boot}",
        )

    def true_ms(self) -> int:
        """Return the true time: each boot is an hour after the one before."""
        return NOON_MS + self.boot * 3_600_000 + round(self.uptime_seconds * 1000)

    def teardown(self) -> None:
        try:
            self.drain()
        finally:
            self.spool.close()
            shutil.rmtree(self.folder)

    def drain(self) -> None:
        """Send all that is left: then every drop is declared, and every record made is accounted for once."""
        # A read declares what was dropped; what making room for that drops is declared by the next.
        while self.read_some(5_000):
            self.spool.acknowledge(self.in_flight)
            self.acknowledged |= set(self.in_flight.values())
            self.in_flight = {}
        counts = self.spool.counts()
        assert counts.dropped == len(self.declared)
        known = {one for one in self.acknowledged | self.declared if not one[1].endswith("/gaps")}
        assert not self.acknowledged & self.declared
        assert known == set(self.made)

    @initialize(count=st.integers(0, 400))
    def begin_nearly_full(self, count):
        self.append(("plaza-1", "classifications"), count, 0)

    @rule(stream=STREAMS, count=st.integers(1, 400), day=st.integers(0, 2))
    def append(self, stream, count, day):
        clock = self.spool.clock
        at_ms = clock.now_ms() + day * DAY_MS
        for stored in self.spool.append([record(*stream, at_ms, clock.quality)] * count):
            self.note(stored)

    def note(self, stored):
        key = (stored.epoch, stored.stream)
        self.last[key] += 1
        assert stored.sequence == self.last[key]
        identity = (*key, stored.sequence)
        self.made[identity] = stored.record
        # What the clock would have said had it known the time: it may be off by hours, and by seconds too,
        # for it never falls behind what the spool remembers.
        self.meant_ms[identity] = stored.record.event_time_ms + self.true_ms() - self.spool.clock.now_ms()

    @rule(maximum_rows=st.integers(1, 100))
    def read(self, maximum_rows):
        self.read_some(maximum_rows)

    def read_some(self, maximum_rows: int) -> int:
        rows = self.spool.read(maximum_rows=maximum_rows)
        found = {row.row_id: (row.stored.epoch, row.stored.stream, row.stored.sequence) for row in rows}
        assert len(set(found.values())) == len(rows) <= maximum_rows
        assert set(self.in_flight) <= set(found) or len(rows) == maximum_rows
        for row in rows:
            identity = found[row.row_id]
            assert identity not in self.acknowledged | self.declared
            if row.stored.record.table != "gaps":
                self.check_record(identity, row.stored.record)
            elif identity not in self.in_flight.values():
                values = row.stored.record.values
                assert values["reason"] == "spool_full"
                key = (values["gap_epoch"], values["gap_stream"])
                lost = {(*key, s) for s in range(values["first_sequence"], values["last_sequence"] + 1)}
                assert len(lost) == values["records"]
                assert not lost & (self.acknowledged | self.declared | set(self.in_flight.values()))
                self.declared |= lost
        self.in_flight.update(found)
        return len(rows)

    def check_record(self, identity: tuple[str, str, int], found: Record) -> None:
        born = self.made[identity]
        assert {name: value for name, value in found.values.items() if value is not None} == born.values
        assert (found.table, found.camera) == (born.table, born.camera)
        if found.clock_quality == "restamped":
            assert born.clock_quality == "unsynced"
            assert found.event_time_ms == self.meant_ms[identity]
        else:
            assert found == replace(born, values=found.values)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data):
        share = data.draw(st.floats(0.1, 1.0))
        chosen = sorted(self.in_flight)[: max(1, int(len(self.in_flight) * share))]
        assert self.spool.acknowledge(chosen) == len(chosen)
        for row_id in chosen:
            self.acknowledged.add(self.in_flight.pop(row_id))

    @rule()
    def restart(self):
        self.spool.close()
        self.open()

    @rule()
    def kill(self):
        """Leave the files as they lie while the spool is open, its log not folded in."""
        parts = [self.folder / f"spool.sqlite{suffix}" for suffix in ("", "-wal")]
        left = {part: part.read_bytes() for part in parts if part.exists()}
        self.spool.close()
        for part, content in left.items():
            part.write_bytes(content)  # the same inode
        self.open()
        assert self.spool.set_aside == ()

    @rule(synced=st.booleans())
    def boot_again(self, synced):
        self.spool.close()
        self.boot += 1
        self.uptime_seconds, self.synced = 10.0, synced
        self.open()

    @rule(seconds=st.integers(1, 3_000))
    def time_passes(self, seconds):
        self.uptime_seconds += seconds

    @rule()
    def synchronise(self):
        self.synced = True
        self.uptime_seconds += PROBE_INTERVAL_SECONDS
        self.spool.clock.refresh()
        self.spool.restamp()

    @rule()
    def lose_the_time_service(self):
        self.uptime_seconds += PROBE_INTERVAL_SECONDS
        quality = self.spool.clock.quality
        self.spool.clock.refresh()
        assert self.spool.clock.quality == quality

    @rule()
    def write_ledger(self):
        for stored in self.spool.write_ledger():
            assert stored.stream == "_device/stream_ledger"
            record = stored.record
            told = {name: value for name, value in record.values.items() if value is not None}
            self.note(replace(stored, record=replace(record, values=told)))

    @invariant()
    def made_is_acknowledged_waiting_and_dropped(self):
        counts = self.spool.counts()
        assert counts.made == counts.acknowledged + counts.waiting + counts.dropped
        assert counts.waiting == sum(stream.waiting for stream in counts.streams)
        assert counts.acknowledged == len(self.acknowledged)
        # The spool itself makes the gaps records; all others are in the model.
        gaps = sum(stream.made for stream in counts.streams if stream.stream.endswith("/gaps"))
        assert counts.made - gaps == len(self.made)
        in_flight_limit = 100 * 400
        assert counts.bytes <= MINIMUM_MAXIMUM_BYTES + in_flight_limit
        assert len(self.declared) <= counts.dropped


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
