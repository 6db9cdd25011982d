"""One phase of one event as a batch keeps it: what a message says of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from contract.alerts import END, Alert
from lambdas.notifier.rules import Options, severity_of

PART_START, PART_RISE, PART_END = "start", "rise", "end"


@dataclass(frozen=True)
class Entry:
    """What is told of an event: that it started, got critical or ended; with `ended_ms` on a start, all.

    `late` is news that was old when it arrived.
    """

    kind: str
    part: str
    severity: str
    device: str
    event: str
    camera: str | None = None
    place: str | None = None
    place_ko: str | None = None
    place_en: str | None = None
    object_class: str | None = None
    value: float | None = None
    threshold: float | None = None
    peak_value: float | None = None
    started_ms: int = 0
    ended_ms: int | None = None
    time_zone: str = "UTC"
    clock_quality: str = "synced"
    state: str | None = None
    detail: str | None = None
    late: bool = False

    def as_document(self, *, slim: bool = False) -> dict[str, Any]:
        """Return it for storing; slim, only what is counted and its id does not say."""
        if slim:
            return {"kind": self.kind, "severity": self.severity, "late": self.late}
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_document(cls, entry_id: str, document: Mapping[str, Any]) -> Entry:
        """Return what `as_document` stored under its id; what a later version added is left out."""
        device, camera, rest = entry_id.split("#", 2)
        # An event's own name may have a # in it.
        event, _, part = rest.rpartition("#")
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in document.items() if name in known}
        return cls(**{"device": device, "camera": camera or None, "event": event, "part": part, **given})


def entry_of(alert: Alert, part: str, options: Options, *, late: bool = False) -> Entry:
    """Return what is told of `alert`, by its rule's names for the place."""
    over = alert.phase == END
    return Entry(
        kind=alert.kind,
        part=part,
        severity=severity_of(alert),
        device=alert.device,
        event=alert.event,
        camera=alert.camera,
        place=alert.zone or alert.line,
        place_ko=options.place_ko,
        place_en=options.place_en,
        object_class=alert.object_class,
        # At its end the value is what it fell to: what it was is the peak.
        value=alert.peak_value if over else alert.value,
        threshold=alert.threshold,
        peak_value=alert.peak_value,
        started_ms=alert.started_ms,
        ended_ms=alert.at_ms if over else None,
        time_zone=alert.time_zone,
        clock_quality=alert.clock_quality,
        state=alert.state,
        detail=alert.detail,
        late=late,
    )


def entry_id(alert: Alert, part: str) -> str:
    """Return the identity of a phase of an event within its site."""
    return f"{alert.device}#{alert.camera or ''}#{alert.event}#{part}"
