"""What `GET /feeds` asks MySQL: the zones and devices of some sites; every statement reads a bounded part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final

from pymysql.cursors import Cursor

from lambdas.shared.geographic_box import placeholders

MOST_CHOICES: Final = 5_000
_TRACKS_READ: Final = 100_000
"""How many of the newest tracks are looked at for devices, over all sites together."""


@dataclass(frozen=True)
class ZoneChoice:
    """A zone that has counted within the days that MySQL keeps; `last_seen_at` is naive UTC."""

    site: str
    camera: str
    zone: str
    object_classes: list[str]
    device: str
    last_seen_at: datetime


@dataclass(frozen=True)
class DeviceChoice:
    """A device whose tracks lay on the map: of each class, its edges and when it was last seen."""

    site: str
    device: str
    rows: tuple[tuple[Any, ...], ...]
    """Class, west, south, east, north, start of the newest window."""


def zone_choices(cursor: Cursor, sites: Collection[str] | None = None) -> list[ZoneChoice]:
    """Return the first `MOST_CHOICES` zones of `sites`, or of all, by site, camera and zone."""
    if sites is not None and not sites:
        return []
    # Rights come before the limit: who sees one site must not be left without a zone by the others.
    listed = sorted(sites or ())
    where = f"WHERE site IN ({placeholders(listed)})" if listed else ""
    cursor.execute(
        "SELECT site, camera, zone, object_class, device, "  # noqa: S608
        "DATE_ADD(event_time, INTERVAL ROUND(window_seconds * 1000000) MICROSECOND) FROM "
        f"(SELECT DISTINCT site, camera, zone FROM zone_live {where} ORDER BY site, camera, zone "
        f"LIMIT {MOST_CHOICES}) AS chosen JOIN zone_live USING (site, camera, zone) "
        "ORDER BY site, camera, zone, object_class",
        listed,
    )
    choices = []
    for key, rows in groupby(cursor.fetchall(), key=lambda row: (row[0], row[1], row[2])):
        of_zone = list(rows)
        newest = max(of_zone, key=lambda row: row[5])
        choices.append(ZoneChoice(*key, [row[3] for row in of_zone], newest[4], newest[5]))
    return choices


def device_choices(
    cursor: Cursor, since: datetime, sites: Collection[str] | None = None
) -> list[DeviceChoice]:
    """Return the devices of `sites`, or of all, whose tracks lay on the map since then, and where.

    Only the newest tracks are read, as many as `_TRACKS_READ` in all: a fleet sends millions an hour.
    """
    if sites is None:
        rows = _devices(cursor, since, None, _TRACKS_READ)
    else:
        each = max(1_000, _TRACKS_READ // max(1, len(sites)))
        rows = list(chain.from_iterable(_devices(cursor, since, site, each) for site in sorted(sites)))
    return [
        DeviceChoice(*key, rows=tuple(tuple(row[2:]) for row in of_device))
        for key, of_device in groupby(rows[:MOST_CHOICES], key=lambda row: (row[0], row[1]))
    ]


def _devices(cursor: Cursor, since: datetime, site: str | None, most: int) -> list[tuple[Any, ...]]:
    of_site = "" if site is None else "site = %s AND "
    cursor.execute(
        "SELECT site, device, object_class, MIN(longitude), MIN(latitude), MAX(longitude), MAX(latitude), "  # noqa: S608
        "MAX(event_time) FROM (SELECT site, device, object_class, longitude, latitude, event_time "
        f"FROM tracks WHERE {of_site}event_time > %s ORDER BY event_time DESC LIMIT {most}) AS newest "
        "WHERE longitude IS NOT NULL AND latitude IS NOT NULL "
        "GROUP BY site, device, object_class ORDER BY site, device, object_class",
        (since,) if site is None else (site, since),
    )
    return list(cursor.fetchall())
