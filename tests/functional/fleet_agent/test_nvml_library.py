"""The GPU's reader against a real shared library with NVML's C interface, compiled here."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_components.fleet_agent.readers.nvml import NvmlReader

# Declarations as in NVIDIA's nvml.h; the handle is a pointer, so that a cut one would crash.
SOURCE = r"""
#include <string.h>
typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct { unsigned int gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
static int device;
#define CHECK if (handle != (nvmlDevice_t)&device) return 2
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *handle) {
    *handle = (nvmlDevice_t)&device; return index ? 6 : 0; }
int nvmlDeviceGetName(nvmlDevice_t handle, char *name, unsigned int length) {
    CHECK; strncpy(name, "NVIDIA A2", length); return 0; }
int nvmlDeviceGetUtilizationRates(nvmlDevice_t handle, nvmlUtilization_t *rates) {
    CHECK; rates->gpu = 55; rates->memory = 20; return 0; }
int nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *memory) {
    CHECK; memory->total = 17179869184ULL; memory->free = 17179869183ULL; memory->used = 1; return 0; }
int nvmlDeviceGetTemperature(nvmlDevice_t handle, int sensor, unsigned int *celsius) {
    CHECK; *celsius = 71 + sensor; return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t handle, unsigned long long *reasons) {
    CHECK; *reasons = 0x24; return 0; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(SOURCE, encoding="ascii")
    path = folder / "libnvidia-ml.so.1"
    words = [compiler, "-shared", "-fPIC", "-o", str(path), str(folder / "nvml.c")]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return path


def test_every_function_is_called_as_it_is_declared(library: Path) -> None:
    reader = NvmlReader.open(lambda _: ctypes.CDLL(str(library)))
    assert reader is not None
    reading = reader.read()
    assert dict(reading.values) == {
        "gpu_name": "NVIDIA A2",
        "gpu_percent": 55.0,
        "gpu_memory_used_bytes": 1,
        "gpu_memory_total_bytes": 17_179_869_184,
        "gpu_celsius": 71.0,
        "gpu_throttling": "power heat",
    }
    assert not reading.cannot
