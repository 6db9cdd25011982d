"""What a run has counted from beginning to end, as `summary.json` tells it."""

from __future__ import annotations

from dataclasses import dataclass

from contract.records import Value
from contract.scene import Scene
from contract.scene_privacy import NO_MINIMUM, told
from edge_components.runtime.counting.events import EventPhase
from edge_components.runtime.counting.lines import Crossing
from edge_components.runtime.counting.tallies import Stay
from edge_components.runtime.counting.trigger import END
from edge_components.runtime.counting.windows import OccupancySums

MAXIMUM_EVENTS = 10_000
"""A run keeps this many events in memory for its summary; the records of all of them have gone out."""

LineTotals = dict[str, dict[str, int]]
ZoneTotals = dict[str, dict[str, float | int | None]]


@dataclass(frozen=True)
class AnalyticsTotals:
    """Everything counted so far; zones are complete once the analytics are closed.

    `lines` maps names to `in` and `out`; `zones` maps names to `max`, `mean`, `entries`, `exits` and
    `dwell_seconds_mean` (None when nobody left). `events` has one entry per event, in the order of their
    starts, with `event, kind, zone, object_class, track, threshold, peak_value, started_seconds,
    ended_seconds, duration_seconds`, times in steady seconds, `ended_seconds` None while it is going on.
    `warnings` counts what was dropped or mended on the way.
    """

    frames: int
    tracks: int
    lines: LineTotals
    zones: ZoneTotals
    events: list[dict[str, Value]]
    warnings: dict[str, int]


class Totals:
    """Adds up crossings and events of a run."""

    def __init__(self, scene: Scene) -> None:
        self.frames = 0
        self._scene = scene
        self._lines: LineTotals = {line.name: {"in": 0, "out": 0} for line in scene.lines}
        self._events: dict[str, dict[str, Value]] = {}
        self._forgotten_events = 0

    @property
    def lines(self) -> LineTotals:
        """How often each line was crossed so far; a copy."""
        return {name: dict(counts) for name, counts in self._lines.items()}

    def count(self, crossing: Crossing) -> None:
        """Add a crossing."""
        self._lines[crossing.line][crossing.direction] += 1

    def note(self, phase: EventPhase) -> None:
        """Add a phase of an event."""
        if phase.event not in self._events:
            if len(self._events) >= MAXIMUM_EVENTS:
                self._forgotten_events += 1
                return
            self._events[phase.event] = self._begun(phase)
        entry = self._events[phase.event]
        entry["peak_value"] = round(phase.peak_value, 3)
        entry["duration_seconds"] = round(phase.time_seconds - phase.started_seconds, 3)
        if phase.phase == END:
            entry["ended_seconds"] = phase.time_seconds

    def _begun(self, phase: EventPhase) -> dict[str, Value]:
        class_id = phase.class_id
        return {
            "event": phase.event,
            "kind": phase.kind,
            "zone": phase.zone,
            "object_class": None if class_id is None else self._scene.classes[class_id],
            "track": phase.track,
            "threshold": phase.threshold,
            "peak_value": phase.peak_value,
            "started_seconds": phase.started_seconds,
            "ended_seconds": None,
            "duration_seconds": 0.0,
        }

    def summary(self, occupancy: OccupancySums, tracks: int, warnings: dict[str, int]) -> AnalyticsTotals:
        """Return the totals as they are now; `occupancy` has one entry per zone."""
        zones: ZoneTotals = {}
        least = self._scene.minimum_count
        for position, zone in enumerate(self._scene.zones):
            stays = occupancy.stays[position]
            left, mean = told(stays[Stay.DWELL_COUNT], least), float(occupancy.mean[position])
            zones[zone.name] = {
                "max": int(told(occupancy.maximum[position], least)),
                "mean": round(mean if least == NO_MINIMUM else told(mean, least), 4),
                "entries": int(told(stays[Stay.ENTRIES], least)),
                "exits": int(told(stays[Stay.EXITS], least)),
                "dwell_seconds_mean": round(float(stays[Stay.DWELL_SECONDS] / left), 3) if left else None,
            }
        return AnalyticsTotals(
            frames=self.frames,
            tracks=tracks,
            lines=self.lines,
            zones=zones,
            events=[dict(event) for event in self._events.values()],
            warnings={**warnings, "events_not_in_summary": self._forgotten_events},
        )
