"""Which readers fit this machine, and asking each of them when it is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from contract.records import Value
from edge_components.fleet_agent.background import BackgroundReader, ask
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.components import ComponentsReader
from edge_components.fleet_agent.readers.heat import HeatReader
from edge_components.fleet_agent.readers.jetson import RELEASE_FILE, JetsonGpuReader, PowerModeReader, chip
from edge_components.fleet_agent.readers.load import LoadReader, MemoryReader
from edge_components.fleet_agent.readers.network import NetworkReader
from edge_components.fleet_agent.readers.nvml import NvmlReader
from edge_components.fleet_agent.readers.storage import DiskReader, SpoolReader
from edge_components.fleet_agent.readers.system import PackagesReader, SystemReader
from edge_components.fleet_agent.readers.tegrastats import TegrastatsReader
from edge_components.fleet_agent.readers.throttling import ThrottlingReader
from edge_components.fleet_agent.readers.time_source import TimeSourceReader
from edge_components.fleet_agent.reading import Reader, Reading
from edge_components.runtime.device_folders import DeviceFolders

_RASPBERRY_PI = "Raspberry Pi"
_GPU_COLUMNS = (
    *("gpu_name", "gpu_percent", "gpu_memory_used_bytes", "gpu_memory_total_bytes"),
    *("gpu_celsius", "gpu_throttling"),
)
_LINK_COLUMNS = ("link_down_bits_per_second", "link_up_bits_per_second")
_TOLERANCE_SECONDS = 0.5


class NoGpuReader:
    """Stands where no GPU was found that something here can ask."""

    name = "gpu"
    columns = _GPU_COLUMNS
    every_seconds = 5.0

    def read(self) -> Reading:
        """Return that nothing is known of a GPU."""
        return Reading({}, dict.fromkeys(_GPU_COLUMNS, "no NVIDIA GPU was found"))


class LinkSpeedReader:
    """Says why there is no speed of the link: it is measured only when somebody asks for it."""

    name = "link speed"
    columns = _LINK_COLUMNS
    every_seconds = 60.0

    def read(self) -> Reading:
        """Return that the speed is not known between two tests."""
        return Reading(
            {}, dict.fromkeys(_LINK_COLUMNS, "measured by a link test alone (linkTest, link-test)")
        )


def readers_of(
    machine: Machine,
    folders: DeviceFolders,
    *,
    own_version: str,
    waiting: Callable[[], tuple[int, int]],
    open_gpu: Callable[[], NvmlReader | None] = NvmlReader.open,
) -> list[Reader]:
    """Return the readers that fit `machine`; what may hang is asked in the background."""
    model = machine.text("proc/device-tree/model") or ""
    is_jetson = chip(machine) is not None or machine.path(RELEASE_FILE).exists()
    is_raspberry_pi = model.startswith(_RASPBERRY_PI)
    throttling: Reader = ThrottlingReader(machine, with_gpu=is_jetson, is_raspberry_pi=is_raspberry_pi)
    return [
        *_gpu_readers(machine, is_jetson=is_jetson, open_gpu=open_gpu),
        LoadReader(machine),
        MemoryReader(machine),
        DiskReader(_existing(folders.state)),
        SpoolReader(waiting),
        NetworkReader(machine),
        LinkSpeedReader(),
        HeatReader(machine, with_gpu=is_jetson),
        BackgroundReader(throttling) if is_raspberry_pi else throttling,
        ComponentsReader(folders.status, own_version),
        SystemReader(machine),
        PackagesReader(machine),
        BackgroundReader(PowerModeReader(machine, is_jetson=is_jetson)),
        BackgroundReader(TimeSourceReader(machine)),
    ]


class Gathering:
    """Asks every reader when it is due and has the last answer of each."""

    def __init__(
        self, readers: Sequence[Reader], monotonic_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._readers = list(readers)
        self._monotonic_seconds = monotonic_seconds
        self._answers: dict[int, tuple[float, Reading]] = {}

    def gather(self) -> Reading:
        """Return what is known now; what one reader knows counts more than that another cannot tell."""
        now_seconds = self._monotonic_seconds()
        values: dict[str, Value] = {}
        cannot: dict[str, str] = {}
        for index, reader in enumerate(self._readers):
            asked = self._answers.get(index)
            if asked is None or now_seconds - asked[0] >= reader.every_seconds - _TOLERANCE_SECONDS:
                asked = self._answers[index] = now_seconds, ask(reader)
            values.update(asked[1].values)
            cannot.update(asked[1].cannot)
        return Reading(values, {name: reason for name, reason in cannot.items() if name not in values})

    def stop(self) -> None:
        """End what runs in the background."""
        for reader in self._readers:
            if isinstance(reader, BackgroundReader):
                reader.stop()
            elif isinstance(reader, TegrastatsReader):
                reader.close()


def _gpu_readers(
    machine: Machine, *, is_jetson: bool, open_gpu: Callable[[], NvmlReader | None]
) -> list[Reader]:
    found = open_gpu()
    if found is not None and not is_jetson:
        return [BackgroundReader(found)]
    if not is_jetson:
        return [NoGpuReader()]
    # Jetsons from Thor on have NVML, too, and the kernel's files say what it does not.
    gpu = JetsonGpuReader(machine)
    readers: list[Reader] = [gpu] if gpu.has_load or found is not None else [gpu, TegrastatsReader()]
    return readers if found is None else [BackgroundReader(found), *readers]


def _existing(folder: Path) -> Path:
    """Return the nearest folder above that is there: the spool's disk is known before the spool."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
