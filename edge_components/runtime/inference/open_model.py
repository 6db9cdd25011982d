"""Opens a model of any task."""

from __future__ import annotations

from pathlib import Path

from edge_components.runtime.inference.classifier import Classifier
from edge_components.runtime.inference.detector import OnnxDetector
from edge_components.runtime.inference.model_package import CLASSIFICATION
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.open_session import open_session

Model = OnnxDetector | Classifier


def open_model(
    path: str | Path,
    settings: DetectorSettings | None = None,
    *,
    engine: Path | None = None,
    engine_only: bool = False,
) -> Model:
    """Return the detector or classifier that the package (or bare ONNX file) at `path` is.

    Raises what `open_detector` and `open_classifier` raise.
    """
    settings = settings or DetectorSettings()
    package, session = open_session(path, settings, engine, engine_only=engine_only)
    if package.task == CLASSIFICATION:
        return Classifier(package, session, settings)
    return OnnxDetector(package, session, settings)
