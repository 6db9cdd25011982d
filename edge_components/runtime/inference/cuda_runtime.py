"""The few calls of NVIDIA's CUDA runtime library that inference needs, by ctypes.

JetPack ships `libcudart` but neither cuda-python nor PyCUDA, so nothing has to be installed for it.
Signatures are those of cuda_runtime_api.h, the same in CUDA 11, 12 and 13
(https://docs.nvidia.com/cuda/cuda-runtime-api/).
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.session import ModelLoadError, one_line

LIBRARIES = (
    "libcudart.so",
    "libcudart.so.13",
    "libcudart.so.12",
    "libcudart.so.11.0",
    "/usr/local/cuda/lib64/libcudart.so",
)
"""Where it may be; the last is JetPack's place when the loader's cache does not know it."""
HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
NON_BLOCKING = 1
MAJOR_ATTRIBUTE, MINOR_ATTRIBUTE = 75, 76
_SIGNATURES: dict[str, Sequence[Any]] = {
    "cudaGetDeviceCount": (POINTER(c_int),),
    "cudaDeviceGetAttribute": (POINTER(c_int), c_int, c_int),
    "cudaRuntimeGetVersion": (POINTER(c_int),),
    "cudaMemGetInfo": (POINTER(c_size_t), POINTER(c_size_t)),
    "cudaMalloc": (POINTER(c_void_p), c_size_t),
    "cudaFree": (c_void_p,),
    "cudaHostAlloc": (POINTER(c_void_p), c_size_t, c_uint),
    "cudaFreeHost": (c_void_p,),
    "cudaStreamCreateWithFlags": (POINTER(c_void_p), c_uint),
    "cudaStreamDestroy": (c_void_p,),
    "cudaStreamSynchronize": (c_void_p,),
    "cudaMemcpyAsync": (c_void_p, c_void_p, c_size_t, c_int, c_void_p),
}


class CudaError(ModelLoadError):
    """Raised when the CUDA runtime is missing or refuses a call; the text names the call and the reason."""


class CudaRuntime:
    """One loaded `libcudart`; every call raises `CudaError` when CUDA reports an error."""

    def __init__(self, library: Any) -> None:
        self._library = library
        for name, arguments in _SIGNATURES.items():
            function = getattr(library, name)
            function.argtypes, function.restype = list(arguments), c_int
        library.cudaGetErrorString.argtypes = [c_int]
        library.cudaGetErrorString.restype = c_char_p

    @classmethod
    def load(cls) -> CudaRuntime:
        """Load the library that the system has; raises `CudaError` when there is none."""
        problem = ""
        for name in LIBRARIES:
            try:
                return cls(ctypes.CDLL(name))
            except (OSError, AttributeError) as error:
                problem = problem or one_line(error)
        raise CudaError(
            f"the CUDA runtime cannot be loaded ({problem}): expected JetPack's or a CUDA toolkit's"
        )

    def version(self) -> str:
        """Return the runtime's version, such as 12.6."""
        number = c_int()
        self._call("cudaRuntimeGetVersion", ctypes.byref(number))
        return f"{number.value // 1000}.{number.value % 1000 // 10}"

    def compute_capability(self, device: int = 0) -> str:
        """Return the GPU's compute capability, such as 8.7; raises `CudaError` without a GPU."""
        count, major, minor = c_int(), c_int(), c_int()
        self._call("cudaGetDeviceCount", ctypes.byref(count))
        self._call("cudaDeviceGetAttribute", ctypes.byref(major), MAJOR_ATTRIBUTE, device)
        self._call("cudaDeviceGetAttribute", ctypes.byref(minor), MINOR_ATTRIBUTE, device)
        return f"{major.value}.{minor.value}"

    def free_and_total_bytes(self) -> tuple[int, int]:
        """Return how much memory of the GPU is free and how much it has."""
        free, total = c_size_t(), c_size_t()
        self._call("cudaMemGetInfo", ctypes.byref(free), ctypes.byref(total))
        return free.value, total.value

    def allocate(self, size_bytes: int) -> int:
        """Return the address of new memory of the GPU."""
        address = c_void_p()
        self._call("cudaMalloc", ctypes.byref(address), size_bytes)
        return address.value or 0

    def free(self, address: int) -> None:
        """Give back memory of `allocate`."""
        self._call("cudaFree", address)

    def pinned(self, shape: tuple[int, ...], element_type: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return an array of zeros in page-locked memory, which goes when nobody holds the array."""
        kind = np.dtype(element_type)
        used = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        size = max(1, used)
        address = c_void_p()
        self._call("cudaHostAlloc", ctypes.byref(address), size, 0)
        memory = (ctypes.c_ubyte * size).from_address(address.value or 0)
        # At the end of the process the system takes it back; CUDA may be gone by then.
        weakref.finalize(memory, self._library.cudaFreeHost, address.value).atexit = False
        array: npt.NDArray[Any] = np.ctypeslib.as_array(memory)[:used].view(kind).reshape(shape)
        array[...] = 0
        return array

    def new_stream(self) -> int:
        """Return the handle of a new stream, which does not wait for the default one."""
        stream = c_void_p()
        self._call("cudaStreamCreateWithFlags", ctypes.byref(stream), NON_BLOCKING)
        return stream.value or 0

    def destroy_stream(self, stream: int) -> None:
        """Give back a stream of `new_stream`."""
        self._call("cudaStreamDestroy", stream)

    def copy_async(self, target: int, source: int, size_bytes: int, kind: int, stream: int) -> None:
        """Copy in the stream's order; `kind` is HOST_TO_DEVICE or DEVICE_TO_HOST."""
        self._call("cudaMemcpyAsync", target, source, size_bytes, kind, stream)

    def synchronise(self, stream: int) -> None:
        """Wait until everything in the stream is done; raises what went wrong in it."""
        self._call("cudaStreamSynchronize", stream)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status:
            text = self._library.cudaGetErrorString(status)
            reason = text.decode(errors="replace") if text else "unknown error"
            raise CudaError(f"CUDA call {name} failed with error {status} ({reason})")
