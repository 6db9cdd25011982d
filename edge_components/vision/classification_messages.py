"""Sends what a classifier saw, from a thread of its own; a stuck publisher costs messages, never a frame."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contract.classification_message import ClassificationMessage, encode_classification
from contract.project import NEVER, Project
from contract.scene import Scene
from contract.topics import classification_topic
from edge_components.vision.alerts import AlertPublisher
from edge_components.vision.classification import Classified

logger = logging.getLogger(__name__)

WAITING_MESSAGES = 100
CLOSE_SECONDS = 3.0
"""So long a run that ended waits for its last messages to go."""


class ClassificationMessages:
    """Makes a camera's classification messages and hands them to `publisher`; `tell` never waits."""

    def __init__(self, publisher: AlertPublisher, scene: Scene, project: Project, device: str) -> None:
        self._publisher = publisher
        self._scene, self._project, self._device = scene, project, device
        self._topic = classification_topic(scene.site, device, scene.camera)
        self._waiting: deque[str] = deque()
        self._fresh = threading.Condition()
        self._ending = False
        self.lost = 0
        self._thread = threading.Thread(target=self._hand_over, name="classifications", daemon=True)
        self._thread.start()

    def tell(self, seen: Classified) -> None:
        """Take in what goes out as a message; the oldest waiting one goes when there are too many."""
        payload = encode_classification(self._message(seen))
        with self._fresh:
            if len(self._waiting) == WAITING_MESSAGES:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(payload)
            self._fresh.notify()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """End once all that waits is handed over, after `seconds` at the latest."""
        with self._fresh:
            self._ending = True
            self._fresh.notify()
        self._thread.join(seconds)
        self.lost += len(self._waiting)
        if self.lost:
            logger.warning("classification messages were lost", extra={"messages": self.lost})

    def _message(self, seen: Classified) -> ClassificationMessage:
        scene, project = self._scene, self._project
        return ClassificationMessage(
            site=scene.site,
            device=self._device,
            camera=scene.camera,
            time_zone=scene.time_zone,
            scene_version=scene.version,
            project=project.name,
            project_version=project.version,
            reason=seen.reason,
            clock_quality=seen.clock_quality,
            at_ms=seen.event_time_ms,
            answer=seen.answer,
            previous=seen.previous,
            labels=seen.labels,
        )

    def _hand_over(self) -> None:
        while (payload := self._next()) is not None:
            try:
                self._publisher.publish(self._topic, payload)
            except Exception:
                logger.exception("a classification message was not published")
                self.lost += 1

    def _next(self) -> str | None:
        """Return what waits longest; None when there will be no more."""
        with self._fresh:
            while not self._waiting:
                if self._ending:
                    return None
                self._fresh.wait()
            return self._waiting.popleft()


@contextmanager
def classification_messages(
    publisher: AlertPublisher | None, scene: Scene, project: Project, device: str
) -> Iterator[Callable[[Classified], None] | None]:
    """Yield what takes classifications for `publisher`; None without one, or where the project wants none."""
    if publisher is None or project.output.mqtt == NEVER:
        yield None
        return
    messages = ClassificationMessages(publisher, scene, project, device)
    try:
        yield messages.tell
    finally:
        messages.close()
