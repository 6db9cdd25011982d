"""How a model is run, whatever its task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DetectorSettings:
    """How a model runs; None takes the package's value.

    `provider` is auto, tensorrt, cuda or cpu; `threads` are ONNX Runtime's intra-op threads; `classes` keeps
    only these labels. `minimum_confidence` lies below the package's threshold because the tracker follows
    known objects through weaker detections; what starts a track is decided there, by `Detector.confidence`.
    `engine_cache` is a folder for what ONNX Runtime's TensorRT provider builds. `maximum_batch` is for how
    many pictures a run an engine's memory is taken: more than one helps `detect_batch` alone.
    """

    provider: str = "auto"
    threads: int = 1
    minimum_confidence: float = 0.1
    confidence: float | None = None
    non_maximum_suppression: float | None = None
    classes: tuple[str, ...] | None = None
    maximum_candidates: int = 512
    engine_cache: Path | None = None
    maximum_batch: int = 1
