"""The body of a place as it was typed in → a draft that may be stored, or one sentence why not."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.identity import InvalidNameError, check_identifier, check_label
from lambdas.live_api.errors import ApiError, wrong
from lambdas.live_api.places import BOX, ZONE, Feed, ZoneFeed
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.time_zones import is_time_zone

MOST_FEEDS = 50
MOST_CLASSES = 10
MOST_USUAL = 1_000_000
NAME_LENGTH = 100
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PLACE_FIELDS = frozenset(
    {
        "id",
        "name",
        "name_en",
        "site",
        "time_zone",
        "longitude",
        "latitude",
        "manual_usual",
        "feeds",
    }
)
_ZONE_FIELDS = frozenset({"kind", "site", "camera", "zone", "object_classes"})
_BOX_FIELDS = frozenset(
    {
        "kind",
        "site",
        "device",
        "west",
        "south",
        "east",
        "north",
        "azimuth_from",
        "azimuth_to",
        "object_classes",
    }
)


@dataclass(frozen=True)
class PlaceDraft:
    """What a person typed in, checked; `time_zone` None means that of the cameras."""

    id: str
    name: str
    name_en: str | None
    site: str
    time_zone: str | None
    longitude: float
    latitude: float
    manual_usual: float | None
    feeds: tuple[Feed, ...]


def place_draft(body: object, place_id: str | None = None) -> PlaceDraft:
    """Return the draft in `body`, of the place `place_id` or of a new one; raises `ApiError` (422)."""
    fields = _object("", body, _PLACE_FIELDS)
    site = _identifier("site", fields.get("site"))
    return PlaceDraft(
        id=_place_id(fields.get("id"), place_id),
        name=_required_text("name", fields.get("name")),
        name_en=_text("name_en", fields.get("name_en")),
        site=site,
        time_zone=_time_zone(fields.get("time_zone")),
        longitude=_number("longitude", fields.get("longitude"), -180, 180),
        latitude=_number("latitude", fields.get("latitude"), -90, 90),
        manual_usual=_optional_number("manual_usual", fields.get("manual_usual"), 0, MOST_USUAL),
        feeds=_feeds(fields.get("feeds"), site),
    )


def _feeds(value: object, site: str) -> tuple[Feed, ...]:
    if not isinstance(value, list) or len(value) > MOST_FEEDS:
        raise wrong("feeds", f"a list of at most {MOST_FEEDS} zones and boxes")
    feeds = [_feed(f"feeds[{index}]", one, site) for index, one in enumerate(value)]
    counted: set[tuple[Feed, str]] = set()
    for index, feed in enumerate(feeds):
        own = {(replace(feed, object_classes=()), name) for name in feed.object_classes}
        if own & counted:
            expected = "each class of a zone or box once, or everybody there would be counted twice"
            raise wrong(f"feeds[{index}]", expected)
        counted |= own
    return tuple(feeds)


def _feed(name: str, value: object, site: str) -> Feed:
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind not in (ZONE, BOX):
        raise wrong(f"{name}.kind", "'zone' or 'box'")
    fields = _object(name, value, _ZONE_FIELDS if kind == ZONE else _BOX_FIELDS)
    if _identifier(f"{name}.site", fields.get("site")) != site:
        # Who may see the place sees its count: it must not tell of a site that is not theirs.
        raise wrong(f"{name}.site", f"the place's own site, {site}")
    classes = _classes(f"{name}.object_classes", fields.get("object_classes"))
    if kind == BOX:
        return _box(name, fields, classes)
    camera = _identifier(f"{name}.camera", fields.get("camera"))
    return ZoneFeed(site, camera, _label(f"{name}.zone", fields.get("zone")), classes)


def _box(name: str, fields: Mapping[str, Any], classes: tuple[str, ...]) -> GeographicBox:
    device = fields.get("device")
    south = _number(f"{name}.south", fields.get("south"), -90, 90)
    north = _number(f"{name}.north", fields.get("north"), -90, 90)
    if north <= south:
        raise wrong(f"{name}.north", f"a latitude north of south, {south:g}")
    west = _number(f"{name}.west", fields.get("west"), -180, 180)
    east = _number(f"{name}.east", fields.get("east"), -180, 180)
    if east == west:
        raise wrong(f"{name}.east", f"a longitude other than west, {west:g}")
    azimuths = [
        _optional_number(f"{name}.{one}", fields.get(one), 0, 360) for one in ("azimuth_from", "azimuth_to")
    ]
    if (azimuths[0] is None) != (azimuths[1] is None):
        missing = "azimuth_from" if azimuths[0] is None else "azimuth_to"
        raise wrong(f"{name}.{missing}", "both ends of the range, or neither")
    # 0 to 360 is a whole turn; 360 to 0 is where it begins, and nothing more.
    if azimuths[0] is not None and azimuths[1] is not None and azimuths[1] - azimuths[0] in (0, -360):
        raise wrong(f"{name}.azimuth_to", "another azimuth than azimuth_from, for no camera looks between")
    return GeographicBox(
        site=str(fields["site"]),
        device=None if device is None else _identifier(f"{name}.device", device),
        west=west,
        south=south,
        east=east,
        north=north,
        azimuth_from=azimuths[0],
        azimuth_to=azimuths[1],
        object_classes=classes,
    )


def _classes(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CLASSES:
        raise wrong(name, f"a list of 1 to {MOST_CLASSES} classes, such as ['person']")
    classes = tuple(_label(f"{name}[{index}]", one) for index, one in enumerate(value))
    if len(set(classes)) < len(classes):
        raise wrong(name, "each class once")
    # Written one way, so that the same feed is the same.
    return tuple(sorted(classes))


def _object(name: str, value: object, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong(name or "body", "an object")
    for field in value:
        if field not in known:
            path = f"{name}.{field}" if name else str(field)
            raise wrong(path[:80], f"one of {', '.join(sorted(known))}")
    return value


def _place_id(value: object, place_id: str | None) -> str:
    if place_id is not None:
        if value is not None and value != place_id:
            raise wrong("id", f"{place_id}, for an id never changes, or none")
        return place_id
    if value is None:
        return f"place-{secrets.token_hex(5)}"
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise wrong("id", "1 to 64 of a-z, 0-9 and hyphens, starting with a letter or digit")
    return value


def _required_text(name: str, value: object) -> str:
    text = _text(name, value)
    if text is None:
        raise wrong(name, f"1 to {NAME_LENGTH} printable characters")
    return text


def _text(name: str, value: object) -> str | None:
    """Return text without spaces around it; None for none, since an empty field of a form means that."""
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else "\0"
    if len(text) > NAME_LENGTH or not text.isprintable():
        raise wrong(name, f"1 to {NAME_LENGTH} printable characters")
    return text or None


def _time_zone(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64 or not is_time_zone(value):
        raise wrong("time_zone", "a name like Asia/Seoul, or none for that of the cameras")
    return value


def _number(name: str, value: object, least: float, most: float) -> float:
    number = _optional_number(name, value, least, most)
    if number is None:
        raise wrong(name, f"a number from {least:g} to {most:g}")
    return number


def _optional_number(name: str, value: object, least: float, most: float) -> float | None:
    if value is None:
        return None
    # JSON's true is a number to Python.
    right = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    if not right or not math.isfinite(number := float(str(value))):
        raise wrong(name, f"a number from {least:g} to {most:g}")
    return number


def _identifier(name: str, value: object) -> str:
    return _checked(check_identifier, name, value)


def _label(name: str, value: object) -> str:
    return _checked(check_label, name, value)


def _checked(check: Any, name: str, value: object) -> str:
    try:
        return str(check(name, value))
    except InvalidNameError as error:
        # Its text shows the value; a long one would make a long sentence.
        sentence = str(error) if len(str(value)) <= 80 else f"{name}: {str(error).partition(': ')[2]}"
        raise ApiError(wrong(name, "").status, sentence, name) from error
