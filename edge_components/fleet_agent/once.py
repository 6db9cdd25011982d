"""What this machine tells, and what it cannot tell, for a person or a program that asks once."""

from __future__ import annotations

import json
import time

from contract.columns import Column, ColumnType
from contract.errors import WorkFailedError
from contract.records import Value
from contract.tables import DEVICE_HEALTH
from edge_components.fleet_agent.gathering import Gathering, readers_of
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.components import (
    CONFIGURATION_PROBLEMS,
    PROVIDER_STEPS,
    waiting_of,
)
from edge_components.fleet_agent.reading import Reading
from edge_components.fleet_agent.reports import NetworkRates, health_record
from edge_components.runtime.device_folders import DeviceFolders

_BETWEEN_SECONDS = 5.5
"""Loads and rates take two readings, and slow readers a while."""
_WHOLE = (PROVIDER_STEPS, CONFIGURATION_PROBLEMS)
"""Whole sentences, which no column has room for."""


class PublisherSilentError(WorkFailedError):
    """Raised where nobody says what waits in the spool."""


def look_once(machine: Machine, folders: DeviceFolders, own_version: str) -> Reading:
    """Return everything that can be told, as a record would have it; takes about six seconds.

    Where a slower provider runs the detector, the whole sentences for it are there, too.
    """

    def waiting() -> tuple[int, int]:
        found = waiting_of(folders.status)
        if found is None:
            raise PublisherSilentError("the publisher does not say")
        return found

    gathering = Gathering(readers_of(machine, folders, own_version=own_version, waiting=waiting))
    rates = NetworkRates()
    rates.since_before(gathering.gather().values, time.monotonic())
    time.sleep(_BETWEEN_SECONDS)
    reading = gathering.gather()
    found = {**reading.values, **rates.since_before(reading.values, time.monotonic())}
    gathering.stop()
    record = health_record(found, event_time_ms=0, clock_quality="unsynced")
    whole = {name: value for name, value in found.items() if name in _WHOLE}
    return Reading({**record.values, **whole}, reading.cannot)


def as_json(reading: Reading) -> str:
    """Return the reading as a JSON document: every column under `health` (null: not known) or `cannot`.

    `provider_steps` and `configuration_problems` have the whole sentences of what columns say in few words.
    """
    health = {column.name: reading.values.get(column.name) for column in DEVICE_HEALTH.own_columns}
    document = {
        "health": health,
        "cannot": dict(reading.cannot),
        **{name: reading.values.get(name) for name in _WHOLE},
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(reading: Reading) -> str:
    """Return the reading for a person: a line a column."""
    known = [
        f"{column.name:34} {_shown(column, reading.values[column.name])}"
        for column in DEVICE_HEALTH.own_columns
        if column.name in reading.values
    ]
    unknown = [f"{name:34} {reason}" for name, reason in reading.cannot.items()]
    whole = [f"{name:34} {reading.values[name]}" for name in _WHOLE if reading.values.get(name)]
    return "\n".join([*known, *whole, "", "cannot be told here:", *unknown])


def _shown(column: Column, value: Value) -> str:
    if column.unit == "B" and isinstance(value, int):
        return f"{value / 2**20:,.0f} MiB"
    unit = "" if column.unit in ("", "1") or column.type is ColumnType.TEXT else f" {column.unit}"
    return f"{value}{unit}"
