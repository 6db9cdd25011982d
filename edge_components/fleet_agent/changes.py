"""Which changes are told at once instead of with the next report; with hysteresis, so that none flaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contract.records import Value

Values = Mapping[str, Value]


@dataclass(frozen=True)
class Limit:
    """Something in trouble once it reaches `on`, and well again once it is back beyond `off`."""

    name: str
    measure: Callable[[Values], float | None]
    on: float
    off: float

    def is_in_trouble(self, values: Values, was: bool) -> bool:
        """Return the state now; what is not known stays as it was."""
        measured = self.measure(values)
        if measured is None:
            return was
        limit = self.off if was else self.on
        if self.on > self.off:
            return measured > limit if was else measured >= limit
        return measured < limit if was else measured <= limit


def _value(column: str) -> Callable[[Values], float | None]:
    def measure(values: Values) -> float | None:
        value = values.get(column)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    return measure


def _percent(part: str, whole: str) -> Callable[[Values], float | None]:
    part_of, whole_of = _value(part), _value(whole)

    def measure(values: Values) -> float | None:
        portion, total = part_of(values), whole_of(values)
        return None if portion is None or not total else 100.0 * portion / total

    return measure


def _offset(values: Values) -> float | None:
    offset = _value("clock_offset_milliseconds")(values)
    return None if offset is None else abs(offset)


LIMITS = (
    Limit("cpu_celsius", _value("cpu_celsius"), on=85.0, off=80.0),
    Limit("gpu_celsius", _value("gpu_celsius"), on=85.0, off=80.0),
    Limit("memory", _percent("memory_used_bytes", "memory_total_bytes"), on=95.0, off=90.0),
    Limit("disk", _percent("disk_free_bytes", "disk_total_bytes"), on=10.0, off=12.0),
    Limit("clock", _offset, on=1000.0, off=500.0),
)
"""A device that is hot, out of memory, nearly full or of an unsure time, as the alarms and views have it."""
NEWS = (
    *("cpu_throttling", "gpu_throttling", "power_mode", "provider", "provider_note", "time_source"),
    *("component_versions", "cameras", "cameras_ok"),
    *("package_digest", "reboot_required", "kernel"),
)
"""A new value is news, and so is one that is not known any more."""
LEAST_SECONDS = 10.0
"""Between two reports, whatever changes; what comes back within it was none."""


class ChangeWatch:
    """Compares what is known now with what was told last."""

    def __init__(self) -> None:
        self._troubles: dict[str, bool] = {}
        self._told: dict[str, object] | None = None

    def changes(self, values: Values) -> list[str]:
        """Return the names of what has changed since the last `told`."""
        for limit in LIMITS:
            self._troubles[limit.name] = limit.is_in_trouble(values, self._troubles.get(limit.name, False))
        if self._told is None:
            return []
        now = self._state(values)
        return [name for name, state in now.items() if state != self._told.get(name)]

    def told(self, values: Values) -> None:
        """Remember that a report with `values` was made."""
        self._told = self._state(values)

    def _state(self, values: Values) -> dict[str, object]:
        return {**{name: values.get(name) for name in NEWS}, **self._troubles}
