"""The self test: what it finds out, what it fails for, and what it says to somebody far away."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.main import main as crowdlens
from edge_components.runtime.inference import machine_report, selftest
from edge_components.runtime.inference.golden import write_golden
from edge_components.runtime.inference.model_trial import ABSENT, FAILED, PASSED, try_model

Make = Callable[..., Path]
BLACK = np.zeros((64, 64, 3), np.uint8)


def test_the_shipped_models_pass_and_the_report_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert crowdlens(["selftest", "--json", "--frames", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is True
    assert document["machine"]["libraries"]["onnxruntime"][0].isdigit()
    assert document["machine"]["memory_mebibytes"] > 100
    by_way = {trial["way"]: trial for trial in document["trials"] if trial["model"] == "person_demo"}
    assert set(by_way) == {"cpu", "cuda", "tensorrt"}
    assert by_way["cpu"]["outcome"] == PASSED
    assert by_way["cpu"]["frames"] == 3
    times = by_way["cpu"]["milliseconds"]
    assert list(times) == ["preprocess", "infer", "postprocess", "whole"]
    assert all(0 < one["p50"] <= one["p95"] for one in times.values())
    if "CUDAExecutionProvider" not in document["machine"]["onnxruntime_providers"]:
        assert by_way["cuda"]["outcome"] == ABSENT
        assert "not built into ONNX Runtime" in by_way["cuda"]["reason"]


def test_a_model_that_fails_fails_the_test(make_package: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_package()
    write_golden(folder, BLACK)
    text = (folder / "golden.json").read_text(encoding="utf-8")
    (folder / "golden.json").write_text(text.replace("24.0", "34.0", 1), encoding="utf-8")
    assert selftest.main(["--model", str(folder), "--frames", "2"]) == 1
    out = capsys.readouterr().out
    assert "tiny by cpu: failed" in out
    assert "golden check of" in out
    assert "lies 10.0 pixels off" in out
    assert "whole        p50" in out
    assert out.endswith("something FAILED\n")


def test_a_package_without_golden_picture_fails(make_package: Make) -> None:
    trial = try_model(make_package(), "cpu", frames=1)
    assert trial.outcome == FAILED
    assert "has no golden.json" in (trial.reason or "")


@pytest.mark.parametrize("nvidia", ["10.3.0"], indirect=True)
def test_the_model_in_force_on_a_device_is_tried_by_its_engine(
    nvidia: Any,
    make_plan: Callable[..., bytes],
    make_package: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path
    folder = make_package()
    write_golden(folder, BLACK)
    (store / "engine.plan").write_bytes(make_plan())
    pointer = {"package": str(folder.relative_to(store)), "engine": "engine.plan"}
    (store / "active.json").write_text(json.dumps(pointer), encoding="utf-8")

    def constant(pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        output = np.zeros((len(pictures), 5, 84), np.float32)
        output[:, :, 3] = (32, 32, 16, 32, 0.9)
        return [output]

    nvidia.answer = constant
    call = ["--model", str(folder), "--store", str(store), "--frames", "2", "--json"]
    assert selftest.main(call) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"]["tensorrt"] == "10.3.0"
    assert document["machine"]["cuda"]["compute_capability"] == "8.7"
    assert [trial["way"] for trial in document["trials"]].count("engine") == 1
    assert document["trials"][-1]["provider"] == "TensorRT"
    assert document["trials"][-1]["outcome"] == PASSED
    (store / "engine.plan").write_bytes(make_plan()[:-1])
    assert selftest.main(call) == 1
    assert "a damaged one" in json.loads(capsys.readouterr().out)["trials"][-1]["reason"]


@pytest.mark.parametrize("nvidia", ["10.3.0"], indirect=True)
def test_a_package_with_an_engine_alone_is_tried_by_it_alone(
    nvidia: Any, make_plan: Callable[..., bytes], make_package: Make
) -> None:
    folder = make_package(changes={"sha256": hashlib.sha256(make_plan()).hexdigest()})
    (folder / "engine.plan").write_bytes(make_plan())
    (folder / "model.onnx").unlink()
    document = selftest.report([(folder, None)], 1)
    assert [trial["way"] for trial in document["trials"]] == ["engine"]
    assert "has no golden.json" in document["trials"][0]["reason"]


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_what_a_machine_with_a_gpu_has_and_cannot_use_is_a_failure(
    make_package: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_components.runtime.inference import provider_ladder

    folder = make_package()
    write_golden(folder, BLACK)
    monkeypatch.setattr(
        provider_ladder,
        "_load_problem",
        lambda name, folder: "its library cannot be loaded (libnvinfer.so.10)",
    )
    real = sys.modules["onnxruntime"] if "onnxruntime" in sys.modules else __import__("onnxruntime")
    available = ["TensorrtExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(real, "get_available_providers", lambda: available)
    for gpu, outcome in ((False, ABSENT), (True, FAILED)):
        trial = try_model(folder, "tensorrt", frames=1, gpu=gpu)
        assert trial.outcome == outcome
        assert trial.reason is not None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--engine", "x.plan"], "--engine x.plan needs its package", id="an engine alone"),
        pytest.param(["--frames", "0"], "--frames is 0: expected 1 to 100000", id="no frames"),
        pytest.param(["--store", "/nowhere"], "/nowhere/active.json cannot be read", id="no store"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert selftest.main(words) == 2
    assert crowdlens(["selftest", *words]) == 2
    err = capsys.readouterr().err
    assert err.count(sentence) == 2
    assert "Traceback" not in err


def test_nothing_to_try_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(selftest, "SHIPPED_MODELS", tmp_path / "none")
    with pytest.raises(selftest.SelfTestError, match="expected a package folder with --model"):
        selftest.candidates(None, None, None)


def test_a_machine_without_parts_is_described_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("onnxruntime", "cv2", "tensorrt"):
        monkeypatch.setitem(sys.modules, name, None)
    facts = machine_report.machine_facts()
    assert facts["libraries"]["cv2"].startswith("not here (")
    assert facts["onnxruntime_providers"] == []
    assert facts["tensorrt"].startswith("not here (TensorRT's Python package cannot be imported")
