"""Alerts of one camera as they happen: events that start, get critical and end, and faults of the camera.

A thread of its own hands them to whoever publishes them, from a queue that drops the oldest when it is full.
A publisher that is slow, stuck or broken costs alerts, and never a frame or a record: the events are in the
spool before their alerts are made.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from contract.alerts import CAMERA_FAULT, END, START, UPDATE, Alert, encode_alert, is_far_above
from contract.records import Record
from contract.scene import Scene
from contract.topics import alert_topic
from edge_components.vision.camera_health import ENDED, OK
from edge_components.vision.open_fault import Fault, OpenFault

logger = logging.getLogger(__name__)

WAITING_ALERTS = 200
CLOSE_SECONDS = 3.0
"""So long a run that ended waits for its last alerts to go."""


class AlertPublisher(Protocol):
    """Takes alerts for the cloud, from one thread; what it raises is logged and costs that alert."""

    def publish(self, topic: str, payload: str) -> None:
        """Publish `payload`, an alert message of `contract.alerts`, on the MQTT topic `topic`."""
        ...


class CameraAlerts:
    """Makes alerts of a camera's records and hands them over; `note` never waits and never raises.

    `open_fault` is what a run before left: a fault of the camera that is over now gets its end.
    """

    def __init__(
        self, publisher: AlertPublisher, scene: Scene, device: str, *, open_fault: OpenFault | None = None
    ) -> None:
        self._publisher = publisher
        self._scene = scene
        self._device = device
        self._topic = alert_topic(scene.site, device, scene.camera)
        self._waiting: deque[tuple[str, str]] = deque(maxlen=WAITING_ALERTS)
        self._fresh = threading.Condition()
        self._ending = False
        self._open = open_fault or OpenFault()
        self._critical: set[str] = set()
        """Events going on of which was told that they are."""
        self.lost = 0
        self._thread = threading.Thread(target=self._hand_over, name="alerts", daemon=True)
        self._thread.start()

    def note(self, records: Sequence[Record]) -> None:
        """Take in records that were stored."""
        for record in records:
            try:
                alert = self._alert(record)
                if alert is not None:
                    self._put(encode_alert(alert))
            except Exception:
                # Counting goes on whatever an alert is made of.
                logger.exception("no alert could be made of a record")
                self.lost += 1

    def say(self, topic: str, payload: str) -> None:
        """Publish `payload` on another topic of the camera, after what waits."""
        self._put(payload, topic)

    def use_scene(self, scene: Scene) -> None:
        """Tell what follows as of `scene`: another site has another topic."""
        self._scene = scene
        self._topic = alert_topic(scene.site, self._device, scene.camera)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """End once all that waits is handed over, after `seconds` at the latest."""
        with self._fresh:
            self._ending = True
            self._fresh.notify()
        self._thread.join(seconds)
        self.lost += len(self._waiting)
        if self.lost:
            logger.warning("alerts were lost", extra={"alerts": self.lost})

    def _put(self, payload: str, topic: str | None = None) -> None:
        with self._fresh:
            self.lost += len(self._waiting) == WAITING_ALERTS
            self._waiting.append((topic or self._topic, payload))
            self._fresh.notify()

    def _hand_over(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._publisher.publish(*message)
            except Exception:
                logger.exception("an alert was not published")
                self.lost += 1

    def _next(self) -> tuple[str, str] | None:
        """Return what waits longest; None when there will be no more."""
        with self._fresh:
            while not self._waiting:
                if self._ending:
                    return None
                self._fresh.wait()
            return self._waiting.popleft()

    def _alert(self, record: Record) -> Alert | None:
        if record.table == "events":
            return self._of_event(record)
        return self._of_camera(record) if record.table == "camera_status" else None

    def _of_event(self, record: Record) -> Alert | None:
        values = record.values
        if not self._is_news(values):
            return None
        texts = {
            name: None if values.get(name) is None else str(values[name])
            for name in ("zone", "line", "object_class")
        }
        return Alert(
            event=str(values["event"]),
            kind=str(values["kind"]),
            phase=str(values["phase"]),
            site=self._scene.site,
            device=self._device,
            camera=self._scene.camera,
            time_zone=self._scene.time_zone,
            started_ms=int(str(values["started_at"])),
            at_ms=record.event_time_ms,
            clock_quality=record.clock_quality,
            value=_number(values["value"]),
            threshold=_number(values["threshold"]),
            peak_value=_number(values["peak_value"]),
            duration_seconds=_number(values["duration_seconds"]),
            **texts,
        )

    def _is_news(self, values: Mapping[str, object]) -> bool:
        """Return whether a phase is told: a start, an end, and the one update by which it got critical."""
        event, phase = str(values["event"]), values["phase"]
        if phase == END:
            self._critical.discard(event)
            return True
        numbers = (_number(values[name]) for name in ("threshold", "value", "peak_value"))
        first = event not in self._critical and is_far_above(str(values["kind"]), *numbers)
        if first:
            self._critical.add(event)
        return phase == START or (phase == UPDATE and first)

    def _of_camera(self, record: Record) -> Alert | None:
        """Return a fault's start, its end, or None: the end of a run is no fault, nor the end of one."""
        state = str(record.values["state"])
        fault, now_ms = self._open.fault, record.event_time_ms
        if state == ENDED or (state == OK) is (fault is None):
            return None
        phase = END if state == OK else START
        if fault is None:
            identity = f"{self._device}|{self._scene.camera}|{now_ms}".encode()
            fault = Fault(f"{CAMERA_FAULT}-{hashlib.sha256(identity).hexdigest()[:16]}", now_ms)
        self._open.fault = None if phase == END else fault
        detail = record.values.get("detail")
        return Alert(
            event=fault.event,
            kind=CAMERA_FAULT,
            phase=phase,
            site=self._scene.site,
            device=self._device,
            camera=self._scene.camera,
            time_zone=self._scene.time_zone,
            started_ms=fault.started_ms,
            at_ms=now_ms,
            clock_quality=record.clock_quality,
            duration_seconds=max(0, now_ms - fault.started_ms) / 1000,
            state=state,
            detail=None if detail is None else str(detail),
        )


@contextmanager
def alerting(
    publisher: AlertPublisher | None, scene: Scene, device: str
) -> Iterator[Callable[[Sequence[Record]], None] | None]:
    """Yield what takes records for `publisher`; None without one."""
    if publisher is None:
        yield None
        return
    alerts = CameraAlerts(publisher, scene, device)
    try:
        yield alerts.note
    finally:
        alerts.close()


def _number(value: object) -> float | None:
    return float(str(value)) if isinstance(value, (int, float)) else None
