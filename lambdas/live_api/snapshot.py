"""Everything the map shows at one moment, and the answers made of it, kept until something changes."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lambdas.live_api.feed_state import PlaceState, State
from lambdas.live_api.places import Feed, Place, feed_as_dict, time_text
from lambdas.live_api.readings import Readings
from lambdas.live_api.rights import Rights
from lambdas.live_api.usual import Usual, level_of, percent_of

REFRESH_SECONDS = 5
SMALL_BYTES = 1_400
"""What fits a packet anyway is not worth compressing."""


@dataclass(frozen=True)
class PlaceNow:
    """A place with what it says now; `time_zone` is the one in force."""

    place: Place
    state: PlaceState
    usual: Usual | None
    time_zone: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as `GET /places` shows it."""
        place, state = self.place, self.state
        # What a covered camera counts would be called very relaxed.
        percent = percent_of(state.count, self.usual) if state.healthy else None
        return {
            "id": place.id,
            "name": place.name,
            "name_en": place.name_en,
            "site": place.site,
            "time_zone": self.time_zone,
            "longitude": place.longitude,
            "latitude": place.latitude,
            "photo": place.photo_address,
            "state": state.state.value,
            "count": state.count,
            "seen_at": None if state.seen_at is None else time_text(state.seen_at),
            "change": state.change,
            "usual": None if self.usual is None else self.usual.as_dict(),
            "percent": percent,
            "level": level_of(percent),
            "seen_now": state.seen_now,
            "feeds": len(place.feeds),
            "feeds_silent": state.silent,
        }


@dataclass(frozen=True)
class Answer:
    """A body, compressed too where that helps, and what tells it from any other."""

    body: bytes
    compressed: bytes | None
    etag: str


@dataclass
class Snapshot:
    """The places at `now` (naive UTC), good while both fingerprints hold, and until `valid_until`."""

    now: datetime
    fingerprint: tuple[Any, ...]
    tracks_fingerprint: tuple[Any, ...]
    valid_until: datetime
    places: Sequence[PlaceNow]
    readings: Readings
    map_settings: Mapping[str, Any]
    _answers: dict[frozenset[str] | None, Answer] = field(default_factory=dict)

    def visible(self, rights: Rights) -> list[PlaceNow]:
        """Return the places that the caller may see, by name."""
        return [one for one in self.places if rights.may_see(one.place.site)]

    def place(self, place_id: str, rights: Rights) -> PlaceNow | None:
        """Return a place that the caller may see; None for any other."""
        return next((one for one in self.visible(rights) if one.place.id == place_id), None)

    def answer(self, rights: Rights) -> Answer:
        """Return what `GET /places` answers the caller."""
        sites = {one.place.site for one in self.places}
        key = frozenset(site for site in sites if rights.may_see(site))
        if key not in self._answers:
            self._answers[key] = answer_of(self.as_dict(rights))
        return self._answers[key]

    def as_dict(self, rights: Rights) -> dict[str, Any]:
        """Return the body of `GET /places`; nothing in it changes by itself."""
        shown = self.visible(rights)
        seen = [one.state.seen_at for one in shown if one.state.seen_at is not None]
        return {
            "refresh_seconds": REFRESH_SECONDS,
            "as_of": time_text(max(seen)) if seen else None,
            "map": dict(self.map_settings),
            "places": [one.as_dict() for one in shown],
        }

    def detail(self, one: PlaceNow) -> dict[str, Any]:
        """Return the body of `GET /places/{id}`."""
        place = one.place
        return {
            **one.as_dict(),
            "feeds": [self._feed(feed) for feed in place.feeds],
            "manual_usual": place.manual_usual,
            "time_zone_set": place.time_zone,
            "version": place.version,
            "updated_at": time_text(place.updated_at),
        }

    def _feed(self, feed: Feed) -> dict[str, Any]:
        reading = self.readings.get(feed)
        state = State.NO_DATA if reading is None else reading.state(self.now)
        shown = None if state is State.NO_DATA else reading
        return {
            **feed_as_dict(feed),
            "state": state.value,
            "count": None if shown is None else shown.count,
            "seen_at": None if shown is None else time_text(shown.seen_at),
        }


def answer_of(document: Mapping[str, Any]) -> Answer:
    """Return `document` as JSON, with a weak ETag: compressed or not, it is the same answer."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    # Without a time in it, the same body is compressed to the same bytes in every process.
    compressed = gzip.compress(body, compresslevel=6, mtime=0) if len(body) > SMALL_BYTES else None
    return Answer(body, compressed, f'W/"{digest(body)}"')


def digest(body: bytes) -> str:
    """Return 20 hexadecimal digits that tell `body` from any other."""
    return hashlib.sha256(body).hexdigest()[:20]
