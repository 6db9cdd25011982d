"""Quiet hours: from one local time to another, over midnight too, in the time zone of the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from contract.errors import CrowdLensError
from lambdas.shared.observability import make_logger
from lambdas.shared.time_zones import is_time_zone

logger = make_logger("notifier")
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class QuietHoursError(CrowdLensError):
    """Raised when quiet hours cannot be read."""


@dataclass(frozen=True)
class QuietHours:
    """From `start` until before `end`, local time, each day."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def over_at(self, moment: datetime, time_zone: str) -> datetime | None:
        """Return when the quiet hours that hold at `moment` are over, in UTC; None when none hold.

        An end that a change of the clocks skips is moved on by the hour that was skipped.
        """
        zone = zone_of(time_zone)
        local = moment.astimezone(zone)
        now = local.time()
        if self.start < self.end:
            holds, days = self.start <= now < self.end, 0
        else:
            holds, days = now >= self.start or now < self.end, int(now >= self.start)
        if not holds:
            return None
        end = datetime.combine(local.date() + timedelta(days=days), self.end, zone)
        return max(end.astimezone(UTC), moment + timedelta(seconds=1))


def parse_quiet_hours(text: str) -> QuietHours:
    """Return the quiet hours written as 22:00-07:00; raises `QuietHoursError`."""
    found = _QUIET.fullmatch(text)
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise QuietHoursError(f"quiet_hours is {text!r}: expected two local times like 22:00-07:00, or none")
    hours = [int(part) for part in found.groups()]
    return QuietHours(time(hours[0], hours[1]), time(hours[2], hours[3]))


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone `name`; UTC, and a line in the log, for one unknown: no message is lost for it."""
    if is_time_zone(name):
        return ZoneInfo(name)
    logger.warning("time zone unknown, UTC is taken", extra={"time_zone": name})
    return ZoneInfo("UTC")
