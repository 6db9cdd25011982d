"""What an ONNX file says is read without a runtime, also from files that are none."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_components.model_store.errors import ModelRefusedError
from edge_components.model_store.onnx_file import OnnxInput, picture_input, read_onnx
from infra.bundles import ROOT
from tests.functional.model_store.store_kit import onnx_bytes

SHIPPED = ROOT / "edge_components/vision/models/person_demo/model.onnx"
SHARED = ROOT.parent / "shared/data/models"


def test_the_shipped_model_is_read() -> None:
    found = read_onnx(SHIPPED)
    assert found.inputs == (OnnxInput("images", (1, 3, 288, 512)),)
    assert "Conv" in found.operators
    assert not found.is_quantised
    assert not found.needs_tensorrt


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("yolox_nano.onnx", (1, 3, 416, 416)),
        ("FastestDet.onnx", (1, 3, 352, 352)),
        ("ultraface_rfb_320.onnx", (1, 3, 240, 320)),
    ],
)
def test_real_models_are_read(name: str, shape: tuple[int, ...]) -> None:
    (item,) = read_onnx(SHARED / name).inputs
    assert item.shape == shape


@pytest.mark.parametrize(
    ("content", "shape", "quantised", "plugins"),
    [
        pytest.param(onnx_bytes(), (1, 3, 64, 64), False, False, id="fixed"),
        pytest.param(onnx_bytes(batch=None), (None, 3, 64, 64), False, False, id="open-batch"),
        pytest.param(onnx_bytes(operators=("DequantizeLinear",)), (1, 3, 64, 64), True, False, id="qdq"),
        pytest.param(onnx_bytes(operators=("EfficientNMS_TRT",)), (1, 3, 64, 64), False, True, id="plugin"),
    ],
)
def test_a_graph_is_read(
    tmp_path: Path, content: bytes, shape: tuple[int | None, ...], quantised: bool, plugins: bool
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    found = read_onnx(path)
    assert found.inputs == (OnnxInput("images", shape),)
    assert (found.is_quantised, found.needs_tensorrt) == (quantised, plugins)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole, path = onnx_bytes(), tmp_path / "model.onnx"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelRefusedError, match=r"model\.onnx"):
            read_onnx(path)


@given(st.binary(max_size=300))
def test_noise_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.onnx"
    path.write_bytes(content)
    with contextlib.suppress(ModelRefusedError):
        assert read_onnx(path).inputs is not None


def test_another_input_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_bytes(64))
    with pytest.raises(ModelRefusedError, match=r"images \[1, 3, 64, 64\] but model.yaml says 96x64"):
        picture_input(read_onnx(path), path.name, 96, 64)


def test_minus_one_is_an_open_side(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_bytes(2**64 - 1, batch=2**64 - 1))
    found = read_onnx(path)
    assert found.inputs[0].shape == (None, 3, None, None)
    assert picture_input(found, path.name, 64, 48) == found.inputs[0]
