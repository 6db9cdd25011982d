"""MQTT topic filters."""

from __future__ import annotations


def matches(topic_filter: str, topic: str) -> bool:
    """Return whether `topic` falls under `topic_filter` (MQTT 3.1.1, 4.7): ``+`` a level, ``#`` the rest."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, part in enumerate(wanted):
        if part == "#":
            return True
        if place >= len(given) or part not in ("+", given[place]):
            return False
    return len(wanted) == len(given)
