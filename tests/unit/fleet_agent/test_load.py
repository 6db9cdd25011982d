"""Processor, memory and network from files as the kernel writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.load import LoadReader, MemoryReader
from edge_components.fleet_agent.readers.network import RECEIVED, SENT, NetworkReader
from edge_components.fleet_agent.readers.storage import DiskReader

MachineOf = Callable[..., Machine]
NET = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  900000     100    0    0    0     0          0         0   900000     100    0    0    0     0       0          0
  eth0:    5000      50    0    0    0     0          0         0     7000      70    0    0    0     0       0          0
 wlan0:      10       1    0    0    0     0          0         0       20       2    0    0    0     0       0          0
docker0:  4000      50    0    0    0     0          0         0     6000      70    0    0    0     0       0          0
"""  # noqa: E501 - as /proc/net/dev has it


def stat(user: int, idle: int, waiting: int = 0) -> str:
    return f"cpu  {user} 0 0 {idle} {waiting} 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\n"


@pytest.mark.parametrize(
    ("first", "second", "percent"),
    [
        pytest.param(stat(100, 100), stat(150, 150), 50.0, id="half of the time"),
        pytest.param(stat(100, 100), stat(100, 300), 0.0, id="idle"),
        pytest.param(stat(100, 100), stat(300, 100), 100.0, id="busy"),
        pytest.param(stat(100, 100), stat(110, 100, 90), 10.0, id="waiting for the disk is idle"),
        pytest.param(stat(100, 100), stat(100, 100), None, id="no time passed"),
        pytest.param(stat(100, 100), stat(1, 1), None, id="counters began anew"),
    ],
)
def test_load_is_the_share_between_two_readings(
    machine_of: MachineOf, first: str, second: str, percent: float | None
) -> None:
    machine = machine_of(
        {"proc/stat": first, "proc/loadavg": "0.61 0.5 0.4 1/200 99", "proc/uptime": "12.5 9"}
    )
    reader = LoadReader(machine)
    before = reader.read()
    assert dict(before.values) == {"load_one_minute": 0.61, "uptime_seconds": 12.5}
    assert not before.cannot
    machine_of({"proc/stat": second})
    assert reader.read().values.get("cpu_percent") == percent


def test_without_proc_nothing_is_guessed(machine_of: MachineOf) -> None:
    reading = LoadReader(machine_of()).read()
    assert not reading.values
    assert set(reading.cannot) == set(LoadReader.columns)


def test_memory_that_could_be_given_back_is_free(machine_of: MachineOf) -> None:
    text = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 700 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n"
    reading = MemoryReader(machine_of({"proc/meminfo": text})).read()
    assert dict(reading.values) == {
        "memory_used_bytes": 300 * 1024,
        "memory_total_bytes": 1000 * 1024,
        "swap_used_bytes": 30 * 1024,
    }


def test_only_interfaces_with_hardware_count(machine_of: MachineOf) -> None:
    machine = machine_of(
        {"proc/net/dev": NET, "sys/class/net/eth0/device/x": "", "sys/class/net/wlan0/device/x": ""}
    )
    assert dict(NetworkReader(machine).read().values) == {RECEIVED: 5010, SENT: 7020}


def test_a_machine_without_hardware_counts_what_is_not_virtual(machine_of: MachineOf) -> None:
    assert dict(NetworkReader(machine_of({"proc/net/dev": NET})).read().values) == {
        RECEIVED: 5010,
        SENT: 7020,
    }


def test_no_interface_is_said(machine_of: MachineOf) -> None:
    assert set(NetworkReader(machine_of()).read().cannot) == set(NetworkReader.columns)


def test_a_disk_has_room(tmp_path: Path) -> None:
    values = DiskReader(tmp_path).read().values
    free, total = values["disk_free_bytes"], values["disk_total_bytes"]
    assert isinstance(free, int)
    assert isinstance(total, int)
    assert 0 <= free <= total
