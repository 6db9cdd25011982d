"""A classifier that really looks: red pictures are label 643, all others label 7."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

LABELS = 1000
_FLOAT = 1


def varint(number: int) -> bytes:
    encoded = b""
    while number >= 0x80:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def field(number: int, value: int | bytes | str) -> bytes:
    """Return one protobuf field of onnx.proto3: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name: str, shape: list[int]) -> bytes:
    sides = b"".join(field(1, field(1, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, _FLOAT) + field(2, sides)))


def node(kind: str, inputs: list[str], output: str) -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)


def tensor(name: str, values: npt.NDArray[Any]) -> bytes:
    dims = b"".join(field(1, side) for side in values.shape)
    return dims + field(2, _FLOAT) + field(8, name) + field(9, values.astype("<f4").tobytes())


def red_classifier() -> bytes:
    """Return a model: the mean of each channel, times weights, plus offsets, over 1,000 labels."""
    weights = np.zeros((3, LABELS), np.float32)
    weights[0, 643], weights[2, 643] = 12.0, -12.0
    weights[2, 7], weights[0, 7] = 12.0, -12.0
    graph = field(1, node("GlobalAveragePool", ["images"], "means"))
    graph += field(1, node("Flatten", ["means"], "flat"))
    graph += field(1, node("Gemm", ["flat", "weights", "offsets"], "logits"))
    graph += field(2, "red")
    graph += field(5, tensor("weights", weights)) + field(5, tensor("offsets", np.zeros(LABELS)))
    graph += field(11, value_info("images", [1, 3, 64, 64])) + field(12, value_info("logits", [1, LABELS]))
    names = str({number: "mask" if number == 643 else f"label {number}" for number in range(LABELS)})
    model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))
    return model + field(14, field(1, "names") + field(2, names))


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    path = tmp_path / "red.onnx"
    path.write_bytes(red_classifier())
    return path


@pytest.fixture
def make_pictures(tmp_path: Path) -> Callable[[str], Path]:
    def make(colours: str, width: int = 160, height: int = 120) -> Path:
        """Return a folder with a picture a letter: r for red, b for blue."""
        folder = tmp_path / "pictures"
        folder.mkdir()
        noise = np.random.default_rng(1)
        for number, colour in enumerate(colours):
            picture = noise.integers(0, 60, (height, width, 3)).astype(np.uint8)
            picture[..., 2 if colour == "r" else 0] += 180
            cv2.imwrite(str(folder / f"{number:04d}.png"), picture)
        return folder

    return make
