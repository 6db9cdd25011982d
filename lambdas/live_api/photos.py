"""Photos of places: what a file is says its first bytes, whatever its name or sender say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from lambdas.live_api.errors import ApiError

MOST_BYTES = 1024 * 1024
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_LEAST_BYTES = 32


@dataclass(frozen=True)
class Photo:
    """A photo that was checked; it is stored under its digest, so another never overwrites it."""

    content: bytes
    content_type: str
    digest: str

    def name(self, place_id: str) -> str:
        """Return the name it is stored under."""
        return photo_name(place_id, self.digest, self.content_type)


def photo_name(place_id: str, digest: str, content_type: str) -> str:
    """Return the name of a place's photo in the store."""
    return f"{place_id}/{digest}.{EXTENSIONS[content_type]}"


def checked_photo(content: bytes) -> Photo:
    """Return the photo in `content`; raises `ApiError` (413 or 415)."""
    if len(content) > MOST_BYTES:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the photo is larger than 1 MiB: expected a smaller one"
        )
    content_type = kind_of(content)
    if content_type is None:
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the file is no photo: expected a JPEG, PNG or WebP picture"
        )
    return Photo(content, content_type, hashlib.sha256(content).hexdigest())


def kind_of(content: bytes) -> str | None:
    """Return the type of the picture in `content` by its first bytes; None when it is none of ours."""
    if len(content) < _LEAST_BYTES:
        return None
    if content.startswith(_JPEG):
        return "image/jpeg"
    if content.startswith(_PNG) and content[12:16] == b"IHDR":
        return "image/png"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None
