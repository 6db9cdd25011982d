"""Facts of a machine for its self test: board, memory, versions of what runs models, and what is missing."""

from __future__ import annotations

import importlib
import os
import platform
import resource
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from edge_components.runtime.inference.cuda_runtime import CudaRuntime
from edge_components.runtime.inference.machine import board, has_nvidia_gpu, jetpack
from edge_components.runtime.inference.session import one_line
from edge_components.runtime.inference.tensorrt_engine import import_tensorrt

MIB = 1 << 20
LIBRARIES = ("numpy", "cv2", "onnxruntime")


def machine_facts() -> dict[str, Any]:
    """Return what a reader of a self test must know of the machine; a missing part is a sentence."""
    return {
        "board": board(),
        "system": platform.platform(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "memory_mebibytes": _total_memory(),
        "jetpack": jetpack(),
        "nvidia_gpu": has_nvidia_gpu(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "onnxruntime_providers": _providers(),
        "tensorrt": _tensorrt(),
        "cuda": _cuda(),
    }


def peak_memory_mebibytes() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_mebibytes() -> float:
    """Return the memory that this process holds now."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return peak_memory_mebibytes()
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def _total_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB


def _version(name: str) -> str:
    try:
        return str(importlib.import_module(name).__version__)
    except (ImportError, AttributeError, OSError) as error:
        return f"not here ({one_line(error, 80)})"


def _providers() -> list[str]:
    try:
        return [str(name) for name in importlib.import_module("onnxruntime").get_available_providers()]
    except (ImportError, OSError):
        return []


def _tensorrt() -> str:
    try:
        return str(import_tensorrt().__version__)
    except CrowdLensError as error:
        return f"not here ({error})"


def _cuda() -> dict[str, Any] | str:
    try:
        cuda = CudaRuntime.load()
        free, total = cuda.free_and_total_bytes()
        return {
            "runtime": cuda.version(),
            "compute_capability": cuda.compute_capability(),
            "gpu_memory_free_mebibytes": free // MIB,
            "gpu_memory_mebibytes": total // MIB,
        }
    except CrowdLensError as error:
        return f"not here ({error})"
