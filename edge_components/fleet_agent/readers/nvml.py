"""An NVIDIA GPU by its management library (NVML), through ctypes.

The package ``pynvml`` wraps all of it and takes 19 MiB of memory to import, nearly half of what the whole
agent may take; eight functions are enough. Names, structures and numbers are those of NVIDIA's NVML
API reference, and a test holds them equal to ``pynvml``'s.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from edge_components.fleet_agent.reading import Reading, known

LIBRARY = "libnvidia-ml.so.1"
SUCCESS = 0
TEMPERATURE_GPU = 0
_NAME_CHARACTERS = 96
THROTTLE_REASONS = (
    (0x0000000000000004, "power"),
    (0x0000000000000020, "heat"),
    (0x0000000000000040, "heat"),
    (0x0000000000000080, "power"),
    (0x0000000000000008, "slowdown"),
)
"""nvmlClocksEventReason…: SwPowerCap, SwThermalSlowdown, HwThermalSlowdown, HwPowerBrakeSlowdown, HwSlowdown.
An idle GPU and one set to fixed clocks are not held back."""


class Utilization(ctypes.Structure):
    """``nvmlUtilization_t``."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Memory(ctypes.Structure):
    """``nvmlMemory_t``."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class NvmlReader:
    """Name, load, memory, temperature and throttling of the machine's first GPU."""

    name = "gpu"
    columns = (
        *("gpu_name", "gpu_percent", "gpu_memory_used_bytes", "gpu_memory_total_bytes"),
        *("gpu_celsius", "gpu_throttling"),
    )
    every_seconds = 5.0

    def __init__(self, library: Any, handle: ctypes.c_void_p) -> None:
        self._library = library
        self._handle = handle

    @classmethod
    def open(cls, load: Callable[[str], Any] = ctypes.CDLL) -> NvmlReader | None:
        """Return a reader of the first GPU, None where there is no library, no driver or no GPU."""
        try:
            library = load(LIBRARY)
            if library.nvmlInit_v2() != SUCCESS:
                return None
            handle = ctypes.c_void_p()
            found = library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)) == SUCCESS
        except (OSError, AttributeError):
            return None
        return cls(library, handle) if found else None

    def read(self) -> Reading:
        """Return what the driver tells; a value that this GPU does not have is said to be so."""
        memory = self._structure("nvmlDeviceGetMemoryInfo", Memory())
        utilization = self._structure("nvmlDeviceGetUtilizationRates", Utilization())
        return known(
            {
                "gpu_name": self._name(),
                "gpu_percent": None if utilization is None else float(utilization.gpu),
                "gpu_memory_used_bytes": None if memory is None else int(memory.used),
                "gpu_memory_total_bytes": None if memory is None else int(memory.total),
                "gpu_celsius": self._celsius(),
                "gpu_throttling": self._throttling(),
            },
            "the GPU's driver (NVML) does not tell it of this GPU",
        )

    def _ask(self, function: str, *arguments: Any) -> bool:
        with suppress(AttributeError):  # an older driver lacks the function
            return bool(getattr(self._library, function)(self._handle, *arguments) == SUCCESS)
        return False

    def _structure(self, function: str, structure: Any) -> Any:
        return structure if self._ask(function, ctypes.byref(structure)) else None

    def _name(self) -> str | None:
        name = ctypes.create_string_buffer(_NAME_CHARACTERS)
        if not self._ask("nvmlDeviceGetName", name, ctypes.c_uint(_NAME_CHARACTERS)):
            return None
        return name.value.decode("utf-8", "replace") or None

    def _celsius(self) -> float | None:
        celsius = ctypes.c_uint()
        asked = self._ask("nvmlDeviceGetTemperature", ctypes.c_int(TEMPERATURE_GPU), ctypes.byref(celsius))
        return float(celsius.value) if asked else None

    def _throttling(self) -> str | None:
        reasons = ctypes.c_ulonglong()
        # The older name is there in every driver; the newer one only replaces the word.
        if not self._ask("nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.byref(reasons)):
            return None
        words = dict.fromkeys(word for bit, word in THROTTLE_REASONS if reasons.value & bit)
        return " ".join(words) or "none"
