"""What other components say of themselves, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.records import Value
from edge_components.fleet_agent.readers.components import (
    ComponentsReader,
    camera_values,
    versions_text,
    waiting_of,
)
from edge_components.runtime.status import ComponentStatus, StatusWriter


def status(
    name: str, version: str = "1.0.0", state: Any = "running", age_seconds: float = 0.0
) -> ComponentStatus:
    return ComponentStatus(name, version, "", 1, state, None, {}, age_seconds)


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        pytest.param([], "fleet_agent 2.0.0", id="alone"),
        pytest.param(
            [status("vision"), status("publisher", age_seconds=60.0), status("local_view", state="failed")],
            "local_view 1.0.0 failed, publisher 1.0.0 silent, fleet_agent 2.0.0, vision 1.0.0",
            id="trouble first",
        ),
        pytest.param(
            [status(f"component_{number}") for number in range(9)],
            ", ".join(f"component_{number} 1.0.0" for number in range(5)) + ", comp…",
            id="too many",
        ),
    ],
)
def test_versions(statuses: list[ComponentStatus], text: str) -> None:
    assert versions_text(statuses, "2.0.0") == text
    assert len(text) <= 100


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
    assert values["component_versions"] == "fleet_agent 2.0.0, vision 1.2.0"
    assert (values["software_version"], values["cameras_ok"]) == ("1.2.0", 1)


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
