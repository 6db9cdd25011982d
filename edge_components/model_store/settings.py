"""The store's settings, from the component's configuration or the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.model_manifest import PRECISIONS, ModelManifestError, ModelReference, parse_reference
from edge_components.runtime.component_config import ComponentConfigError, Fields

ENGINE_MODES = ("auto", "optional", "never")
KEYS = (
    "model",
    "models",
    "artifactsBucket",
    "signingKey",
    "maximumBytes",
    "engine",
    "precision",
    "int8MaximumLoss",
    "buildMinutes",
)
_GIBIBYTE = 1024**3
_LONGEST_KEY = 8192


@dataclass(frozen=True)
class StoreSettings:
    """What the store works with.

    `model` is the wanted version, None for whichever is active; `models` are further ones, which projects
    name and which are kept at hand. `engine`: auto builds one wherever TensorRT
    is and refuses a model whose engine fails, optional goes on without and says so, never builds none.
    `int8_maximum_loss` is how much accuracy (0 to 1) int8 may lose against the unquantised model.
    """

    model: ModelReference | None = None
    bucket: str | None = None
    signing_key: str | None = None
    maximum_bytes: int = 4 * _GIBIBYTE
    engine: str = "auto"
    precision: str = "fp16"
    int8_maximum_loss: float = 0.02
    build_seconds: float = 3600.0
    golden_seconds: float = 300.0
    models: tuple[ModelReference, ...] = ()


def settings_of(configuration: Mapping[str, Any]) -> StoreSettings:
    """Return the settings in a component's configuration; raises `ComponentConfigError`."""
    fields = Fields(configuration)
    fields.check_known(KEYS)
    model = fields.text("model", None)
    bucket = fields.text("artifactsBucket", None)
    models = tuple(dict.fromkeys(map(_reference, fields.texts("models"))))
    if (model is not None or models) and bucket is None:
        raise ComponentConfigError(
            "configuration artifactsBucket is missing: expected the bucket that holds the models"
        )
    return StoreSettings(
        model=None if model is None else _reference(model),
        bucket=bucket,
        signing_key=fields.text("signingKey", None, maximum_characters=_LONGEST_KEY),
        maximum_bytes=fields.integer("maximumBytes", 4 * _GIBIBYTE, minimum=64 * 1024**2),
        engine=fields.one_of("engine", ENGINE_MODES, "auto"),
        precision=fields.one_of("precision", PRECISIONS, "fp16"),
        int8_maximum_loss=fields.real("int8MaximumLoss", 0.02, minimum=0, maximum=1),
        build_seconds=60 * fields.real("buildMinutes", 60.0, minimum=1, maximum=600),
        models=models,
    )


def _reference(text: str) -> ModelReference:
    try:
        return parse_reference(text)
    except ModelManifestError as error:
        raise ComponentConfigError(f"configuration {error}") from error
