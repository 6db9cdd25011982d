"""A spool against a model of a few lines, under any order of operations."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract.records import Record
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES, Spool
from edge_components.runtime.time_sync import TimeSync

DAY_MS = 86_400_000
NOON_MS = 1_795_176_000_000
STREAMS = st.sampled_from(
    [("plaza-1", "camera_status"), ("plaza-2", "camera_status"), ("plaza-1", "classifications")]
)


def record(camera: str, table: str, day: int) -> Record:
    values = {
        "camera_status": {"state": "ok", "detail": "x" * 150},
        "classifications": {"rank": 1, "label": "x" * 100, "label_text": "y", "probability": 0.25},
    }[table]
    return Record(table, camera, None, None, NOON_MS + day * DAY_MS, "synced", values)


class SpoolMachine(RuleBasedStateMachine):
    """The model: which identities were made, acknowledged, and are in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="spool-model-"))
        self.boot = 1
        self.made: dict[tuple[str, str, int], Record] = {}
        self.last: dict[tuple[str, str], int] = defaultdict(int)
        self.acknowledged: set[tuple[str, str, int]] = set()
        self.in_flight: dict[int, tuple[str, str, int]] = {}
        self.declared: set[tuple[str, str, int]] = set()
        self.open()

    def open(self) -> None:
        clock = DeviceClock(
            monotonic_seconds=lambda: 1.0,
            wall_seconds=lambda: NOON_MS / 1000,
            probe=lambda _: TimeSync(True, ""),
        )
        self.spool = Spool(
            self.folder / "spool.sqlite",
            device="jetson-7",
            maximum_bytes=MINIMUM_MAXIMUM_BYTES,
            clock=clock,
            boot_id=f"boot-{self.boot}",
        )

    def teardown(self) -> None:
        self.spool.close()
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(0, 400))
    def begin_nearly_full(self, count):
        self.append(("plaza-1", "classifications"), count, 0)

    @rule(stream=STREAMS, count=st.integers(1, 400), day=st.integers(0, 2))
    def append(self, stream, count, day):
        for stored in self.spool.append([record(*stream, day)] * count):
            self.note(stored)

    def note(self, stored):
        key = (stored.epoch, stored.stream)
        self.last[key] += 1
        assert stored.sequence == self.last[key]
        self.made[(*key, stored.sequence)] = stored.record

    @rule(maximum_rows=st.integers(1, 100))
    def read(self, maximum_rows):
        rows = self.spool.read(maximum_rows=maximum_rows)
        found = {row.row_id: (row.stored.epoch, row.stored.stream, row.stored.sequence) for row in rows}
        assert len(set(found.values())) == len(rows) <= maximum_rows
        assert set(self.in_flight) <= set(found) or len(rows) == maximum_rows
        for row in rows:
            identity = found[row.row_id]
            assert identity not in self.acknowledged | self.declared
            if row.stored.record.table != "gaps":
                assert self.made[identity] == Record(
                    **{
                        **vars(row.stored.record),
                        "values": {k: v for k, v in row.stored.record.values.items() if v is not None},
                    }
                )
            elif identity not in self.in_flight.values():
                values = row.stored.record.values
                key = (values["gap_epoch"], values["gap_stream"])
                lost = {(*key, s) for s in range(values["first_sequence"], values["last_sequence"] + 1)}
                assert len(lost) == values["records"]
                assert not lost & (self.acknowledged | self.declared | set(self.in_flight.values()))
                self.declared |= lost
        self.in_flight.update(found)

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
    def boot_again(self):
        self.spool.close()
        self.boot += 1
        self.open()

    @rule()
    def write_ledger(self):
        for stored in self.spool.write_ledger():
            assert stored.stream == "_device/stream_ledger"
            self.note(stored)

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
TestSpool.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
