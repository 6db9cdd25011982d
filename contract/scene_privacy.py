"""What a scene with `privacy: {minimum_count: k}` may tell: nothing about fewer than k people in a zone."""

from __future__ import annotations

from collections.abc import Mapping

from contract.scene_events import ZONE_KINDS, EventRule
from contract.scene_values import SceneError, check_keys, mapping, shown

NO_MINIMUM = 1
_MAXIMUM_MINIMUM = 1000


def parse_minimum_count(value: object) -> int:
    """Return k; raises `SceneError` when it is no whole number from 2 on."""
    fields = mapping("privacy", value)
    check_keys("privacy", fields, ("minimum_count",))
    count = fields["minimum_count"]
    if type(count) is not int or not 2 <= count <= _MAXIMUM_MINIMUM:
        raise SceneError(
            f"privacy.minimum_count is {shown(count)}: expected a whole number from 2 to {_MAXIMUM_MINIMUM}"
        )
    return count


def check_private_events(zones: Mapping[str, tuple[EventRule, ...]], minimum_count: int) -> None:
    """Refuse event rules of `zones`, by name, that would tell of fewer than `minimum_count` people."""
    for zone, rules in zones.items():
        for rule in rules if minimum_count > NO_MINIMUM else ():
            field = f"zone {zone!r} events.{rule.kind}"
            if rule.kind not in ZONE_KINDS:
                raise SceneError(
                    f"{field} is about single people: expected only {' or '.join(ZONE_KINDS)} with privacy"
                )
            if rule.threshold < minimum_count:
                raise SceneError(
                    f"{field}.threshold is {rule.threshold:g}: expected at least privacy.minimum_count, "
                    f"{minimum_count}"
                )
            # An event that ends at k - 2 people has told that there were k - 1 until then.
            if rule.threshold - rule.hysteresis < minimum_count - 1:
                raise SceneError(
                    f"{field}.hysteresis is {rule.hysteresis:g}: expected at most "
                    f"{rule.threshold - minimum_count + 1:g} with privacy.minimum_count {minimum_count}, so "
                    "that the end of an event tells no smaller number"
                )


def told(value: float, minimum_count: int) -> float:
    """Return a number of people as it may be told: 0 when it is below `minimum_count`."""
    return value if value >= minimum_count else 0
