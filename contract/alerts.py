"""The alert message: what a device publishes on its alert topic, and what the cloud says of silent devices.

An alert tells one phase of one event; all phases share `event` and `started_ms`, which with site, device and
camera are the event's identity. Times are UTC milliseconds in the code and ISO 8601 in the message.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from contract.columns import NAME_MAXIMUM_LENGTH
from contract.errors import CrowdLensError
from contract.identity import check_identifier
from contract.records import TIMESTAMP_MAXIMUM_MILLISECONDS
from contract.scene_events import EVENT_KINDS
from contract.tables import CLOCK_QUALITIES, CLOCK_SYNCED

ALERT_VERSION: Final = 1
START, UPDATE, END = "start", "update", "end"
PHASES: Final = (START, UPDATE, END)
CLASSIFIED: Final = "classification"
"""A classifier's answer is one that its project alerts about; `object_class` is the answer."""
CAMERA_FAULT: Final = "camera_fault"
DEVICE_SILENT: Final = "device_silent"
TEST: Final = "test"
ALERT_KINDS: Final = (*EVENT_KINDS, CLASSIFIED, CAMERA_FAULT, DEVICE_SILENT, TEST)
CRITICAL_SHARE: Final = 1.5
"""A count or a speed this many times its threshold is critical."""
_COUNTED_KINDS: Final = ("crowding", "restricted", "running")
MAXIMUM_ALERT_BYTES: Final = 8_192
"""An alert has some 500 bytes; AWS IoT meters messages in steps of 5 KiB."""
_MAXIMUM_EVENT_LENGTH, _MAXIMUM_DETAIL_LENGTH = 128, 200
_TEXTS: Final = ("zone", "line", "object_class", "state", "detail")
_NUMBERS: Final = ("value", "threshold", "peak_value", "duration_seconds")
_MOMENTS: Final = {"started_at": "started_ms", "at": "at_ms"}


class AlertError(CrowdLensError):
    """Raised when an alert message is not what this module describes; the text names the field."""


@dataclass(frozen=True)
class Alert:
    """One phase of one event.

    `value`, `threshold` and `peak_value` are in the unit of the kind's rule; they are None for cameras and
    devices, of which `state` says what is wrong. `at_ms` is when the phase happened.
    """

    event: str
    kind: str
    phase: str
    site: str
    device: str
    camera: str | None
    time_zone: str
    started_ms: int
    at_ms: int
    clock_quality: str = CLOCK_SYNCED
    zone: str | None = None
    line: str | None = None
    object_class: str | None = None
    value: float | None = None
    threshold: float | None = None
    peak_value: float | None = None
    duration_seconds: float | None = None
    state: str | None = None
    detail: str | None = None


def is_far_above(kind: str, threshold: float | None, *values: float | None) -> bool:
    """Return whether any of `values`, in the unit of the kind's rule, makes an event critical."""
    known = [value for value in values if value is not None]
    if kind not in _COUNTED_KINDS or threshold is None or not known:
        return False
    return max(known) >= CRITICAL_SHARE * threshold


def encode_alert(alert: Alert) -> str:
    """Return `alert` as JSON text; what it does not have is left out."""
    document: dict[str, Any] = {"version": ALERT_VERSION}
    for name, value in vars(alert).items():
        if value is not None and name not in _MOMENTS.values():
            document[name] = value
    document |= {name: _instant(getattr(alert, field)) for name, field in _MOMENTS.items()}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def decode_alert(text: str | Mapping[str, Any]) -> Alert:
    """Return the alert in `text` or in a document already read; raises `AlertError` for the first mistake."""
    document = _document(text) if isinstance(text, str) else dict(text)
    if document.get("version") != ALERT_VERSION:
        raise AlertError(f"version is {document.get('version')!r}: expected {ALERT_VERSION}")
    camera = document.get("camera")
    given: dict[str, Any] = {name: _text(document, name) for name in _TEXTS}
    given |= {name: _number(document, name) for name in _NUMBERS}
    given |= {field: _moment(document, name) for name, field in _MOMENTS.items()}
    return Alert(
        event=_required(document, "event", _MAXIMUM_EVENT_LENGTH),
        kind=_one_of(document, "kind", ALERT_KINDS),
        phase=_one_of(document, "phase", PHASES),
        site=check_identifier("site", document.get("site")),
        device=check_identifier("device", document.get("device")),
        camera=None if camera is None else check_identifier("camera", camera),
        time_zone=_required(document, "time_zone", NAME_MAXIMUM_LENGTH),
        clock_quality=_one_of({"clock_quality": CLOCK_SYNCED, **document}, "clock_quality", CLOCK_QUALITIES),
        **given,
    )


def _document(text: str) -> dict[str, Any]:
    if len(text.encode()) > MAXIMUM_ALERT_BYTES:
        raise AlertError(f"alert has {len(text.encode())} bytes: expected at most {MAXIMUM_ALERT_BYTES}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AlertError(f"alert is no JSON ({error}): expected an object") from error
    if not isinstance(document, dict):
        raise AlertError(f"alert is a {type(document).__name__}: expected an object")
    return document


def _required(document: Mapping[str, Any], name: str, maximum_length: int) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= maximum_length or not value.isprintable():
        raise AlertError(f"{name} is {_shown(value)}: expected 1 to {maximum_length} printable characters")
    return value


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None:
        return None
    return _required(document, name, _MAXIMUM_DETAIL_LENGTH)


def _one_of(document: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = document.get(name)
    if value not in allowed:
        raise AlertError(f"{name} is {_shown(value)}: expected one of {', '.join(allowed)}")
    return str(value)


def _number(document: Mapping[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise AlertError(f"{name} is {_shown(value)}: expected a number")
    return float(value)


def _moment(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    expected = AlertError(f"{name} is {_shown(value)}: expected a time like 2026-11-21T03:00:00.000Z")
    if not isinstance(value, str) or not value.endswith("Z"):
        raise expected
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(value[:-1] + "+00:00")
    except ValueError as error:
        raise expected from error
    milliseconds = round(moment.timestamp() * 1000)
    if not 0 <= milliseconds <= TIMESTAMP_MAXIMUM_MILLISECONDS:
        raise expected
    return milliseconds


def _instant(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    return repr(value)[:80]
