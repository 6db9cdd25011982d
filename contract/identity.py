"""Names and ids: what may be called what, and how a record is told from every other."""

from __future__ import annotations

import re
import secrets

from contract.columns import NAME_MAXIMUM_LENGTH
from contract.errors import CrowdLensError

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EPOCH = re.compile(r"[0-9a-f]{12}")
DEVICE_STREAM_CAMERA = "_device"
"""Stands where the camera's name would in the stream of a record about the device itself."""


class InvalidNameError(CrowdLensError):
    """Raised when a name cannot be used in ids, keys and topics."""


def check_identifier(field: str, value: object) -> str:
    """Return `value` when it may name a site, device or camera; raises `InvalidNameError` otherwise.

    Identifiers become part of S3 keys, MQTT topics and record ids, so they are plain ASCII.
    """
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise InvalidNameError(
            f"{field} is {value!r}: expected 1 to {NAME_MAXIMUM_LENGTH} of A-Z a-z 0-9 _ - starting with "
            "a letter or digit"
        )
    return value


def check_label(field: str, value: object) -> str:
    """Return `value` when it may name a zone, line or class, in any script; raises `InvalidNameError`."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or value != value.strip()
        or len(value) > NAME_MAXIMUM_LENGTH
        or not value.isprintable()
    ):
        raise InvalidNameError(
            f"{field} is {value!r}: expected 1 to {NAME_MAXIMUM_LENGTH} printable characters without "
            "spaces at either end"
        )
    return value


def new_epoch() -> str:
    """Return a new random epoch: 12 hexadecimal digits."""
    return secrets.token_hex(6)


def is_epoch(value: str) -> bool:
    """Return whether `value` has the form of an epoch."""
    return _EPOCH.fullmatch(value) is not None


def stream_name(camera: str | None, table: str) -> str:
    """Return the stream that numbers the records of `table` made by `camera` (or by the device)."""
    return f"{camera or DEVICE_STREAM_CAMERA}/{table}"


def record_id(device: str, epoch: str, stream: str, sequence: int) -> str:
    """Return the identity every later step is idempotent on."""
    return f"{device}:{epoch}:{stream}:{sequence}"
