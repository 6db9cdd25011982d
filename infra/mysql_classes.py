"""The instance classes that MySQL may run on: their memory, and the connections that it is allowed."""

from __future__ import annotations

_BURSTING = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_GENERAL = {"large": 8} | {f"{times or ''}xlarge": 16 * max(1, times) for times in (0, 2, 4, 8, 12, 16, 24)}
MEMORY_GIB = {
    **{f"{family}.{size}": gib for family in ("t3", "t4g") for size, gib in _BURSTING.items()},
    **{
        f"{family}.{size}": gib
        for family in ("m5", "m6g", "m6i", "m7g", "m7i", "m8g")
        for size, gib in _GENERAL.items()
    },
    **{
        f"{family}.{size}": 2 * gib
        for family in ("r5", "r6g", "r6i", "r7g", "r7i", "r8g")
        for size, gib in _GENERAL.items()
    },
}
"""GiB by class, without its ``db.``. docs.aws.amazon.com/AmazonRDS/latest/UserGuide, DB instance classes."""
CONNECTIONS_A_GIB = 50
"""Fewer than RDS would allow (some 60 on 1 GiB, reckoned from memory that it does not tell): a number that is
known can be alarmed on, and the memory of an instance bears it."""


def connections(instance_class: str) -> int:
    """Return how many connections MySQL takes on `instance_class`; raises KeyError for one that is none."""
    return CONNECTIONS_A_GIB * MEMORY_GIB[instance_class]
