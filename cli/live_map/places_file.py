"""Places from a file, as the API takes them, or made up from the zones that have counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError
from lambdas.live_api.application import Application
from lambdas.live_api.choices_query import ZoneChoice, zone_choices
from lambdas.live_api.errors import ApiError
from lambdas.live_api.validation import place_draft

_CENTRE_LONGITUDE, _CENTRE_LATITUDE = 126.978, 37.5665
_SPACING_DEGREES = 0.012


class PlacesFileError(CrowdLensError):
    """Raised when a file of places cannot be used; the text names the place and the field."""


def read_places_file(path: Path) -> list[Mapping[str, Any]]:
    """Return the places (bodies of the API) of a YAML or JSON file; raises `PlacesFileError`."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlacesFileError(f"{path} is no YAML: {' '.join(str(error).split())[:200]}") from error
    places = document.get("places") if isinstance(document, Mapping) else document
    if not isinstance(places, list) or not all(isinstance(place, Mapping) for place in places):
        raise PlacesFileError(f"{path}: expected a list of places under `places:`")
    return places


def add_places(application: Application, places: Sequence[Mapping[str, Any]], where: str) -> int:
    """Make those of `places` whose id is not there; return how many. Raises `PlacesFileError`."""
    known, made = {place.id for place in application.map.places()}, 0
    for number, body in enumerate(places):
        if body.get("id") in known:
            continue
        try:
            application.editor.make(place_draft(body), None)
        except ApiError as error:
            raise PlacesFileError(f"{where}: place {number + 1}: {error}") from error
        made += 1
    application.export()
    return made


def made_up_places(application: Application) -> list[Mapping[str, Any]]:
    """Return a place for each zone that has counted, side by side: nobody knows yet where they are."""
    zones = application.map.database.run(zone_choices)
    columns = max(1, math.isqrt(len(zones)))
    return [_made_up(zone, *divmod(number, columns)) for number, zone in enumerate(zones)]


def _made_up(zone: ZoneChoice, row: int, column: int) -> dict[str, Any]:
    classes = ["person"] if "person" in zone.object_classes else zone.object_classes[:1]
    feed = {"kind": "zone", "site": zone.site, "camera": zone.camera, "zone": zone.zone}
    return {
        "name": f"{zone.camera} · {zone.zone}"[:100],
        "site": zone.site,
        "longitude": round(_CENTRE_LONGITUDE + column * _SPACING_DEGREES, 6),
        "latitude": round(_CENTRE_LATITUDE - row * _SPACING_DEGREES, 6),
        "feeds": [{**feed, "object_classes": classes}],
    }
