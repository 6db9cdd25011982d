"""What only a Jetson has: Jetson Linux's release, JetPack, the GPU beside the processor, the power mode."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from contract.records import Value
from edge_components.fleet_agent.commands import CommandError
from edge_components.fleet_agent.machine import Machine, read_number
from edge_components.fleet_agent.reading import Reading, known

RELEASE_FILE = "etc/nv_tegra_release"
FACTS_FILE = "run/crowdlens-root/facts.json"
"""What the small root component writes each minute: some releases answer nvpmodel to root alone."""
FACTS_FRESH_SECONDS = 180.0
_RELEASE = re.compile(r"# R(\d+) \(release\), REVISION: ([\d.]+)")
_POWER_MODE = re.compile(r"^NV Power Mode: *(\S.*?) *$", re.MULTILINE)
_STATUS = re.compile(r"pmode:(\d+)")
_CHIPS = {
    "nvidia,tegra210": "Tegra X1 GPU (gm20b)",
    "nvidia,tegra186": "Tegra X2 GPU (gp10b)",
    "nvidia,tegra194": "Xavier GPU (gv11b)",
    "nvidia,tegra234": "Orin GPU (ga10b)",
    "nvidia,tegra264": "Thor GPU (gb10b)",
}
_LOADS = (
    "sys/class/devfreq/*.gpu/device/load",
    "sys/class/devfreq/*.g?1*b/device/load",
    "sys/class/devfreq/*.gm20b/device/load",
    "sys/devices/platform/gpu.0/load",
    "sys/devices/gpu.0/load",
)
_LOAD_PARTS = 10.0
"""The driver tells the load in thousandths."""
SHARED_MEMORY = "a Jetson's GPU shares the processor's memory"


def linux_for_tegra(text: str) -> str | None:
    """Return the release of Jetson Linux, such as ``36.4.3``, from the text of `RELEASE_FILE`."""
    found = _RELEASE.match(text)
    return f"{found[1]}.{found[2]}" if found else None


def chip(machine: Machine) -> str | None:
    """Return the name of the chip's GPU from the device tree, None when this is no Jetson that we know."""
    compatible = machine.path("proc/device-tree/compatible")
    try:
        names = compatible.read_bytes().decode("ascii", "replace").split("\0")
    except OSError:
        return None
    return next((_CHIPS[name] for name in names if name in _CHIPS), None)


class JetsonGpuReader:
    """Name and load of the GPU beside the processor; temperature and throttling come from thermal zones."""

    name = "gpu"
    columns = ("gpu_name", "gpu_percent", "gpu_memory_used_bytes", "gpu_memory_total_bytes")
    every_seconds = 5.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._load: Path | None = None

    @property
    def has_load(self) -> bool:
        """Whether the kernel tells the load in a file; where not, tegrastats is asked."""
        self._load = self._load or self._find()
        return self._load is not None

    def read(self) -> Reading:
        """Return the name and the load in per cent."""
        thousandths = read_number(self._load) if self.has_load and self._load is not None else None
        values: dict[str, Value] = {"gpu_name": chip(self._machine)}
        if self.has_load:
            values["gpu_percent"] = None if thousandths is None else thousandths / _LOAD_PARTS
        reading = known(values, "the kernel does not tell it in this moment")
        shared = dict.fromkeys(("gpu_memory_used_bytes", "gpu_memory_total_bytes"), SHARED_MEMORY)
        return Reading(reading.values, {**reading.cannot, **shared})

    def _find(self) -> Path | None:
        found = (path for name in _LOADS for path in sorted(self._machine.root.glob(name)))
        return next((path for path in found if read_number(path) is not None), None)


class PowerModeReader:
    """`power_mode`: what nvpmodel set on a Jetson, elsewhere the frequency governor of the first core."""

    name = "power mode"
    columns = ("power_mode",)
    every_seconds = 60.0

    def __init__(
        self,
        machine: Machine,
        *,
        is_jetson: bool,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._is_jetson = is_jetson
        self._monotonic_seconds = monotonic_seconds

    def read(self) -> Reading:
        """Return the mode's name."""
        if self._is_jetson:
            return known({"power_mode": self._jetson_mode()}, "neither nvpmodel nor its files name a mode")
        governor = self._machine.text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        return known({"power_mode": governor}, "the kernel does not scale this processor's frequency")

    def _jetson_mode(self) -> str | None:
        """Return the root component's fresh word, else nvpmodel's own, else that of its files."""
        told = self._mode_of_facts()
        if told is not None:
            return told
        try:
            return parse_power_mode(self._machine.command(("nvpmodel", "-q"))) or self._mode_of_files()
        except CommandError:
            # nvpmodel needs root on some releases; what it last set stands in files that all may read.
            return self._mode_of_files()

    def _mode_of_facts(self) -> str | None:
        """Return what root was told of nvpmodel; None without a file, for an old one or one of nonsense."""
        try:
            facts = json.loads(self._machine.text(FACTS_FILE) or "null")
            age_seconds = self._monotonic_seconds() - float(facts["monotonic_seconds"])
            answer = facts["power_mode"]
        except (ValueError, TypeError, KeyError):
            return None
        # Of this boot only: the file lies where a boot clears it, and the clock starts anew with one.
        is_fresh = -1.0 <= age_seconds <= FACTS_FRESH_SECONDS
        return parse_power_mode(answer) if is_fresh and isinstance(answer, str) else None

    def _mode_of_files(self) -> str | None:
        status = _STATUS.search(self._machine.text("var/lib/nvpmodel/status") or "")
        models = self._machine.text("etc/nvpmodel.conf") or ""
        if status is None:
            return None
        name = re.search(rf"<\s*POWER_MODEL\s+ID={int(status[1])}\s+NAME=(\S+)\s*>", models)
        return name[1] if name else None


def parse_power_mode(text: str) -> str | None:
    """Return the mode's name from the answer of ``nvpmodel -q``; warnings may stand before it."""
    found = _POWER_MODE.search(text)
    return found[1] if found else None
