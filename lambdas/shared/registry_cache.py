"""The registry as a process that reads messages sees it: batched, kept for a while, bounded.

The arithmetic: 10,000 cameras with a message each 5 s send 2,000 messages/s; in batches of 200 that is 10
invocations/s and, at about a second each, 10 processes. A read per message would be 2,000 reads/s. A process
reads a device at most once in `KEPT_SECONDS` = 600 s, which is 10,000 / 600 = 17 reads/s a process: 167
reads/s with 10 processes, one to 12 messages, and 833 with the 50 of the highest concurrency. An item with
two certificates is below 0.5 KB, half a unit. In the steady state a batch of 200 messages finds 17 devices
to read again and reads them in one request (100 keys a request). Memory: at most 22,000 entries of 0.6 KB.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.registry import MAXIMUM_KEYS_PER_READ, Device, DeviceRegistry

KEPT_SECONDS: Final = 600.0
"""A device that is blocked, or a certificate that is removed, may be believed for as long."""
MAXIMUM_KNOWN: Final = 20_000
MAXIMUM_UNKNOWN: Final = 2_000
"""Kept apart, so that a flood of invented names pushes out no real device."""
PAUSE_AFTER_FAILURE_SECONDS: Final = 2.0


@dataclass(frozen=True)
class _Entry:
    device: Device | None
    read_at: float
    consistent: bool

    def is_good(self, oldest: float, *, consistent: bool) -> bool:
        return self.read_at > oldest and (self.consistent or not consistent)


class RegistryCache:
    """What `registry` said lately."""

    def __init__(self, registry: DeviceRegistry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._known: OrderedDict[str, _Entry] = OrderedDict()
        self._unknown: OrderedDict[str, _Entry] = OrderedDict()
        self._quiet_until = float("-inf")
        self.problem: str | None = None
        """Why the registry did not answer when it was last asked; None when it did."""

    def look_up(
        self, names: Collection[str], *, maximum_age_seconds: float = KEPT_SECONDS, consistent: bool = False
    ) -> dict[str, Device | None]:
        """Return each device of `names`, None for one that is not registered.

        What was read longer than `maximum_age_seconds` ago (or, with `consistent`, not consistently) is read
        again. A name that could not be read is left out: nobody knows.
        """
        now = self._clock()
        answer: dict[str, Device | None] = {}
        stale: list[str] = []
        for name in dict.fromkeys(names):
            entry = self._entry(name)
            if entry is not None and entry.is_good(now - maximum_age_seconds, consistent=consistent):
                answer[name] = entry.device
            else:
                stale.append(name)
        for start in range(0, len(stale), MAXIMUM_KEYS_PER_READ):
            some = stale[start : start + MAXIMUM_KEYS_PER_READ]
            answer |= self._read(some, now, consistent=consistent)
        return answer

    def _entry(self, name: str) -> _Entry | None:
        return self._known.get(name) or self._unknown.get(name)

    def _read(self, names: list[str], now: float, *, consistent: bool) -> dict[str, Device | None]:
        # One that just did not answer would only cost the batch another time-out.
        if self._clock() < self._quiet_until:
            return {}
        try:
            found = self._registry.read(names, consistent=consistent)
        except ControlTableUnavailableError as error:
            self.problem = str(error)
            self._quiet_until = self._clock() + PAUSE_AFTER_FAILURE_SECONDS
            return {}
        self.problem = None
        for name in names:
            self._keep(name, _Entry(found.get(name), now, consistent))
        return {name: found.get(name) for name in names}

    def _keep(self, name: str, entry: _Entry) -> None:
        self._known.pop(name, None)
        self._unknown.pop(name, None)
        entries, most = (
            (self._unknown, MAXIMUM_UNKNOWN) if entry.device is None else (self._known, MAXIMUM_KNOWN)
        )
        entries[name] = entry
        if len(entries) > most:
            entries.popitem(last=False)
