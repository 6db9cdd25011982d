"""Small ONNX models written byte by byte (onnx.proto3 of ONNX 1.x), and NVIDIA's libraries as fakes."""

from __future__ import annotations

import ctypes
import enum
import json
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_components.runtime.inference.cuda_runtime import CudaRuntime
from edge_components.runtime.inference.model_library import add_model
from edge_components.runtime.inference.model_package import ModelPackage, description_of

ELEMENTS = {"float32": 1, "int32": 6, "int64": 7, "float16": 10}
Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


def varint(number: int) -> bytes:
    encoded = b""
    while number >= 0x80:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def field(number: int, value: int | bytes | str) -> bytes:
    """Return one protobuf field: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name: str, shape: Sequence[int | str], element: int) -> bytes:
    sides = b"".join(field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, element) + field(2, sides)))


def integers_attribute(name: str, values: Sequence[int]) -> bytes:
    return field(5, field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7))


def node(kind: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind) + attributes


def initializer(name: str, values: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    dims = b"".join(field(1, side) for side in values.shape)
    raw = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return dims + field(2, ELEMENTS[values.dtype.name]) + field(8, name) + field(9, raw)


def model_bytes(
    nodes: Sequence[bytes],
    initializers: Arrays,
    inputs: bytes,
    outputs: Sequence[bytes],
    metadata: Mapping[str, str],
) -> bytes:
    graph = b"".join(field(1, item) for item in nodes) + field(2, "test")
    graph += b"".join(field(5, initializer(name, values)) for name, values in initializers.items())
    graph += field(11, inputs) + b"".join(field(12, output) for output in outputs)
    model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))
    return model + b"".join(field(14, field(1, key) + field(2, text)) for key, text in metadata.items())


def constant_model(
    outputs: Arrays, *, input_shape: Sequence[int | str], element: str, metadata: Mapping[str, str]
) -> bytes:
    """Return a model that gives `outputs` whatever it sees."""
    return model_bytes(
        [node("Identity", [f"{name}_values"], name) for name in outputs],
        {f"{name}_values": values for name, values in outputs.items()},
        value_info("images", input_shape, ELEMENTS[element]),
        [value_info(name, values.shape, ELEMENTS[values.dtype.name]) for name, values in outputs.items()],
        metadata,
    )


def one_person(width: int = 64, height: int = 64) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a yolo_v8 output with one sure person, 16 x 32 around the centre of 64 x 64."""
    cells = sum((width // stride) * (height // stride) for stride in (8, 16, 32))
    output = np.zeros((1, 5, cells), np.float32)
    output[0, :, 3] = (32, 32, 16, 32, 0.9)
    return output


ModelFactory = Callable[..., Path]
PackageFactory = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> ModelFactory:
    """Return a maker of bare ONNX files; by default a 64x64 model that always sees one person."""

    def make(
        outputs: Arrays | None = None,
        *,
        name: str = "tiny.onnx",
        input_shape: Sequence[int | str] = (1, 3, 64, 64),
        element: str = "float32",
        metadata: Mapping[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        names = {"names": "{0: 'person'}"} if metadata is None else metadata
        content = constant_model(
            {"output0": one_person()} if outputs is None else outputs,
            input_shape=input_shape,
            element=element,
            metadata=names,
        )
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def make_package(make_model: ModelFactory, tmp_path: Path) -> PackageFactory:
    """Return a maker of package folders; `changes` replaces fields of the description."""

    def make(
        outputs: Arrays | None = None, *, changes: Mapping[str, Any] | None = None, **settings: Any
    ) -> Path:
        package: ModelPackage = add_model(make_model(outputs, **settings), None, tmp_path / "models")
        changed = replace(package, **(changes or {}))
        folder = package.model_path.parent
        (folder / "model.yaml").write_text(description_of(changed), encoding="utf-8")
        return folder

    return make


# NVIDIA's two libraries, as far as inference calls them. Names, order, types and errors are those of
# python/src/infer/pyCore.cpp of NVIDIA/TensorRT at v8.6.1, v10.3.0 and v11.1, and of cuda_runtime_api.h.
# Memory of the "GPU" is ordinary memory, and what a stream is asked to do happens only when somebody waits
# for it: an answer read too early is visibly wrong.

ILLEGAL_ADDRESS, OUT_OF_MEMORY = 700, 2
COMPUTE_CAPABILITY = "8.7"
PLAN_MAGIC = b"ftrt"
SERIALIZATION_VERSIONS = {"8.6.2": 228, "10.3.0": 237, "11.1.0": 245}


class FakeCudart:
    """`libcudart` by real C function pointers, so that wrong argument types show; `failing` gives errors."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.device: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams: dict[int, list[Callable[[], int]]] = {}
        self._text = ctypes.create_string_buffer(b"an illegal memory access was encountered")
        pointer, void, size, integer = ctypes.POINTER, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        self._add("cudaGetDeviceCount", self._write(1), pointer(integer))
        self._add("cudaDeviceGetAttribute", self._attribute, pointer(integer), integer, integer)
        self._add("cudaRuntimeGetVersion", self._write(12060), pointer(integer))
        self._add("cudaMemGetInfo", self._memory, pointer(size), pointer(size))
        self._add("cudaMalloc", lambda out, n: self._new(out, n, self.device), pointer(void), size)
        self._add("cudaFree", lambda address: self._drop(address, self.device), void)
        self._add(
            "cudaHostAlloc",
            lambda out, n, flags: self._new(out, n, self.pinned),
            pointer(void),
            size,
            ctypes.c_uint,
        )
        self._add("cudaFreeHost", lambda address: self._drop(address, self.pinned), void)
        self._add("cudaStreamCreateWithFlags", self._stream, pointer(void), ctypes.c_uint)
        self._add(
            "cudaStreamDestroy", lambda stream: 0 if self.streams.pop(stream, None) is not None else 400, void
        )
        self._add("cudaStreamSynchronize", self._synchronize, void)
        self._add("cudaMemcpyAsync", self._copy, void, void, size, integer, void)
        self.cudaGetErrorString = ctypes.CFUNCTYPE(void, integer)(lambda _: ctypes.addressof(self._text))

    def _add(self, name: str, call: Callable[..., int], *types: Any) -> None:
        def answer(*arguments: Any) -> int:
            return self.failing.get(name) or call(*arguments)

        setattr(self, name, ctypes.CFUNCTYPE(ctypes.c_int, *types)(answer))

    @staticmethod
    def _write(value: int) -> Callable[[Any], int]:
        def answer(out: Any) -> int:
            out[0] = value
            return 0

        return answer

    @staticmethod
    def _attribute(out: Any, attribute: int, device: int) -> int:
        out[0] = {(75, 0): 8, (76, 0): 7}[attribute, device]
        return 0

    @staticmethod
    def _memory(free: Any, total: Any) -> int:
        free[0], total[0] = 3 << 30, 8 << 30
        return 0

    @staticmethod
    def _new(out: Any, size: int, kept: dict[int, Any]) -> int:
        memory = (ctypes.c_ubyte * size)(*([0xAB] * min(size, 64)))
        kept[ctypes.addressof(memory)] = memory
        out[0] = ctypes.addressof(memory)
        return 0

    @staticmethod
    def _drop(address: int, kept: dict[int, Any]) -> int:
        return 0 if kept.pop(address, None) is not None else 1

    def _stream(self, out: Any, flags: int) -> int:
        handle = 0x5000 + len(self.streams)
        self.streams[handle] = []
        out[0] = handle
        return 0

    def _copy(self, target: int, source: int, size: int, kind: int, stream: int) -> int:
        on_device = target if kind == 1 else source

        def work() -> int:
            memory = self.device.get(on_device)
            if memory is None or ctypes.sizeof(memory) < size:
                return ILLEGAL_ADDRESS
            ctypes.memmove(target, source, size)
            return 0

        self.streams[stream].append(work)
        return 0

    def _synchronize(self, stream: int) -> int:
        work, self.streams[stream] = self.streams[stream], []
        return next((status for job in work if (status := job())), 0)


Compute = Callable[[np.ndarray[Any, Any]], Sequence[np.ndarray[Any, Any]]]


def plan_bytes(
    *,
    version: str = "10.3.0",
    compute_capability: str = COMPUTE_CAPABILITY,
    platform: str = "aarch64",
    inputs: Sequence[tuple[str, str, Sequence[int]]] = (("images", "FLOAT", (-1, 3, 64, 64)),),
    profile: Sequence[Sequence[int]] = ((1, 3, 64, 64), (4, 3, 64, 64), (4, 3, 64, 64)),
    outputs: Sequence[tuple[str, str, Sequence[int]]] = (("output0", "FLOAT", (-1, 5, 84)),),
    plugin: str = "",
) -> bytes:
    """Return the file of an engine of the fake TensorRT."""
    fields = {"version": version, "compute": compute_capability, "platform": platform, "inputs": inputs}
    body = json.dumps({**fields, "profile": profile, "outputs": outputs, "plugin": plugin}).encode()
    return PLAN_MAGIC + len(body).to_bytes(4, "little") + body


def make_tensorrt(version: str, cudart: FakeCudart, compute: Compute) -> types.ModuleType:
    """Return a `tensorrt` module as that version has it, whose engines answer with `compute`."""
    module = types.ModuleType("tensorrt")
    kinds = ["FLOAT", "HALF", "INT8", "INT32", "BOOL", "UINT8", "FP8"]
    kinds += [] if version.startswith("8") else ["INT64", "BF16", "INT4"]
    data_type = enum.Enum("DataType", kinds)
    tensor_mode = enum.Enum("TensorIOMode", ["NONE", "INPUT", "OUTPUT"])
    severity = enum.Enum("Severity", ["INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE"])

    class ILogger:
        Severity = severity

        def __init__(self) -> None:
            self.constructed_by_pybind11 = True

        def log(self, severity: Any, msg: str) -> None:
            raise NotImplementedError

    class Dims(tuple[int, ...]):
        """Tensor sizes, a sequence of its own type."""

    class Context:
        def __init__(self, engine: Engine) -> None:
            self.engine, self.shape, self.addresses = engine, None, {}

        def set_input_shape(self, name: str, shape: Any) -> bool:
            check(name, str)
            check(shape, (tuple, list))
            for side in shape:
                check(side, int)
            low, _, high = self.engine.plan["profile"]
            if not all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True)):
                return self.engine.refuse(
                    f"IExecutionContext::setInputShape: Error Code 3: API Usage Error ({name})"
                )
            self.shape = tuple(shape)
            return True

        def get_tensor_shape(self, name: str) -> Any:
            for output, _, shape in self.engine.plan["outputs"]:
                if output == name:
                    batch = -1 if self.shape is None else self.shape[0]
                    return Dims([batch if shape[0] == -1 else shape[0], *shape[1:]])
            return Dims(self.shape or ())

        def set_tensor_address(self, name: str, memory: int) -> bool:
            check(name, str)
            check(memory, int)
            self.addresses[name] = memory
            return True

        def execute_async_v3(self, stream_handle: int) -> bool:
            check(stream_handle, int)
            plan = self.engine.plan
            missing = [one[0] for one in (*plan["inputs"], *plan["outputs"]) if one[0] not in self.addresses]
            if missing or self.shape is None:
                return self.engine.refuse(
                    "IExecutionContext::enqueueV3: Error Code 3: API Usage Error (Address is not set for "
                    f"{missing}, shape {self.shape})"
                )
            shape, addresses = self.shape, dict(self.addresses)
            cudart.streams[stream_handle].append(lambda: self.work(shape, addresses))
            return True

        def work(self, shape: tuple[int, ...], addresses: dict[str, int]) -> int:
            name, kind, _ = self.engine.plan["inputs"][0]
            numpy_kind = {"FLOAT": np.float32, "HALF": np.float16}[kind]
            count = int(np.prod(shape)) * np.dtype(numpy_kind).itemsize
            memory = cudart.device.get(addresses[name])
            if memory is None or ctypes.sizeof(memory) < count:
                return ILLEGAL_ADDRESS
            pictures = np.frombuffer(bytes(memory)[:count], numpy_kind).reshape(shape)
            for (output, _, _), values in zip(self.engine.plan["outputs"], compute(pictures), strict=True):
                place = cudart.device.get(addresses[output])
                if place is None or ctypes.sizeof(place) < values.nbytes:
                    return ILLEGAL_ADDRESS
                ctypes.memmove(addresses[output], values.tobytes(), values.nbytes)
            return 0

    class Engine:
        num_optimization_profiles = 1

        def __init__(self, plan: dict[str, Any], logger: ILogger) -> None:
            self.plan, self.logger = plan, logger
            self.tensors = [*plan["inputs"], *plan["outputs"]]
            self.num_io_tensors = len(self.tensors)

        def refuse(self, message: str) -> bool:
            self.logger.log(severity.ERROR, message)
            return False

        def find(self, name: str) -> Any:
            check(name, str)
            return next(one for one in self.tensors if one[0] == name)

        def get_tensor_name(self, index: int) -> str:
            return str(self.tensors[index][0])

        def get_tensor_mode(self, name: str) -> Any:
            return tensor_mode.INPUT if self.find(name) in self.plan["inputs"] else tensor_mode.OUTPUT

        def get_tensor_dtype(self, name: str) -> Any:
            return data_type[self.find(name)[1]]

        def get_tensor_shape(self, name: str) -> Any:
            return Dims(self.find(name)[2])

        def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Any]:
            check(profile_index, int)
            self.find(name)
            return [Dims(sides) for sides in self.plan["profile"]]

        def create_execution_context(self, *strategy: Any) -> Context | None:
            if cudart.failing.get("context"):
                self.refuse(
                    "IExecutionContext: Error Code 2: OutOfMemory (Requested size was 123456789 bytes.)"
                )
                return None
            return Context(self)

    class Runtime:
        def __init__(self, logger: ILogger) -> None:
            check(logger, ILogger)
            if not hasattr(logger, "constructed_by_pybind11"):
                raise TypeError("tensorrt.ILogger.__init__() must be called when overriding __init__")
            self.logger = logger

        def deserialize_cuda_engine(self, serialized_engine: bytes) -> Engine | None:
            problem = deserialization_problem(serialized_engine, version, module)
            if problem is not None:
                self.logger.log(severity.ERROR, problem)
                return None
            return Engine(json.loads(serialized_engine[8:]), self.logger)

    module.__dict__.update(
        __version__=version,
        ILogger=ILogger,
        Runtime=Runtime,
        DataType=data_type,
        TensorIOMode=tensor_mode,
        Dims=Dims,
    )
    module.__dict__["plugins_of"] = None

    def init_libnvinfer_plugins(logger: ILogger, namespace: str) -> bool:
        check(logger, ILogger)
        check(namespace, str)
        module.__dict__["plugins_of"] = namespace
        return True

    module.__dict__["init_libnvinfer_plugins"] = init_libnvinfer_plugins
    if version.startswith("8"):

        def nptype(trt_type: Any) -> Any:
            raise AttributeError("module 'numpy' has no attribute 'bool'.")

        module.__dict__["nptype"] = nptype
    return module


def check(value: object, kind: Any) -> None:
    """Refuse what pybind11 would refuse."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"incompatible function arguments: {value!r}")


def deserialization_problem(plan: bytes, version: str, module: types.ModuleType) -> str | None:
    """Return what TensorRT of `version` logs for a plan that it cannot open."""
    old = version.startswith("8")
    start = "1: [runtime.cpp::parsePlan::314]" if old else "IRuntime::deserializeCudaEngine:"
    if plan[:4] != PLAN_MAGIC or len(plan) != 8 + int.from_bytes(plan[4:8], "little"):
        return (
            f"{start} Error Code 1: Serialization (Serialization assertion plan->header.magicTag == "
            "rt::kPLAN_MAGIC_TAG failed.)"
        )
    fields = json.loads(plan[8:])
    if fields["platform"] != "aarch64":
        return (
            f"{start} Error Code 1: Internal Error (Platform specific tag mismatch detected. TensorRT plan "
            "files are only supported on the target runtime platform they were created on.)"
        )
    if fields["version"] != version:
        own, other = SERIALIZATION_VERSIONS[version], SERIALIZATION_VERSIONS[fields["version"]]
        return (
            f"{start} Error Code 1: Serialization (Serialization assertion stdVersionRead == "
            f"kSERIALIZATION_VERSION failed.Version tag does not match. Note: Current Version: {own}, "
            f"Serialized Engine Version: {other})"
        )
    if fields["compute"] != COMPUTE_CAPABILITY:
        return (
            "The engine plan file is generated on an incompatible device, expecting compute "
            f"{COMPUTE_CAPABILITY} got compute {fields['compute']}, please rebuild."
        )
    if fields["plugin"] and module.__dict__["plugins_of"] is None:
        return f"{start} Error Code 1: Internal Error (Cannot find plugin: {fields['plugin']}, version: 1)"
    return None


@dataclass
class Nvidia:
    """The fakes of one test, in the place of the real libraries."""

    cudart: FakeCudart
    tensorrt: types.ModuleType
    answer: Compute

    def held(self) -> tuple[int, int]:
        """Return how many pieces of GPU memory and streams are not given back."""
        return len(self.cudart.device), len(self.cudart.streams)


@pytest.fixture(params=list(SERIALIZATION_VERSIONS))
def nvidia(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Nvidia:
    """Put TensorRT of each version and a CUDA runtime in the place of the libraries that a Jetson has."""
    cudart = FakeCudart()
    fakes = Nvidia(cudart, types.ModuleType("tensorrt"), brightest)

    def answer(pictures: np.ndarray[Any, Any]) -> Sequence[np.ndarray[Any, Any]]:
        return fakes.answer(pictures)  # what the test put there last

    fakes.tensorrt = make_tensorrt(request.param, cudart, answer)
    monkeypatch.setitem(sys.modules, "tensorrt", fakes.tensorrt)
    monkeypatch.setattr(CudaRuntime, "load", lambda: CudaRuntime(cudart))
    return fakes


def brightest(pictures: np.ndarray[Any, Any]) -> Sequence[np.ndarray[Any, Any]]:
    """Answer with one person whose confidence is the picture's mean value, which tells pictures apart."""
    output = np.repeat(one_person(), len(pictures), axis=0)
    output[:, 4, 3] = pictures.astype(np.float32).mean(axis=(1, 2, 3))
    return [output]


@pytest.fixture
def make_plan() -> Callable[..., bytes]:
    """Return the maker of engine files of the fake TensorRT."""
    return plan_bytes
