"""`golden.json` of a model package: a picture and what the model must find in it, with tolerances.

For detection and faces: `{"picture", "box_format", "tolerance": {"box_pixels", "confidence"}, "detections":
[{"label", "confidence", "box"}]}`; for classification: `{"picture", "tolerance": {"probability"}, "top":
[{"index", "label", "probability"}]}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError

GOLDEN_FILE = "golden.json"
GOLDEN_PICTURE = "golden.png"
BOX_FORMAT = "left, top, right, bottom in pixels of the picture"
MAXIMUM_GOLDEN_BYTES = 256 * 1024
BOX_TOLERANCE_PX, CONFIDENCE_TOLERANCE, PROBABILITY_TOLERANCE = 1.5, 0.03, 0.03
"""Room for half precision: what fp16 engines and other processors were seen to change, several times over."""


class GoldenError(CrowdLensError):
    """Raised when a golden check cannot be read or written; the text names the file and the field."""


@dataclass(frozen=True)
class ExpectedDetection:
    """An object the model must find; `box` is left, top, right, bottom in pixels of the picture."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class ExpectedLabel:
    """A class among the most probable of the picture."""

    index: int
    label: str
    probability: float


@dataclass(frozen=True)
class GoldenDetections:
    """What a detector must find, and how far boxes and confidences may lie from it."""

    picture: str
    box_pixels: float
    confidence: float
    detections: tuple[ExpectedDetection, ...]


@dataclass(frozen=True)
class GoldenLabels:
    """What a classifier must answer, most probable first, and how far probabilities may lie from it."""

    picture: str
    probability: float
    top: tuple[ExpectedLabel, ...]


Golden = GoldenDetections | GoldenLabels


def read_golden(folder: Path) -> Golden:
    """Return the golden expectations of the package in `folder`; raises `GoldenError`."""
    path = folder / GOLDEN_FILE
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_GOLDEN_BYTES + 1)
    except FileNotFoundError as error:
        raise GoldenError(
            f"model package {folder} has no {GOLDEN_FILE}: expected a golden picture and what to find in it"
        ) from error
    except OSError as error:
        raise GoldenError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > MAXIMUM_GOLDEN_BYTES:
        raise GoldenError(f"{path} is larger than {MAXIMUM_GOLDEN_BYTES // 1024} KiB")
    try:
        return _parse(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise GoldenError(f"{path} is not valid JSON ({' '.join(str(error).split())[:120]})") from error
    except GoldenError as error:
        raise GoldenError(f"{path}: {error}") from error


def write_golden_file(folder: Path, golden: Golden) -> None:
    """Write `golden.json`; raises OSError."""
    text = json.dumps(_document(golden), indent=2, ensure_ascii=False)
    (folder / GOLDEN_FILE).write_text(text + "\n", encoding="utf-8")


def _document(golden: Golden) -> dict[str, Any]:
    if isinstance(golden, GoldenLabels):
        return {
            "picture": golden.picture,
            "tolerance": {"probability": golden.probability},
            "top": [vars(expected) for expected in golden.top],
        }
    return {
        "picture": golden.picture,
        "box_format": BOX_FORMAT,
        "tolerance": {"box_pixels": golden.box_pixels, "confidence": golden.confidence},
        "detections": [{**vars(expected), "box": list(expected.box)} for expected in golden.detections],
    }


def _parse(document: object) -> Golden:
    fields = _mapping("the document", document)
    picture = fields.get("picture")
    if not isinstance(picture, str) or not picture or "/" in picture or picture.startswith("."):
        raise GoldenError(f"picture is {picture!r}: expected the name of a file in the package")
    tolerance = _mapping("tolerance", fields.get("tolerance"))
    if "top" in fields:
        top = tuple(_label(index, item) for index, item in enumerate(_items("top", fields["top"])))
        return GoldenLabels(picture, _number("tolerance.probability", tolerance.get("probability")), top)
    found = _items("detections", fields.get("detections"))
    return GoldenDetections(
        picture,
        _number("tolerance.box_pixels", tolerance.get("box_pixels")),
        _number("tolerance.confidence", tolerance.get("confidence")),
        tuple(_detection(index, item) for index, item in enumerate(found)),
    )


def _detection(index: int, value: object) -> ExpectedDetection:
    where = f"detections[{index}]"
    fields = _mapping(where, value)
    box = fields.get("box")
    if not isinstance(box, list) or len(box) != 4:
        raise GoldenError(f"{where}.box is {box!r}: expected left, top, right, bottom")
    left, top, right, bottom = (_number(f"{where}.box", side) for side in box)
    confidence = _number(f"{where}.confidence", fields.get("confidence"))
    return ExpectedDetection(_text(f"{where}.label", fields), confidence, (left, top, right, bottom))


def _label(index: int, value: object) -> ExpectedLabel:
    where = f"top[{index}]"
    fields = _mapping(where, value)
    number = fields.get("index")
    if type(number) is not int or number < 0:
        raise GoldenError(f"{where}.index is {number!r}: expected the number of a class, from 0")
    probability = _number(f"{where}.probability", fields.get("probability"))
    return ExpectedLabel(number, _text(f"{where}.label", fields), probability)


def _mapping(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise GoldenError(f"{field} is {str(value)[:60]!r}: expected names and values")
    return value


def _items(field: str, value: object) -> Sequence[object]:
    # Nothing expected is what a broken engine gives, too.
    if not isinstance(value, list) or not value:
        raise GoldenError(f"{field} is {str(value)[:60]!r}: expected at least one entry")
    return value


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise GoldenError(f"{field} is {value!r}: expected a number")
    return float(value)


def _text(field: str, fields: Mapping[str, Any]) -> str:
    value = fields.get("label")
    if not isinstance(value, str) or not value:
        raise GoldenError(f"{field} is {value!r}: expected a label")
    return value
