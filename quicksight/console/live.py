"""What is so at this moment: the latest count of each zone, how old it is, and each camera's state."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contract.errors import CrowdLensError
from quicksight.data_sets import CAMERA_STATES
from quicksight.preview.querying import Query

LIVE_WITHIN = timedelta(seconds=120)
"""A count is live as long as this after the end of its window: several windows of the slowest profile."""
# The view itself: the dashboards' data set leaves an old count out, which is shown here with its age.
_ZONES = (
    "SELECT site, camera, zone, object_class, occupancy_last, density_per_m2, window_end FROM occupancy_live"
)
GOOD_CAMERA_STATES = frozenset({"ok", "ended"})


class Freshness(enum.Enum):
    """Whether a figure may be read as the present."""

    LIVE = "live"
    STALE = "stale"
    NO_DATA = "no_data"


class LiveSourceError(CrowdLensError):
    """Raised when live figures cannot be read; the text says from where."""


@dataclass(frozen=True)
class ZoneNow:
    """The latest count of one zone and class; `as_of` is the aware end of its window."""

    site: str
    camera: str
    zone: str
    object_class: str
    inside: int | None
    density_per_m2: float | None
    as_of: datetime

    def freshness(self, now: datetime) -> Freshness:
        """Return whether the count may be read as that of `now`, an aware time."""
        if self.inside is None:
            return Freshness.NO_DATA
        return Freshness.LIVE if now - self.as_of <= LIVE_WITHIN else Freshness.STALE


@dataclass(frozen=True)
class CameraNow:
    """The latest known state of a camera and since when."""

    site: str
    camera: str
    state: str
    since: datetime
    frames_per_second: float | None
    detail: str | None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with its picture."""
        return self.state in GOOD_CAMERA_STATES


@dataclass(frozen=True)
class Situation:
    """All zones and cameras, as read at `read_at`."""

    zones: tuple[ZoneNow, ...]
    cameras: tuple[CameraNow, ...]
    read_at: datetime

    def only(self, sites: Sequence[str], cameras: Sequence[str], zones: Sequence[str]) -> Situation:
        """Return the part with the chosen sites, cameras and zones; an empty choice is every one."""
        return Situation(
            tuple(
                one
                for one in self.zones
                if _among(one.site, sites) and _among(one.camera, cameras) and _among(one.zone, zones)
            ),
            tuple(one for one in self.cameras if _among(one.site, sites) and _among(one.camera, cameras)),
            self.read_at,
        )

    def with_freshness(self, freshness: Freshness) -> list[ZoneNow]:
        """Return the zones whose figures are as fresh as that."""
        return [zone for zone in self.zones if zone.freshness(self.read_at) is freshness]

    def zones_with(self, freshness: Freshness) -> int:
        """Return how many zones have a figure as fresh as that, however many classes are counted in each."""
        return len({(one.site, one.camera, one.zone) for one in self.with_freshness(freshness)})

    @property
    def newest(self) -> datetime | None:
        """The end of the newest window, None where nothing was ever counted."""
        return max((zone.as_of for zone in self.zones), default=None)

    def inside(self) -> int | None:
        """Return how many are inside all zones that are live, None where none is: unknown is not zero."""
        live = self.with_freshness(Freshness.LIVE)
        return sum(zone.inside or 0 for zone in live) if live else None


class LiveSource(Protocol):
    """Where live figures come from."""

    def situation(self, now: datetime) -> Situation:
        """Return what is so; `now` is an aware time. Raises `LiveSourceError` or `AskingError`."""


class LakeLive:
    """Live figures by the views that the dashboards' data sets read."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def situation(self, now: datetime) -> Situation:
        """Return what the lake knows."""
        zones = self._query(_ZONES)
        cameras = self._query(CAMERA_STATES.sql)
        return Situation(
            tuple(_zone(dict(zip(zones.columns, row, strict=True))) for row in zones.rows),
            tuple(_camera(dict(zip(cameras.columns, row, strict=True))) for row in cameras.rows),
            now,
        )


def _zone(row: dict[str, object]) -> ZoneNow:
    inside, density = row["occupancy_last"], row["density_per_m2"]
    return ZoneNow(
        str(row["site"]),
        str(row["camera"]),
        str(row["zone"]),
        str(row["object_class"]),
        None if inside is None else int(str(inside)),
        None if density is None else float(str(density)),
        instant(row["window_end"]),
    )


def _camera(row: dict[str, object]) -> CameraNow:
    rate, detail = row["frames_per_second"], row["detail"]
    return CameraNow(
        str(row["site"]),
        str(row["camera"]),
        str(row["state"]),
        instant(row["since"]),
        None if rate is None else float(str(rate)),
        None if detail is None else str(detail),
    )


def instant(value: object) -> datetime:
    """Return a time of a query, which is UTC without saying so, as an aware one."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _among(value: str, chosen: Sequence[str]) -> bool:
    return not chosen or value in chosen
