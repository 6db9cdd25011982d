"""The agent's turns: when a report is made, what is in it, and what happens when it cannot be stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from contract.errors import DiskFullError
from contract.records import Record, Value, check_record
from edge_components.fleet_agent.agent import FleetAgent
from edge_components.fleet_agent.gathering import Gathering
from edge_components.fleet_agent.last_hour import POINTS, LastHour
from edge_components.fleet_agent.readers.network import RECEIVED
from edge_components.fleet_agent.reading import Reading
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.time_sync import TimeSync

NOON_SECONDS = 1_795_176_000.0


class Everything:
    """A reader whose values a test sets."""

    name, every_seconds = "everything", 5.0
    columns = ("cpu_percent", "cpu_celsius", "provider")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {
            "cpu_percent": 10.0,
            "provider": "CUDAExecutionProvider",
            RECEIVED: 0,
        }
        self.error: Exception | None = None

    def read(self) -> Reading:
        if self.error is not None:
            raise self.error
        return Reading(dict(self.values), {"gpu_name": "no GPU"})


class Sink:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: Exception | None = None

    def append(self, records: Sequence[Record]) -> None:
        if self.error is not None:
            raise self.error
        for record in records:
            check_record(record)
        self.records += records


class Bench:
    """An agent with a clock that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.now_seconds = 1000.0
        self.reader, self.sink = Everything(), Sink()
        clock = DeviceClock(
            monotonic_seconds=lambda: self.now_seconds,
            wall_seconds=lambda: NOON_SECONDS + self.now_seconds,
            probe=lambda _: TimeSync(True, "a test says so"),
        )
        self.path = folder / "last_hour.json"
        gathering = Gathering([self.reader], lambda: self.now_seconds)
        self.agent = FleetAgent(
            gathering, self.sink, clock, LastHour(self.path), monotonic_seconds=lambda: self.now_seconds
        )

    def turns(self, count: int) -> list[float]:
        """Take turns five seconds apart; return after how many seconds reports were made."""
        made = []
        for _ in range(count):
            if self.agent.turn():
                made.append(self.now_seconds - 1000.0)
            self.now_seconds += 5.0
        return made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_report_a_minute(bench: Bench) -> None:
    assert bench.turns(40) == [5.0, 65.0, 125.0, 185.0]
    assert bench.sink.records[0].event_time_ms == round((NOON_SECONDS + 1005.0) * 1000)


def test_a_change_is_told_at_once_but_not_more_often_than_every_ten_seconds(bench: Bench) -> None:
    assert bench.turns(5) == [5.0]
    bench.reader.values["provider"] = "CPUExecutionProvider"
    assert bench.turns(1) == [25.0]
    bench.reader.values["provider"] = "CUDAExecutionProvider"
    assert bench.turns(2) == [35.0]
    assert bench.agent.details()["last_report_changes"] == ["provider"]
    assert bench.turns(13) == [95.0]


def test_a_report_has_the_means_and_rates_of_its_minute(bench: Bench) -> None:
    bench.turns(2)
    for turn in range(12):
        bench.reader.values["cpu_percent"] = 100.0 if turn % 2 else 0.0
        bench.reader.values[RECEIVED] = 6000 if turn == 11 else 0
        bench.turns(1)
    values = bench.sink.records[-1].values
    assert values["cpu_percent"] == 50.0
    assert values["network_received_bytes_per_second"] == 100.0


def test_what_is_measured_once_is_in_one_report(bench: Bench) -> None:
    bench.turns(5)
    bench.agent.add_to_next_report({"link_down_bits_per_second": 48_000_000})
    assert bench.turns(1) == [25.0]
    assert bench.sink.records[-1].values["link_down_bits_per_second"] == 48_000_000
    bench.turns(13)
    assert "link_down_bits_per_second" not in bench.sink.records[-1].values


def test_a_full_disk_is_said_and_the_agent_works_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sink.error = DiskFullError("the spool's disk is full")
    bench.agent.add_to_next_report({"link_up_bits_per_second": 5})
    assert bench.turns(40) == []
    assert bench.agent.details()["report_problem"] == "the spool's disk is full"
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1
    bench.sink.error = None
    assert bench.turns(13) != []
    assert bench.agent.details()["report_problem"] is None
    assert bench.sink.records[0].values["link_up_bits_per_second"] == 5


def test_a_reader_that_fails_costs_only_its_own_columns(bench: Bench) -> None:
    bench.reader.error = PermissionError(13, "Permission denied")
    assert bench.turns(3) == [5.0]
    cannot = bench.agent.details()["cannot"]
    assert cannot["cpu_percent"] == "everything cannot be read: Permission denied"
    assert bench.sink.records[0].values == {}


def test_the_status_has_everything_known_now(bench: Bench) -> None:
    bench.turns(2)
    details = json.loads(json.dumps(bench.agent.details()))
    assert details["health"]["cpu_percent"] == 10.0
    assert details["cannot"] == {"gpu_name": "no GPU"}


def test_the_last_hour_is_a_ring(bench: Bench, tmp_path: Path) -> None:
    bench.turns(14)
    document = json.loads(bench.path.read_text(encoding="utf-8"))
    assert document["columns"][:2] == ["at_ms", "cpu_percent"]
    assert len(document["rows"]) == 13
    hour = LastHour(tmp_path / "ring.json")
    for number in range(POINTS + 5):
        hour.add(number, {"cpu_percent": 1.234})
    hour.write()
    rows = json.loads((tmp_path / "ring.json").read_text(encoding="utf-8"))["rows"]
    assert (len(rows), rows[0][:2], rows[-1][0]) == (POINTS, [5, 1.2], POINTS + 4)


def test_a_last_hour_that_cannot_be_written_stops_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.path.mkdir()
    assert bench.turns(15) == [5.0, 65.0]
    assert "last hour" in (bench.agent.details()["report_problem"] or "") or len(bench.sink.records) == 2
