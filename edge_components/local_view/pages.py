"""The page and its files, read once."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from edge_components.local_view.responses import Response

_STATIC = files("edge_components.local_view") / "static"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@lru_cache(maxsize=16)
def static_file(name: str) -> Response | None:
    """Return the file `name` of the page, None when it has none of that name."""
    known = {entry.name: entry for entry in _STATIC.iterdir()}
    kind = _TYPES.get(f".{name.rpartition('.')[2]}")
    if name not in known or kind is None:
        return None
    return Response(200, f"{kind}; charset=utf-8", known[name].read_bytes())
