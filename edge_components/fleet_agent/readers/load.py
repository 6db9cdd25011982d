"""Processor, memory and time since boot, from /proc (proc(5))."""

from __future__ import annotations

from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.reading import Reading, known

_KIBIBYTE = 1024
_IDLE_FIELDS = (3, 4)
"""Idle and waiting for input or output; guest time is in user time already."""
_COUNTED_FIELDS = 8


class LoadReader:
    """The share of time that all cores worked since the reading before, the load and the time since boot."""

    name = "load"
    columns = ("cpu_percent", "load_one_minute", "uptime_seconds")
    every_seconds = 5.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._before: tuple[int, int] | None = None

    def read(self) -> Reading:
        """Return the three; the first reading has no share, for it takes two."""
        values = known(
            {
                "load_one_minute": _first_number(self._machine.text("proc/loadavg")),
                "uptime_seconds": _first_number(self._machine.text("proc/uptime")),
            },
            "/proc/loadavg or /proc/uptime cannot be read",
        )
        now = _busy_and_total(self._machine.text("proc/stat"))
        if now is None:
            return Reading(values.values, {**values.cannot, "cpu_percent": "/proc/stat cannot be read"})
        before, self._before = self._before, now
        if before is None or now[1] <= before[1]:
            return values
        percent = 100.0 * max(0, now[0] - before[0]) / (now[1] - before[1])
        return Reading({**values.values, "cpu_percent": min(100.0, percent)}, values.cannot)


class MemoryReader:
    """Memory and swap; what the kernel could give back at once counts as free."""

    name = "memory"
    columns = ("memory_used_bytes", "memory_total_bytes", "swap_used_bytes")
    every_seconds = 5.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self) -> Reading:
        """Return the three in bytes."""
        found = _meminfo(self._machine.text("proc/meminfo") or "")
        total, available = found.get("MemTotal"), found.get("MemAvailable")
        swap, swap_free = found.get("SwapTotal"), found.get("SwapFree")
        return known(
            {
                "memory_used_bytes": None if total is None or available is None else total - available,
                "memory_total_bytes": total,
                "swap_used_bytes": None if swap is None or swap_free is None else swap - swap_free,
            },
            "/proc/meminfo does not say",
        )


def _meminfo(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * _KIBIBYTE
    return found


def _busy_and_total(text: str | None) -> tuple[int, int] | None:
    """Return busy and all ticks since boot, from the first line of /proc/stat."""
    words = (text or "").split("\n", 1)[0].split()
    if len(words) <= max(_IDLE_FIELDS) + 1 or words[0] != "cpu":
        return None
    ticks = [int(word) for word in words[1 : _COUNTED_FIELDS + 1]]
    total = sum(ticks)
    return total - sum(ticks[field] for field in _IDLE_FIELDS), total


def _first_number(text: str | None) -> float | None:
    try:
        return float((text or "").split()[0])
    except (IndexError, ValueError):
        return None
