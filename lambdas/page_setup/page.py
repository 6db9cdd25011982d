"""The files of a page out of their archive into a bucket, and none beside them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIGURATION = "config.json"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
CACHE_CONTROL = "no-cache"
"""A file is asked for again each time and answered with 304 while it is the same: no page of two versions."""
_LARGEST_BYTES = 16 * 1024 * 1024


class PageError(CrowdLensError):
    """Raised when a page cannot be put into its bucket."""


@dataclass(frozen=True)
class PageRequest:
    """Which archive goes into which bucket, and what `config.json` says (its text)."""

    source_bucket: str
    source_key: str
    bucket: str
    configuration: str


def page_request(properties: Mapping[str, Any]) -> PageRequest:
    """Return what a resource's properties ask for; raises `PageError` naming what is missing."""
    names = {"source_bucket": "SourceBucket", "source_key": "SourceKey", "bucket": "Bucket"}
    for name in (*names.values(), "Configuration"):
        if not isinstance(properties.get(name), str) or not properties[name]:
            raise PageError(f"property {name} is {properties.get(name)!r}: expected a text")
    found = {field: str(properties[name]) for field, name in names.items()}
    return PageRequest(**found, configuration=str(properties["Configuration"]))


def put_page(request: PageRequest, s3: Any) -> int:
    """Put every file of the page, then take away what is not of it; return the number of files.

    The page is whole at any moment but for a file of two versions: what a new page needs comes first, what an
    old one needs goes last. Raises `PageError`.
    """
    try:
        archive = s3.get_object(Bucket=request.source_bucket, Key=request.source_key)["Body"].read()
        files = dict(page_files(archive))
        # The entry comes last: it names the others.
        for name in sorted(files, key=lambda name: name.endswith(".html")):
            _put(s3, request.bucket, name, files[name])
        _put(s3, request.bucket, CONFIGURATION, request.configuration.encode())
        _take_away(s3, request.bucket, {*files, CONFIGURATION})
    except (ClientError, BotoCoreError) as error:
        raise PageError(f"the page could not be put into {request.bucket}: {error}") from error
    return len(files) + 1


def empty_page(bucket: str, s3: Any) -> None:
    """Take every file out of the bucket, so that it can be deleted with its stack; raises `PageError`."""
    try:
        _take_away(s3, bucket, set())
    except (ClientError, BotoCoreError) as error:
        raise PageError(f"the page could not be taken out of {bucket}: {error}") from error


def page_files(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of the archive; raises `PageError` for what is no page."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > _LARGEST_BYTES:
                raise PageError(f"the page is larger than {_LARGEST_BYTES:,} bytes: expected a small one")
            for entry in entries:
                _content_type(entry.filename)
                yield entry.filename, opened.read(entry)
    except zipfile.BadZipFile as error:
        raise PageError("the page's archive is no zip file") from error


def _content_type(name: str) -> str:
    kind = CONTENT_TYPES.get(f".{name.rpartition('.')[2]}")
    if kind is None or name.startswith("/") or ".." in name:
        raise PageError(
            f"file {name!r} cannot be served: expected a name that ends in {', '.join(CONTENT_TYPES)}"
        )
    return kind


def _put(s3: Any, bucket: str, name: str, content: bytes) -> None:
    s3.put_object(
        Bucket=bucket, Key=name, Body=content, ContentType=_content_type(name), CacheControl=CACHE_CONTROL
    )


def _take_away(s3: Any, bucket: str, kept: set[str]) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", ()):
            if listed["Key"] not in kept:
                s3.delete_object(Bucket=bucket, Key=listed["Key"])
