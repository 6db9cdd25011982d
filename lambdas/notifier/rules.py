"""Alert rules: what is told, how often and when, by site, camera, zone and kind.

A rule names some of these places and sets some of the options; for an alert every rule that fits it is laid
over the defaults of its kind, the least special first: kind, site, camera, zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import quote, unquote

from contract.alerts import ALERT_KINDS, CAMERA_FAULT, CLASSIFIED, DEVICE_SILENT, TEST, Alert, is_far_above
from contract.errors import CrowdLensError
from contract.identity import check_identifier, check_label
from lambdas.notifier.quiet import QuietHours, QuietHoursError, parse_quiet_hours
from lambdas.notifier.store import Key
from lambdas.shared.time_zones import is_time_zone

ANY: Final = "*"
RULE_PREFIX: Final = "alert_rule#"
SEVERITIES: Final = ("info", "warning", "critical")
CRITICAL: Final = SEVERITIES[-1]
NONE: Final = "none"
SUMMARY, DROP = "summary", "drop"
LONGEST_COOLDOWN_SECONDS: Final = 86_400
LONGEST_GROUP_SECONDS: Final = 3_600


class RuleError(CrowdLensError):
    """Raised when a rule cannot be used; the text names the option, its value and what was expected."""


@dataclass(frozen=True)
class Place:
    """What a rule is about; `*` stands for any."""

    site: str = ANY
    camera: str = ANY
    zone: str = ANY
    kind: str = ANY

    def fits(self, alert: Alert) -> bool:
        """Return whether `alert` happened here."""
        there = (alert.site, alert.camera, alert.zone or alert.line, alert.kind)
        return all(own in (ANY, other) for own, other in zip(vars(self).values(), there, strict=True))

    @property
    def rank(self) -> tuple[bool, ...]:
        """How special it is; the zone counts most."""
        return tuple(value != ANY for value in (self.zone, self.camera, self.site, self.kind))

    @property
    def key(self) -> Key:
        """Where its rule is stored."""
        # A zone's name may have any sign in it, a # too.
        parts = (quote(part, safe=ANY) for part in (self.camera, self.zone, self.kind))
        return Key(f"{RULE_PREFIX}{self.site}", "#".join(parts))

    @classmethod
    def of_key(cls, key: Key) -> Place:
        """Return the place whose rule is stored at `key`."""
        camera, zone, kind = (unquote(part) for part in key.sort.split("#"))
        return cls(key.partition.removeprefix(RULE_PREFIX), camera, zone, kind)


@dataclass(frozen=True)
class Options:
    """What a rule may set.

    Alerts below `minimum_severity` are not told. After a start, further ones of the same place and kind are
    held for `cooldown_seconds` and then told together. In `quiet_hours` (site's local time) what is below
    `quiet_except` waits for one summary afterwards, or is dropped (`quiet_after`). `group_seconds` gathers
    what comes meanwhile into one message. `recovery` tells the end, too. `time_zone` stands for what the
    site's cameras say. `place_ko` and `place_en` are what people call the place.
    """

    enabled: bool = True
    minimum_severity: str = "info"
    cooldown_seconds: int = 600
    quiet_hours: QuietHours | None = None
    quiet_after: str = SUMMARY
    quiet_except: str = "critical"
    group_seconds: int = 0
    recovery: bool = True
    time_zone: str | None = None
    place_ko: str | None = None
    place_en: str | None = None


_OBJECT = Options(recovery=False, group_seconds=60)
"""Events about one person or vehicle come in swarms, and each is over in seconds."""
_HEALTH = Options(cooldown_seconds=0, group_seconds=300)
DEFAULTS: Final[Mapping[str, Options]] = {
    "crowding": Options(),
    "restricted": Options(cooldown_seconds=120),
    "running": _OBJECT,
    "wrong_direction": _OBJECT,
    "wrong_side": _OBJECT,
    "loitering": _OBJECT,
    "stopped": _OBJECT,
    CLASSIFIED: Options(),
    CAMERA_FAULT: _HEALTH,
    DEVICE_SILENT: _HEALTH,
    TEST: Options(cooldown_seconds=0, quiet_except="info"),
}
"""The options of a kind where no rule says otherwise."""
_BASE_SEVERITY: Final[Mapping[str, str]] = {"restricted": "critical", "loitering": "info", TEST: "info"}


def severity_of(alert: Alert) -> str:
    """Return how serious an alert is: by its kind, and by how far it is above its threshold."""
    if is_far_above(alert.kind, alert.threshold, alert.value, alert.peak_value):
        return CRITICAL
    return _BASE_SEVERITY.get(alert.kind, "warning")


def is_below(severity: str, other: str) -> bool:
    """Return whether `severity` is less serious than `other`; nothing reaches `none`."""
    return other == NONE or SEVERITIES.index(severity) < SEVERITIES.index(other)


def options_for(alert: Alert, rules: Iterable[tuple[Place, Mapping[str, Any]]]) -> Options:
    """Return what holds for `alert`."""
    options = DEFAULTS[alert.kind]
    for place, document in sorted(rules, key=lambda rule: rule[0].rank):
        if place.fits(alert):
            options = replace(options, **read_options(document))
    return options


def check_place(place: Place) -> Place:
    """Return `place` when a rule may be about it; raises a `CrowdLensError`."""
    for name in ("site", "camera"):
        if getattr(place, name) != ANY:
            check_identifier(name, getattr(place, name))
    if place.zone != ANY:
        check_label("zone", place.zone)
    if place.kind not in (ANY, *ALERT_KINDS):
        raise RuleError(f"kind is {place.kind!r}: expected one of {', '.join(ALERT_KINDS)}")
    return place


def read_options(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that `document` sets, checked; raises `RuleError` for the first bad one."""
    known = {field.name for field in fields(Options)}
    for name in document:
        if name not in known:
            raise RuleError(f"there is no option {name}: expected some of {', '.join(sorted(known))}")
    return {name: _checked(name, value) for name, value in document.items()}


def _checked(name: str, value: Any) -> Any:
    if name in ("enabled", "recovery"):
        return _of(name, value, isinstance(value, bool), "true or false")
    if name in ("cooldown_seconds", "group_seconds"):
        most = LONGEST_COOLDOWN_SECONDS if name == "cooldown_seconds" else LONGEST_GROUP_SECONDS
        sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
        return _of(name, value, sound, f"whole seconds from 0 to {most:,}")
    if name == "quiet_hours":
        return _quiet_hours(value)
    if name == "time_zone":
        return _of(name, value, value is None or is_time_zone(str(value)), "a name like Asia/Seoul")
    if name == "quiet_after":
        return _of(name, value, value in (SUMMARY, DROP), f"{SUMMARY} or {DROP}")
    if name in ("minimum_severity", "quiet_except"):
        allowed = SEVERITIES if name == "minimum_severity" else (*SEVERITIES, NONE)
        return _of(name, value, value in allowed, f"one of {', '.join(allowed)}")
    sound = value is None or (isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable())
    return _of(name, value, sound, "1 to 60 printable characters")


def _quiet_hours(value: Any) -> QuietHours | None:
    if value is None or value == NONE:
        return None
    try:
        return parse_quiet_hours(str(value))
    except QuietHoursError as error:
        raise RuleError(str(error)) from error


def _of(name: str, value: Any, sound: bool, expected: str) -> Any:
    if not sound:
        raise RuleError(f"{name} is {value!r}: expected {expected}")
    return value


def as_document(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked options as they are stored and shown."""
    shown = {name: str(value) if isinstance(value, QuietHours) else value for name, value in options.items()}
    return dict(json.loads(json.dumps(shown)))
