"""How crowded a scene is by hour of the week, with days that are not like others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cli.history.agents import Random
from cli.history.kinds import Kind
from cli.history.stretch import STRETCH_SECONDS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
BLOCK_MS = 1000 * STRETCH_SECONDS

_HOLIDAYS = {
    "Asia/Seoul": {(1, 1), (3, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25)},
    "America/New_York": {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)},
}
_NIGHT = (0.05, 0.03, 0.02, 0.02, 0.02, 0.05)
_WEEKDAYS = {
    "plaza": (*_NIGHT, .10, .20, .30, .28, .32, .45, .62, .55, .42,
               .42, .48, .58, .70, .68, .55, .38, .22, .10),
    "gate": (*_NIGHT, .18, .60, .95, .62, .35, .34, .45, .42, .36,
               .36, .45, .70, 1.0, .75, .48, .40, .32, .15),
    "crossing": (*_NIGHT, .20, .45, .80, .60, .45, .48, .60, .55, .50,
               .52, .60, .75, .85, .60, .45, .35, .22, .10),
    "school": (0, 0, 0, 0, 0, 0, .02, .15, .95, .25,
               .15, .15, .60, .40, .55, .90, .45, .20, .08, .03, 0, 0, 0, 0),
}  # fmt: skip
_WEEKENDS = {
    "plaza": (*_NIGHT, .05, .10, .20, .35, .52, .68, .80, .90, .98,
               1.0, .95, .88, .80, .70, .60, .45, .30, .15),
    "gate": (*_NIGHT, .06, .12, .20, .28, .38, .48, .55, .60, .62,
               .62, .62, .64, .60, .52, .45, .38, .32, .20),
    "crossing": (*_NIGHT, .08, .14, .22, .32, .42, .52, .58, .60, .62,
               .60, .58, .55, .50, .42, .35, .28, .20, .10),
    "school": (0,) * 24,
}  # fmt: skip
_RAINY_DAYS, _IN_RAIN = 0.18, {"plaza": 0.5, "gate": 0.9, "crossing": 0.8, "school": 0.9}
_FESTIVAL_HOURS, _FESTIVAL = range(11, 22), 1.9


@dataclass(frozen=True)
class LocalTime:
    """Local time of the blocks (B,): days since 1970, hours 0 to 23 and weekdays from Monday, 0."""

    days: Integers
    hours: Integers
    weekdays: Integers
    offsets_ms: Integers


def local_time(blocks_ms: Integers, time_zone: str) -> LocalTime:
    """Return what clocks in `time_zone` show at the start of each block."""
    zone = ZoneInfo(time_zone)
    found = []
    for start_ms in blocks_ms.tolist():
        offset = datetime.fromtimestamp(start_ms / 1000, tz=UTC).astimezone(zone).utcoffset()
        found.append(0 if offset is None else round(offset.total_seconds() * 1000))
    offsets = np.array(found, np.int64)
    local = blocks_ms + offsets
    days = local // 86_400_000
    return LocalTime(days, local // 3_600_000 % 24, (days + 3) % 7, offsets)


@dataclass(frozen=True)
class SiteDays:
    """What the days (D,) of a site are like: factors by kind, and whether they are like a Sunday."""

    first_day: int
    rainy: npt.NDArray[np.bool_]
    holiday: npt.NDArray[np.bool_]
    festival_day: int
    mood: Floats

    def told(self) -> dict[str, list[str]]:
        """Return the days that are not like others, as texts."""
        rainy, holiday = (np.flatnonzero(days).tolist() for days in (self.rainy, self.holiday))
        return {
            "rainy": [self._text(day) for day in rainy],
            "holidays": [self._text(day) for day in holiday],
            "festival": [self._text(self.festival_day)],
        }

    def _text(self, day: int) -> str:
        return (date(1970, 1, 1) + timedelta(days=self.first_day + day)).isoformat()


def site_days(first_day: int, days: int, time_zone: str, random: Random) -> SiteDays:
    """Return the days of a site from `first_day` since 1970 on."""
    dates = [date(1970, 1, 1) + timedelta(days=first_day + day) for day in range(days)]
    holidays = _HOLIDAYS.get(time_zone, set())
    return SiteDays(
        first_day=first_day,
        rainy=random.random(days) < _RAINY_DAYS,
        holiday=np.array([(day.month, day.day) in holidays for day in dates]),
        festival_day=int(random.integers(max(1, days // 2), days)) if days > 1 else 0,
        mood=np.exp(random.normal(0, 0.10, days)),
    )


def crowd(kind: Kind, local: LocalTime, site: SiteDays, random: Random) -> Floats:
    """Return how many are before a camera of `kind` in each block (B,), on average."""
    day = local.days - site.first_day
    resting = (local.weekdays >= 5) | site.holiday[day]
    hours = np.where(
        resting, np.array(_WEEKENDS[kind.name])[local.hours], np.array(_WEEKDAYS[kind.name])[local.hours]
    )
    factor = site.mood[day] * np.where(site.rainy[day], _IN_RAIN[kind.name], 1.0)
    festive = (day == site.festival_day) & np.isin(local.hours, list(_FESTIVAL_HOURS))
    factor = np.where(festive & (kind.name in ("plaza", "gate")), _FESTIVAL * factor, factor)
    own = float(np.exp(random.normal(0, 0.25)))
    return np.asarray(kind.busiest * own * hours * factor * np.exp(0.25 * _smooth_noise(len(hours), random)))


def _smooth_noise(count: int, random: Random) -> Floats:
    """Return noise of deviation 1 that lasts about an hour."""
    kernel = np.hanning(25)[1:-1]
    noise = np.convolve(random.normal(0, 1, count + len(kernel) - 1), kernel, "valid")
    return np.asarray(noise / np.sqrt((kernel**2).sum()))


def chosen_levels(kind: Kind, present: Floats, random: Random) -> Integers:
    """Return a level for each block (B,) so that the mean over many is `present`."""
    levels = np.array(kind.levels)
    wanted = np.clip(present, 0, levels[-1])
    below = np.clip(np.searchsorted(levels, wanted, side="right") - 1, 0, len(levels) - 2)
    share = (wanted - levels[below]) / (levels[below + 1] - levels[below])
    return np.asarray(below + (random.random(len(wanted)) < share), np.int64)


def chosen_variants(kind: Kind, local: LocalTime, random: Random) -> Integers:
    """Return a variant for each block (B,): more go in until noon, more come out later."""
    if len(kind.inward) == 1:
        return np.zeros(len(local.hours), np.int64)
    inward = np.where(local.hours < 12, 0.85, 0.2)
    return np.asarray(random.random(len(inward)) >= inward, np.int64)
