"""From what is known to a record: rates between two reports, and values as the contract takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from contract.columns import Column, ColumnType
from contract.records import Record, Value
from contract.tables import DEVICE_HEALTH
from edge_components.fleet_agent.readers.network import RECEIVED, SENT

_RATES = {
    RECEIVED: "network_received_bytes_per_second",
    SENT: "network_sent_bytes_per_second",
}
_MEAN_COLUMNS = ("cpu_percent", "gpu_percent")


class NetworkRates:
    """Mean rates since the reading before, from counters that begin anew at a boot or a lost interface."""

    def __init__(self) -> None:
        self._before: tuple[float, Mapping[str, Value]] | None = None

    def since_before(self, values: Mapping[str, Value], monotonic_seconds: float) -> dict[str, float]:
        """Return bytes per second by column; nothing for the first reading and for a counter that fell."""
        before, self._before = self._before, (monotonic_seconds, values)
        if before is None or monotonic_seconds <= before[0]:
            return {}
        found = {}
        for counter, column in _RATES.items():
            old, new = before[1].get(counter), values.get(counter)
            if isinstance(old, int) and isinstance(new, int) and new >= old:
                found[column] = (new - old) / (monotonic_seconds - before[0])
        return found


class Means:
    """Means of loads since the report before: a single reading of five seconds says little of a minute."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, values: Mapping[str, Value]) -> None:
        """Count one reading."""
        for name in _MEAN_COLUMNS:
            value = values.get(name)
            if isinstance(value, int | float):
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = total + value, count + 1

    def take(self) -> dict[str, float]:
        """Return the means by column and begin anew."""
        sums, self._sums = self._sums, {}
        return {name: total / count for name, (total, count) in sums.items()}


def health_record(values: Mapping[str, Value], *, event_time_ms: int, clock_quality: str) -> Record:
    """Return the record of `values`; what is no column stays out, and text is cut at its column's length."""
    own = {column.name: fitting(column, values.get(column.name)) for column in DEVICE_HEALTH.own_columns}
    known = {name: value for name, value in own.items() if value is not None}
    return Record(DEVICE_HEALTH.name, None, None, None, event_time_ms, clock_quality, known)


def fitting(column: Column, value: Value) -> Value:
    """Return `value` as `column` takes it, None for one that it cannot take at all."""
    if value is None:
        return None
    if column.type is ColumnType.TEXT:
        return _text(column, str(value))
    if column.type is ColumnType.BOOLEAN:
        return bool(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(value) if column.type is ColumnType.INTEGER else round(float(value), column.decimals)


def _text(column: Column, text: str) -> str | None:
    clean = "".join(letter for letter in text if letter.isprintable()).strip()
    if len(clean) > column.maximum_length:
        clean = clean[: column.maximum_length - 1] + "…"
    return clean or None
