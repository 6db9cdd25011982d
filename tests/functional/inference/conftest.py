"""Small ONNX models written byte by byte (onnx.proto3 of ONNX 1.x), and packages of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
