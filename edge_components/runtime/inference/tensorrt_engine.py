"""Opens an engine file with the machine's TensorRT, 8.6 to 11, and says why when it cannot be opened."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_components.runtime.inference.session import ModelLoadError, one_line

MINIMUM_VERSION = (8, 6)
"""Before 8.5 there were no named tensors; 8.6 is what JetPack 6.0 ships."""
_NUMPY_TYPES: Mapping[str, type[Any]] = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
    "UINT8": np.uint8,
}
"""By name, since `tensorrt.nptype` of 8.6 fails with the numpy of today and INT64 came with 10."""
_REASONS = (
    ("version tag does not match", "it was built by another version of TensorRT"),
    ("platform specific tag mismatch", "it was built on another kind of machine"),
    ("incompatible device", "it was built for another GPU"),
    ("compute capability", "it was built for another GPU"),
    ("magic", "it is no TensorRT engine of this version, or a damaged one"),
    ("out of memory", "the GPU has too little memory left"),
    ("outofmemory", "the GPU has too little memory left"),
    ("plugin", "it needs a plug-in that this TensorRT does not have"),
)
"""What TensorRT's own messages, which differ from version to version, mean to the owner of a device."""


class EngineError(ModelLoadError):
    """Raised when an engine cannot be opened or run here; the text names the file and the reason."""


@dataclass(frozen=True)
class OpenedEngine:
    """An engine with its execution context; logger and runtime live as long as it does."""

    tensorrt: Any
    logger: Any
    runtime: Any
    engine: Any
    context: Any
    messages: list[str]


def import_tensorrt() -> Any:
    """Return NVIDIA's Python package; raises `EngineError` when it is missing, broken or too old."""
    try:
        tensorrt = importlib.import_module("tensorrt")
    except (ImportError, OSError) as error:
        raise EngineError(
            f"TensorRT's Python package cannot be imported ({one_line(error, 120)}): expected JetPack's "
            "python3-libnvinfer"
        ) from error
    version = str(getattr(tensorrt, "__version__", "0"))
    if _numbers(version) < MINIMUM_VERSION:
        raise EngineError(f"TensorRT is {version}: expected 8.6 or newer")
    return tensorrt


def open_engine(path: Path) -> OpenedEngine:
    """Return the engine in `path`, ready to run; raises `EngineError` with one sentence."""
    content = _read(path)
    tensorrt = import_tensorrt()
    messages: list[str] = []
    logger = _collecting_logger(tensorrt, messages)
    # The layers of BatchedNMS and EfficientNMS live in a library that registers itself only when asked.
    if hasattr(tensorrt, "init_libnvinfer_plugins"):
        tensorrt.init_libnvinfer_plugins(logger, "")
    runtime = tensorrt.Runtime(logger)
    engine = _attempt(path, tensorrt, messages, lambda: runtime.deserialize_cuda_engine(content))
    context = _attempt(path, tensorrt, messages, engine.create_execution_context)
    return OpenedEngine(tensorrt, logger, runtime, engine, context, messages)


def numpy_type(path: Path, name: str, data_type: Any) -> type[Any]:
    """Return the numpy type of one of TensorRT's; raises `EngineError` for types that numpy does not have."""
    kind = str(getattr(data_type, "name", data_type)).upper()
    if kind not in _NUMPY_TYPES:
        known = ", ".join(_NUMPY_TYPES)
        raise EngineError(f"engine {path} has {name} of type {kind}: expected one of {known}")
    return _NUMPY_TYPES[kind]


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"engine {path} cannot be read: {error.strerror or error}") from error
    if not content:
        raise EngineError(f"engine {path} is empty: expected an engine built on this machine")
    return content


def _attempt(path: Path, tensorrt: Any, messages: list[str], call: Callable[[], Any]) -> Any:
    """Return what `call` gives; TensorRT answers None, and tells its logger, when something is wrong."""
    try:
        result = call()
    except (RuntimeError, MemoryError) as error:
        messages.append(str(error))
        result = None
    if result is None:
        version = tensorrt.__version__
        raise EngineError(f"engine {path} cannot be opened by TensorRT {version}: {reason(messages)}")
    return result


def reason(messages: list[str]) -> str:
    """Return why TensorRT refused something: plain words where they are known, its own behind."""
    if not messages:
        return "TensorRT gave no reason"
    for known, meaning in _REASONS:
        said = next((message for message in messages if known in message.lower()), None)
        if said is not None:
            return f"{meaning} ({one_line(said)})"
    return one_line(messages[0])


def _collecting_logger(tensorrt: Any, messages: list[str]) -> Any:
    """Return a logger that keeps errors in `messages`, since TensorRT tells its reasons nowhere else."""

    class Collecting(tensorrt.ILogger):  # type: ignore[misc]  # tensorrt is only there on devices
        def __init__(self) -> None:
            # pybind11 demands the base's own constructor by name.
            tensorrt.ILogger.__init__(self)

        def log(self, severity: Any, msg: str) -> None:
            if severity in (tensorrt.ILogger.Severity.INTERNAL_ERROR, tensorrt.ILogger.Severity.ERROR):
                messages.append(msg)
                del messages[:-20]

    return Collecting()


def _numbers(version: str) -> tuple[int, ...]:
    parts = [part for part in version.split(".")[:2] if part.isdigit()]
    return tuple(int(part) for part in parts)
