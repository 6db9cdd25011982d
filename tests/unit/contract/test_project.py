"""A project file says which model looks where and what comes of it; every mistake is one sentence."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.project import ProjectError, parse_project

MASK: dict[str, Any] = {
    "project": "mask-check",
    "task": "classification",
    "model": "squeezenet@1",
    "scene": "scene.yaml",
    "output": {
        "top_k": 5,
        "smoothing_frames": 10,
        "minimum_probability": 0.5,
        "hysteresis": 0.1,
        "texts": {643: "Mask"},
        "otherwise": "Not Mask",
        "records": "change",
        "mqtt": "change",
        "interval_seconds": 30,
        "alert": {"texts": ["Not Mask"], "minimum_seconds": 3},
    },
}


def mask_with(**output: Any) -> dict[str, Any]:
    changed = copy.deepcopy(MASK)
    changed["output"] |= output
    return changed


def test_the_mask_project_is_read_whole() -> None:
    project = parse_project(MASK)
    assert (project.name, project.task, project.scene) == ("mask-check", "classification", "scene.yaml")
    assert (project.model.name, project.model.version) == ("squeezenet", "1")
    assert project.output.texts == {643: "Mask"}
    assert project.output.alert is not None
    assert project.output.alert.texts == ("Not Mask",)
    assert project.classifies


def test_a_face_project_counts_faces_and_nothing_else() -> None:
    project = parse_project({"project": "f", "task": "face", "model": "models/ultraface"})
    assert (project.classes, project.model.name, project.classifies) == (("face",), None, False)


def test_what_is_left_out_has_a_sensible_value() -> None:
    output = parse_project({"project": "c", "task": "classification", "model": "m@1"}).output
    assert (output.top_k, output.smoothing_frames, output.records, output.mqtt) == (5, 10, "change", "never")
    assert (output.minimum_probability, output.otherwise, output.alert) == (None, None, None)


@pytest.mark.parametrize("written", [pytest.param(False, id="yaml-no"), pytest.param("never", id="never")])
def test_no_messages_may_be_written_as_no(written: object) -> None:
    assert parse_project(mask_with(mqtt=written)).output.mqtt == "never"


def test_the_usual_hysteresis_fits_a_low_threshold() -> None:
    project = {
        "project": "c",
        "task": "classification",
        "model": "m",
        "output": {"minimum_probability": 0.05},
    }
    assert parse_project(project).output.hysteresis == 0.025


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"otherwise": "Bare"}, False, id="a-text"),
        pytest.param({"minimum_probability": 0.51}, False, id="a-threshold"),
    ],
)
def test_an_edit_is_another_version(edit: dict[str, Any], same: bool) -> None:
    changed = mask_with(**edit)
    changed["output"].pop("alert")
    before = mask_with()
    before["output"].pop("alert")
    assert (parse_project(changed).version == parse_project(before).version) is same


def test_a_version_that_was_given_is_shown_before_the_digest() -> None:
    assert parse_project({**MASK, "version": 7}).version.startswith("7-")


MISTAKES = [
    pytest.param([], "project file is []: expected a mapping", id="no-mapping"),
    pytest.param({"project": "p", "task": "face"}, "project file has no model", id="no-model"),
    pytest.param({**MASK, "modle": 1}, "project file has 'modle'", id="unknown-key"),
    pytest.param({**MASK, "project": "마스크"}, "project is '마스크': expected 1 to 64", id="name"),
    pytest.param({**MASK, "task": "segmentation"}, "task is 'segmentation': expected detection", id="task"),
    pytest.param({**MASK, "task": []}, "task is []: expected detection", id="task-kind"),
    pytest.param({**MASK, "model": 3}, "model is 3: expected 1 to 512 printable", id="model-number"),
    pytest.param({**MASK, "model": "a b@1"}, "model is 'a b@1': expected name@version", id="model-name"),
    pytest.param({**MASK, "scene": ""}, "scene is '': expected 1 to 512 printable", id="scene"),
    pytest.param(
        {**MASK, "classes": ["x"]}, "classes is ['x']: expected none", id="classes-of-classification"
    ),
    pytest.param(
        {**MASK, "task": "face"}, "output has 'top_k', which only task classification", id="top-k-of-face"
    ),
    pytest.param(
        {"project": "p", "task": "face", "model": "m", "classes": ["nose"]},
        "classes is ['nose']: expected [face]",
        id="face-classes",
    ),
    pytest.param(
        {"project": "p", "task": "detection", "model": "m", "classes": []},
        "classes is empty",
        id="no-classes",
    ),
    pytest.param(
        {"project": "p", "task": "detection", "model": "m", "classes": ["a", "a"]},
        "classes has the name 'a' twice",
        id="class-twice",
    ),
    pytest.param({**MASK, "output": []}, "output is []: expected a mapping", id="output"),
    pytest.param({**MASK, "version": 1.5}, "version is 1.5: expected a number or text", id="version"),
    pytest.param(mask_with(top_k=0), "output.top_k is 0: expected a whole number from 1 to 20", id="top-k"),
    pytest.param(mask_with(top_k=True), "output.top_k is True: expected a whole", id="top-k-truth"),
    pytest.param(mask_with(smoothing_frames=301), "output.smoothing_frames is 301", id="smoothing"),
    pytest.param(
        mask_with(minimum_probability=1.2), "output.minimum_probability is 1.2: expected 0 to 1", id="p"
    ),
    pytest.param(
        mask_with(minimum_probability=0), "output.minimum_probability is 0: expected more", id="p-0"
    ),
    pytest.param(mask_with(minimum_probability="half"), "is 'half': expected a number", id="p-text"),
    pytest.param(mask_with(hysteresis=0.5), "output.hysteresis is 0.5: expected less than", id="hysteresis"),
    pytest.param(mask_with(texts=["Mask"]), "output.texts is ['Mask']: expected a mapping", id="texts-list"),
    pytest.param(mask_with(texts={-1: "M"}), "output.texts has -1: expected a label", id="texts-number"),
    pytest.param(
        mask_with(texts={"mask": 1}), "output.texts['mask'] is 1: expected 1 to 64", id="texts-value"
    ),
    pytest.param(mask_with(otherwise=" "), "output.otherwise is ' ': expected 1 to 64", id="otherwise"),
    pytest.param(mask_with(records="always"), "output.records is 'always': expected change or", id="records"),
    pytest.param(mask_with(records=["change"]), "output.records is ['change']: expected", id="records-kind"),
    pytest.param(mask_with(mqtt="each"), "output.mqtt is 'each': expected never or change or", id="mqtt"),
    pytest.param(mask_with(interval_seconds=0), "output.interval_seconds is 0: expected 0.1", id="interval"),
    pytest.param(mask_with(alert={}), "output.alert has no texts", id="alert-texts"),
    pytest.param(mask_with(alert={"texts": []}), "output.alert.texts is empty", id="alert-empty"),
    pytest.param(
        mask_with(alert={"texts": ["Hat"]}),
        "output.alert.texts has 'Hat', which no label becomes: expected some of Mask, Not Mask",
        id="alert-unknown",
    ),
    pytest.param(
        mask_with(alert={"texts": ["Mask"], "minimum_seconds": -1}),
        "output.alert.minimum_seconds is -1: expected 0 to 3600",
        id="alert-seconds",
    ),
]


@pytest.mark.parametrize(("document", "sentence"), MISTAKES)
def test_a_mistake_is_told_in_one_sentence(document: object, sentence: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_project(document)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2000) | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [*MASK, "classes", "version", *(f"output.{name}" for name in MASK["output"]), "output.alert.texts"]


@given(place=st.sampled_from(PLACES), value=JSON)
def test_whatever_stands_in_a_field_is_taken_or_refused_in_one_sentence(place: str, value: object) -> None:
    document = copy.deepcopy(MASK)
    *path, last = place.split(".")
    target = document
    for name in path:
        target = target[name]
    target[last] = value
    told = ""
    try:
        parse_project(document)
    except ProjectError as error:
        told = str(error)
    assert "\n" not in told
