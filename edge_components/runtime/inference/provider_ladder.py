"""Tries ONNX Runtime's execution providers from the fastest down, and keeps the reason for each step down."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_components.runtime.inference.session import ModelLoadError, one_line

TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
PROVIDER_LADDER = (TENSORRT, CUDA, CPU)
PROVIDERS = {
    "auto": PROVIDER_LADDER,
    "tensorrt": PROVIDER_LADDER,
    "cuda": PROVIDER_LADDER[1:],
    "cpu": PROVIDER_LADDER[2:],
}
"""What a user may ask for, and the providers tried in turn."""
LIBRARIES = {
    TENSORRT: "libonnxruntime_providers_tensorrt.so",
    CUDA: "libonnxruntime_providers_cuda.so",
}
_ERRORS_ONLY, _FATAL_ONLY = 3, 4


@dataclass(frozen=True)
class Climbed:
    """An open session, and one sentence for each provider above it that could not be had."""

    session: Any
    steps: tuple[str, ...]


def climb(path: Path, ladder: Sequence[str], threads: int, engine_cache: Path | None = None) -> Climbed:
    """Open `path` with the first provider of `ladder` that runs it.

    Raises `ModelLoadError` when even the last one cannot open it. `engine_cache` is a folder in which the
    TensorRT provider keeps what it built.
    """
    import onnxruntime

    steps = []
    available = onnxruntime.get_available_providers()
    for position, name in enumerate(ladder[:-1]):
        if name not in available:
            steps.append(f"{name}: not built into ONNX Runtime {onnxruntime.__version__}")
            continue
        below = [lower for lower in ladder[position + 1 :] if lower in available]
        try:
            session = _open(path, [name, *below], threads, engine_cache, quiet=True)
        except Exception as error:  # noqa: BLE001 - whatever a provider raises is the reason for a step down
            steps.append(f"{name}: refused the model ({one_line(error)})")
            continue
        if session.get_providers()[0] == name:
            return Climbed(session, tuple(steps))
        steps.append(f"{name}: {_load_problem(name, Path(onnxruntime.__file__).parent / 'capi')}")
    try:
        return Climbed(_open(path, [ladder[-1]], threads, engine_cache, quiet=False), tuple(steps))
    except Exception as error:
        raise ModelLoadError(f"model {path} cannot be opened as ONNX: {one_line(error)}") from error


def _open(
    path: Path, providers: Sequence[str], threads: int, engine_cache: Path | None, *, quiet: bool
) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The pipeline's other threads need the cores that spinning workers would burn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # What a provider says of itself while it is tried is in the step's sentence.
    options.log_severity_level = _FATAL_ONLY if quiet else _ERRORS_ONLY
    named = [(name, _provider_options(name, engine_cache)) for name in providers]
    # Left on, this prints to standard output and goes on with another provider when one fails.
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=named, enable_fallback=0
    )
    # The same for a fault in the middle of a run, also in versions that do not know the argument.
    session.disable_fallback()
    return session


def _provider_options(name: str, engine_cache: Path | None) -> dict[str, str]:
    if name != TENSORRT:
        return {}
    options = {"trt_fp16_enable": "1"}
    if engine_cache is not None:
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(engine_cache)}
    return options


def _load_problem(name: str, folder: Path) -> str:
    """Say why ONNX Runtime, which has just tried, could not use a provider's library."""
    library = folder / LIBRARIES[name]
    if not library.exists():
        return f"its library {library.name} is missing"
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        return f"its library cannot be loaded ({one_line(error)})"
    return "its library loads but finds no device that it can use"
