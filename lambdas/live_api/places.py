"""A place and what feeds it, between the rows of MySQL and the JSON of the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from lambdas.shared.geographic_box import GeographicBox

ZONE, BOX = "zone", "box"
BOX_NAMES = ("west", "south", "east", "north", "azimuth_from", "azimuth_to")
FEED_COLUMNS = ("kind", "site", "camera", "zone", "device", *BOX_NAMES, "object_classes")
PLACE_COLUMNS = (
    "id",
    "name",
    "name_en",
    "site",
    "time_zone",
    "longitude",
    "latitude",
    "manual_usual",
    "photo_digest",
    "photo_type",
    "version",
    "updated_at",
)


@dataclass(frozen=True)
class ZoneFeed:
    """A zone that a camera counts, and the classes that are counted of it."""

    site: str
    camera: str
    zone: str
    object_classes: tuple[str, ...]


Feed = ZoneFeed | GeographicBox


@dataclass(frozen=True)
class Place:
    """A place as people made it; `time_zone` None means that of its cameras, `updated_at` is naive UTC."""

    id: str
    name: str
    name_en: str | None
    site: str
    time_zone: str | None
    longitude: float
    latitude: float
    manual_usual: float | None
    photo_digest: str | None
    photo_type: str | None
    version: int
    updated_at: datetime
    feeds: tuple[Feed, ...] = ()

    @property
    def photo_address(self) -> str | None:
        """Return where its photo is; another photo has another address."""
        if self.photo_digest is None:
            return None
        return f"/api/v1/places/{self.id}/photo?v={self.photo_digest[:16]}"


def place_with_feeds(row: Sequence[Any], feeds: Sequence[Feed]) -> Place:
    """Return a place from its row (`PLACE_COLUMNS`) and its feeds."""
    return replace(Place(*row), feeds=tuple(feeds))


def feed_of_row(row: Sequence[Any]) -> Feed:
    """Return a feed from its row (`FEED_COLUMNS`)."""
    named = dict(zip(FEED_COLUMNS, row, strict=True))
    classes = tuple(json.loads(named["object_classes"]))
    if named["kind"] == ZONE:
        return ZoneFeed(named["site"], named["camera"], named["zone"], classes)
    edges = {name: named[name] for name in BOX_NAMES}
    return GeographicBox(site=named["site"], device=named["device"], object_classes=classes, **edges)


def row_of_feed(feed: Feed) -> tuple[Any, ...]:
    """Return the row (`FEED_COLUMNS`) of a feed."""
    named: dict[str, Any] = dict.fromkeys(FEED_COLUMNS)
    named |= feed_as_dict(feed)
    named["object_classes"] = json.dumps(feed.object_classes, ensure_ascii=False)
    return tuple(named[name] for name in FEED_COLUMNS)


def feed_as_dict(feed: Feed) -> dict[str, Any]:
    """Return a feed as the API shows it."""
    classes = list(feed.object_classes)
    if isinstance(feed, ZoneFeed):
        own: dict[str, Any] = {"camera": feed.camera, "zone": feed.zone}
        return {"kind": ZONE, "site": feed.site, **own, "object_classes": classes}
    own = {"device": feed.device, **{name: getattr(feed, name) for name in BOX_NAMES}}
    return {"kind": BOX, "site": feed.site, **own, "object_classes": classes}


def time_text(moment: datetime) -> str:
    """Return a naive UTC time as ISO 8601 with Z, with milliseconds only where there are some."""
    return (
        moment.replace(tzinfo=UTC)
        .isoformat(timespec="milliseconds")
        .replace(".000+00:00", "Z")
        .replace("+00:00", "Z")
    )
