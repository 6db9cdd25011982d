"""Runs a native TensorRT engine: named tensors, a dynamic batch, page-locked buffers and one CUDA stream.

The calls are the same in TensorRT 8.6, 10 and 11 (python/src/infer/pyCore.cpp of NVIDIA/TensorRT at v8.6.1,
v10.3.0 and v11.1): tensors by name, `set_tensor_address` and `execute_async_v3`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.cuda_runtime import DEVICE_TO_HOST, HOST_TO_DEVICE, CudaRuntime
from edge_components.runtime.inference.session import SessionInput
from edge_components.runtime.inference.tensorrt_engine import (
    EngineError,
    OpenedEngine,
    numpy_type,
    open_engine,
    reason,
)

PROVIDER = "TensorRT"
PROFILE = 0
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class DeviceTensor:
    """A tensor's name, type, address in the GPU's memory and page-locked copy, for the largest batch."""

    name: str
    element_type: Any
    address: int
    host: npt.NDArray[Any]


class TensorRtSession:
    """One engine with one execution context; several threads may call `run`, which lets one at a time in.

    Memory is taken for `maximum_batch` pictures a run, or for fewer where the engine's profile ends: for 16
    it is sixteen times what a camera's frames need. Raises `EngineError` or `CudaError` when the engine
    cannot be used on this machine.
    """

    metadata: Mapping[str, str] = {}
    provider_note: str | None = None
    provider_steps: tuple[str, ...] = ()
    requested_providers: tuple[str, ...] = (PROVIDER,)
    provider: str = PROVIDER

    def __init__(self, path: Path, *, maximum_batch: int = 1, cuda: CudaRuntime | None = None) -> None:
        self.path = path
        self._maximum_batch = max(1, maximum_batch)
        self._lock = threading.Lock()
        self._owned: list[int] = []
        self._stream = 0
        self._opened: OpenedEngine | None = open_engine(path)
        self._cuda = cuda or CudaRuntime.load()
        try:
            self._prepare(self._opened)
        except Exception:
            self.close()
            raise

    def _prepare(self, opened: OpenedEngine) -> None:
        self._stream = self._cuda.new_stream()
        names = [opened.engine.get_tensor_name(index) for index in range(opened.engine.num_io_tensors)]
        inputs = [name for name in names if self._is_input(opened, name)]
        self.output_names = tuple(name for name in names if name not in inputs)
        largest = self._input_shape(opened, inputs)
        shape = (min(largest[0], self._maximum_batch), *largest[1:])
        self._input = self._bind(opened, inputs[0], shape)
        self._batch = 0
        self._set_batch(opened, shape[0])
        self._outputs = [self._bind_output(opened, name, shape[0]) for name in self.output_names]
        element_type = self._input.element_type
        if element_type not in (np.float32, np.float16):
            kind = np.dtype(element_type).name
            raise EngineError(f"engine {self.path} takes {kind}: expected floating point")
        self.input = SessionInput(inputs[0], shape[2], shape[3], element_type, maximum_batch=shape[0])

    def new_tensor(self, shape: Shape, element_type: type[np.floating[Any]]) -> npt.NDArray[Any]:
        """Return an input tensor of zeros in page-locked memory, which the GPU copies by itself."""
        return self._cuda.pinned(shape, element_type)

    def run(self, tensor: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the outputs for an input (B, 3, H, W), B at most `input.maximum_batch`.

        Raises `EngineError` or `CudaError`.
        """
        with self._lock:
            opened = self._opened
            if opened is None:
                raise EngineError(f"engine {self.path} is closed")
            limit = self._input.host.shape
            if tensor.ndim != 4 or tensor.shape[1:] != limit[1:] or not 1 <= len(tensor) <= limit[0]:
                given = list(tensor.shape)
                raise EngineError(
                    f"engine {self.path} failed on an input {given}: expected up to {list(limit)}"
                )
            return self._run(opened, tensor)

    def _run(self, opened: OpenedEngine, tensor: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        batch = len(tensor)
        if batch != self._batch:
            self._set_batch(opened, batch)
        source = self._input.host[:batch]
        if tensor.dtype == source.dtype and tensor.flags.c_contiguous:
            source = tensor
        else:
            source[...] = tensor
        opened.messages.clear()
        self._cuda.copy_async(
            self._input.address, source.ctypes.data, source.nbytes, HOST_TO_DEVICE, self._stream
        )
        if not opened.context.execute_async_v3(self._stream):
            shape = list(tensor.shape)
            raise EngineError(f"engine {self.path} failed on {shape}: {reason(opened.messages)}")
        found = [output.host[:batch] for output in self._outputs]
        for output, values in zip(self._outputs, found, strict=True):
            self._cuda.copy_async(
                values.ctypes.data, output.address, values.nbytes, DEVICE_TO_HOST, self._stream
            )
        self._cuda.synchronise(self._stream)
        # The next run writes over the page-locked buffers while another thread still reads these.
        return [values.copy() for values in found]

    def close(self) -> None:
        """Give back the stream and the GPU's memory."""
        with self._lock:
            if self._opened is None:
                return
            # The context first: its work uses what is freed after it.
            self._opened = None
            while self._owned:
                self._cuda.free(self._owned.pop())
            if self._stream:
                self._cuda.destroy_stream(self._stream)
                self._stream = 0

    def _is_input(self, opened: OpenedEngine, name: str) -> bool:
        return bool(opened.engine.get_tensor_mode(name) == opened.tensorrt.TensorIOMode.INPUT)

    def _input_shape(self, opened: OpenedEngine, inputs: list[str]) -> Shape:
        """Return the input's largest shape (B, 3, H, W) that the first profile allows."""
        expected = "expected one input of pictures [B, 3, H, W] that takes a batch of one"
        if len(inputs) != 1:
            raise EngineError(f"engine {self.path} takes {', '.join(inputs) or 'nothing'}: {expected}")
        shape: Shape = tuple(int(side) for side in opened.engine.get_tensor_shape(inputs[0]))
        lowest = shape
        if any(side < 0 for side in shape):
            # A first context of an engine uses its first profile without being told.
            smallest, _, largest = opened.engine.get_tensor_profile_shape(inputs[0], PROFILE)
            lowest, shape = (tuple(int(side) for side in sides) for sides in (smallest, largest))
        if len(shape) != 4 or shape[1] != 3 or lowest != (1, *shape[1:]):
            raise EngineError(f"engine {self.path} takes {list(lowest)} to {list(shape)}: {expected}")
        return shape

    def _set_batch(self, opened: OpenedEngine, batch: int) -> None:
        shape = (batch, *self._input.host.shape[1:])
        if not opened.context.set_input_shape(self._input.name, shape):
            raise EngineError(f"engine {self.path} refuses {list(shape)}: {reason(opened.messages)}")
        self._batch = batch

    def _bind_output(self, opened: OpenedEngine, name: str, batch: int) -> DeviceTensor:
        shape = tuple(int(side) for side in opened.context.get_tensor_shape(name))
        if any(side < 0 for side in shape) or shape[:1] != (batch,):
            raise EngineError(
                f"engine {self.path} gives {name} {list(shape)} for a batch of {batch}: expected the same "
                "size for any picture"
            )
        return self._bind(opened, name, shape)

    def _bind(self, opened: OpenedEngine, name: str, shape: Shape) -> DeviceTensor:
        element_type = numpy_type(self.path, name, opened.engine.get_tensor_dtype(name))
        host = self._cuda.pinned(shape, element_type)
        address = self._cuda.allocate(max(1, host.nbytes))
        self._owned.append(address)
        if not opened.context.set_tensor_address(name, address):
            raise EngineError(f"engine {self.path} refuses memory for {name}: {reason(opened.messages)}")
        return DeviceTensor(name, element_type, address, host)
