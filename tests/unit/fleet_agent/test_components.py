"""What other components say of themselves, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.records import Value
from contract.tables import DEVICE_HEALTH
from edge_components.fleet_agent.readers.components import (
    ComponentsReader,
    camera_values,
    versions_text,
    waiting_of,
)
from edge_components.fleet_agent.readers.provider import short_reason
from edge_components.fleet_agent.reports import health_record
from edge_components.runtime.status import ComponentStatus, StatusWriter


def status(
    name: str,
    version: str = "1.0.0",
    state: Any = "running",
    age_seconds: float = 0.0,
    details: dict[str, Any] | None = None,
) -> ComponentStatus:
    return ComponentStatus(name, version, "", 1, state, None, details or {}, age_seconds)


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        pytest.param([], "fleet_agent 2.0.0", id="alone"),
        pytest.param(
            [status("vision"), status("publisher", age_seconds=60.0), status("local_view", state="failed")],
            "local_view failed, publisher silent, vision 1.0.0; fleet_agent 2.0.0",
            id="trouble first",
        ),
        pytest.param(
            [
                status(name, "2.0.0")
                for name in ("vision", "publisher", "local_view", "model_store", "deepstream_bridge")
            ],
            "deepstream_bridge, fleet_agent, local_view, model_store, publisher, vision 2.0.0",
            id="all there are, of one version",
        ),
        pytest.param(
            [status("vision", "1.10.12"), status("publisher", details={"configuration_problem": "refused"})],
            "publisher config refused 1.0.0; fleet_agent 2.0.0; vision 1.10.12",
            id="a configuration that was refused",
        ),
        pytest.param(
            [status("vision", age_seconds=60.0, details={"configuration_problem": "refused"})],
            "vision silent 1.0.0; fleet_agent 2.0.0",
            id="what a silent one said is old",
        ),
        pytest.param(
            [status(f"component_{number}") for number in range(9)],
            ", ".join(f"component_{number}" for number in range(6)) + ", compon…",
            id="too many",
        ),
    ],
)
def test_versions(statuses: list[ComponentStatus], text: str) -> None:
    assert versions_text(statuses, "2.0.0") == text
    assert len(text) <= DEVICE_HEALTH.column("component_versions").maximum_length


CAMERA = {
    "state": "ok", "frames_per_second": 10.0, "provider": "CUDAExecutionProvider", "problem": None,
    "inference_milliseconds_p50": 8.0, "inference_milliseconds_p95": 12.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("cameras", "values"),
    [
        pytest.param({}, {"cameras": 0, "cameras_ok": 0}, id="none"),
        pytest.param(
            {"a": CAMERA, "b": {**CAMERA, "state": "frozen", "frames_per_second": 5.0,
                                "provider": "CPUExecutionProvider", "inference_milliseconds_p95": 40.0}},
            {"cameras": 2, "cameras_ok": 1, "provider": "CPUExecutionProvider", "frames_per_second": 15.0,
             "inference_milliseconds_p50": 8.0, "inference_milliseconds_p95": 40.0},
            id="the slowest tells, the rates add up",
        ),
        pytest.param(
            {"a": {**CAMERA, "problem": "the scene was refused"}, "b": {**CAMERA, "state": "off"}},
            {"cameras": 1, "cameras_ok": 0, "provider": "CUDAExecutionProvider", "frames_per_second": 10.0,
             "inference_milliseconds_p50": 8.0, "inference_milliseconds_p95": 12.0},
            id="a problem, and one switched off",
        ),
        pytest.param(
            {"a": {"state": "running", "problem": "m@1 stays", "model_problem": "m@1 stays"}},
            {"cameras": 1, "cameras_ok": 1}, id="the model before stays",
        ),
        pytest.param(
            {"a": {"state": "running", "camera_state": "covered", "problem": None}},
            {"cameras": 1, "cameras_ok": 0}, id="runs, but sees nothing",
        ),
        pytest.param(
            {"a": {"state": 5, "provider": 7, "frames_per_second": True}, "b": "?"},
            {"cameras": 1, "cameras_ok": 0}, id="nonsense",
        ),
        pytest.param(None, {"cameras": 0, "cameras_ok": 0}, id="no cameras at all"),
    ],
)  # fmt: skip
def test_cameras(cameras: object, values: dict[str, Value]) -> None:
    assert dict(camera_values(cameras).values) == values


TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
TENSORRT_REFUSED = f"{TENSORRT}: refused the model (no plugin GridSample)"
NO_DEVICE = f"{CUDA}: its library loads but finds no device that it can use"
ABSENT = [f"{name}: not built into ONNX Runtime 1.20" for name in (TENSORRT, CUDA)]
GPU_IDLE = "this machine has an NVIDIA GPU but CPUExecutionProvider runs the model: CUDA"


@pytest.mark.parametrize(
    ("camera", "told"),
    [
        pytest.param({"provider": CUDA, "provider_note": None, "provider_steps": [TENSORRT_REFUSED]},
                     {"provider_note": "TensorRT refused model", "provider_steps": TENSORRT_REFUSED},
                     id="CUDA instead of TensorRT"),
        pytest.param({"provider": CPU, "provider_note": GPU_IDLE,
                      "provider_steps": [TENSORRT_REFUSED, NO_DEVICE]},
                     {"provider_note": "TensorRT refused model, CUDA no device",
                      "provider_steps": f"{TENSORRT_REFUSED}; {NO_DEVICE}"},
                     id="the processor where a GPU is"),
        pytest.param({"provider": CPU, "provider_note": None, "provider_steps": ABSENT}, {},
                     id="the processor, and there is no GPU"),
        pytest.param({"provider": TENSORRT, "provider_note": "a.plan is old",
                      "provider_steps": ["TensorRT engine: a.plan is old"]},
                     {"provider_note": "TensorRT engine failed",
                      "provider_steps": "TensorRT engine: a.plan is old"},
                     id="an own engine that cannot be opened"),
        pytest.param({"provider": CPU, "provider_note": "CUDA was asked for"},
                     {"provider_note": "CUDA was asked for", "provider_steps": "CUDA was asked for"},
                     id="a note without steps"),
        pytest.param({"provider": TENSORRT, "provider_note": None, "provider_steps": []}, {},
                     id="the best there is"),
        pytest.param({"provider_note": 5, "provider_steps": "?"}, {}, id="nonsense"),
    ],
)  # fmt: skip
def test_the_reason_for_a_slower_provider(camera: dict[str, Any], told: dict[str, Value]) -> None:
    reading = camera_values({"a": {**CAMERA, "provider": None, **camera}})
    assert {
        name: reading.values[name] for name in ("provider_note", "provider_steps") if name in reading.values
    } == told
    assert ("provider_note" in reading.cannot) == (not told)


def test_every_pair_of_reasons_is_cut_at_the_column_at_worst() -> None:
    steps = [TENSORRT_REFUSED, "CUDAExecutionProvider: its library cannot be loaded (libcudnn.so.9)"]
    record = health_record({"provider_note": short_reason(steps)}, event_time_ms=0, clock_quality="synced")
    assert record.values["provider_note"] == "TensorRT refused model, CUDA library …"


def write(folder: Path, name: str, **details: Any) -> None:
    writer = StatusWriter(folder, name, "1.2.0")
    writer.report("running", details=details)
    writer.write()


def test_vision_is_asked_by_its_file(tmp_path: Path) -> None:
    reader = ComponentsReader(tmp_path, "2.0.0")
    assert reader.read().cannot["cameras"] == "vision does not run"
    assert reader.read().values["software_version"] == "2.0.0"
    write(tmp_path, "vision", cameras={"a": CAMERA})
    write(tmp_path, "fleet_agent", health={})
    values = reader.read().values
    assert values["component_versions"] == "fleet_agent 2.0.0; vision 1.2.0"
    assert (values["software_version"], values["cameras_ok"]) == ("1.2.0", 1)


def test_why_a_configuration_was_refused_is_told_whole(tmp_path: Path) -> None:
    write(tmp_path, "vision", configuration_problem="refused, the one before stays: no model m@9")
    write(tmp_path, "publisher", configuration_problem=None)
    write(tmp_path, "fleet_agent", configuration_problem="refused, the one before stays: rhythm")
    values = ComponentsReader(tmp_path, "2.0.0").read().values
    assert values["component_versions"] == (
        "fleet_agent config refused 2.0.0; vision config refused, publisher 1.2.0"
    )
    assert values["configuration_problems"] == (
        "vision: refused, the one before stays: no model m@9; "
        "fleet_agent: refused, the one before stays: rhythm"
    )


def test_a_status_cut_off_in_the_middle_is_none(tmp_path: Path) -> None:
    write(tmp_path, "vision", cameras={"a": CAMERA})
    path = tmp_path / "vision.json"
    path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert ComponentsReader(tmp_path, "2.0.0").read().cannot["cameras"] == "vision does not run"


def test_what_waits_is_the_publishers_word(tmp_path: Path) -> None:
    assert waiting_of(tmp_path) is None
    write(tmp_path, "publisher", spool={"waiting_records": 12, "waiting_bytes": 3400})
    assert waiting_of(tmp_path) == (12, 3400)
    write(tmp_path, "publisher", spool={"problem": "the disk is full"})
    assert waiting_of(tmp_path) is None
