"""From the classification of each frame to records: an answer that changes only when it does."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from contract.alerts import CLASSIFIED
from contract.classification_message import RankedLabel
from contract.project import AT_INTERVAL, NEVER, ON_CHANGE, Project, TextAlert
from contract.records import Record, Value
from contract.scene import Scene
from contract.scene_events import EventRule
from contract.tables import CLASSIFICATIONS, CLOCK_SYNCED, EVENTS
from edge_components.runtime.counting.timeline import Timeline
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.counting.trigger import END, Trigger
from edge_components.vision.classification_texts import Answer, LabelTexts, Smoothing

SILENCE_SECONDS = 10.0
"""What was seen before a longer silence says nothing of what is seen after it."""
_LEAST_THRESHOLD = 1e-6
_UPDATE_SECONDS = 10.0
_MAXIMUM_EVENTS = 10_000


class Scores(Protocol):
    """What a classifier says of one frame."""

    @property
    def probabilities(self) -> npt.NDArray[Any]:
        """The probability of each label, (labels,), between 0 and 1."""
        ...


@dataclass(frozen=True)
class Classified:
    """What stands after a frame, or a long silence, that is told: `reason` is change or interval.

    After a silence `answer` is None and `labels` are those of the last frame.
    """

    reason: str
    event_time_ms: int
    clock_quality: str
    answer: str | None
    previous: str | None
    labels: tuple[RankedLabel, ...]


class ClassificationAnalytics:
    """Says what a classifier sees as `project` wants it; takes the place of `SceneAnalytics`.

    `labels` are the model's, by index. `tell` is called at once for what goes out as a message; it must not
    wait. While the camera is suspect answers go on, but no alert starts. Raises `ProjectError` when texts of
    the project fit no label.
    """

    def __init__(
        self,
        scene: Scene,
        project: Project,
        labels: Sequence[str],
        *,
        tell: Callable[[Classified], None] | None = None,
    ) -> None:
        output = project.output
        self._scene = scene
        self._subject = project.name, output, tuple(labels)
        self._output = output
        self._texts = LabelTexts(project, labels)
        self._smoothing = Smoothing(output.smoothing_frames, len(labels))
        minimum = output.minimum_probability or 0.0
        self._answer = Answer(self._texts, minimum, output.hysteresis)
        self._threshold = max(minimum, _LEAST_THRESHOLD)
        self._alerts = _triggers(output.alert, self._threshold, output.hysteresis)
        self._tell = tell
        self._timeline = Timeline()
        self._time_seconds = 0.0
        self._records_due_seconds = self._messages_due_seconds = 0.0
        self._frames = self._changes = 0
        self._seconds: dict[str, float] = {}
        self._top: tuple[RankedLabel, ...] = ()
        self._events: dict[str, dict[str, Value]] = {}

    @property
    def tracks(self) -> list[Any]:
        """Nothing is tracked."""
        return []

    @property
    def answer(self) -> str | None:
        """The text that stands now, None while nothing is probable enough."""
        return self._answer.text

    @property
    def labels(self) -> tuple[RankedLabel, ...]:
        """The most probable labels of the latest frame, smoothed."""
        return self._top

    @property
    def totals(self) -> AnalyticsTotals:
        """Frames, events, and how often the answer changed."""
        warnings = {
            "times_not_forward": self._timeline.not_forward,
            "times_set_back": self._timeline.set_back,
        }
        return AnalyticsTotals(self._frames, 0, {}, {}, list(self._events.values()), warnings)

    @property
    def seconds_by_answer(self) -> dict[str, float]:
        """For how long each text stood."""
        return {text: round(seconds, 3) for text, seconds in self._seconds.items()}

    @property
    def changes(self) -> int:
        """How often the answer changed."""
        return self._changes

    def update(
        self,
        detections: Scores,
        event_time_ms: int,
        *,
        clock_quality: str = CLOCK_SYNCED,
        suspect: bool = False,
    ) -> list[Record]:
        """Take in the classification of the next frame and return the records it makes."""
        records = self._forget(self._timeline.since_last(event_time_ms))
        before_seconds = self._time_seconds
        self._time_seconds = self._timeline.advance(event_time_ms, clock_quality)
        if self._answer.text is not None:
            seconds = self._time_seconds - before_seconds
            self._seconds[self._answer.text] = self._seconds.get(self._answer.text, 0.0) + seconds
        self._frames += 1
        smoothed = self._smoothing.add(detections.probabilities)
        self._top = self._texts.top(smoothed, self._output.top_k)
        previous = self._answer.text
        probability = self._answer.update(smoothed)
        changed = self._answer.text != previous
        self._changes += changed
        records += self._told(changed, previous)
        return records + self._watch(probability, suspect)

    def hand_over(
        self,
        scene: Scene,
        project: Project,
        labels: Sequence[str],
        *,
        tell: Callable[[Classified], None] | None = None,
    ) -> tuple[ClassificationAnalytics, list[Record]]:
        """Return who goes on from the next frame, under `scene`, and the last records of this one.

        With the same project and labels all that stands goes on: nothing is told again, no event starts anew.
        Otherwise the successor begins anew. Raises `ProjectError` as the constructor does.
        """
        if (project.name, project.output, tuple(labels)) != self._subject:
            return ClassificationAnalytics(scene, project, labels, tell=tell), self.close()
        successor = copy.copy(self)
        successor._scene, successor._tell = scene, tell
        return successor, []

    def idle(self, event_time_ms: int) -> list[Record]:
        """Let time pass without a frame; a long silence ends events, and what stood stands no more."""
        return self._forget(self._timeline.since_last(event_time_ms))

    def close(self) -> list[Record]:
        """End what is going on."""
        ended = ((text, trigger, trigger.end(self._time_seconds)) for text, trigger in self._alerts.items())
        return [self._event(text, trigger, phase, 0.0) for text, trigger, phase in ended if phase]

    def _forget(self, silent_seconds: float) -> list[Record]:
        if silent_seconds <= SILENCE_SECONDS or self._smoothing.empty:
            return []
        records = self.close()
        self._smoothing.clear()
        previous = self._answer.text
        self._answer.clear()
        if previous is not None:
            self._changes += 1
            self._tell_silence(previous)
        return records

    def _tell_silence(self, previous: str) -> None:
        """Tell that `previous` stands no more; there is no record, for no label is seen."""
        if self._tell is None or self._output.mqtt == NEVER:
            return
        moment = self._time_seconds + SILENCE_SECONDS
        event_time_ms, quality = self._timeline.event_time_ms(moment), self._timeline.clock_quality(moment)
        self._tell(Classified(ON_CHANGE, event_time_ms, quality, None, previous, self._top))

    def _told(self, changed: bool, previous: str | None) -> list[Record]:
        """Return the records of a frame, and tell of it, where the project asks for either."""
        now, output = self._time_seconds, self._output
        event_time_ms = self._timeline.event_time_ms(now)
        quality = self._timeline.clock_quality(now)
        reason = _reason(output.mqtt, changed, now >= self._messages_due_seconds)
        if reason is not None and self._tell is not None:
            self._messages_due_seconds = now + output.interval_seconds
            answer = self._answer.text
            self._tell(Classified(reason, event_time_ms, quality, answer, previous, self._top))
        if _reason(output.records, changed, now >= self._records_due_seconds) is None:
            return []
        self._records_due_seconds = now + output.interval_seconds
        return [
            self._record(CLASSIFICATIONS.name, event_time_ms, quality, _label_values(label))
            for label in self._top
        ]

    def _watch(self, probability: float, suspect: bool) -> list[Record]:
        records: list[Record] = []
        for text, trigger in self._alerts.items():
            if suspect and not trigger.active:
                continue
            value = probability if self._answer.text == text else 0.0
            phase = trigger.observe(value, self._time_seconds)
            if phase is not None:
                records.append(self._event(text, trigger, phase, value))
        return records

    def _event(self, text: str, trigger: Trigger, phase: str, value: float) -> Record:
        started_ms = self._timeline.event_time_ms(trigger.started_seconds)
        moment = trigger.changed_seconds
        identity = f"{self._scene.camera}|{text}|{started_ms}"
        event = f"{CLASSIFIED}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        values: dict[str, Value] = {
            "event": event,
            "kind": CLASSIFIED,
            "phase": phase,
            "object_class": text,
            "value": value,
            "threshold": self._threshold,
            "peak_value": trigger.peak_value,
            "started_at": started_ms,
            "duration_seconds": moment - trigger.started_seconds,
        }
        self._note(event, values, trigger, moment if phase == END else None)
        at_ms = self._timeline.event_time_ms(moment)
        return self._record(EVENTS.name, at_ms, self._timeline.clock_quality(moment), values)

    def _note(
        self, event: str, values: dict[str, Value], trigger: Trigger, ended_seconds: float | None
    ) -> None:
        if event not in self._events and len(self._events) >= _MAXIMUM_EVENTS:
            return
        told = ("event", "kind", "object_class", "threshold", "peak_value", "duration_seconds")
        self._events[event] = {
            **{name: values[name] for name in told},
            "zone": None,
            "track": None,
            "started_seconds": trigger.started_seconds,
            "ended_seconds": ended_seconds,
        }

    def _record(self, table: str, event_time_ms: int, quality: str, values: dict[str, Value]) -> Record:
        scene = self._scene
        return Record(table, scene.camera, scene.version, scene.time_zone, event_time_ms, quality, values)


def _triggers(alert: TextAlert | None, threshold: float, hysteresis: float) -> dict[str, Trigger]:
    if alert is None:
        return {}
    rule = EventRule(CLASSIFIED, threshold, alert.minimum_seconds, min(hysteresis, threshold / 2))
    return {text: Trigger(rule, _UPDATE_SECONDS) for text in alert.texts}


def _reason(choice: str, changed: bool, due: bool) -> str | None:
    """Return why something is told now, None when it is not; at an interval a change is told at once, too."""
    if choice == NEVER:
        return None
    if changed:
        return ON_CHANGE
    return AT_INTERVAL if choice == AT_INTERVAL and due else None


def _label_values(label: RankedLabel) -> dict[str, Value]:
    return {
        "rank": label.rank,
        "label": label.label,
        "label_text": label.text,
        "probability": label.probability,
    }
