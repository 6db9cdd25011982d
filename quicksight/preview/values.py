"""How values are written on the page: local times, grouped digits, and words for what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.errors import CrowdLensError
from quicksight.label import SEPARATOR
from quicksight.preview.querying import Value
from quicksight.preview.specs import FieldSpec

_KOREAN: Mapping[str, Mapping[str, str]] = {
    "state": {
        "ok": "정상",
        "ended": "영상 끝남",
        "lost": "연결 끊김",
        "frozen": "화면 멈춤",
        "dark": "어두움",
        "over_exposed": "너무 밝음",
        "blurred": "흐림",
        "covered": "가려짐",
        "moved": "카메라 움직임",
        "slow": "느림",
    },
    "kind": {
        "none": "문제 없음",
        "gap": "공백",
        "camera_fault": "카메라 이상",
        "suspect": "의심 집계",
        "clock": "시계 이상",
    },
    "detail": {"nothing found missing": "빠진 것 없음", "the source ended": "영상이 끝났습니다"},
}
"""What stands in the records in English, by column; other words are shown as they are."""


class TimeZoneError(CrowdLensError):
    """Raised when a time zone is not one of the IANA database."""


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA zone called `name`; raises `TimeZoneError` for any other name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimeZoneError(f"time zone is {name!r}: expected an IANA name such as Asia/Seoul") from error


def written(value: Value, field: FieldSpec, zone: ZoneInfo) -> str:
    """Return `value` as the field's format says; None becomes the field's words for missing data."""
    if value is None:
        return field.null_text
    if isinstance(value, datetime):
        return written_time(value, zone, to_minute=field.granularity == "MINUTE")
    if isinstance(value, str):
        korean = _KOREAN.get(field.column, {}).get(value)
        return value if korean is None else f"{value}{SEPARATOR}{korean}"
    return number(value, field.decimals)


def number(value: float, decimals: int = 0) -> str:
    """Return a number with grouped thousands and exactly `decimals` digits after the point."""
    return f"{value:,.{decimals}f}"


def written_time(moment: datetime, zone: ZoneInfo, *, to_minute: bool = False) -> str:
    """Return an aware time on the clock of `zone`."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M" if to_minute else "%Y-%m-%d %H:%M:%S")


def is_numeric(value: Value) -> bool:
    """Whether a value belongs on the right of its column."""
    return isinstance(value, int | float)


def naive_local(moment: datetime, zone: ZoneInfo) -> str:
    """Return the local wall clock without a zone: plotly would otherwise shift it to the reader's own."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")


def described_zone(zone: ZoneInfo, moment: datetime) -> str:
    """Return the zone's name with its offset at `moment`, such as ``Asia/Seoul (UTC+09:00)``."""
    offset = moment.astimezone(zone).strftime("%z")
    return f"{zone.key} (UTC{offset[:3]}:{offset[3:]})"
