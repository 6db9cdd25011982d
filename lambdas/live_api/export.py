"""Places as JSON lines in the lake, so that Athena can join them: written whole after each edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from lambdas.live_api.places import Place, time_text
from lambdas.live_api.stores import Store

FILE_NAME = "places.json"
CONTENT_TYPE = "application/x-ndjson"
_ATTEMPTS = 3


def place_lines(places: Sequence[Place]) -> bytes:
    """Return a line a place: what the table `places` of Athena reads."""
    lines = [
        {
            "place_id": place.id,
            "name": place.name,
            "name_en": place.name_en,
            "site": place.site,
            "longitude": place.longitude,
            "latitude": place.latitude,
            "updated_at": time_text(place.updated_at),
        }
        for place in sorted(places, key=lambda place: place.id)
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def export_places(store: Store, name: str, read: Callable[[], Sequence[Place]]) -> None:
    """Write the places that `read` returns; raises `StoreError`.

    Two edits at once may write in any order: what was read is compared with what is there afterwards, and
    written again when another edit came between.
    """
    lines = place_lines(read())
    for _ in range(_ATTEMPTS):
        store.write(name, lines, CONTENT_TYPE)
        newer = place_lines(read())
        if newer == lines:
            return
        lines = newer
