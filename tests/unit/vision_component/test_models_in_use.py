"""Models are opened once, shared, and closed after the last who needs them."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.vision.component_settings import VisionSettings
from edge_components.vision.held_model import HeldModel
from edge_components.vision.model_bench import ModelBench, ModelPlace, locate

PLACE, OTHER = ModelPlace(Path("/a"), None, "a"), ModelPlace(Path("/b"), None, "b")


class Opened:
    provider = "CPUExecutionProvider"

    def __init__(self, place: ModelPlace) -> None:
        self.place, self.closed = place, 0

    def close(self) -> None:
        self.closed += 1


def test_a_model_is_opened_once_and_closed_after_the_last() -> None:
    bench, settings = ModelBench(Path("/"), opener=lambda place, _: Opened(place)), DetectorSettings()
    first, second = bench.borrow(PLACE, settings), bench.borrow(PLACE, settings)
    assert first.model is second.model
    first.give_back()
    first.give_back()
    assert second.model.closed == 0
    second.give_back()
    assert second.model.closed == 1
    assert bench.borrow(PLACE, settings).model is not second.model


def test_one_that_takes_long_holds_up_only_who_wants_it() -> None:
    release = threading.Event()

    def slow(place: ModelPlace, settings: DetectorSettings) -> Any:
        assert place is not PLACE or release.wait(60)
        return Opened(place)

    bench, got = ModelBench(Path("/"), opener=slow), []
    waiting = [
        threading.Thread(target=lambda: got.append(bench.borrow(PLACE, DetectorSettings()))) for _ in range(2)
    ]
    for thread in waiting:
        thread.start()
    assert bench.borrow(OTHER, DetectorSettings()).place is OTHER
    assert not got
    release.set()
    for thread in waiting:
        thread.join(60)
    assert got[0].model is got[1].model


def test_a_model_that_cannot_be_opened_may_be_tried_again() -> None:
    answers: list[Any] = [CrowdLensError("truncated"), None]

    def opener(place: ModelPlace, settings: DetectorSettings) -> Any:
        problem = answers.pop(0)
        if problem is not None:
            raise problem
        return Opened(place)

    bench = ModelBench(Path("/"), opener=opener)
    with pytest.raises(CrowdLensError, match="truncated"):
        bench.borrow(PLACE, DetectorSettings())
    assert bench.borrow(PLACE, DetectorSettings()).place is PLACE


def test_where_models_lie(tmp_path: Path) -> None:
    assert locate("store", tmp_path).shown == "person_demo"
    (tmp_path / "packages" / "people" / "2").mkdir(parents=True)
    assert locate("people@2", tmp_path) == ModelPlace(
        tmp_path / "packages" / "people" / "2", None, "people@2"
    )
    pointer = {"name": "people", "version": "2", "package": "packages/people/2", "engine": "engines/k.plan"}
    (tmp_path / "active.json").write_text(json.dumps(pointer))
    active = ModelPlace(tmp_path / "packages" / "people" / "2", tmp_path / "engines" / "k.plan", "people@2")
    assert (locate("store", tmp_path), locate("people@2", tmp_path)) == (active, active)
    assert locate(str(tmp_path), tmp_path).package == tmp_path


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": "a", "version": 1}'])
def test_a_pointer_that_cannot_be_read_means_the_shipped_model(tmp_path: Path, content: str) -> None:
    (tmp_path / "active.json").write_text(content)
    assert locate("store", tmp_path).shown == "person_demo"


def test_a_projects_model_comes_with_its_engine(tmp_path: Path) -> None:
    (tmp_path / "packages/people/2").mkdir(parents=True)
    pointer = {"name": "people", "version": "2", "package": "packages/people/2", "engine": "engines/k.plan"}
    (tmp_path / "ready.json").write_text(json.dumps({"people@2": pointer}))
    assert locate("people@2", tmp_path).engine == tmp_path / "engines/k.plan"
    (tmp_path / "ready.json").write_text("[1")
    assert locate("people@2", tmp_path).engine is None


@pytest.mark.parametrize(
    ("refusal", "is_refused"),
    [
        pytest.param({"manifest_sha256": hashlib.sha256(b"{}").hexdigest()}, True, id="failed-here"),
        pytest.param({"manifest_sha256": ""}, True, id="failed-as-nobody-knows-which"),
        pytest.param({"manifest_sha256": "0" * 64}, False, id="another-publication-failed"),
        pytest.param({"manifest_sha256": "", "by_operator": True}, False, id="left-by-an-operator"),
    ],
)
def test_a_version_that_failed_in_the_store_is_no_projects_model(
    tmp_path: Path, refusal: dict[str, Any], is_refused: bool
) -> None:
    package = tmp_path / "packages/people/2"
    package.mkdir(parents=True)
    (package / "manifest.json").write_bytes(b"{}")
    (tmp_path / "refused.json").write_text(json.dumps({"people@2": {"reason": "wrong boxes", **refusal}}))
    if is_refused:
        with pytest.raises(CrowdLensError, match=r"people@2 is refused by the model store: wrong boxes"):
            locate("people@2", tmp_path)
    else:
        assert locate("people@2", tmp_path).package == package


def test_what_is_nowhere_is_said(tmp_path: Path) -> None:
    with pytest.raises(CrowdLensError, match="model people@3 is not on this device"):
        locate("people@3", tmp_path)
    with pytest.raises(
        CrowdLensError, match=r"expected a package folder, an \.onnx file or one of person_demo"
    ):
        locate("nobody", tmp_path)


def test_what_frames_in_flight_need_is_not_closed(tmp_path: Path) -> None:
    bench = ModelBench(tmp_path, opener=lambda place, _: Opened(place))
    held = HeldModel(bench)
    borrowed = [bench.borrow(ModelPlace(tmp_path / name, None, name), DetectorSettings()) for name in "abc"]
    held.hold(borrowed[0])
    held.hold(borrowed[1])
    held.drop_former(borrowed[0].model)
    assert [one.model.closed for one in borrowed] == [0, 0, 0]
    held.hold(borrowed[2])
    # The run has only come to the second one when it tells.
    held.drop_former(borrowed[1].model)
    assert [one.model.closed for one in borrowed] == [0, 0, 0]
    held.drop_former(borrowed[2].model)
    assert [one.model.closed for one in borrowed] == [1, 1, 0]
    assert held.name == "c"
    held.close()
    assert [one.model.closed for one in borrowed] == [1, 1, 1]


def test_a_model_that_was_refused_is_tried_again_once_it_changes_on_disk(tmp_path: Path) -> None:
    package = tmp_path / "packages/people/2"
    package.mkdir(parents=True)
    (package / "model.onnx").write_bytes(b"truncated")
    held, settings = (
        HeldModel(ModelBench(tmp_path, opener=lambda place, _: Opened(place))),
        VisionSettings(()),
    )
    documents = SimpleNamespace(project=None)
    held.hold(held.borrow(documents, settings))
    pointer = {"name": "people", "version": "2", "package": "packages/people/2", "engine": None}
    (tmp_path / "active.json").write_text(json.dumps(pointer))
    place = held.other_place(documents, settings)
    assert place is not None
    held.refuse(place, "truncated")
    assert held.other_place(documents, settings) is None
    (package / "model.onnx").write_bytes(b"whole at last")
    assert held.other_place(documents, settings) == place
    held.refuse(place, "still bad")
    assert held.other_place(documents, settings) is None
