"""Which time service the clock follows, and how far it is from it."""

from __future__ import annotations

import re

from edge_components.fleet_agent.commands import CommandError, CommandMissingError
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.reading import Reading

NO_SERVICE = "none"
_CHRONY_TRACE, _TIMESYNCD_TRACE = "run/chrony", "run/systemd/timesync"
_OTHER_TRACES = {"ntpd": "run/ntpd.pid", "ptp4l": "run/ptp4l"}
_CHRONY_SERVER = re.compile(r"^Reference ID *: *\w+ *\((.*)\) *$", re.MULTILINE)
_CHRONY_OFFSET = re.compile(r"^System time *: *([\d.]+) seconds (slow|fast) of NTP time", re.MULTILINE)
_CHRONY_LEAP = re.compile(r"^Leap status *: *(.*?) *$", re.MULTILINE)
_TIMESYNCD_SERVER = re.compile(r"^ *Server: *(\S+)(?: \(([^)]*)\))?", re.MULTILINE)
_TIMESYNCD_OFFSET = re.compile(r"^ *Offset: *([+-]?)(\S.*?) *$", re.MULTILINE)
_PART = re.compile(r"([\d.]+)(us|ms|s|min|h|d)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}


class TimeSourceReader:
    """`time_source` and `clock_offset_milliseconds`, above 0 where the device is ahead."""

    name = "time source"
    columns = ("time_source", "clock_offset_milliseconds")
    every_seconds = 60.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self) -> Reading:
        """Return both; raises `CommandError` when the service that runs does not answer."""
        if self._machine.path(_CHRONY_TRACE).exists():
            try:
                return parse_chrony(self._machine.command(("chronyc", "-n", "tracking")))
            except CommandMissingError:
                return _without_offset("chrony", "chronyc is not installed")
        if self._machine.path(_TIMESYNCD_TRACE).exists():
            return parse_timesyncd(self._machine.command(("timedatectl", "timesync-status")))
        for service, trace in _OTHER_TRACES.items():
            if self._machine.path(trace).exists():
                return _without_offset(service, f"the offset of {service} is not read")
        return _without_offset(NO_SERVICE, "no time service runs")


def parse_chrony(text: str) -> Reading:
    """Return what ``chronyc -n tracking`` says; raises `CommandError` for another form."""
    server, offset = _CHRONY_SERVER.search(text), _CHRONY_OFFSET.search(text)
    leap = _CHRONY_LEAP.search(text)
    if server is None or offset is None or leap is None:
        raise CommandError("chronyc tracking answered in a form that is not known")
    if leap[1] == "Not synchronised" or not server[1]:
        return _without_offset("chrony, no server", "chrony is not synchronised")
    milliseconds = float(offset[1]) * 1000
    signed = milliseconds if offset[2] == "fast" else -milliseconds
    return Reading({"time_source": f"chrony {server[1]}", "clock_offset_milliseconds": signed})


def parse_timesyncd(text: str) -> Reading:
    """Return what ``timedatectl timesync-status`` says.

    Its offset is the server's minus the device's (RFC 5905), so the sign turns. Raises `CommandError` for
    another form.
    """
    server, offset = _TIMESYNCD_SERVER.search(text), _TIMESYNCD_OFFSET.search(text)
    if server is None:
        raise CommandError("timedatectl timesync-status answered in a form that is not known")
    if server[1] in ("n/a", "null"):
        return _without_offset("timesyncd, no server", "timesyncd has found no server")
    source = f"timesyncd {server[2] or server[1]}"
    milliseconds = None if offset is None else _milliseconds(offset[2])
    if offset is None or milliseconds is None:
        return _without_offset(source, "timesyncd has had no answer from its server")
    return Reading(
        {
            "time_source": source,
            "clock_offset_milliseconds": milliseconds if offset[1] == "-" else -milliseconds,
        }
    )


def _milliseconds(text: str) -> float | None:
    """Return a time span as systemd writes it, such as ``1min 2.5s`` (systemd.time(7))."""
    parts = _PART.findall(text)
    return sum(float(number) * _MILLISECONDS[unit] for number, unit in parts) if parts else None


def _without_offset(source: str, reason: str) -> Reading:
    return Reading({"time_source": source}, {"clock_offset_milliseconds": reason})
