"""What the live map's page is told in the cloud: where to sign in, and what it may load."""

from __future__ import annotations

import json
from urllib.parse import urlsplit


def page_configuration(domain: str, client_id: str, region: str) -> str:
    """Return `config.json`: the user pool's domain prefix, the page's client and the region."""
    told = {"sign_in": "cognito", "domain": domain, "client_id": client_id, "region": region}
    return json.dumps(told)


def content_policy(sign_in: str, tile_url: str | None) -> str:
    """Return the page's Content-Security-Policy: itself, the sign-in page and, with one, a tile server."""
    tiles = f" {tile_origin(tile_url)}" if tile_url else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {sign_in}; "
        f"img-src 'self' data: blob:{tiles}; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def tile_origin(tile_url: str) -> str:
    """Return scheme and host of a tile server's address."""
    parts = urlsplit(tile_url)
    return f"{parts.scheme}://{parts.netloc}"
