"""The GPU's management library, as a fake with its C interface; held against NVIDIA's own Python binding."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from edge_components.fleet_agent.readers import nvml
from edge_components.fleet_agent.readers.nvml import NvmlReader

NOT_SUPPORTED = 3


class FakeLibrary:
    """Answers as libnvidia-ml.so.1 does; functions named in `lacking` are not there."""

    def __init__(
        self, *, lacking: tuple[str, ...] = (), unsupported: tuple[str, ...] = (), init: int = 0
    ) -> None:
        self._lacking, self._unsupported, self._init = lacking, unsupported, init
        self.reasons = 0

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("nvml"):
            if name in self._lacking:
                raise AttributeError(name)
            if name in self._unsupported:
                return lambda *_: NOT_SUPPORTED
        return object.__getattribute__(self, name)

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVIDIA's name
        return self._init

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:  # noqa: N802
        assert index == 0
        handle._obj.value = 0x1234
        return 0

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p, name: Any, _size: ctypes.c_uint) -> int:  # noqa: N802
        assert handle.value == 0x1234
        name.value = b"NVIDIA A2"
        return 0

    def nvmlDeviceGetUtilizationRates(self, _handle: Any, rates: Any) -> int:  # noqa: N802
        rates._obj.gpu, rates._obj.memory = 55, 20
        return 0

    def nvmlDeviceGetMemoryInfo(self, _handle: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.total, memory._obj.free, memory._obj.used = 16 * 2**30, 12 * 2**30, 4 * 2**30
        return 0

    def nvmlDeviceGetTemperature(self, _handle: Any, sensor: ctypes.c_int, celsius: Any) -> int:  # noqa: N802
        assert sensor.value == 0
        celsius._obj.value = 71
        return 0

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, _handle: Any, reasons: Any) -> int:  # noqa: N802
        reasons._obj.value = self.reasons
        return 0


def opened(library: FakeLibrary) -> NvmlReader:
    reader = NvmlReader.open(lambda _: library)
    assert reader is not None
    return reader


def test_a_gpu_tells_everything() -> None:
    reading = opened(FakeLibrary()).read()
    assert dict(reading.values) == {
        "gpu_name": "NVIDIA A2",
        "gpu_percent": 55.0,
        "gpu_memory_used_bytes": 4 * 2**30,
        "gpu_memory_total_bytes": 16 * 2**30,
        "gpu_celsius": 71.0,
        "gpu_throttling": "none",
    }
    assert not reading.cannot


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        pytest.param(0x1, "none", id="idle"),
        pytest.param(0x2, "none", id="fixed clocks"),
        pytest.param(0x4, "power", id="power cap"),
        pytest.param(0x60, "heat", id="heat by software and hardware"),
        pytest.param(0xEC, "power heat slowdown", id="all"),
    ],
)
def test_reasons_of_throttling(bits: int, words: str) -> None:
    library = FakeLibrary()
    library.reasons = bits
    assert opened(library).read().values["gpu_throttling"] == words


def test_what_a_driver_or_a_gpu_lacks_is_not_guessed() -> None:
    library = FakeLibrary(
        lacking=("nvmlDeviceGetCurrentClocksThrottleReasons",), unsupported=("nvmlDeviceGetMemoryInfo",)
    )
    reading = opened(library).read()
    assert set(reading.cannot) == {"gpu_memory_used_bytes", "gpu_memory_total_bytes", "gpu_throttling"}
    assert reading.values["gpu_name"] == "NVIDIA A2"


@pytest.mark.parametrize(
    "library",
    [
        pytest.param(FakeLibrary(init=9), id="no driver"),
        pytest.param(FakeLibrary(unsupported=("nvmlDeviceGetHandleByIndex_v2",)), id="no GPU"),
        pytest.param(FakeLibrary(lacking=("nvmlInit_v2",)), id="another library"),
    ],
)
def test_without_a_gpu_there_is_no_reader(library: FakeLibrary) -> None:
    assert NvmlReader.open(lambda _: library) is None


def test_a_missing_library_is_no_error() -> None:
    assert NvmlReader.open(lambda _: ctypes.CDLL("libthere-is-none.so.1")) is None


def test_structures_and_numbers_are_those_of_nvidias_binding() -> None:
    import pynvml  # type: ignore[import-untyped] # NVIDIA ships it without types

    for own, theirs in ((nvml.Utilization, pynvml.c_nvmlUtilization_t), (nvml.Memory, pynvml.c_nvmlMemory_t)):
        assert [(name, ctypes.sizeof(kind)) for name, kind in own._fields_] == [
            (name, ctypes.sizeof(kind)) for name, kind in theirs._fields_
        ]
    assert [bit for bit, _ in nvml.THROTTLE_REASONS] == [
        pynvml.nvmlClocksThrottleReasonSwPowerCap,
        pynvml.nvmlClocksThrottleReasonSwThermalSlowdown,
        pynvml.nvmlClocksThrottleReasonHwThermalSlowdown,
        pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown,
        pynvml.nvmlClocksThrottleReasonHwSlowdown,
    ]
    assert nvml.TEMPERATURE_GPU == pynvml.NVML_TEMPERATURE_GPU
