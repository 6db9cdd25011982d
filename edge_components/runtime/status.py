"""What each component says of itself: a small file a component below the run folder, for those beside it."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, cast

logger = logging.getLogger(__name__)

State = Literal["running", "waiting", "failed"]
_STATES = ("running", "waiting", "failed")
LEAST_SECONDS = 2.0
"""A status is written no more often."""
HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 15.0
"""A status that is older says nothing any more."""
_ROUNDING_SECONDS = 0.001


@dataclass(frozen=True)
class ComponentStatus:
    """One component's status as it was read; `age_seconds` is infinite for one of an earlier boot."""

    component: str
    version: str
    at: str
    process_id: int
    state: State
    reason: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    age_seconds: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether the component has stopped to say anything."""
        return not 0 <= self.age_seconds <= SILENT_SECONDS


class StatusWriter:
    """Writes one component's status whenever it changed, at most every two seconds, and at least every five.

    Methods may be called from any thread and never wait for the disk nor raise; a folder that is not there
    costs the status and a line in the log.
    """

    def __init__(self, folder: Path, component: str, version: str) -> None:
        self._path = folder / f"{component}.json"
        self._component, self._version = component, version
        self._lock = threading.Lock()
        self._state: State = "waiting"
        self._reason: str | None = None
        self._details: dict[str, Any] = {}
        self._ask: Callable[[], Mapping[str, Any]] | None = None
        self._changed, self._closed = threading.Event(), threading.Event()
        self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def report(
        self, state: State, reason: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        """Change the state, with a sentence that says why; `details` (JSON) replace the old ones."""
        with self._lock:
            before = (self._state, self._reason, self._details)
            self._state, self._reason = state, reason
            if details is not None:
                self._details = dict(details)
            is_news = before != (self._state, self._reason, self._details)
        if is_news:
            self._changed.set()

    def set_details(self, **details: Any) -> None:
        """Change single details; the others stay."""
        with self._lock:
            before = self._details
            self._details = {**before, **details}
            is_news = before != self._details
        if is_news:
            self._changed.set()

    def details_from(self, ask: Callable[[], Mapping[str, Any]]) -> None:
        """Call `ask` before each writing, on the writer's thread, and add what it returns to the details."""
        self._ask = ask
        self._changed.set()

    def close(self) -> None:
        """Write the last state and stop; waits half a second at most."""
        self._closed.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(0.5)

    def write(self) -> None:
        """Write now, atomically."""
        document = self._document()
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            # Without fsync: the folder is in memory, and after a cut of power nobody wants an old status.
            partial.write_text(json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8")
            partial.replace(self._path)
            self._has_failed = False
        except (OSError, ValueError) as error:
            if not self._has_failed:
                logger.warning("status not written", extra={"path": str(self._path), "error": str(error)})
            self._has_failed = True

    def _run(self) -> None:
        while not self._closed.is_set():
            self._changed.clear()
            self.write()
            if not self._closed.wait(LEAST_SECONDS):
                self._changed.wait(HEARTBEAT_SECONDS - LEAST_SECONDS)
        self.write()

    def _document(self) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self._ask is not None:
            try:
                asked = dict(self._ask())
            except Exception as error:  # noqa: BLE001 - a status must not end for want of a detail
                logger.warning("details of the status failed", extra={"error": str(error)})
        with self._lock:
            return {
                "component": self._component,
                "version": self._version,
                "at": datetime.now(tz=timezone.utc).isoformat(timespec="milliseconds"),
                "monotonic_seconds": round(time.monotonic(), 3),
                "pid": os.getpid(),
                "state": self._state,
                "reason": self._reason,
                "details": {**self._details, **asked},
            }


def read_status(path: Path) -> ComponentStatus | None:
    """Return the status in `path`, or None for a file that is not there or is no status.

    Its age rests on the kernel's monotonic clock, which all processes share and no time sync moves.
    """
    try:
        document = json.loads(path.read_bytes())
        state = str(document["state"])
        if state not in _STATES:
            return None
        age_seconds = time.monotonic() - float(document["monotonic_seconds"])
        return ComponentStatus(
            str(document["component"]),
            str(document["version"]),
            str(document["at"]),
            int(document["pid"]),
            cast("State", state),
            None if document["reason"] is None else str(document["reason"]),
            dict(document["details"]),
            # What was written a moment ago may be rounded up into the future.
            max(0.0, age_seconds) if age_seconds >= -_ROUNDING_SECONDS else float("inf"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_statuses(folder: Path) -> dict[str, ComponentStatus]:
    """Return every status below `folder` by component, silent ones too; nothing where there is no folder."""
    found = (read_status(path) for path in sorted(folder.glob("*.json")))
    return {status.component: status for status in found if status is not None}
