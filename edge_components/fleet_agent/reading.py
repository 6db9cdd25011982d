"""What a reader returns, and what every reader looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from contract.records import Value


@dataclass(frozen=True)
class Reading:
    """Values by column of `device_health` (and the few that stay on the device), as far as they are known.

    `cannot` says of a column why this device cannot tell it. A column in neither was not asked for yet.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    cannot: Mapping[str, str] = field(default_factory=dict)


class Reader(Protocol):
    """Reads one thing about the machine; asked every `every_seconds`."""

    @property
    def name(self) -> str:
        """What it reads, in a word."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """What it may tell."""
        ...

    @property
    def every_seconds(self) -> float:
        """How often it is worth asking."""
        ...

    def read(self) -> Reading:
        """Return what is known now; raises OSError, ValueError or `CommandError` when nothing is."""
        ...


def known(values: Mapping[str, Value], reason: str) -> Reading:
    """Return a reading in which what is None cannot be told, for `reason`."""
    return Reading(
        {name: value for name, value in values.items() if value is not None},
        {name: reason for name, value in values.items() if value is None},
    )
