"""Temperatures of processor and GPU, from the kernel's thermal zones and hardware monitors."""

from __future__ import annotations

from pathlib import Path

from edge_components.fleet_agent.machine import Machine, read_number, read_text
from edge_components.fleet_agent.reading import Reading, known

_CPU_ZONES = (
    *("cpu-thermal", "cpu_thermal", "cpu-therm", "x86_pkg_temp"),
    *("soc-thermal", "soc_thermal", "tcpu", "acpitz"),
)
"""In the order of trust: of the processor, of the package around it, of the board. The third is Jetson Linux
before release 34."""
_GPU_ZONES = ("gpu-thermal", "gpu_thermal", "gpu-therm")
_CPU_MONITORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_LEAST_CELSIUS, _MOST_CELSIUS = -40.0, 150.0
"""A sensor that is switched off reads what no device survives (-256 °C on a Jetson)."""


class HeatReader:
    """The processor's temperature, and the GPU's where a thermal zone is named after it."""

    name = "heat"
    every_seconds = 5.0

    def __init__(self, machine: Machine, *, with_gpu: bool) -> None:
        self._machine = machine
        self._with_gpu = with_gpu
        self.columns = ("cpu_celsius", "gpu_celsius") if with_gpu else ("cpu_celsius",)

    def read(self) -> Reading:
        """Return them in degrees Celsius."""
        zones = self._zones()
        cpu = _first(zones, _CPU_ZONES)
        values: dict[str, float | None] = {"cpu_celsius": self._monitored() if cpu is None else cpu}
        if self._with_gpu:
            values["gpu_celsius"] = _first(zones, _GPU_ZONES)
        return known(values, "no thermal zone or hardware monitor gives this temperature")

    def _zones(self) -> dict[str, Path]:
        folders = sorted(self._machine.path("sys/class/thermal").glob("thermal_zone*"))
        return {(read_text(folder / "type") or "").lower(): folder / "temp" for folder in folders}

    def _monitored(self) -> float | None:
        for folder in sorted(self._machine.path("sys/class/hwmon").glob("hwmon*")):
            if read_text(folder / "name") in _CPU_MONITORS:
                celsius = _celsius(folder / "temp1_input")
                if celsius is not None:
                    return celsius
        return None


def _first(zones: dict[str, Path], names: tuple[str, ...]) -> float | None:
    for name in names:
        celsius = _celsius(zones[name]) if name in zones else None
        if celsius is not None:
            return celsius
    return None


def _celsius(path: Path) -> float | None:
    thousandths = read_number(path)
    if thousandths is None or not _LEAST_CELSIUS < thousandths / 1000 < _MOST_CELSIUS:
        return None
    return thousandths / 1000
