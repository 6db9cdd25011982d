"""Native engines on fakes that behave as TensorRT 8.6, 10 and 11 and the CUDA runtime do (see conftest)."""

from __future__ import annotations

import ctypes
import gc
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.inference.classifier import open_classifier
from edge_components.runtime.inference.cuda_runtime import CudaError, CudaRuntime
from edge_components.runtime.inference.detector import open_detector
from edge_components.runtime.inference.golden import check_golden, write_golden
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.tensorrt_engine import EngineError
from edge_components.runtime.inference.tensorrt_session import TensorRtSession

Make = Callable[..., Path]
MakePlan = Callable[..., bytes]
BLACK = np.zeros((64, 64, 3), np.uint8)


@pytest.fixture
def engine(nvidia: Any, make_plan: MakePlan, tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of engine files, by default of the version at hand and for batches of 1 to 4."""

    def make(content: bytes | None = None, **fields: Any) -> Path:
        path = tmp_path / "model.plan"
        plan = make_plan(**{"version": nvidia.tensorrt.__version__, **fields})
        path.write_bytes(plan if content is None else content)
        return path

    return make


def pictures(*values: float, kind: type[Any] = np.float32) -> np.ndarray[Any, Any]:
    return np.stack([np.full((3, 64, 64), value, kind) for value in values])


def confidences(outputs: list[np.ndarray[Any, Any]]) -> list[float]:
    return [round(float(value), 3) for value in outputs[0][:, 4, 3]]


def test_memory_is_taken_for_one_picture_unless_more_are_asked_for(nvidia: Any, engine: Make) -> None:
    def taken(**settings: int) -> tuple[int | None, int]:
        session = TensorRtSession(engine(), **settings)
        held = sum(memory.nbytes for memory in (session._input.host, *(one.host for one in session._outputs)))
        limit = session.input.maximum_batch
        session.close()
        return limit, held

    one = 4 * (3 * 64 * 64 + 5 * 84)
    assert taken() == (1, one)
    assert taken(maximum_batch=3) == (3, 3 * one)
    assert taken(maximum_batch=16) == (4, 4 * one)


def test_batches_of_every_size_answer_each_picture(nvidia: Any, engine: Make) -> None:
    session = TensorRtSession(engine(), maximum_batch=16)
    assert (session.provider, session.provider_note, session.provider_steps) == ("TensorRT", None, ())
    assert (session.input.name, session.input.width, session.input.height) == ("images", 64, 64)
    assert (session.input.maximum_batch, session.output_names) == (4, ("output0",))
    batches: list[int] = []

    def watched(given: np.ndarray[Any, Any]) -> Any:
        batches.append(len(given))
        return brightest(given)

    brightest, nvidia.answer = nvidia.answer, watched
    first = session.run(pictures(0.25))
    assert confidences(session.run(pictures(0.1, 0.2, 0.3, 0.4))) == [0.1, 0.2, 0.3, 0.4]
    assert confidences(session.run(pictures(0.5, 0.6))) == [0.5, 0.6]
    # An answer stays what it was while later ones are made.
    assert confidences(first) == [0.25]
    assert first[0].shape == (1, 5, 84)
    assert batches == [1, 4, 2]


def test_an_engine_of_one_fixed_size(nvidia: Any, engine: Make) -> None:
    fixed = (1, 3, 64, 64)
    path = engine(
        inputs=[("images", "FLOAT", fixed)], profile=[fixed] * 3, outputs=[("output0", "FLOAT", (1, 5, 84))]
    )
    session = TensorRtSession(path)
    assert session.input.maximum_batch == 1
    assert confidences(session.run(pictures(0.75))) == [0.75]


def test_half_precision_in_and_page_locked_pictures(nvidia: Any, engine: Make) -> None:
    session = TensorRtSession(engine(inputs=[("images", "HALF", (-1, 3, 64, 64))]))
    assert session.input.element_type is np.float16
    tensor = session.new_tensor((1, 3, 64, 64), np.float16)
    assert tensor.ctypes.data in nvidia.cudart.pinned
    assert not tensor.any()
    tensor[...] = 0.5
    assert confidences(session.run(tensor)) == [0.5]
    # Another type and a tensor with gaps are brought into the engine's form.
    assert confidences(session.run(pictures(0.25, 0.75)[::2])) == [0.25]
    held = len(nvidia.cudart.pinned)
    del tensor
    gc.collect()
    assert len(nvidia.cudart.pinned) == held - 1


def test_two_threads_get_their_own_answers(nvidia: Any, engine: Make) -> None:
    session = TensorRtSession(engine())
    wrong: list[tuple[float, list[float]]] = []

    def ask(value: float) -> None:
        for _ in range(50):
            found = confidences(session.run(pictures(value)))
            if found != [value]:
                wrong.append((value, found))

    threads = [threading.Thread(target=ask, args=(value,)) for value in (0.25, 0.5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        pytest.param((5, 3, 64, 64), "more than the profile", id="too many"),
        pytest.param((0, 3, 64, 64), "none", id="no picture"),
        pytest.param((1, 3, 32, 64), "another size", id="another size"),
        pytest.param((3, 64, 64), "no batch", id="no batch"),
    ],
)
def test_an_input_that_does_not_fit_is_one_sentence(
    shape: tuple[int, ...], kind: str, nvidia: Any, engine: Make
) -> None:
    with pytest.raises(EngineError, match=r"failed on an input \[.*\]: expected up to \[4, 3, 64, 64\]"):
        TensorRtSession(engine(), maximum_batch=16).run(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        pytest.param(
            {"compute_capability": "8.6"}, "it was built for another GPU (The engine", id="other GPU"
        ),
        pytest.param({"platform": "x86_64"}, "it was built on another kind of machine (", id="from a PC"),
    ],
)
def test_an_engine_from_elsewhere_is_refused(
    fields: dict[str, Any], meaning: str, nvidia: Any, engine: Make
) -> None:
    refused(engine(**fields), nvidia, meaning)


def test_an_engine_of_another_tensorrt_is_refused(nvidia: Any, engine: Make) -> None:
    other = "8.6.2" if nvidia.tensorrt.__version__ != "8.6.2" else "10.3.0"
    refused(engine(version=other), nvidia, "it was built by another version of TensorRT (")


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda plan: plan[:-20], id="its end is missing"),
        pytest.param(lambda plan: plan[:6], id="hardly begun"),
        pytest.param(lambda plan: b"\0" * len(plan), id="zeros, as after a power cut"),
        pytest.param(lambda plan: b"\x08\x08ONNX", id="an ONNX file"),
    ],
)
def test_a_damaged_engine_is_refused(cut: Callable[[bytes], bytes], nvidia: Any, engine: Make) -> None:
    path = engine()
    path.write_bytes(cut(path.read_bytes()))
    refused(path, nvidia, "it is no TensorRT engine of this version, or a damaged one (")


def refused(path: Path, nvidia: Any, meaning: str) -> None:
    with pytest.raises(EngineError) as caught:
        TensorRtSession(path)
    sentence = str(caught.value)
    assert sentence.startswith(
        f"engine {path} cannot be opened by TensorRT {nvidia.tensorrt.__version__}: {meaning}"
    )
    assert "\n" not in sentence
    assert nvidia.held() == (0, 0)


def test_plug_ins_are_registered_before_an_engine_needs_them(nvidia: Any, engine: Make) -> None:
    TensorRtSession(engine(plugin="BatchedNMSDynamic_TRT")).close()
    del nvidia.tensorrt.init_libnvinfer_plugins
    nvidia.tensorrt.plugins_of = None
    refused(
        engine(plugin="BatchedNMSDynamic_TRT"),
        nvidia,
        "it needs a plug-in that this TensorRT does not have (",
    )


def test_too_little_memory_for_a_context(nvidia: Any, engine: Make) -> None:
    nvidia.cudart.failing["context"] = 1
    refused(engine(), nvidia, "the GPU has too little memory left (")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param(
            {"inputs": [("images", "INT8", (-1, 3, 64, 64))]},
            "takes int8: expected floating point",
            id="int8 input",
        ),
        pytest.param(
            {"inputs": [("a", "FLOAT", (1, 3, 64, 64)), ("b", "FLOAT", (1, 2))]},
            "takes a, b: expected one input of pictures",
            id="two inputs",
        ),
        pytest.param(
            {"inputs": [("images", "FLOAT", (1, 64, 64, 3))]},
            "takes [1, 64, 64, 3] to [1, 64, 64, 3]: expected one input of pictures [B, 3, H, W]",
            id="channels last",
        ),
        pytest.param(
            {"profile": [(16, 3, 64, 64)] * 3}, "takes [16, 3, 64, 64] to [16, 3, 64, 64]", id="16 or nothing"
        ),
        pytest.param(
            {"outputs": [("boxes", "FLOAT", (-1, -1, 4))]},
            "gives boxes [1, -1, 4] for a batch of 1: expected the same size for any picture",
            id="as many boxes as there are",
        ),
        pytest.param(
            {"outputs": [("o", "FP8", (-1, 5, 84))]}, "has o of type FP8: expected one of", id="fp8"
        ),
    ],
)
def test_an_engine_of_another_shape_is_refused(
    fields: dict[str, Any], sentence: str, nvidia: Any, engine: Make
) -> None:
    with pytest.raises(EngineError) as caught:
        TensorRtSession(engine(**fields))
    assert sentence in str(caught.value)
    assert nvidia.held() == (0, 0)


def test_a_fault_of_the_gpu_is_one_sentence_and_everything_is_given_back(nvidia: Any, engine: Make) -> None:
    session = TensorRtSession(engine())
    assert nvidia.held() == (2, 1)
    nvidia.cudart.failing["cudaStreamSynchronize"] = 700
    with pytest.raises(CudaError, match=r"cudaStreamSynchronize failed with error 700 \(an illegal memory"):
        session.run(pictures(0.5))
    nvidia.cudart.failing.clear()
    session.close()
    session.close()
    assert nvidia.held() == (0, 0)
    with pytest.raises(EngineError, match="is closed"):
        session.run(pictures(0.5))


@pytest.mark.parametrize(
    ("call", "status"),
    [pytest.param("cudaMalloc", 2, id="memory"), pytest.param("cudaHostAlloc", 2, id="pinned")],
)
def test_a_gpu_without_memory_leaves_nothing_behind(
    call: str, status: int, nvidia: Any, engine: Make
) -> None:
    nvidia.cudart.failing[call] = status
    with pytest.raises(CudaError, match=f"CUDA call {call} failed with error 2"):
        TensorRtSession(engine())
    assert nvidia.held() == (0, 0)


def test_the_cuda_runtime_tells_of_itself(nvidia: Any) -> None:
    cuda = CudaRuntime.load()
    assert (cuda.version(), cuda.compute_capability()) == ("12.6", "8.7")
    assert cuda.free_and_total_bytes() == (3 << 30, 8 << 30)
    empty = cuda.pinned((0, 4), np.float32)
    assert empty.shape == (0, 4)


def test_a_machine_without_the_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    with pytest.raises(EngineError, match="cannot be read: No such file"):
        TensorRtSession(path)
    path.write_bytes(b"")
    with pytest.raises(EngineError, match="is empty: expected an engine built on this machine"):
        TensorRtSession(path)
    path.write_bytes(b"ftrt")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(
        EngineError, match=r"TensorRT's Python package cannot be imported \(.*python3-libnvinfer"
    ):
        TensorRtSession(path)

    def missing(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(
        CudaError, match=r"the CUDA runtime cannot be loaded \(libcudart.so: cannot open shared"
    ):
        CudaRuntime.load()


def test_a_tensorrt_of_long_ago_is_refused(nvidia: Any, engine: Make) -> None:
    path = engine()
    nvidia.tensorrt.__version__ = "8.2.1.8"
    with pytest.raises(EngineError, match=r"TensorRT is 8\.2\.1\.8: expected 8\.6 or newer"):
        TensorRtSession(path)


def constant(pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    output = np.zeros((len(pictures), 5, 84), np.float32)
    output[:, :, 3] = (32, 32, 16, 32, 0.9)
    return [output]


def test_a_package_runs_by_its_engine(nvidia: Any, engine: Make, make_package: Make) -> None:
    nvidia.answer = constant
    detector = open_detector(make_package(), engine=engine())
    assert (detector.provider, detector.provider_note, detector.provider_steps) == ("TensorRT", None, ())
    np.testing.assert_allclose(detector.detect(BLACK).boxes, [[24, 16, 40, 48]])
    assert detector.new_buffer().tensor.ctypes.data in nvidia.cudart.pinned
    # Picture by picture: memory for more is to be asked for.
    assert [len(one) for one in detector.detect_batch([BLACK] * 9)] == [1] * 9
    detector.close()
    assert nvidia.held() == (0, 0)


def test_each_picture_of_a_batch_keeps_its_own_boxes(nvidia: Any, engine: Make, make_package: Make) -> None:
    detector = open_detector(make_package(), DetectorSettings(maximum_batch=4), engine=engine())
    frames = [np.full((64, 64, 3), value, np.uint8) for value in (51, 102, 153, 204, 255)]
    found = detector.detect_batch(frames)
    assert [round(float(one.confidences[0]), 3) for one in found] == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_classifier_runs_by_its_engine(nvidia: Any, engine: Make, make_package: Make) -> None:
    scores = np.array([[0.1, 0.2, 0.7]], np.float32)
    folder = make_package({"prob": scores}, metadata={"names": "{0: 'a', 1: 'b', 2: 'c'}"})
    nvidia.answer = lambda pictures: [np.repeat(scores, len(pictures), axis=0)]
    classifier = open_classifier(folder, engine=engine(outputs=[("prob", "FLOAT", (-1, 3))]))
    assert classifier.provider == "TensorRT"
    assert [one.label for one in classifier.classify(BLACK)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"compute_capability": "7.2"}, "it was built for another GPU", id="another GPU"),
        pytest.param(
            {
                "inputs": [("images", "FLOAT", (1, 3, 96, 96))],
                "profile": [(1, 3, 96, 96)] * 3,
                "outputs": [("output0", "FLOAT", (1, 5, 189))],
            },
            "input is 64x64 but model.plan takes 96x96",
            id="another input size",
        ),
        pytest.param(
            {"outputs": [("o", "FLOAT", (-1, 9))]}, "with 1 labels does not fit", id="another model"
        ),
    ],
)
def test_an_engine_that_cannot_be_used_is_a_step_down_that_is_told(  # noqa: PLR0917 - fixtures
    fields: dict[str, Any],
    reason: str,
    nvidia: Any,
    engine: Make,
    make_package: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nvidia.answer = lambda pictures: [np.zeros((len(pictures), *shape[1:]), np.float32) for shape in shapes]
    shapes = [one[2] for one in fields.get("outputs", [("output0", "FLOAT", (1, 5, 84))])]
    folder, plan = make_package(), engine(**fields)
    with caplog.at_level(logging.WARNING):
        detector = open_detector(folder, engine=plan)
    assert detector.provider == "CPUExecutionProvider"
    assert len(detector.detect(BLACK)) == 1
    assert reason in (detector.provider_note or "")
    assert (detector.provider_note or "").endswith("CPUExecutionProvider runs the model instead")
    assert detector.provider_steps[0].startswith("TensorRT engine: ")
    assert detector.provider_steps[1].startswith("TensorrtExecutionProvider: not built into ONNX Runtime")
    assert "the model runs on another provider than expected" in caplog.messages
    with pytest.raises(CrowdLensError, match=reason):
        open_detector(folder, engine=plan, engine_only=True)
    assert nvidia.held() == (0, 0)


def test_the_golden_check_holds_an_engine_to_its_package(
    nvidia: Any, engine: Make, make_package: Make
) -> None:
    folder, path = make_package(), engine()
    write_golden(folder, BLACK)
    nvidia.answer = constant
    passed = check_golden(folder, engine=path)
    assert (passed.passed, passed.provider) == (True, "TensorRT")

    def worse(pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        return [constant(pictures)[0] * np.array([1, 1, 1, 1.2, 1], np.float32)[:, None]]

    nvidia.answer = worse
    failed = check_golden(folder, engine=path)
    assert not failed.passed
    assert "failed on TensorRT: person at (24, 16, 40, 48) lies 3.2 pixels off" in (failed.reason or "")
    path.write_bytes(path.read_bytes()[:-9])
    broken = check_golden(folder, engine=path)
    assert (broken.passed, broken.provider) == (False, "")
    assert "a damaged one" in (broken.reason or "")
    assert nvidia.held() == (0, 0)


def test_an_engine_needs_a_package(nvidia: Any, engine: Make, make_model: Make) -> None:
    with pytest.raises(CrowdLensError, match=r"was given with .*: expected a model package, a folder"):
        open_detector(make_model(), engine=engine())


def test_a_package_may_bring_an_engine_alone(nvidia: Any, engine: Make, make_package: Make) -> None:
    from edge_components.runtime.inference.model_package import sha256_of

    plan = engine()
    folder = make_package(changes={"sha256": sha256_of(plan)})
    (folder / "model.onnx").unlink()
    (folder / "engine.plan").write_bytes(plan.read_bytes())
    nvidia.answer = constant
    detector = open_detector(folder)
    assert detector.provider == "TensorRT"
    assert len(detector.detect(BLACK)) == 1
    (folder / "engine.plan").write_bytes(b"ftrt")
    with pytest.raises(CrowdLensError, match=r"sha256 of engine\.plan is"):
        open_detector(folder)


TAO_OUTPUTS = [
    ("BatchedNMS", "INT32", (-1, 1)),
    ("BatchedNMS_1", "FLOAT", (-1, 200, 4)),
    ("BatchedNMS_2", "FLOAT", (-1, 200)),
    ("BatchedNMS_3", "FLOAT", (-1, 200)),
]


def test_the_drone_project_s_engine_runs_sixteen_pictures_at_a_time(
    nvidia: Any, engine: Make, make_package: Make
) -> None:
    """YOLOv4 of TAO: batches of 1, 4 and 16 at 3x416x416, BatchedNMS, threshold 0.3, 200 boxes kept."""
    batches: list[int] = []

    def answer(pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        batch = len(pictures)
        batches.append(batch)
        boxes, scores = np.zeros((batch, 200, 4), np.float32), np.full((batch, 200), 0.9, np.float32)
        boxes[:, 0], boxes[:, 1] = (0.25, 0.25, 0.5, 0.75), (0.5, 0.5, 0.75, 1.0)
        scores[:, 1] = 0.29  # under the threshold of the original, which the tracker may still follow
        counts = np.full((batch, 1), 2, np.int32)
        counts[pictures[:, 0, 0, 0] > 0] = 1
        return [counts, boxes, scores, np.zeros((batch, 200), np.float32)]

    one = [values[:1] for values in answer(np.zeros((1, 3, 1, 1)))]
    names = ("num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes")
    folder = make_package(dict(zip(names, one, strict=True)), input_shape=(1, 3, 416, 416))
    nvidia.answer = answer
    detector = open_detector(
        folder,
        DetectorSettings(maximum_batch=16),
        engine=engine(
            inputs=[("Input", "FLOAT", (-1, 3, 416, 416))],
            profile=[(1, 3, 416, 416), (4, 3, 416, 416), (16, 3, 416, 416)],
            outputs=TAO_OUTPUTS,
            plugin="BatchedNMSDynamic_TRT",
        ),
    )
    assert (detector.provider, detector.package.layout, detector.confidence) == (
        "TensorRT",
        "batched_nms",
        0.3,
    )
    batches.clear()
    white = np.full((208, 416, 3), 255, np.uint8)
    found = detector.detect_batch([np.zeros_like(white), white] * 10)
    assert batches == [16, 4]
    for index, detections in enumerate(found):
        assert len(detections) == (1 if index % 2 else 2)
        np.testing.assert_allclose(detections.boxes[0], [104, 104, 208, 208])
        assert detections.confidences[0] == pytest.approx(0.9)
