"""The address of a source from its configuration and its secret files; a password lies in the latter only."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from urllib.parse import quote

from edge_components.vision.sources.address import GSTREAMER, scheme_of, shown
from edge_components.vision.sources.frames import SourceError

PLACEHOLDER = "{password}"
MAXIMUM_SECRET_BYTES = 4096
_WORD = re.compile(r"(?:password|passwd|pwd|user-pw)=[\"']?[^\s&\"']", re.IGNORECASE)


def source_text(
    source: str | None = None,
    *,
    source_file: str | Path | None = None,
    password_file: str | Path | None = None,
) -> str:
    """Return the whole address of a source, which may hold a password and must not be shown.

    Either `source_file` holds the whole address, or `source` does, where ``{password}`` stands for the
    content of `password_file`. Raises `SourceError`, also for a `source` that holds a password itself and for
    a secret file that everybody on the device may read.
    """
    if (source is None) == (source_file is None):
        raise SourceError("a camera has source or sourceFile, one of them: expected an address in either")
    if source is None:
        if password_file is not None:
            raise SourceError("passwordFile goes with source: sourceFile holds the whole address")
        return read_secret("sourceFile", Path(str(source_file)))
    if holds_password(source):
        raise SourceError(
            f"source {shown(source)} holds a password: expected {PLACEHOLDER} in its place with "
            "passwordFile, or sourceFile"
        )
    if password_file is None:
        if PLACEHOLDER in source:
            raise SourceError(f"source has {PLACEHOLDER} but there is no passwordFile: expected both")
        return source
    if PLACEHOLDER not in source:
        raise SourceError(f"passwordFile is given but source has no {PLACEHOLDER}: expected both")
    return with_password(source, read_secret("passwordFile", Path(password_file)))


def with_password(source: str, password: str) -> str:
    """Return `source` with the placeholder replaced, written as a URL or a GStreamer pipeline takes it."""
    if scheme_of(source) == GSTREAMER:
        escaped = password.replace("\\", "\\\\").replace('"', '\\"')
        return source.replace(PLACEHOLDER, f'"{escaped}"')
    return source.replace(PLACEHOLDER, quote(password, safe=""))


def holds_password(source: str) -> bool:
    """Return whether a password seems to stand in `source` itself."""
    text = source.replace(PLACEHOLDER, "")
    return bool(_WORD.search(text)) or any(_has_login(part) for part in text.split() if "://" in part)


def _has_login(url: str) -> bool:
    """Return whether user:password@ stands in the URL; the password may hold any character, even / or @."""
    before, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at) and bool(before.partition(":")[2])


def read_secret(field: str, path: Path) -> str:
    """Return the one line of a secret file; raises `SourceError`, whose text never holds any of it."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(MAXIMUM_SECRET_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{field} {path} cannot be read: {error.strerror or error}") from error
    if stat.S_IMODE(mode) & 0o007:
        raise SourceError(
            f"{field} {path} is open to everybody (mode {stat.S_IMODE(mode):04o}): expected 0640 or 0600"
        )
    try:
        lines = content.decode("utf-8").strip("\r\n").splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(content) > MAXIMUM_SECRET_BYTES or len(lines) != 1 or not lines[0].strip():
        raise SourceError(
            f"{field} {path}: expected one line of UTF-8 text, at most {MAXIMUM_SECRET_BYTES} bytes"
        )
    return lines[0] if field == "passwordFile" else lines[0].strip()
