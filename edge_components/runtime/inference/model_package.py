"""A model package: a folder with `model.onnx` and `model.yaml`, which says how to feed it and read it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier, check_label
from edge_components.runtime.inference.layouts import TRAITS

MODEL_FILE = "model.onnx"
ENGINE_FILE = "engine.plan"
"""Stands for the model in a package without ONNX: what TAO's converter built for one kind of device."""
DESCRIPTION_FILE = "model.yaml"
TASKS = ("detection", "face", "classification")
CLASSIFICATION = "classification"
CHANNEL_ORDERS = ("rgb", "bgr")
MAXIMUM_DESCRIPTION_BYTES = 256 * 1024
MAXIMUM_INPUT_SIDE_PX = 4096


class ModelPackageError(CrowdLensError):
    """Raised when a model package cannot be used; the text names the file and the field."""


@dataclass(frozen=True)
class ModelInput:
    """What the model takes: (pixel × scale − mean) / standard_deviation, `channels` in this order.

    With `letterbox` the picture keeps its aspect and is padded, without it is stretched; for classification,
    `centre_crop` first takes the middle square of this share of the shorter side (often 0.875).
    """

    width: int
    height: int
    channels: str
    scale: float
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    standard_deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    letterbox: bool = True
    centre_crop: float | None = None


@dataclass(frozen=True)
class Thresholds:
    """`confidence` a detection needs, and the overlap at which the weaker of two boxes goes."""

    confidence: float
    non_maximum_suppression: float


@dataclass(frozen=True)
class ModelPackage:
    """A checked description and the ONNX file it belongs to."""

    name: str
    version: str
    task: str
    input: ModelInput
    layout: str
    labels: tuple[str, ...]
    thresholds: Thresholds
    sha256: str
    licence: str
    description: str
    model_path: Path


def read_package(folder: str | Path) -> ModelPackage:
    """Return the package in `folder` after checking its description and the model's sha256.

    Raises `ModelPackageError` with one sentence that names the file and the field.
    """
    folder = Path(folder)
    path, model = folder / DESCRIPTION_FILE, folder / MODEL_FILE
    if not model.exists() and (folder / ENGINE_FILE).is_file():
        model = folder / ENGINE_FILE
    try:
        package = parse_description(_load(path), model)
        actual = sha256_of(package.model_path)
    except (ModelPackageError, InvalidNameError) as error:
        raise ModelPackageError(f"model package {folder}: {error}") from error
    if actual != package.sha256:
        raise ModelPackageError(
            f"model package {folder}: sha256 of {model.name} is {actual[:12]}… but {DESCRIPTION_FILE} says "
            f"{package.sha256[:12]}…: expected the file the package was made with"
        )
    return package


def description_of(package: ModelPackage) -> str:
    """Return the text of the package's `model.yaml`."""
    fields = asdict(package)
    fields.pop("model_path")
    if package.input.centre_crop is None:
        fields["input"].pop("centre_crop")
    return yaml.safe_dump(_plain(fields), sort_keys=False, allow_unicode=True)


