"""Crowding, running, loitering, wrong ways and other events, with a start and an end.

A rule's value must reach its threshold and stay above threshold minus hysteresis for the minimum time, be at
the threshold in at least half of the frames of that time and at its end; the event is then dated back to when
it reached it. It ends when the value has been at or below threshold
minus hysteresis for the same time, at most a second, and is dated back likewise. One bad frame neither
starts nor ends anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contract.scene import ZONE_KINDS, Scene
from edge_components.runtime.counting.movement import Going, Headings, WrongDirection, WrongSide
from edge_components.runtime.counting.slots import SlotArrays
from edge_components.runtime.counting.trigger import Trigger

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MAXIMUM_SILENCE_SECONDS = 10.0
"""Nobody knows what happened in a longer time without frames: events end before it."""
_STATIONARY_SHARE = 0.25


@dataclass(frozen=True)
class EventPhase:
    """One phase of one event; `track` and `class_id` are None for events about a whole zone."""

    event: str
    phase: str
    kind: str
    zone: str
    line: str | None
    track: int | None
    class_id: int | None
    value: float
    threshold: float
    peak_value: float
    started_seconds: float
    time_seconds: float


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
    """Watches the event rules of a scene's zones; updates are at most one every `update_seconds`."""

    def __init__(self, scene: Scene, update_seconds: float) -> None:
        self._camera = scene.camera
        self._update_seconds = update_seconds
        self._rules = [(index, zone, rule) for index, zone in enumerate(scene.zones) for rule in zone.events]
        lines = {line.name: line for line in scene.lines}
        self._wrong_directions = {
            position: WrongDirection(rule, lines.get(rule.line or ""))
            for position, (_, _, rule) in enumerate(self._rules)
            if rule.kind == "wrong_direction"
        }
        self._wrong_sides = {
            position: WrongSide(rule, lines[rule.line])
            for position, (_, _, rule) in enumerate(self._rules)
            if rule.kind == "wrong_side" and rule.line is not None
        }
        self._headings = Headings()
        # What classes each rule looks at, by their positions in the scene.
        self._classes = [
            np.array([not rule.classes or name in rule.classes for name in scene.classes], np.bool_)
            for _, _, rule in self._rules
        ]
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

    @property
    def looks_at_tracks(self) -> bool:
        """Whether a rule is about single tracks."""
        return bool(self._track_triggers)

    def update(
        self,
        occupancy: Integers,
        tracks: TrackValues | None,
        ended_ids: Sequence[int],
        time_seconds: float,
    ) -> list[EventPhase]:
        """Take in the objects inside (Z, C) and the tracks of a frame; return what starts or ends.

        `tracks` may be None unless the monitor `looks_at_tracks`.
        """
        if not self._rules:
            return []
        silent = time_seconds - self._time_seconds > MAXIMUM_SILENCE_SECONDS
        phases = self.close(self._time_seconds) if silent else []
        self._time_seconds = time_seconds
        phases += [
            phase
            for position, trigger in self._zone_triggers.items()
            for phase in self._observe(
                position, trigger, self._objects(position, occupancy), time_seconds, _ZONE_ITSELF
            )
        ]
        if tracks is not None:
            still = self._stand(tracks, time_seconds)
            if self._wrong_directions or self._wrong_sides:
                self._headings.update(tracks.slots, tracks.ids, tracks.feet, tracks.heights, time_seconds)
            for position in self._track_triggers:
                values = self._values(position, tracks, still, time_seconds)
                phases += self._judge(position, values, tracks, time_seconds)
                phases += self._end_tracks(position, ended_ids)
        return phases

    def take_over(self, before: EventMonitor) -> None:
        """Go on with what `before` watches by a rule that both have, in the same zone; it forgets that.

        Classes and tracks must mean the same in both.
        """
        self._time_seconds, self._still, self._headings = (
            before._time_seconds,
            before._still,
            before._headings,
        )
        theirs = [(zone.name, zone.polygon, rule) for _, zone, rule in before._rules]
        for position, (_, zone, rule) in enumerate(self._rules):
            same = (zone.name, zone.polygon, rule)
            if same not in theirs:
                continue
            other = theirs.index(same)
            if position in self._zone_triggers:
                self._zone_triggers[position] = before._zone_triggers.pop(other)
            else:
                self._track_triggers[position] = before._track_triggers.pop(other)

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

    def _objects(self, position: int, occupancy: Integers) -> float:
        """Return how many objects that a rule looks at are inside its zone."""
        return float(occupancy[self._rules[position][0]][self._classes[position]].sum())

    def _values(self, position: int, tracks: TrackValues, still: Floats, time_seconds: float) -> Floats:
        """Return the rule's value of each track (K,): 0 outside the zone, NaN where it is not known."""
        zone, _, rule = self._rules[position]
        judged = tracks.inside[:, zone] & self._classes[position][tracks.class_ids]
        inside_seconds = time_seconds - tracks.inside_since[:, zone]
        if rule.kind == "running":
            values = tracks.speeds
        elif rule.kind == "loitering":
            values = inside_seconds
        elif rule.kind == "stopped":
            values = np.minimum(still, inside_seconds)
        else:
            values = self._wrong_ways(position, tracks, judged, time_seconds)
        return np.where(judged, values, 0.0)

    def _wrong_ways(
        self, position: int, tracks: TrackValues, judged: Booleans, time_seconds: float
    ) -> Floats:
        slots, headings = tracks.slots, self._headings.of(tracks.slots)
        if position in self._wrong_directions:
            standing = self._headings.standing(slots, time_seconds)
            return self._wrong_directions[position].degrees(headings, standing, tracks.feet)
        going = Going(slots, tracks.ids, tracks.feet, tracks.heights, headings)
        return self._wrong_sides[position].seconds(going, judged, time_seconds)

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
            line=rule.line,
            track=track,
            class_id=class_id,
            value=value,
            threshold=rule.threshold,
            peak_value=trigger.peak_value,
            started_seconds=trigger.started_seconds,
            time_seconds=trigger.changed_seconds,
        )
