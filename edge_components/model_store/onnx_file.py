"""What an ONNX file says of its inputs and operators, read without the libraries that could run it.

TensorRT takes models that ONNX Runtime does not know (TAO's ``BatchedNMSDynamic_TRT``), and a damaged file
must not take the store down with it: so the protobuf is walked here. Field numbers: ``onnx.proto`` of ONNX
(ModelProto.graph 7; GraphProto.node 1, initializer 5, input 11; NodeProto.op_type 4; ValueInfoProto.name 1,
type 2; TypeProto.tensor_type 1, its shape 2; TensorShapeProto.dim 1; Dimension.dim_value 1).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_components.model_store.errors import ModelRefusedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PLUGIN_SUFFIX = "_TRT"
_QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear"})


@dataclass(frozen=True)
class OnnxInput:
    """An input; a side is None where the file leaves it open."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class OnnxFile:
    """The inputs (without weights) and the operators used."""

    inputs: tuple[OnnxInput, ...]
    operators: frozenset[str]

    @property
    def is_quantised(self) -> bool:
        """Whether precision is written into the graph as Q/DQ nodes."""
        return bool(self.operators & _QUANTISED)

    @property
    def needs_tensorrt(self) -> bool:
        """Whether an operator is a TensorRT plugin, which ONNX Runtime does not have."""
        return any(operator.endswith(_PLUGIN_SUFFIX) for operator in self.operators)


def read_onnx(path: Path) -> OnnxFile:
    """Return what the ONNX file says; raises `ModelRefusedError` for one that is truncated or none."""
    try:
        with path.open("rb") as file:
            # Closed by its last reader: a view may outlive this function in an error's traceback.
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _model(memoryview(content))
    except (OSError, ValueError, IndexError) as error:
        raise ModelRefusedError(f"{path.name} is no whole ONNX file ({error})") from error


def picture_input(found: OnnxFile, file_name: str, width: int, height: int) -> OnnxInput:
    """Return the one input for pictures, which must take `width` x `height`; raises `ModelRefusedError`."""
    shown = "; ".join(f"{item.name} {list(item.shape)}" for item in found.inputs) or "nothing"
    if len(found.inputs) != 1 or len(found.inputs[0].shape) != 4:
        raise ModelRefusedError(f"{file_name} takes {shown}: expected one input of pictures [N, 3, H, W]")
    (item,) = found.inputs
    _, channels, rows, columns = item.shape
    if (channels or 3, rows or height, columns or width) != (3, height, width):
        raise ModelRefusedError(
            f"{file_name} takes {shown} but model.yaml says {width}x{height}: "
            f"expected [N, 3, {height}, {width}]"
        )
    return item


def _model(content: memoryview) -> OnnxFile:
    graphs = [value for number, value in _fields(content) if number == 7]
    if not graphs:
        raise ValueError("it has no graph")
    operators: set[str] = set()
    weights: set[str] = set()
    inputs: list[OnnxInput] = []
    for number, value in _fields(graphs[-1]):
        if number == 1:
            operators.add(_text(value, 4))
        elif number == 5:
            weights.add(_text(value, 8))
        elif number == 11:
            inputs.append(_input(value))
    return OnnxFile(tuple(item for item in inputs if item.name not in weights), frozenset(operators))


def _input(content: memoryview) -> OnnxInput:
    shape: list[int | None] = []
    for tensor in _nested(content, 2, 1, 2):
        for number, dimension in _fields(tensor):
            if number == 1:
                shape.append(_size(dimension))
    return OnnxInput(_text(content, 1), tuple(shape))


def _size(dimension: memoryview) -> int | None:
    sizes = [value for number, value in _varints(dimension) if number == 1]
    # An int64: exporters write -1 for an open side, which is 2**64 - 1 on the wire.
    return sizes[-1] if sizes and 0 < sizes[-1] < 2**63 else None


def _nested(content: memoryview, *path: int) -> list[memoryview]:
    found = [content]
    for step in path:
        found = [value for outer in found for number, value in _fields(outer) if number == step]
    return found


def _text(content: memoryview, wanted: int) -> str:
    return next((bytes(value).decode("utf-8") for number, value in _fields(content) if number == wanted), "")


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the fields that hold bytes: text, messages, tensors."""
    for number, kind, start, end in _walk(content):
        if kind == _BYTES:
            yield number, content[start:end]


def _varints(content: memoryview) -> Iterator[tuple[int, int]]:
    for number, kind, start, _ in _walk(content):
        if kind == _VARINT:
            yield number, _varint(content, start)[0]


def _walk(content: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and end of every field; raises `ValueError` past the end."""
    position = 0
    while position < len(content):
        key, position = _varint(content, position)
        number, kind = key >> 3, key & 7
        start = position
        if kind == _VARINT:
            _, end = _varint(content, position)
        elif kind == _BYTES:
            length, start = _varint(content, position)
            end = start + length
        elif kind in (_FIXED64, _FIXED32):
            end = start + (8 if kind == _FIXED64 else 4)
        else:
            raise ValueError(f"byte {position} is of no known kind")
        if end > len(content) or number == 0:
            raise ValueError("it is cut off")
        yield number, kind, start, end
        position = end


def _varint(content: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
        if shift > 63:
            raise ValueError("a number is too long")
