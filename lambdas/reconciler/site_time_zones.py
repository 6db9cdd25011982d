"""The time zones of sites whose devices fell silent, from the latest records of their cameras."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

import pyarrow as pa

from contract.lake import compacted_day_prefix, raw_day_prefix
from contract.tables import CAMERA_STATUS, ZONE_COUNTS
from lambdas.reconciler.ranges import distinct
from lambdas.reconciler.reading import Unreadable, read_all
from lambdas.reconciler.store import Lake, Listed
from lambdas.reconciler.survey import days_of

_COLUMNS: Final = ("site", "time_zone")
OBJECTS_READ: Final = 20
"""A compacted object has all sites of a day: who is not in so many has been silent for long."""
_TABLES: Final = (ZONE_COUNTS.name, CAMERA_STATUS.name)


def site_time_zones(
    lake: Lake, sites: Collection[str], first_day: str, unreadable: Unreadable
) -> dict[str, str]:
    """Return the time zone of each of `sites` of which a camera told something from `first_day` on.

    Newest objects first, and no more once every site is known; raises `LakeStoreError`.
    """
    found: dict[str, str] = {}
    objects = islice(_newest(lake, first_day), OBJECTS_READ) if sites else iter(())
    for item in objects:
        for _, rows in read_all(lake, [item], _COLUMNS, unreadable):
            found = {**_named(rows, sites), **found}
        if found.keys() >= {*sites}:
            break
    return found


def _newest(lake: Lake, first_day: str) -> Iterator[Listed]:
    for table in _TABLES:
        for day in reversed(days_of(lake, table)):
            if day < first_day:
                break
            for prefix in (compacted_day_prefix(table, day), raw_day_prefix(table, day)):
                yield from sorted(lake.listing(prefix), key=lambda item: item.last_modified, reverse=True)


def _named(rows: pa.Table, sites: Collection[str]) -> dict[str, str]:
    _, pairs = distinct(rows, _COLUMNS)
    return {site: zone for site, zone in pairs if site in sites and zone}
