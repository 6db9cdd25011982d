"""What TensorRT built is kept by content, never used when it is spoilt, and bounded."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime
import pytest

from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.vision import engine_cache
from edge_components.vision.engine_cache import CACHE_FOLDER, kept_engines
from edge_components.vision.model_bench import ModelBench, ModelPlace


@pytest.fixture
def tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["TensorrtExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)


def package(folder: Path, weights: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(weights)
    return folder


def build(package: Path, models: Path, engine: bytes = b"engine", provider: str = "auto") -> Path | None:
    """Open a package as ONNX Runtime does: build where there is no engine yet."""
    with kept_engines(package, DetectorSettings(provider=provider), models) as settings:
        folder = settings.engine_cache
        if folder is not None and not (folder / "graph_1_sm87.engine").exists():
            (folder / "graph_1_sm87.engine").write_bytes(engine)
    return folder


@pytest.mark.usefixtures("tensorrt")
def test_an_engine_is_built_once_for_each_content(tmp_path: Path) -> None:
    first = build(package(tmp_path / "a", b"weights"), tmp_path, b"built first")
    again = build(package(tmp_path / "a", b"weights"), tmp_path, b"built again")
    assert again == first
    assert first is not None
    assert first.parent == tmp_path / CACHE_FOLDER
    assert (first / "graph_1_sm87.engine").read_bytes() == b"built first"
    # The same graph with other weights would have the same file name.
    assert build(package(tmp_path / "a", b"WEIGHTS"), tmp_path) != first


@pytest.mark.usefixtures("tensorrt")
@pytest.mark.parametrize("spoilt", ["graph_1_sm87.engine", "whole.json"])
def test_what_a_power_cut_spoilt_is_built_again(tmp_path: Path, spoilt: str) -> None:
    folder = build(package(tmp_path / "a", b"weights"), tmp_path)
    assert folder is not None
    (folder / spoilt).write_bytes(b"")
    build(tmp_path / "a", tmp_path, b"anew")
    assert (folder / "graph_1_sm87.engine").read_bytes() == b"anew"


@pytest.mark.usefixtures("tensorrt")
def test_a_process_that_dies_while_it_builds_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    built = package(tmp_path / "a", b"weights")
    opening = kept_engines(built, DetectorSettings(), tmp_path)
    half = opening.__enter__().engine_cache
    assert half is not None
    (half / "graph_1_sm87.engine").write_bytes(b"half")
    folder = build(built, tmp_path, b"whole")
    assert folder is not None
    assert (folder / "graph_1_sm87.engine").read_bytes() == b"whole"


@pytest.mark.usefixtures("tensorrt")
def test_what_was_used_longest_ago_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []
    for number in range(3):
        folder = build(package(tmp_path / "a", bytes([number])), tmp_path, b"." * 1000)
        assert folder is not None
        os.utime(folder, (number, number))
        folders.append(folder)
    monkeypatch.setattr(engine_cache, "MAXIMUM_BYTES", 2500)
    assert build(package(tmp_path / "a", bytes([0])), tmp_path) == folders[0]
    assert [folder.exists() for folder in folders] == [True, False, True]


@pytest.mark.usefixtures("tensorrt")
def test_without_room_or_need_the_model_opens_all_the_same(tmp_path: Path) -> None:
    built = package(tmp_path / "a", b"weights")
    assert build(built, tmp_path, provider="cpu") is None
    assert build(built / "model.onnx", tmp_path) is None
    (tmp_path / CACHE_FOLDER).write_text("a file where the folder should be")
    assert build(built, tmp_path) is None


def test_without_tensorrt_nothing_is_kept(tmp_path: Path) -> None:
    assert build(package(tmp_path / "a", b"weights"), tmp_path) is None
    assert not (tmp_path / CACHE_FOLDER).exists()


@pytest.mark.usefixtures("tensorrt")
def test_the_bench_opens_models_with_it(tmp_path: Path) -> None:
    asked: list[DetectorSettings] = []

    class Opened:
        provider = "TensorrtExecutionProvider"

    def opener(place: ModelPlace, settings: DetectorSettings) -> Opened:
        asked.append(settings)
        return Opened()

    place = ModelPlace(package(tmp_path / "a", b"weights"), None, "a@1")
    ModelBench(tmp_path, opener=opener).borrow(place, DetectorSettings())
    assert asked[0].engine_cache is not None
    assert asked[0].engine_cache.parent == tmp_path / CACHE_FOLDER
