"""chrony, timesyncd and neither: their answers, and which way the offset points."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_components.fleet_agent.commands import CommandError
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.time_source import TimeSourceReader, parse_chrony, parse_timesyncd

MachineOf = Callable[..., Machine]
CHRONY = """Reference ID    : CB00710F (203.0.113.15)
Stratum         : 3
Ref time (UTC)  : Sat Nov 21 13:47:30 2026
System time     : 0.001500000 seconds {direction} of NTP time
Last offset     : -0.000020522 seconds
RMS offset      : 0.000110123 seconds
Leap status     : {leap}
"""
NO_SERVER = CHRONY.replace("CB00710F (203.0.113.15)", "00000000 ()").format(
    direction="fast", leap="Not synchronised"
)
TIMESYNCD = """       Server: 185.125.190.56 (ntp.ubuntu.com)
Poll interval: 34min 8s (min: 32s; max 34min 8s)
         Leap: normal
      Version: 4
      Stratum: 2
    Precision: 1us (-25)
Root distance: 1.083ms (max: 5s)
       Offset: {offset}
        Delay: 231.2ms
 Packet count: 12
"""


@pytest.mark.parametrize(
    ("text", "source", "offset"),
    [
        pytest.param(CHRONY.format(direction="slow", leap="Normal"), "chrony 203.0.113.15", -1.5, id="slow"),
        pytest.param(CHRONY.format(direction="fast", leap="Normal"), "chrony 203.0.113.15", 1.5, id="fast"),
        pytest.param(NO_SERVER, "chrony, no server", None, id="no server"),
    ],
)
def test_chrony(text: str, source: str, offset: float | None) -> None:
    reading = parse_chrony(text)
    assert reading.values["time_source"] == source
    assert reading.values.get("clock_offset_milliseconds") == offset
    assert ("clock_offset_milliseconds" in reading.cannot) == (offset is None)


@pytest.mark.parametrize(
    ("written", "offset"),
    [
        pytest.param("-2.306ms", 2.306, id="the device is ahead"),
        pytest.param("+316us", -0.316, id="the device is behind"),
        pytest.param("+1min 2.5s", -62_500.0, id="far behind"),
        pytest.param("n/a", None, id="no answer yet"),
    ],
)
def test_timesyncd(written: str, offset: float | None) -> None:
    reading = parse_timesyncd(TIMESYNCD.format(offset=written))
    assert reading.values["time_source"] == "timesyncd ntp.ubuntu.com"
    assert reading.values.get("clock_offset_milliseconds") == (
        None if offset is None else pytest.approx(offset)
    )


def test_timesyncd_without_a_server() -> None:
    assert parse_timesyncd("       Server: n/a\n").values == {"time_source": "timesyncd, no server"}


@pytest.mark.parametrize(
    "parse",
    [
        pytest.param(parse_chrony, id="chrony: 506 Cannot talk to daemon"),
        pytest.param(parse_timesyncd, id="timesyncd"),
    ],
)
def test_another_form_is_no_reading(parse: Callable[[str], object]) -> None:
    with pytest.raises(CommandError, match="form that is not known"):
        parse("506 Cannot talk to daemon\n")


def test_the_service_that_runs_is_asked(machine_of: MachineOf) -> None:
    commands = {
        "chronyc -n tracking": CHRONY.format(direction="fast", leap="Normal"),
        "timedatectl timesync-status": TIMESYNCD.format(offset="-1ms"),
    }
    assert TimeSourceReader(machine_of(commands=commands)).read().values == {"time_source": "none"}
    machine = machine_of({"run/systemd/timesync/synchronized": ""}, commands)
    assert TimeSourceReader(machine).read().values["time_source"] == "timesyncd ntp.ubuntu.com"
    machine = machine_of({"run/chrony/chronyd.sock": ""}, commands)
    assert TimeSourceReader(machine).read().values["time_source"] == "chrony 203.0.113.15"


def test_a_service_without_its_tool_is_named(machine_of: MachineOf) -> None:
    reading = TimeSourceReader(machine_of({"run/chrony/chronyd.sock": ""})).read()
    assert reading.values == {"time_source": "chrony"}
    assert reading.cannot == {"clock_offset_milliseconds": "chronyc is not installed"}


def test_ntpd_is_named_without_an_offset(machine_of: MachineOf) -> None:
    assert TimeSourceReader(machine_of({"run/ntpd.pid": "1"})).read().values == {"time_source": "ntpd"}