def sha256_of(path: Path) -> str:
    """Return the file's sha256 as hexadecimal digits; raises `ModelPackageError` when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ModelPackageError(f"{path.name} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_DESCRIPTION_BYTES + 1)
    except OSError as error:
        raise ModelPackageError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if len(content) > MAXIMUM_DESCRIPTION_BYTES:
        raise ModelPackageError(f"{path.name} is larger than {MAXIMUM_DESCRIPTION_BYTES // 1024} KiB")
    try:
        return yaml.safe_load(content.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        sentence = " ".join(str(error).split())[:160]
        raise ModelPackageError(f"{path.name} is not valid YAML ({sentence})") from error


def parse_description(document: object, model_path: Path) -> ModelPackage:
    """Return the package described by the content of a `model.yaml`; raises `ModelPackageError`."""
    fields = _mapping(DESCRIPTION_FILE, document)
    _check_keys(
        DESCRIPTION_FILE,
        fields,
        ("name", "version", "task", "input", "layout", "labels", "thresholds", "sha256", "licence"),
        ("description",),
    )
    layout = _one_of("layout", fields["layout"], tuple(TRAITS))
    task = _task(fields["task"], layout)
    labels = check_labels(fields["labels"])
    model_input = _input(fields["input"], TRAITS[layout].grid)
    if model_input.centre_crop is not None and task != CLASSIFICATION:
        raise ModelPackageError("input.centre_crop is set: expected it for the task classification alone")
    if task == "face" and len(labels) != 1:
        raise ModelPackageError(f"labels has {len(labels)} names: expected one for the task face")
    return ModelPackage(
        name=check_identifier("name", fields["name"]),
        version=str(fields["version"]),
        task=task,
        input=model_input,
        layout=layout,
        labels=labels,
        thresholds=_thresholds(fields["thresholds"], TRAITS[layout].non_maximum_suppression),
        sha256=_sha256(fields["sha256"]),
        licence=str(fields["licence"]),
        description=str(fields.get("description", "")),
        model_path=model_path,
    )


def check_labels(value: object) -> tuple[str, ...]:
    """Return `value` as labels, one per class and no two alike; raises `ModelPackageError`."""
    if not isinstance(value, (list, tuple)) or not value:
        raise ModelPackageError(f"labels is {_short(value)}: expected a list with one name per class")
    try:
        labels = tuple(check_label(f"labels[{index}]", label) for index, label in enumerate(value))
    except InvalidNameError as error:
        raise ModelPackageError(str(error)) from error
    repeated = next((label for label in labels if labels.count(label) > 1), None)
    if repeated is not None:
        raise ModelPackageError(f"labels has {repeated!r} twice: expected each name once")
    return labels


def _task(value: object, layout: str) -> str:
    task = _one_of("task", value, TASKS)
    if (task == CLASSIFICATION) != (layout == CLASSIFICATION):
        raise ModelPackageError(f"task is {task} but layout is {layout}: expected the layout of that task")
    return task


def _input(value: object, grid: bool) -> ModelInput:
    fields = _mapping("input", value)
    _check_keys(
        "input",
        fields,
        ("width", "height", "channels", "scale"),
        ("mean", "standard_deviation", "letterbox", "centre_crop"),
    )
    letterbox = fields.get("letterbox", True)
    if not isinstance(letterbox, bool):
        raise ModelPackageError(f"input.letterbox is {_short(letterbox)}: expected true or false")
    centre_crop = _centre_crop(fields.get("centre_crop"), letterbox)
    return ModelInput(
        width=_side("input.width", fields["width"], grid),
        height=_side("input.height", fields["height"], grid),
        channels=_one_of("input.channels", fields["channels"], CHANNEL_ORDERS),
        scale=_number("input.scale", fields["scale"], above=0.0),
        mean=_triple("input.mean", fields.get("mean", [0, 0, 0])),
        standard_deviation=_triple(
            "input.standard_deviation", fields.get("standard_deviation", [1, 1, 1]), above=0.0
        ),
        letterbox=letterbox,
        centre_crop=centre_crop,
    )


def _centre_crop(value: object, letterbox: bool) -> float | None:
    if value is None:
        return None
    share = _number("input.centre_crop", value, above=0.0)
    if share > 1 or letterbox:
        raise ModelPackageError(
            f"input.centre_crop is {_short(value)}: expected a share up to 1, with letterbox false"
        )
    return share


def _thresholds(value: object, suppression: float) -> Thresholds:
    fields = _mapping("thresholds", value)
    names = ("confidence", "non_maximum_suppression")
    _check_keys("thresholds", fields, names[:1], names[1:])
    given = {"non_maximum_suppression": suppression, **fields}
    numbers = [_number(f"thresholds.{name}", given[name], above=0.0) for name in names]
    for name, number in zip(names, numbers, strict=True):
        if number > 1:
            raise ModelPackageError(f"thresholds.{name} is {number:g}: expected at most 1")
    return Thresholds(*numbers)


def _mapping(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ModelPackageError(f"{field} is {_short(value)}: expected a mapping of names to values")
    return value


def _check_keys(
    field: str, value: Mapping[str, Any], required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    for key in required:
        if key not in value:
            raise ModelPackageError(f"{field} has no {key}: expected {', '.join(required)}")
    for key in value:
        if key not in (*required, *optional):
            raise ModelPackageError(f"{field} has {key!r}: expected only {', '.join((*required, *optional))}")


def _one_of(field: str, value: object, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ModelPackageError(f"{field} is {_short(value)}: expected one of {', '.join(known)}")
    return value


def _side(field: str, value: object, grid: bool) -> int:
    if type(value) is not int or not 32 <= value <= MAXIMUM_INPUT_SIDE_PX or (grid and value % 32):
        expected = "a multiple of 32" if grid else "a whole number from 32"
        raise ModelPackageError(
            f"{field} is {_short(value)}: expected {expected} up to {MAXIMUM_INPUT_SIDE_PX}"
        )
    return value


def _number(field: str, value: object, *, above: float | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ModelPackageError(f"{field} is {_short(value)}: expected a number")
    if above is not None and value <= above:
        raise ModelPackageError(f"{field} is {value:g}: expected more than {above:g}")
    return float(value)


def _triple(field: str, value: object, *, above: float | None = None) -> tuple[float, float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ModelPackageError(f"{field} is {_short(value)}: expected three numbers, one per channel")
    first, second, third = (_number(f"{field}[{i}]", item, above=above) for i, item in enumerate(value))
    return first, second, third


def _sha256(value: object) -> str:
    text = str(value).lower()
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise ModelPackageError(f"sha256 is {_short(value)}: expected 64 hexadecimal digits")
    return text


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
