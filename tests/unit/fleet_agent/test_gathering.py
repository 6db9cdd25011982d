"""Whole machines of three kinds: which readers fit, and what a record of each has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.records import Value
from edge_components.fleet_agent.gathering import Gathering, readers_of
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.nvml import NvmlReader
from edge_components.fleet_agent.reading import Reading
from edge_components.runtime.device_folders import DeviceFolders

MachineOf = Callable[..., Machine]
EVERYWHERE = {
    "proc/stat": "cpu  1 0 0 1 0 0 0 0\n",
    "proc/loadavg": "0.5 0.4 0.3 1/2 3\n",
    "proc/uptime": "99.5 1\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 700 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    "proc/net/dev": "eth0: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n",
    "proc/sys/kernel/osrelease": "6.1.0\n",
    "etc/os-release": 'PRETTY_NAME="Linux of a test"\n',
    "var/lib/dpkg/status": "Package: bash\nStatus: install ok installed\nArchitecture: arm64\nVersion: 5\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/temp": "50000",
}
RASPBERRY_PI = {
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
}
JETSON = {
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3767-0003\0nvidia,tegra234\0",
    "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1\n",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal",
    "sys/class/thermal/thermal_zone1/temp": "48500",
    "sys/class/thermal/cooling_device0/type": "cpu-throttle-alert",
    "sys/class/thermal/cooling_device0/cur_state": "0",
    "sys/class/thermal/cooling_device1/type": "gpu-throttle-alert",
    "sys/class/thermal/cooling_device1/cur_state": "1",
    "sys/class/devfreq/17000000.gpu/device/load": "415",
}
SERVER = {"sys/class/dmi/id/product_name": "NUC 14\n"}


class Gpu(NvmlReader):
    """A card in a PC."""

    def __init__(self) -> None:
        """Open nothing."""

    def read(self) -> Reading:
        return Reading({"gpu_name": "NVIDIA A2", "gpu_percent": 5.0})


Whole = Callable[..., Reading]


@pytest.fixture
def whole(machine_of: MachineOf, tmp_path: Path) -> Iterator[Whole]:
    """Read a machine of these files until something is said of each of the columns."""
    gatherings = []

    def read(files: dict[str, str], gpu: NvmlReader | None, columns: set[str]) -> Reading:
        machine = machine_of({**EVERYWHERE, **files}, {"nvpmodel -q": "NV Power Mode: 15W\n0\n"})
        now = [0.0]
        folders = DeviceFolders.below(tmp_path / "device")
        readers = readers_of(
            machine, folders, own_version="1.0.0", waiting=lambda: (3, 400), open_gpu=lambda: gpu
        )
        gathering = Gathering(readers, lambda: now[0])
        gatherings.append(gathering)
        deadline = time.monotonic() + 60
        reading = gathering.gather()
        # What is read in the background answers a moment later.
        while columns - set(reading.values) - set(reading.cannot) and time.monotonic() < deadline:
            time.sleep(0.01)
            now[0] += 5.0
            reading = gathering.gather()
        return reading

    yield read
    for gathering in gatherings:
        gathering.stop()


@pytest.mark.parametrize(
    ("files", "gpu", "values", "cannot"),
    [
        pytest.param(
            RASPBERRY_PI, None,
            {"hardware_model": "Raspberry Pi 5 Model B Rev 1.0", "cpu_throttling": "none",
             "cpu_celsius": 50.0},
            {"gpu_name": "no NVIDIA GPU was found", "jetpack_version": "this is no Jetson"},
            id="Raspberry Pi",
        ),
        pytest.param(
            JETSON, None,
            {"gpu_name": "Orin GPU (ga10b)", "gpu_percent": 41.5, "gpu_celsius": 48.5,
             "cpu_throttling": "none",
             "gpu_throttling": "heat", "power_mode": "15W", "jetpack_version": "L4T 36.4.3"},
            {"gpu_memory_used_bytes": "a Jetson's GPU shares the processor's memory"},
            id="Jetson",
        ),
        pytest.param(
            SERVER, Gpu(),
            {"hardware_model": "NUC 14", "gpu_name": "NVIDIA A2", "gpu_percent": 5.0},
            {"power_mode": "the kernel does not scale this processor's frequency"},
            id="PC with a card",
        ),
        pytest.param(
            SERVER, None, {"spool_rows": 3, "spool_bytes": 400, "component_versions": "fleet_agent 1.0.0"},
            {"gpu_percent": "no NVIDIA GPU was found", "cameras": "vision does not run"},
            id="PC without",
        ),
    ],
)  # fmt: skip
def test_a_machine_tells_what_it_has(
    whole: Whole,
    files: dict[str, str],
    gpu: NvmlReader | None,
    values: dict[str, Value],
    cannot: dict[str, str],
) -> None:
    reading = whole(files, gpu, set(values) | set(cannot))
    assert {name: reading.values.get(name) for name in values} == values
    assert {name: reading.cannot.get(name) for name in cannot} == cannot
    assert not set(reading.values) & set(reading.cannot)


class Counting:
    """A reader that counts how often it is asked."""

    name, columns = "counting", ("kernel",)

    def __init__(self, every_seconds: float) -> None:
        self.every_seconds = every_seconds
        self.asked = 0

    def read(self) -> Reading:
        self.asked += 1
        return Reading({"kernel": str(self.asked)})


def test_a_reader_is_asked_when_it_is_due_and_kept_between() -> None:
    now = [0.0]
    often, seldom = Counting(5.0), Counting(60.0)
    gathering = Gathering([often, seldom], lambda: now[0])
    for turn in range(13):
        now[0] = turn * 5.0
        values = gathering.gather().values
    assert (often.asked, seldom.asked, values["kernel"]) == (13, 2, "2")
