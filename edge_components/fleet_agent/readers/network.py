"""What the device sent and received over its own interfaces, from /proc/net/dev (proc(5))."""

from __future__ import annotations

from collections.abc import Sequence

from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.reading import Reading

RECEIVED, SENT = "network_received_bytes", "network_sent_bytes"
"""Counters since boot: they stay on the device, a report has the mean rate between two of them."""
_VIRTUAL = ("lo", "docker", "veth", "br-", "virbr", "tun", "tap", "wg", "dummy", "l4tbr", "usb", "rndis")
_SENT_FIELD = 8


class NetworkReader:
    """Bytes since boot of all interfaces with hardware behind them.

    What a tunnel or a bridge carries passes through one of these, and would be counted twice.
    """

    name = "network"
    columns = ("network_received_bytes_per_second", "network_sent_bytes_per_second")
    every_seconds = 5.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self) -> Reading:
        """Return the two counters."""
        counters = _counters(self._machine.text("proc/net/dev") or "")
        chosen = self._with_hardware(list(counters)) or [
            name for name in counters if not name.startswith(_VIRTUAL)
        ]
        if not chosen:
            return Reading({}, dict.fromkeys(self.columns, "no network interface is known to /proc/net/dev"))
        return Reading(
            {
                RECEIVED: sum(counters[name][0] for name in chosen),
                SENT: sum(counters[name][1] for name in chosen),
            }
        )

    def _with_hardware(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self._machine.path(f"sys/class/net/{name}/device").exists()]


def _counters(text: str) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if colon and len(words) > _SENT_FIELD:
            found[name.strip()] = int(words[0]), int(words[_SENT_FIELD])
    return found
