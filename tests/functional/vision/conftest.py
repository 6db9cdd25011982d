"""Tiny ONNX models written by hand, clips written by OpenCV, and parts of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.records import Record, StoredRecord, check_record
from contract.scene import Scene, parse_scene
from edge_components.vision.sources.capture import quieten_ffmpeg

ModelFactory = Callable[..., Path]
FLOAT, FLOAT16 = 1, 10


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


def tensor_type(name: str, shape: Sequence[int | str], element: int) -> bytes:
    sides = b"".join(field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, element) + field(2, sides)))


def node(kind: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)


def constant_model(
    outputs: dict[str, np.ndarray],
    *,
    input_shape: Sequence[int | str],
    element: int = FLOAT,
    metadata: dict[str, str] | None = None,
) -> bytes:
    """Return an ONNX model that gives `outputs` whatever it sees (onnx.proto3 of ONNX 1.x, by hand)."""
    graph = b""
    for name in outputs:
        graph += field(1, node("Identity", [f"{name}_values"], name))
    graph += field(2, "constant")
    for name, values in outputs.items():
        dims = b"".join(field(1, side) for side in values.shape)
        raw = values.astype("<f4").tobytes()
        graph += field(5, dims + field(2, FLOAT) + field(8, f"{name}_values") + field(9, raw))
    graph += field(11, tensor_type("images", input_shape, element))
    for name, values in outputs.items():
        graph += field(12, tensor_type(name, values.shape, FLOAT))
    model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))
    for key, value in (metadata or {}).items():
        model += field(14, field(1, key) + field(2, value))
    return model


def one_person(width: int = 64, height: int = 64, *, box: Sequence[float] = (32, 32, 16, 32)) -> np.ndarray:
    """Return a yolo_v8 output with one sure person at `box`, centre and size in input pixels."""
    cells = sum((width // stride) * (height // stride) for stride in (8, 16, 32))
    output = np.zeros((1, 5, cells), np.float32)
    output[0, :4, 3] = box
    output[0, 4, 3] = 0.9
    return output


@pytest.fixture
def make_model(tmp_path: Path) -> ModelFactory:
    """Return a maker of bare ONNX files; by default a 64x64 model that always sees one person."""

    def make(
        name: str = "tiny.onnx",
        outputs: dict[str, np.ndarray] | None = None,
        *,
        input_shape: Sequence[int | str] = (1, 3, 64, 64),
        element: int = FLOAT,
        metadata: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        outputs = {"output0": one_person()} if outputs is None else outputs
        names = {"names": "{0: 'person'}"} if metadata is None else metadata
        path.write_bytes(constant_model(outputs, input_shape=input_shape, element=element, metadata=names))
        return path

    return make


def pictures(count: int, *, width: int = 128, height: int = 96) -> Iterator[np.ndarray]:
    """Yield noisy pictures with a box that walks from left to right."""
    random = np.random.default_rng(3)
    for index in range(count):
        image = random.integers(100, 130, (height, width, 3), dtype=np.uint8)
        left = (index * 3) % (width - 20)
        image[30:70, left : left + 20] = (20, 40, 200)
        yield image


ClipFactory = Callable[..., Path]


@pytest.fixture
def make_clip(tmp_path: Path) -> ClipFactory:
    """Return a maker of clips of 128x96 at 10 frames/s."""

    def make(name: str = "clip.avi", *, frames: int = 40, codec: str = "MJPG") -> Path:
        path = tmp_path / name
        quieten_ffmpeg()
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (128, 96))
        assert writer.isOpened()
        for image in pictures(frames):
            writer.write(image)
        writer.release()
        return path

    return make


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of image folders: frame1, frame2, … frame12."""

    def make(name: str = "pictures", *, count: int = 12, extension: str = ".png") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for index, image in enumerate(pictures(count)):
            cv2.imwrite(str(folder / f"frame{index + 1}{extension}"), image)
        return folder

    return make


@pytest.fixture
def scene() -> Scene:
    """A scene of the clips' size."""
    return parse_scene(
        {
            "site": "test",
            "time_zone": "Asia/Seoul",
            "camera": "gate-1",
            "frame": {"width": 128, "height": 96},
            "zones": [{"name": "left", "polygon": [[0, 0], [70, 0], [70, 96], [0, 96]]}],
            "lines": [{"name": "gate", "points": [[100, 0], [100, 96]]}],
            "classes": ["person"],
        }
    )


class ListSink:
    """Keeps records, each checked against the contract."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        for record in records:
            check_record(record)
        self.records += records
        return []

    def tables(self) -> set[str]:
        return {record.table for record in self.records}

    def states(self) -> list[object]:
        return [record.values["state"] for record in self.records if record.table == "camera_status"]


@pytest.fixture
def sink() -> ListSink:
    return ListSink()
