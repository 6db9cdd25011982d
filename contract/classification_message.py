"""The message a camera publishes of its classifications: one answer, and the top labels as a list.

A list and not a dictionary keyed by label: two faces, or two labels that become the same text, are two
entries. Times are UTC milliseconds in the code and ISO 8601 in the message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Final

from contract.errors import CrowdLensError

CLASSIFICATION_VERSION: Final = 1
_NAMES: Final = (
    *("site", "device", "camera", "time_zone", "scene_version", "project", "project_version"),
    *("reason", "clock_quality"),
)
_LABEL_FIELDS: Final = {"rank": int, "index": int, "label": str, "text": str, "probability": float}


class ClassificationMessageError(CrowdLensError):
    """Raised when a classification message is not what this module describes; the text names the field."""


@dataclass(frozen=True)
class RankedLabel:
    """A label among the most probable ones: `rank` from 1, `index` in the model, `probability` smoothed."""

    rank: int
    index: int
    label: str
    text: str
    probability: float


@dataclass(frozen=True)
class ClassificationMessage:
    """What a classifier saw at `at_ms`; `reason` is change or interval.

    `answer` and `previous` are texts of the project, None while nothing is probable enough.
    """

    site: str
    device: str
    camera: str
    time_zone: str
    scene_version: str
    project: str
    project_version: str
    reason: str
    clock_quality: str
    at_ms: int
    answer: str | None
    previous: str | None
    labels: tuple[RankedLabel, ...]


def encode_classification(message: ClassificationMessage) -> str:
    """Return `message` as JSON text; probabilities have four decimals."""
    moment = datetime.fromtimestamp(message.at_ms / 1000, tz=timezone.utc)
    document: dict[str, Any] = {"version": CLASSIFICATION_VERSION}
    document |= {name: getattr(message, name) for name in _NAMES}
    document["at"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document["answer"], document["previous"] = message.answer, message.previous
    document["labels"] = [
        {**asdict(label), "probability": round(label.probability, 4)} for label in message.labels
    ]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode_classification(text: str) -> ClassificationMessage:
    """Return the message in `text`; raises `ClassificationMessageError` for the first mistake."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ClassificationMessageError(f"message is no JSON ({error}): expected an object") from error
    if not isinstance(document, dict) or document.get("version") != CLASSIFICATION_VERSION:
        raise ClassificationMessageError(
            f"message is {str(document)[:60]!r}: expected version {CLASSIFICATION_VERSION}"
        )
    return ClassificationMessage(
        **{name: _text(document, name) for name in _NAMES},
        at_ms=_moment(document.get("at")),
        answer=_optional(document, "answer"),
        previous=_optional(document, "previous"),
        labels=_labels(document.get("labels")),
    )


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ClassificationMessageError(f"{name} is {value!r}: expected text")
    return value


def _optional(document: dict[str, Any], name: str) -> str | None:
    return None if document.get(name) is None else _text(document, name)


def _moment(value: object) -> int:
    try:
        # Python 3.10 does not know the Z.
        return round(datetime.fromisoformat(str(value)[:-1] + "+00:00").timestamp() * 1000)
    except ValueError as error:
        raise ClassificationMessageError(
            f"at is {value!r}: expected a time like 2026-11-21T03:00:00.000Z"
        ) from error


def _labels(value: object) -> tuple[RankedLabel, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ClassificationMessageError(f"labels is {value!r}: expected a list with one entry a label")
    return tuple(_label(f"labels[{place}]", entry) for place, entry in enumerate(value))


def _label(field: str, value: object) -> RankedLabel:
    if not isinstance(value, dict):
        raise ClassificationMessageError(f"{field} is {value!r}: expected an object")
    given: dict[str, Any] = {}
    for name, kind in _LABEL_FIELDS.items():
        found = value.get(name)
        if type(found) is not kind and not (kind is float and type(found) is int):
            raise ClassificationMessageError(f"{field}.{name} is {found!r}: expected {kind.__name__}")
        given[name] = found
    return RankedLabel(**given)
