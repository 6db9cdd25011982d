"""Argument types shared by subcommands; a wrong value gets one sentence with what was expected."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, date, datetime
from pathlib import Path

from contract.identity import InvalidNameError, check_identifier
from contract.records import TIMESTAMP_MAXIMUM_MILLISECONDS

_SIZE = re.compile(r"(\d{2,5})[xX×](\d{2,5})")


def frame_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels from ``WxH``."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected WIDTHxHEIGHT in pixels, for example 640x360")
    return int(match[1]), int(match[2])


def utc_day(text: str) -> str:
    """Return a day as ``YYYY-MM-DD``, the one way it is written in keys."""
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r}: expected a UTC day like 2026-11-21")


def positive_number(text: str) -> float:
    """Return a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return number


def window_seconds(text: str) -> float:
    """Return the length of a counting window, a second to a day."""
    number = positive_number(text)
    if not 1 <= number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to 86400 seconds")
    return number


def share(text: str) -> float:
    """Return a number above 0 and below 1."""
    number = positive_number(text)
    if number >= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number between 0 and 1")
    return number


def positive_integer(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number above 0")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port; 0 asks for any free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a port from 0 to 65535")
    return int(text)


def identifier(text: str) -> str:
    """Return a name that may stand in ids, keys and topics."""
    try:
        return check_identifier("name", text)
    except InvalidNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def instant_ms(text: str) -> int:
    """Return milliseconds since 1970 UTC from an ISO 8601 time; without an offset it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a time like 2026-11-21T09:00:00+09:00"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    milliseconds = round(instant.timestamp() * 1000)
    if not 0 <= milliseconds <= TIMESTAMP_MAXIMUM_MILLISECONDS:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a time from 1970 to 2100")
    return milliseconds


def folder(text: str) -> Path:
    """Return a path that is, or may become, a folder."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file: expected a folder")
    return path
