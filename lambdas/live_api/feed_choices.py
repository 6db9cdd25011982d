"""`GET /feeds`: what a place may be fed by, for the page on which places are edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lambdas.live_api.choices_query import MOST_CHOICES, DeviceChoice, ZoneChoice
from lambdas.live_api.places import ZoneFeed, time_text
from lambdas.live_api.snapshot import PlaceNow


def feed_choices(
    zones: Sequence[ZoneChoice], devices: Sequence[DeviceChoice], places: Sequence[PlaceNow]
) -> dict[str, Any]:
    """Return zones, with the places they feed already, and devices on the map."""
    feeding: dict[tuple[str, str, str], list[str]] = {}
    for one in places:
        keys = {(feed.site, feed.camera, feed.zone) for feed in one.place.feeds if isinstance(feed, ZoneFeed)}
        for key in keys:
            feeding.setdefault(key, []).append(one.place.id)
    return {
        "zones": [_zone(zone, feeding.get((zone.site, zone.camera, zone.zone), [])) for zone in zones],
        "devices": [_device(device) for device in devices],
        "truncated": len(zones) >= MOST_CHOICES,
    }


def _zone(zone: ZoneChoice, places: list[str]) -> dict[str, Any]:
    return {
        "site": zone.site,
        "camera": zone.camera,
        "zone": zone.zone,
        "object_classes": zone.object_classes,
        "device": zone.device,
        "last_seen_at": time_text(zone.last_seen_at),
        "places": places,
    }


def _device(device: DeviceChoice) -> dict[str, Any]:
    classes, wests, souths, easts, norths, seen = zip(*device.rows, strict=True)
    newest: datetime = max(seen)
    return {
        "site": device.site,
        "device": device.device,
        "object_classes": list(classes),
        "west": min(wests),
        "south": min(souths),
        "east": max(easts),
        "north": max(norths),
        "last_seen_at": time_text(newest),
    }
