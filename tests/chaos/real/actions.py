"""What is done to the processes of a run, and when: from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FUNCTIONS = ("lake_writer", "rds_loader", "compactor")


@dataclass(order=True)
class Action:
    """Something that is done to the system at a moment of the storm."""

    at_seconds: float
    name: str
    value: float = field(default=0.0, compare=False)


def make_actions(dice: random.Random, storm_seconds: float) -> list[Action]:
    """Return what happens in a storm: kills all the time, the rarer things once or twice."""
    actions: list[Action] = []

    def add(name: str, count: int, longest_seconds: float = 0.0) -> None:
        for _ in range(count):
            length = dice.uniform(0.3, 1.0) * longest_seconds
            begin = dice.uniform(1.5, max(2.0, storm_seconds - length))
            actions.append(Action(begin, name, length))
            if longest_seconds:
                actions.append(Action(begin + length, f"end {name}"))

    for name in (*("kill camera", "kill publisher"), *(f"kill {name}" for name in FUNCTIONS)):
        add(name, dice.randrange(2, 5))
    add("kill MariaDB", dice.randrange(0, 2))
    add("stop MariaDB", dice.randrange(0, 2), 5.0)
    add("no network", dice.randrange(0, 2), storm_seconds * 0.4)
    add("no s3", dice.randrange(0, 2), 6.0)
    add("no sqs", dice.randrange(0, 2), 6.0)
    add("disk full", dice.randrange(0, 2), 8.0)
    add("reboot", dice.randrange(0, 2))
    return sorted(actions)
