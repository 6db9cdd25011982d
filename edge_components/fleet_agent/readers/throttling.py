"""Why the processor is held back now: the firmware of a Raspberry Pi, or the kernel's cooling devices."""

from __future__ import annotations

from pathlib import Path

from edge_components.fleet_agent.commands import CommandError
from edge_components.fleet_agent.machine import Machine, read_number, read_text
from edge_components.fleet_agent.reading import Reading

NOT_THROTTLED = "none"
_FIRMWARE_FILE = "sys/devices/platform/soc/soc:firmware/get_throttled"
_FIRMWARE_BITS = ((0, "voltage"), (1, "frequency"), (2, "throttled"), (3, "heat"))
"""Bits of ``vcgencmd get_throttled`` that speak of now; those from 16 on, of some time since boot."""
_CPU_COOLING = ("cpufreq-", "thermal-cpufreq", "cpu-throttle", "processor", "cpu-balanced")
_GPU_COOLING = ("gpu-throttle", "gpu-balanced", "devfreq-gpu", "devfreq-17000000", "devfreq-57000000")
"""The numbers are where the GPU lies on Jetsons from Xavier on, and before it."""
_CORE = "sys/devices/system/cpu/cpu0/thermal_throttle"


class ThrottlingReader:
    """`cpu_throttling` (and a Jetson's `gpu_throttling`): words for the reasons, ``none`` when free."""

    name = "throttling"
    every_seconds = 5.0

    def __init__(self, machine: Machine, *, with_gpu: bool, is_raspberry_pi: bool) -> None:
        self._machine = machine
        self._is_raspberry_pi = is_raspberry_pi
        self._counted: dict[str, int] = {}
        self._with_gpu = with_gpu
        self.columns = ("cpu_throttling", "gpu_throttling") if with_gpu else ("cpu_throttling",)

    def read(self) -> Reading:
        """Return the reasons that hold now; without a source, why nothing can be said."""
        if self._is_raspberry_pi:
            return Reading({"cpu_throttling": firmware_reasons(self._firmware_bits())})
        cooling = self._cooling_devices()
        found: dict[str, str | None] = {"cpu_throttling": self._cpu(cooling)}
        if self._with_gpu:
            found["gpu_throttling"] = _state(cooling, _GPU_COOLING)
        reason = "the kernel has no cooling device or counter that tells"
        return Reading(
            {name: text for name, text in found.items() if text is not None},
            {name: reason for name, text in found.items() if text is None},
        )

    def _firmware_bits(self) -> int:
        """Return the firmware's bits; raises `CommandError` or ValueError."""
        text = self._machine.text(_FIRMWARE_FILE)
        if text is not None:
            return int(text, 16)
        answer = self._machine.command(("vcgencmd", "get_throttled")).strip()
        name, _, bits = answer.partition("=")
        if name != "throttled":
            raise CommandError(f"vcgencmd answered {answer[:40]!r}: expected throttled=0x…")
        return int(bits, 16)

    def _cooling_devices(self) -> dict[str, list[Path]]:
        devices: dict[str, list[Path]] = {}
        for folder in self._machine.path("sys/class/thermal").glob("cooling_device*"):
            devices.setdefault((read_text(folder / "type") or "").lower(), []).append(folder / "cur_state")
        return devices

    def _cpu(self, cooling: dict[str, list[Path]]) -> str | None:
        reasons: list[str] = []
        state = _state(cooling, _CPU_COOLING)
        package = self._has_risen(f"{_CORE}/package_throttle_count")
        current = self._over_current()
        if state not in (None, NOT_THROTTLED) or package:
            reasons.append("heat")
        if current:
            reasons.append("power")
        if state is None and package is None and current is None:
            return None
        return " ".join(reasons) or NOT_THROTTLED

    def _over_current(self) -> bool | None:
        """Return whether a Jetson drew too much since the reading before (hwmon ``soctherm_oc``)."""
        found = sorted(self._machine.path("sys/class/hwmon").glob("hwmon*/oc*_event_cnt"))
        risen = [self._has_risen(str(path.relative_to(self._machine.root))) for path in found]
        told = [one for one in risen if one is not None]
        return any(told) if told else None

    def _has_risen(self, name: str) -> bool | None:
        """Return whether a counter is above its last reading, None where there is no counter."""
        count = self._machine.number(name)
        if count is None:
            return None
        before = self._counted.get(name, count)
        self._counted[name] = count
        return count > before


def firmware_reasons(bits: int) -> str:
    """Return the words of ``get_throttled`` bits."""
    return " ".join(word for bit, word in _FIRMWARE_BITS if bits >> bit & 1) or NOT_THROTTLED


def _state(cooling: dict[str, list[Path]], prefixes: tuple[str, ...]) -> str | None:
    paths = [path for kind, found in cooling.items() if kind.startswith(prefixes) for path in found]
    states = [state for path in paths if (state := read_number(path)) is not None]
    if not states:
        return None
    return "heat" if any(states) else NOT_THROTTLED
