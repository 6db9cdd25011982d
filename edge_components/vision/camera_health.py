"""Watches whether a camera shows what it should, and reports changes and lost time as records.

States: ok, lost (no frames), frozen (the very same picture again and again), dark, over_exposed, covered,
blurred, moved, slow (the frame rate collapsed), ended. A fault has to last before it is believed, and so
has its end. While the state is not ok, counts are suspect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.records import Record, Value
from contract.scene import Scene
from edge_components.vision.frame_rate import FrameRate
from edge_components.vision.picture_health import PictureHealth, PictureHealthSettings
from edge_components.vision.sources.frames import Frame, SourceInfo

OK, LOST, SLOW, ENDED, MOVED = "ok", "lost", "slow", "ended", "moved"
_DETAIL_MAXIMUM_LENGTH = 200


@dataclass(frozen=True)
class CameraHealthSettings(PictureHealthSettings):
    """When a state is believed."""

    lost_seconds: float = 5.0
    slow_below_share: float = 0.4
    slow_seconds: float = 10.0
    new_rate_seconds: float = 120.0
    """A camera that gives a lower rate steadily for so long has been set to it, or changed to it by night."""
    recovery_seconds: float = 3.0


_GAP_MILLISECONDS = 60_000
_MAXIMUM_FINDINGS = 1000


@dataclass(frozen=True)
class Finding:
    """A time in which a camera was not well."""

    state: str
    started_ms: int
    seconds: float
    detail: str | None


class CameraHealth:
    """Follows one camera; durations run in the frames' own seconds, so a file is judged in its own time.

    `changed` says how the picture is not what it was in the run before: it begins as moved, and suspect.
    """

    def __init__(
        self,
        scene: Scene,
        info: SourceInfo,
        settings: CameraHealthSettings | None = None,
        *,
        changed: str | None = None,
    ) -> None:
        self.state: str | None = None
        self.suspect_seconds = 0.0
        self.findings: list[Finding] = []
        self._open: tuple[str, int, str | None] | None = None
        self._scene = scene
        self._info = info
        self._settings = settings or CameraHealthSettings()
        self._rate = FrameRate(self._settings.slow_seconds, self._settings.new_rate_seconds)
        self._picture = PictureHealth(self._settings)
        self._healthy_since_seconds: float | None = None
        self._last: tuple[float, int] | None = None
        self._declared_until_ms: int | None = None
        self._changed = changed

    def summary(self) -> dict[str, Any]:
        """Return the time the camera was not well, for summary.json; whole once the run is closed."""
        return {
            "suspect_seconds": round(self.suspect_seconds, 3),
            "findings": [
                {
                    "state": finding.state,
                    "started_ms": finding.started_ms,
                    "seconds": round(finding.seconds, 3),
                    "detail": finding.detail,
                }
                for finding in self.findings
            ],
        }

    def use_scene(self, scene: Scene) -> None:
        """Name `scene` in the records from now on."""
        self._scene = scene

    @property
    def suspect(self) -> bool:
        """True while counts should not be believed."""
        return self.state not in (None, OK)

    def observe(self, frame: Frame, event_time_ms: int, clock_quality: str) -> list[Record]:
        """Take in a frame; return the records of a change of state and of a gap that ended with it."""
        seconds = frame.time_seconds
        records = []
        if self._declared_until_ms is not None:
            records.append(self._gap(self._declared_until_ms, event_time_ms, clock_quality))
            self._declared_until_ms = None
            self._rate.restart()
            self._picture.restart(seconds)
        self._rate.observe(frame.index, seconds)
        self._picture.observe(frame.image, seconds)
        self._last = (seconds, event_time_ms)
        if self._changed is not None:
            why, self._changed = self._changed, None
            return records + self._change(MOVED, why, event_time_ms, clock_quality)
        state, detail = self._judge(seconds)
        if state == OK and not self._recovered(seconds):
            return records
        return records + self._change(state, detail, event_time_ms, clock_quality)

    def silence(
        self, seconds: float, event_time_ms: int, clock_quality: str, fault: str | None
    ) -> list[Record]:
        """Say that a live source gave nothing up to `seconds`; return the record when it is lost now.

        The silence is declared minute by minute: a device that loses its power during a long one must not
        take the declaration with it.
        """
        self._healthy_since_seconds = None
        if self._last is None or seconds - self._last[0] < self._settings.lost_seconds:
            return []
        if self._declared_until_ms is None:
            self._declared_until_ms = self._last[1]
        detail = f"no frame for {self._settings.lost_seconds:g} s" + (f": {fault}" if fault else "")
        records = self._change(LOST, detail, event_time_ms, clock_quality)
        if event_time_ms - self._declared_until_ms >= _GAP_MILLISECONDS:
            records.append(self._gap(self._declared_until_ms, event_time_ms, clock_quality))
            self._declared_until_ms = event_time_ms
        return records

    def close(self, event_time_ms: int, clock_quality: str, detail: str) -> list[Record]:
        """Return the last records: a gap that is still open, and the end with its reason."""
        records = []
        if self._declared_until_ms is not None:
            records.append(self._gap(self._declared_until_ms, event_time_ms, clock_quality))
        return records + self._change(ENDED, detail, event_time_ms, clock_quality)

    def _judge(self, seconds: float) -> tuple[str, str | None]:
        settings, fault = self._settings, self._picture.fault(seconds)
        if fault is not None:
            return fault
        rate, usual = self._rate.present, self._rate.usual
        if self._info.live and rate is not None and rate < settings.slow_below_share * usual:
            return SLOW, f"{rate:.1f} frames/s instead of {usual:.1f}"
        return OK, None

    def _recovered(self, seconds: float) -> bool:
        if self.state in (None, OK):
            return True
        if self._picture.suspected(seconds, self._settings.recovery_seconds / 2):
            self._healthy_since_seconds = None
            return False
        if self._healthy_since_seconds is None:
            self._healthy_since_seconds = seconds
        return seconds - self._healthy_since_seconds >= self._settings.recovery_seconds

    def _change(self, state: str, detail: str | None, event_time_ms: int, clock_quality: str) -> list[Record]:
        self._healthy_since_seconds = None
        if state == self.state:
            return []
        values: dict[str, Value] = {
            "state": state,
            "previous_state": self.state,
            "frames_per_second": self._rate.present,
            "detail": detail[:_DETAIL_MAXIMUM_LENGTH] if detail else None,
        }
        self.state = state
        self._note(state, detail, event_time_ms)
        return [self._record("camera_status", event_time_ms, clock_quality, values)]

    def _note(self, state: str, detail: str | None, event_time_ms: int) -> None:
        """Close the finding that ends with a change, and open one."""
        if self._open is not None:
            before, since_ms, why = self._open
            seconds = max(0, event_time_ms - since_ms) / 1000
            self.suspect_seconds += seconds
            if len(self.findings) < _MAXIMUM_FINDINGS:
                self.findings.append(Finding(before, since_ms, seconds, why))
        self._open = (state, event_time_ms, detail) if state not in (OK, ENDED) else None

    def _gap(self, since_ms: int, event_time_ms: int, clock_quality: str) -> Record:
        start_ms = min(since_ms, event_time_ms)
        values: dict[str, Value] = {
            "reason": "camera_lost",
            "records": 0,
            "gap_start": start_ms,
            "gap_end": event_time_ms,
        }
        return self._record("gaps", start_ms, clock_quality, values)

    def _record(self, table: str, event_time_ms: int, clock_quality: str, values: dict[str, Value]) -> Record:
        scene = self._scene
        return Record(
            table, scene.camera, scene.version, scene.time_zone, event_time_ms, clock_quality, values
        )
