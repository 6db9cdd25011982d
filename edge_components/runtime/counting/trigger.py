"""When a value that goes up and down over time makes an event start and end."""

from __future__ import annotations

from contract.scene import EventRule

START, UPDATE, END = "start", "update", "end"
_MAXIMUM_END_SECONDS = 1.0
_MET_SHARE = 0.5
"""Of the frames in the minimum time, how many must be at the threshold: one alone starts nothing."""


class Trigger:
    """One rule for one subject: turns values over time into phases."""

    def __init__(self, rule: EventRule, update_seconds: float) -> None:
        self._rule = rule
        self._update_seconds = update_seconds
        self._low_since: float | None = None
        self._reported_seconds = 0.0
        self._frames = self._met = 0
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
        if self.active:
            self.peak_value = max(self.peak_value, value)
            return self._observe_active(low, time_seconds)
        if low:
            self.idle = True
            return None
        return self._observe_coming(value >= rule.threshold, value, time_seconds)

    def _observe_coming(self, met: bool, value: float, time_seconds: float) -> str | None:
        """Start when the minimum time is over, half of it at the threshold at least, and this frame is."""
        elapsed = not self.idle and time_seconds - self.started_seconds >= self._rule.minimum_seconds
        if elapsed and self._met + met < _MET_SHARE * (self._frames + 1):
            self.idle = True
        if self.idle:
            if not met:
                return None
            self.idle, self._low_since, self._frames, self._met = False, None, 0, 0
            self.started_seconds, self.peak_value = time_seconds, value
        self._frames, self._met = self._frames + 1, self._met + met
        self.peak_value = max(self.peak_value, value)
        if not met or time_seconds - self.started_seconds < self._rule.minimum_seconds:
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
        """End the event, if one is going on, at `time_seconds`, or since when its value has been low."""
        was_active = self.active
        if self._low_since is not None:
            time_seconds = min(time_seconds, self._low_since)
        self.active, self.idle, self._low_since = False, True, None
        self.changed_seconds = max(time_seconds, self.started_seconds)
        return END if was_active else None
