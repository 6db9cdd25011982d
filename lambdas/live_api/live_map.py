"""The reading half of the API: one connection, a snapshot that is made anew only when something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from pymysql.cursors import Cursor

from lambdas.live_api import repository
from lambdas.live_api.choices_query import device_choices, zone_choices
from lambdas.live_api.errors import no_such_place
from lambdas.live_api.feed_choices import feed_choices
from lambdas.live_api.feed_state import PlaceState, next_change, place_state
from lambdas.live_api.place_statistics import KeptDays, place_statistics
from lambdas.live_api.places import Place, ZoneFeed
from lambdas.live_api.readings import BoxReader, Readings, counted_parts, parts_of, read_feeds
from lambdas.live_api.repository import LiveRow, Part
from lambdas.live_api.rights import Rights
from lambdas.live_api.snapshot import PlaceNow, Snapshot
from lambdas.live_api.usual import HourTotal, Usual, hour_of, same_hours, usual_count
from lambdas.shared.mysql import Database
from lambdas.shared.time_zones import is_time_zone

CHOICES_SINCE = timedelta(hours=1)
TOTALS_KEPT = timedelta(seconds=60)
"""What is usual changes once an hour, or when late data came: it need not be looked up at each poll."""
LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as MySQL keeps it
Totals = dict[Part, dict[datetime, HourTotal]]


def utc_now() -> datetime:
    """Return the time as MySQL keeps it: naive UTC, in milliseconds."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class LiveMap:
    """What there is to see, from the account that only asks."""

    def __init__(
        self,
        database: Database,
        *,
        map_settings: Mapping[str, Any],
        time_zone: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database = database
        self.clock = clock
        self._map_settings = map_settings
        self._time_zone = time_zone
        self._snapshot: Snapshot | None = None
        self._kept_days = KeptDays()
        self._boxes = BoxReader()
        self._totals: Totals = {}
        self._totals_wanted: frozenset[datetime] = frozenset()
        self._totals_until = LONG_AGO

    def snapshot(self) -> Snapshot:
        """Return the places as they are now; raises `DatabaseError`.

        One small query decides whether the one that is kept still holds.
        """
        self._snapshot = self.database.run(self._current)
        return self._snapshot

    def place(self, place_id: str, rights: Rights) -> tuple[Snapshot, PlaceNow]:
        """Return a place that the caller may see; raises `ApiError` (404) and `DatabaseError`."""
        snapshot = self.snapshot()
        found = snapshot.place(place_id, rights)
        if found is None:
            raise no_such_place()
        return snapshot, found

    def places(self) -> list[Place]:
        """Return every place as it is stored; raises `DatabaseError`."""
        return self.database.run(repository.read_places)

    def statistics(self, place_id: str, rights: Rights) -> dict[str, Any]:
        """Return the statistics of a place, as the API shows them; raises as `place` does."""
        snapshot, one = self.place(place_id, rights)
        return self.database.run(
            lambda cursor: place_statistics(cursor, one, snapshot.readings, self.clock(), self._kept_days)
        )

    def feed_choices(self, rights: Rights) -> dict[str, Any]:
        """Return the zones and devices that the caller may choose from, as the API shows them."""
        since = self.clock() - CHOICES_SINCE
        zones = self.database.run(lambda cursor: zone_choices(cursor, rights.sites))
        devices = self.database.run(lambda cursor: device_choices(cursor, since, rights.sites))
        return feed_choices(zones, devices, self.snapshot().visible(rights))

    def _current(self, cursor: Cursor) -> Snapshot:
        now = self.clock()
        # Asked first: what is written after it makes the next one different.
        fingerprint = repository.fingerprint(cursor)
        kept = self._snapshot
        if kept is None or kept.fingerprint != fingerprint or not kept.now <= now < kept.valid_until:
            return self._made(cursor, now, fingerprint)
        sites = _sites_of_boxes([one.place for one in kept.places])
        if kept.tracks_fingerprint != repository.tracks_fingerprint(cursor, sites, now):
            return self._made(cursor, now, fingerprint)
        return kept

    def _made(self, cursor: Cursor, now: datetime, fingerprint: tuple[Any, ...]) -> Snapshot:
        places = repository.read_places(cursor)
        tracks_fingerprint = repository.tracks_fingerprint(cursor, _sites_of_boxes(places), now)
        live = repository.live_rows(cursor)
        readings = read_feeds(cursor, places, live, now, self._boxes)
        states = [place_state([readings[feed] for feed in place.feeds], now) for place in places]
        zones = self._time_zones(cursor, places, live)
        totals = self._hour_totals(cursor, places, _hours_wanted(states, zones), now)
        return Snapshot(
            now=now,
            fingerprint=fingerprint,
            tracks_fingerprint=tracks_fingerprint,
            valid_until=min(next_change(list(readings.values()), now), now + TOTALS_KEPT),
            places=[
                PlaceNow(place, state, _usual(place, state, zone, totals, readings), zone)
                for place, state, zone in zip(places, states, zones, strict=True)
            ],
            readings=readings,
            map_settings=self._map_settings,
        )

    def _time_zones(self, cursor: Cursor, places: Sequence[Place], live: Mapping[Part, LiveRow]) -> list[str]:
        """Return each place's time zone: as typed in, else its cameras', else its site's, else the usual."""
        own = [_first_valid(chain((place.time_zone,), _told(place, live))) for place in places]
        lacking = {place.site for place, zone in zip(places, own, strict=True) if zone is None}
        told = repository.told_time_zones(cursor, lacking)
        of_sites = {site: _first_valid(names) for site, names in told.items()}
        return [
            zone or of_sites.get(place.site) or self._time_zone
            for place, zone in zip(places, own, strict=True)
        ]

    def _hour_totals(
        self, cursor: Cursor, places: Sequence[Place], wanted: frozenset[datetime], now: datetime
    ) -> Totals:
        if wanted != self._totals_wanted or now >= self._totals_until or self._lacks(places):
            feeds = [feed for place in places for feed in place.feeds]
            sites = {feed.site for feed in feeds if isinstance(feed, ZoneFeed)}
            digests = {feed.digest for feed in feeds if not isinstance(feed, ZoneFeed)}
            self._totals = {
                **repository.zone_hours(cursor, sites, wanted),
                **repository.box_hours(cursor, digests, wanted),
            }
            self._totals_wanted, self._totals_until = wanted, now + TOTALS_KEPT
        return self._totals

    def _lacks(self, places: Sequence[Place]) -> bool:
        """Return whether places were edited since the totals were read."""
        kept = self._snapshot
        return kept is None or [one.place for one in kept.places] != list(places)


def _sites_of_boxes(places: Iterable[Place]) -> set[str]:
    return {feed.site for place in places for feed in place.feeds if not isinstance(feed, ZoneFeed)}


def _told(place: Place, live: Mapping[Part, LiveRow]) -> Iterator[str | None]:
    """Return what the cameras of a place tell of their time zone."""
    parts = (part for feed in place.feeds if isinstance(feed, ZoneFeed) for part in parts_of(feed))
    return (live[part].time_zone for part in parts if part in live)


def _first_valid(names: Iterable[str | None]) -> str | None:
    # A camera may tell any text: one that is no time zone must not take the map down.
    return next((name for name in names if name and is_time_zone(name)), None)


def _hours_wanted(states: Sequence[PlaceState], zones: Sequence[str]) -> frozenset[datetime]:
    """Return the hours (naive UTC) whose totals say what is usual at the places' newest windows."""
    starts = {
        (hour_of(state.window_start), zone)
        for state, zone in zip(states, zones, strict=True)
        if state.window_start is not None
    }
    return frozenset(hour for start, zone in starts for hour in same_hours(start, zone))


def _usual(
    place: Place, state: PlaceState, time_zone: str, totals: Totals, readings: Readings
) -> Usual | None:
    """Return what is usual of the feeds that the count comes from: of all of them, when none speaks."""
    speaking = state.speaking or tuple(range(len(place.feeds)))
    feeds = [place.feeds[number] for number in speaking]
    parts = [part for feed in feeds for part in counted_parts(feed, readings.get(feed))]
    whole = len(speaking) == len(place.feeds)
    if state.window_start is None or not parts:
        return usual_count([], place.manual_usual)
    hours = same_hours(hour_of(state.window_start), time_zone)
    found = [[totals.get(part, {}).get(hour) for part in parts] for hour in hours]
    # What was typed in is of the whole place: part of its count must not be held against it.
    return usual_count(found, place.manual_usual if whole else None)
