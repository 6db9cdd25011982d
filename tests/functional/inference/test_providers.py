"""The ladder of ONNX Runtime's providers: which is used, and the reason for each that is not."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_components.runtime.inference import onnx_session
from edge_components.runtime.inference.detector import DetectorSettings, open_detector
from edge_components.runtime.inference.session import ModelLoadError

Make = Callable[..., Path]
TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
REAL = importlib.import_module("onnxruntime")


@dataclass
class Gpu:
    """What the ONNX Runtime of a test has: providers built in, those whose library loads, and refusals."""

    built_in: tuple[str, ...] = (TENSORRT, CUDA, CPU)
    loading: tuple[str, ...] = (TENSORRT, CUDA, CPU)
    refusing: dict[str, str] = field(default_factory=dict)
    opened: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)
    dying: bool = False


class FakeSession:
    """Behaves as `onnxruntime.InferenceSession` does when a provider raises, or silently cannot be had."""

    gpu = Gpu()

    def __init__(
        self,
        path: str,
        sess_options: Any,
        providers: list[tuple[str, dict[str, str]]],
        *,
        enable_fallback: int,
    ) -> None:
        assert enable_fallback == 0, "ONNX Runtime would print and go on with another provider"
        names = [name for name, _ in providers]
        self.gpu.opened.append((names, dict(providers[0][1])))
        self._real = REAL.InferenceSession(path, sess_options=sess_options, providers=[CPU])
        if names[0] in self.gpu.refusing:
            raise RuntimeError(self.gpu.refusing[names[0]])
        self._providers = [name for name in names if name in self.gpu.loading]
        if CPU not in self._providers:
            self._providers.append(CPU)

    def get_providers(self) -> list[str]:
        return self._providers

    def run(self, *arguments: Any) -> Any:
        if self.gpu.dying:
            raise RuntimeError("CUDA failure 719: unspecified launch failure\n ; GPU=0")
        return self._real.run(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gpu:
    """Put an ONNX Runtime for GPUs in the place of the one that is installed."""
    gpu = Gpu()
    capi = tmp_path / "onnxruntime" / "capi"
    capi.mkdir(parents=True)
    # Libraries that the loader refuses, as it does when one that they need is missing.
    (capi / "libonnxruntime_providers_tensorrt.so").write_bytes(b"\x7fELF")
    module = types.ModuleType("onnxruntime")
    module.__dict__.update(
        __version__="1.23.2",
        __file__=str(capi.parent / "__init__.py"),
        SessionOptions=REAL.SessionOptions,
        InferenceSession=FakeSession,
        get_available_providers=lambda: list(gpu.built_in),
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    monkeypatch.setattr(FakeSession, "gpu", gpu)
    monkeypatch.setattr(onnx_session, "has_nvidia_gpu", lambda: False)
    return gpu


def test_the_fastest_provider_runs_and_needs_no_word(gpu: Gpu, make_model: Make) -> None:
    detector = open_detector(make_model())
    assert (detector.provider, detector.provider_note, detector.provider_steps) == (TENSORRT, None, ())
    assert gpu.opened == [([TENSORRT, CUDA, CPU], {"trt_fp16_enable": "1"})]


def test_what_tensorrt_builds_is_kept_where_it_is_told(gpu: Gpu, make_model: Make, tmp_path: Path) -> None:
    open_detector(make_model(), DetectorSettings(engine_cache=tmp_path))
    assert gpu.opened[0][1]["trt_engine_cache_path"] == str(tmp_path)
    assert gpu.opened[0][1]["trt_engine_cache_enable"] == "1"


@pytest.mark.parametrize(
    ("changes", "provider", "steps"),
    [
        pytest.param(
            {"built_in": (CPU,)},
            CPU,
            [
                f"{TENSORRT}: not built into ONNX Runtime 1.23.2",
                f"{CUDA}: not built into ONNX Runtime 1.23.2",
            ],
            id="the ordinary wheel",
        ),
        pytest.param(
            {"loading": (CPU,)},
            CPU,
            [
                f"{TENSORRT}: its library cannot be loaded (",
                f"{CUDA}: its library libonnxruntime_providers_cuda.so",
            ],
            id="libraries missing",
        ),
        pytest.param(
            {"refusing": {TENSORRT: "11 : EP_FAIL : TensorRT EP failed to\n create engine"}},
            CUDA,
            [f"{TENSORRT}: refused the model (11 : EP_FAIL : TensorRT EP failed to create"],
            id="refused by TensorRT",
        ),
        pytest.param(
            {"loading": (CUDA, CPU)},
            CUDA,
            [f"{TENSORRT}: its library cannot be loaded ("],
            id="no libnvinfer",
        ),
        pytest.param(
            {"refusing": {TENSORRT: "no", CUDA: "CUDA failure 100: no CUDA-capable device is detected"}},
            CPU,
            [
                f"{TENSORRT}: refused the model (no)",
                f"{CUDA}: refused the model (CUDA failure 100: no",
            ],
            id="no device",
        ),
    ],
)
def test_each_step_down_has_its_reason(
    changes: dict[str, Any], provider: str, steps: list[str], gpu: Gpu, make_model: Make
) -> None:
    for name, value in changes.items():
        setattr(gpu, name, value)
    detector = open_detector(make_model())
    assert detector.provider == provider
    assert len(detector.provider_steps) == len(steps)
    for told, expected in zip(detector.provider_steps, steps, strict=True):
        assert told.startswith(expected)
        assert "\n" not in told
    assert len(detector.detect(np.zeros((64, 64, 3), np.uint8))) == 1


@pytest.mark.parametrize(
    ("asked", "provider", "note"),
    [
        pytest.param(
            "tensorrt", CUDA, f"{TENSORRT} was asked for but is absent: {CUDA} runs the model", id="one"
        ),
        pytest.param("cuda", CUDA, None, id="what was asked for"),
        pytest.param("cpu", CPU, None, id="the CPU by name"),
        pytest.param("auto", CUDA, None, id="nothing by name"),
    ],
)
def test_a_provider_wanted_by_name_is_missed_aloud(
    asked: str, provider: str, note: str | None, gpu: Gpu, make_model: Make
) -> None:
    gpu.refusing = {TENSORRT: "no"}
    detector = open_detector(make_model(), DetectorSettings(provider=asked))
    assert (detector.provider, detector.provider_note) == (provider, note)


def test_a_gpu_that_is_not_used_is_told_without_being_asked_for(
    gpu: Gpu, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_session, "has_nvidia_gpu", lambda: True)
    gpu.built_in = (CPU,)
    assert open_detector(make_model()).provider_note == (
        f"this machine has an NVIDIA GPU but {CPU} runs the model: {CUDA}: not built into ONNX Runtime 1.23.2"
    )


def test_a_file_that_is_no_model_is_no_providers_fault(gpu: Gpu, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"broken")
    with pytest.raises(ModelLoadError, match=r"broken\.onnx cannot be opened as ONNX"):
        open_detector(path)


def test_a_gpu_that_dies_on_the_way_is_one_sentence(gpu: Gpu, make_model: Make) -> None:
    detector = open_detector(make_model())
    gpu.dying = True
    with pytest.raises(
        ModelLoadError, match="CUDA failure 719: unspecified launch failure ; GPU=0"
    ) as caught:
        detector.detect(np.zeros((64, 64, 3), np.uint8))
    assert "\n" not in str(caught.value)
