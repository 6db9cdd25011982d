"""What a project does with what its model saw: which records it makes, and which messages it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.scene_values import SceneError, check_keys, check_unique, listing, mapping, number, shown

ON_CHANGE, AT_INTERVAL, NEVER = "change", "interval", "never"
RECORD_CHOICES = (ON_CHANGE, AT_INTERVAL)
MESSAGE_CHOICES = (NEVER, ON_CHANGE, AT_INTERVAL)
MAXIMUM_TOP_K = 20
MAXIMUM_SMOOTHING_FRAMES = 300
USUAL_HYSTERESIS = 0.1
TEXT_MAXIMUM_LENGTH = 64
"""A text becomes the object class of an event, which has this length."""
DETECTION_OPTIONS = ("minimum_probability",)
CLASSIFICATION_OPTIONS = (
    *("top_k", "smoothing_frames", "minimum_probability", "hysteresis", "texts", "otherwise"),
    *("records", "mqtt", "interval_seconds", "alert"),
)


@dataclass(frozen=True)
class TextAlert:
    """An event for as long as one of `texts` is the answer; it starts after `minimum_seconds` of it."""

    texts: tuple[str, ...]
    minimum_seconds: float = 1.0


@dataclass(frozen=True)
class ProjectOutput:
    """What comes of a frame.

    A text is the answer from `minimum_probability` on, and until `hysteresis` below it. `texts` turns labels
    (or their numbers) into texts; a label that is not among them becomes `otherwise`, or stays as it is when
    that is None. For detection only `minimum_probability` says something, None for the model's own threshold.
    """

    top_k: int = 5
    smoothing_frames: int = 10
    minimum_probability: float | None = None
    hysteresis: float = USUAL_HYSTERESIS
    texts: Mapping[str | int, str] = field(default_factory=dict)
    otherwise: str | None = None
    records: str = ON_CHANGE
    mqtt: str = NEVER
    interval_seconds: float = 60.0
    alert: TextAlert | None = None


def parse_detection_output(value: object) -> ProjectOutput:
    """Return the output of a task that counts objects; raises `SceneError` for the first mistake."""
    fields = mapping("output", value)
    unfit = next(
        (name for name in fields if name in CLASSIFICATION_OPTIONS[:2] + CLASSIFICATION_OPTIONS[3:]), None
    )
    if unfit is not None:
        raise SceneError(
            f"output has {unfit!r}, which only task classification has: what is counted, and which events "
            "send alerts, is said by the zones and lines of the scene"
        )
    check_keys("output", fields, (), DETECTION_OPTIONS)
    return ProjectOutput(minimum_probability=_probability(fields))


def parse_classification_output(value: object) -> ProjectOutput:
    """Return the output of a task that classifies; raises `SceneError` for the first mistake."""
    fields = mapping("output", value)
    check_keys("output", fields, (), CLASSIFICATION_OPTIONS)
    minimum = _probability(fields)
    texts = _texts(fields.get("texts", {}))
    otherwise = None if fields.get("otherwise") is None else _text("output.otherwise", fields["otherwise"])
    return ProjectOutput(
        top_k=_whole("output.top_k", fields.get("top_k", 5), MAXIMUM_TOP_K),
        smoothing_frames=_whole(
            "output.smoothing_frames", fields.get("smoothing_frames", 10), MAXIMUM_SMOOTHING_FRAMES
        ),
        minimum_probability=minimum,
        hysteresis=_hysteresis(fields.get("hysteresis"), minimum),
        texts=texts,
        otherwise=otherwise,
        records=_one_of("output.records", fields.get("records", ON_CHANGE), RECORD_CHOICES),
        mqtt=_one_of("output.mqtt", _unyaml(fields.get("mqtt", NEVER)), MESSAGE_CHOICES),
        interval_seconds=number(
            "output.interval_seconds", fields.get("interval_seconds", 60.0), between=(0.1, 86_400.0)
        ),
        alert=_alert(fields.get("alert"), texts, otherwise),
    )


def _unyaml(value: object) -> object:
    # YAML 1.1 takes a bare `off` or `no` for false, which is what people write for never.
    return NEVER if value is False else value


def _probability(fields: Mapping[str, Any]) -> float | None:
    value = fields.get("minimum_probability")
    if value is None:
        return None
    return number("output.minimum_probability", value, above=0.0, between=(0.0, 1.0))


def _hysteresis(value: object, minimum: float | None) -> float:
    if value is None:
        return USUAL_HYSTERESIS if minimum is None else min(USUAL_HYSTERESIS, minimum / 2)
    given = number("output.hysteresis", value, between=(0.0, 1.0))
    if minimum is not None and given >= minimum:
        raise SceneError(
            f"output.hysteresis is {given:g}: expected less than minimum_probability, {minimum:g}"
        )
    return given


def _whole(field_name: str, value: object, maximum: int) -> int:
    if type(value) is not int or not 1 <= value <= maximum:
        raise SceneError(f"{field_name} is {shown(value)}: expected a whole number from 1 to {maximum}")
    return value


def _one_of(field_name: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise SceneError(f"{field_name} is {shown(value)}: expected {' or '.join(known)}")
    return str(value)


def _text(field_name: str, value: object) -> str:
    if (
        not isinstance(value, str)
        or not value.strip()
        or value != value.strip()
        or len(value) > TEXT_MAXIMUM_LENGTH
        or not value.isprintable()
    ):
        raise SceneError(
            f"{field_name} is {shown(value)}: expected 1 to {TEXT_MAXIMUM_LENGTH} printable characters "
            "without spaces at either end"
        )
    return value


def _texts(value: object) -> Mapping[str | int, str]:
    """Return texts by label or by the label's number; YAML reads a bare 643 as a number."""
    if not isinstance(value, dict):
        raise SceneError(f"output.texts is {shown(value)}: expected a mapping of labels to texts")
    texts: dict[str | int, str] = {}
    for label, text in value.items():
        if (
            isinstance(label, bool)
            or not isinstance(label, (str, int))
            or (isinstance(label, int) and label < 0)
        ):
            raise SceneError(
                f"output.texts has {shown(label)}: expected a label of the model or its number, from 0"
            )
        texts[label] = _text(f"output.texts[{label!r}]", text)
    return texts


def _alert(value: object, texts: Mapping[str | int, str], otherwise: str | None) -> TextAlert | None:
    if value is None:
        return None
    fields = mapping("output.alert", value)
    check_keys("output.alert", fields, ("texts",), ("minimum_seconds",))
    names = listing("output.alert.texts", fields["texts"])
    if not names:
        raise SceneError("output.alert.texts is empty: expected at least one text to alert about")
    wanted = tuple(_text(f"output.alert.texts[{index}]", name) for index, name in enumerate(names))
    check_unique("output.alert.texts", wanted)
    known = [*dict.fromkeys(texts.values()), *([] if otherwise is None else [otherwise])]
    unknown = next((name for name in wanted if name not in known), None)
    # Without `otherwise` a label stands for itself, and only the model knows its labels.
    if unknown is not None and otherwise is not None:
        raise SceneError(
            f"output.alert.texts has {unknown!r}, which no label becomes: expected some of {', '.join(known)}"
        )
    seconds = number(
        "output.alert.minimum_seconds", fields.get("minimum_seconds", 1.0), between=(0.0, 3600.0)
    )
    return TextAlert(wanted, seconds)
