"""Crowding, running, loitering, restricted zones and stopped objects, as events with a start and an end.

A rule's value must reach its threshold and stay above threshold minus hysteresis for the minimum time;
the event is then dated back to when it reached it. It ends when the value has been at or below threshold
minus hysteresis for the same time, at most a second, and is dated back likewise. One bad frame neither
starts nor ends anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contract.scene import ZONE_KINDS, EventRule, Zone
from edge_components.vision.slots import SlotArrays

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

START, UPDATE, END = "start", "update", "end"
_MAXIMUM_END_SECONDS = 1.0
_MAXIMUM_SILENCE_SECONDS = 10.0
"""Nobody knows what happened in a longer time without frames: events end before it."""
_STATIONARY_SHARE = 0.25


@dataclass(frozen=True)
class EventPhase:
    """One phase of one event; `track` and `class_id` are None for events about a whole zone."""

    event: str
    phase: str
    kind: str
    zone: str
    track: int | None
    class_id: int | None
    value: float
    threshold: float
    peak_value: float
    started_seconds: float
    time_seconds: float


class Trigger:
    """One rule for one subject: turns values over time into phases."""

    def __init__(self, rule: EventRule, update_seconds: float) -> None:
        self._rule = rule
        self._update_seconds = update_seconds
        self._low_since: float | None = None
        self._reported_seconds = 0.0
        self.active = False
        self.idle = True
        self.started_seconds = 0.0
        self.changed_seconds = 0.0
        self.observed_seconds = 0.0
        self.peak_value = 0.0

    def observe(self, value: float, time_seconds: float) -> str | None:
        """Take in the next value and return the phase it makes, if any; `changed_seconds` is its time."""
        rule, self.observed_seconds = self._rule, time_seconds
        low = value < rule.threshold if rule.hysteresis == 0 else value <= rule.threshold - rule.hysteresis
        if self.idle:
            if value < rule.threshold:
                return None
            self.idle, self._low_since = False, None
            self.started_seconds, self.peak_value = time_seconds, value
        self.peak_value = max(self.peak_value, value)
        if self.active:
            return self._observe_active(low, time_seconds)
        if low:
            self.idle = True
            return None
        if time_seconds - self.started_seconds < rule.minimum_seconds:
            return None
        self.active = True
        self.changed_seconds, self._reported_seconds = self.started_seconds, time_seconds
        return START

    def _observe_active(self, low: bool, time_seconds: float) -> str | None:
        if not low:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = time_seconds
        if self._low_since is not None:
            if time_seconds - self._low_since >= min(self._rule.minimum_seconds, _MAXIMUM_END_SECONDS):
                return self.end(self._low_since)
        elif time_seconds - self._reported_seconds >= self._update_seconds:
            self._reported_seconds = self.changed_seconds = time_seconds
            return UPDATE
        return None

    def end(self, time_seconds: float) -> str | None:
        """End the event, if one is going on, at `time_seconds`."""
        was_active = self.active
        self.active, self.idle, self._low_since = False, True, None
        self.changed_seconds = max(time_seconds, self.started_seconds)
        return END if was_active else None


@dataclass(frozen=True)
class TrackValues:
    """What per-track rules look at in one frame: arrays of one entry per track seen, (K, Z) by zone."""

    slots: Integers
    ids: Integers
    class_ids: Integers
    feet: Floats
    heights: Floats
    inside: Booleans
    inside_since: Floats
    speeds: Floats


_Subject = tuple[int | None, int | None]
"""Track and class an event is about."""
_ZONE_ITSELF: _Subject = (None, None)


class EventMonitor:
    """Watches the event rules of `zones`; updates are at most one every `update_seconds`."""

    def __init__(self, camera: str, zones: Sequence[Zone], update_seconds: float) -> None:
        self._camera = camera
        self._update_seconds = update_seconds
        self._rules = [(index, zone, rule) for index, zone in enumerate(zones) for rule in zone.events]
        self._zone_triggers = {
            position: Trigger(rule, update_seconds)
            for position, (_, _, rule) in enumerate(self._rules)
            if rule.kind in ZONE_KINDS
        }
        self._track_triggers: dict[int, dict[int, tuple[Trigger, int]]] = {
            position: {} for position in range(len(self._rules)) if position not in self._zone_triggers
        }
        self._time_seconds = 0.0
        self._still = SlotArrays(
            {"track": ((), np.int64, 0), "foot": ((2,), np.float64, 0.0), "since": ((), np.float64, 0.0)}
        )

    @property
    def needs_speed(self) -> bool:
        """Whether a rule looks at speeds."""
        return any(rule.kind == "running" for _, _, rule in self._rules)

    def update(
        self, occupancy: Integers, tracks: TrackValues, ended_ids: Sequence[int], time_seconds: float
    ) -> list[EventPhase]:
        """Take in the objects inside each zone (Z,) and the tracks of a frame; return what starts or ends."""
        if not self._rules:
            return []
        silent = time_seconds - self._time_seconds > _MAXIMUM_SILENCE_SECONDS
        phases = self.close(self._time_seconds) if silent else []
        self._time_seconds = time_seconds
        phases += [
            phase
            for position, trigger in self._zone_triggers.items()
            for phase in self._observe(
                position, trigger, float(occupancy[self._rules[position][0]]), time_seconds, _ZONE_ITSELF
            )
        ]
        if self._track_triggers:
            still = self._stand(tracks, time_seconds)
            for position in self._track_triggers:
                zone, _, rule = self._rules[position]
                values = self._values(rule.kind, zone, tracks, still, time_seconds)
                phases += self._judge(position, values, tracks, time_seconds)
                phases += self._end_tracks(position, ended_ids)
        return phases

    def close(self, time_seconds: float) -> list[EventPhase]:
        """End whatever is going on."""
        phases: list[EventPhase] = []
        for position, trigger in self._zone_triggers.items():
            phases += self._finish(position, trigger, time_seconds, _ZONE_ITSELF)
        for position, triggers in self._track_triggers.items():
            phases += self._end_tracks(position, list(triggers))
        return phases

    def _stand(self, tracks: TrackValues, time_seconds: float) -> Floats:
        """Return for how long (K,) the tracks have been within a quarter of their height of one place."""
        state, slots = self._still, tracks.slots
        state.reserve(slots)
        moved = (
            np.linalg.norm(tracks.feet - state["foot"][slots], axis=1) > _STATIONARY_SHARE * tracks.heights
        )
        moved |= state["track"][slots] != tracks.ids
        state["track"][slots] = tracks.ids
        state["foot"][slots[moved]] = tracks.feet[moved]
        state["since"][slots[moved]] = time_seconds
        return np.asarray(time_seconds - state["since"][slots])

    @staticmethod
    def _values(kind: str, zone: int, tracks: TrackValues, still: Floats, time_seconds: float) -> Floats:
        """Return the rule's value of each track (K,): 0 outside the zone, NaN where it is not known."""
        inside_seconds = time_seconds - tracks.inside_since[:, zone]
        if kind == "running":
            values = tracks.speeds
        elif kind == "loitering":
            values = inside_seconds
        else:
            values = np.minimum(still, inside_seconds)
        return np.where(tracks.inside[:, zone], values, 0.0)

    def _judge(
        self, position: int, values: Floats, tracks: TrackValues, time_seconds: float
    ) -> list[EventPhase]:
        rule, triggers = self._rules[position][2], self._track_triggers[position]
        relevant = values >= rule.threshold
        if triggers:
            relevant |= np.isin(tracks.ids, list(triggers)) & np.isfinite(values)
        phases: list[EventPhase] = []
        for place in np.flatnonzero(relevant):
            track, class_id = int(tracks.ids[place]), int(tracks.class_ids[place])
            if track not in triggers:
                triggers[track] = (Trigger(rule, self._update_seconds), class_id)
            trigger = triggers[track][0]
            phases += self._observe(position, trigger, float(values[place]), time_seconds, (track, class_id))
            if trigger.idle:
                del triggers[track]
        return phases

    def _end_tracks(self, position: int, ended: Sequence[int]) -> list[EventPhase]:
        """End what is going on about tracks that are gone, when they were last judged."""
        triggers = self._track_triggers[position]
        phases: list[EventPhase] = []
        for track in ended:
            if track in triggers:
                trigger, class_id = triggers.pop(track)
                phases += self._finish(position, trigger, trigger.observed_seconds, (track, class_id))
        return phases

    def _observe(
        self,
        position: int,
        trigger: Trigger,
        value: float,
        time_seconds: float,
        subject: _Subject,
    ) -> Iterator[EventPhase]:
        phase = trigger.observe(value, time_seconds)
        if phase is not None:
            yield self._phase(position, trigger, phase, value, subject)

    def _finish(
        self, position: int, trigger: Trigger, time_seconds: float, subject: _Subject
    ) -> Iterator[EventPhase]:
        phase = trigger.end(time_seconds)
        if phase is not None:
            yield self._phase(position, trigger, phase, 0.0, subject)

    def _phase(
        self,
        position: int,
        trigger: Trigger,
        phase: str,
        value: float,
        subject: _Subject,
    ) -> EventPhase:
        _, zone, rule = self._rules[position]
        track, class_id = subject
        identity = f"{self._camera}|{rule.kind}|{zone.name}|{track}|{trigger.started_seconds:.3f}"
        return EventPhase(
            event=f"{rule.kind}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
            phase=phase,
            kind=rule.kind,
            zone=zone.name,
            track=track,
            class_id=class_id,
            value=value,
            threshold=rule.threshold,
            peak_value=trigger.peak_value,
            started_seconds=trigger.started_seconds,
            time_seconds=trigger.changed_seconds,
        )
