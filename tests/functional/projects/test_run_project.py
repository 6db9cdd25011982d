"""`crowdlens run --project` on pictures: real files, a real model, records in a real spool."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cli.main import main
from contract.classification_message import decode_classification
from contract.records import Record
from edge_components.runtime.spool import Spool
from edge_components.vision.project_file import read_project, scene_path
from edge_components.vision.scene_file import read_scene

SHARED = Path(__file__).parents[4] / "shared" / "data"
EXAMPLES = Path(__file__).parents[3] / "examples" / "projects"
SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: door-1
frame: {width: 160, height: 120}
zones: [{name: frame, polygon: [[0, 0], [160, 0], [160, 120], [0, 120]]}]
classes: [mask]
"""
MASK = """
project: mask-check
task: classification
model: red.onnx
scene: scene.yaml
output: {top_k: 5, smoothing_frames: 3, minimum_probability: 0.5, texts: {643: Mask}, otherwise: Not Mask,
         mqtt: change, alert: {texts: [Not Mask], minimum_seconds: 0.5}}
"""


def spooled(path: Path, device: str = "laptop") -> list[Record]:
    with Spool(path, device=device) as spool:
        return [row.stored.record for row in spool.read(maximum_rows=10_000)]


def run(project: Path, source: Path, out: Path) -> int:
    # At a fixed time, so that a clip of two seconds lies in one window whenever the test runs.
    return main(
        ["run", "--project", str(project), "--source", str(source), "--out", str(out), "--device", "laptop",
         "--provider", "cpu", "--start-time", "2026-11-21T03:00:00Z"]
    )  # fmt: skip


def test_red_pictures_are_masks_and_every_change_is_told_once(
    tmp_path: Path, classifier: Path, make_pictures: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert classifier.exists()
    (tmp_path / "scene.yaml").write_text(SCENE)
    (tmp_path / "mask.yaml").write_text(MASK)
    out = tmp_path / "out"
    assert run(tmp_path / "mask.yaml", make_pictures("r" * 20 + "b" * 20 + "r" * 20), out) == 0
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["classification"]["answer"] == "Mask"
    assert summary["classification"]["changes"] == 3
    assert summary["classification"]["labels"][0]["label"] == "mask"
    messages = [decode_classification(line) for line in (out / "messages.jsonl").read_text().splitlines()]
    assert [(one.previous, one.answer) for one in messages] == [
        (None, "Mask"), ("Mask", "Not Mask"), ("Not Mask", "Mask"),
    ]  # fmt: skip
    assert all(len(one.labels) == 5 for one in messages)
    records = spooled(out / "spool.db")
    rows = [record for record in records if record.table == "classifications"]
    assert [row.values["rank"] for row in rows] == [1, 2, 3, 4, 5] * 3
    assert rows[0].values["label_text"] == "Mask"
    phases = [record.values["phase"] for record in records if record.table == "events"]
    assert phases == ["start", "end"]
    told = capsys.readouterr().err
    assert "project mask-check: at the end: Mask, 3 changes" in told
    assert "classifier red on " in told
    assert "60 frames in " in told
    assert "event classification 'Not Mask': 1 time\n" in told
    assert "tracks" not in told


def test_the_page_leads_from_an_onnx_file_to_mask_or_not_mask(
    tmp_path: Path, classifier: Path, make_pictures: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The commands of docs/projects.md, with a classifier of 1,000 labels in SqueezeNet's place."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    synset = tmp_path / "synset.txt"
    synset.write_text(
        "".join(
            f"n{number:08d} {'mask' if number == 643 else f'thing {number}, Res'}\n" for number in range(1000)
        )
    )
    mask, source = EXAMPLES / "mask-check.yaml", make_pictures("r" * 20)
    assert run(mask, source, tmp_path / "out") == 2
    assert "`crowdlens models add FILE.onnx --name NAME` adds one" in capsys.readouterr().err
    assert main(["models", "check", str(classifier), "--labels", str(synset)]) == 0
    assert "labels    thing 0, thing 1, " in capsys.readouterr().out
    assert main(["models", "add", str(classifier), "--name", "squeezenet", "--labels", str(synset)]) == 0
    assert run(mask, source, tmp_path / "out") == 0
    assert "project mask-check: at the end: Mask, 1 change (" in capsys.readouterr().err


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("{width: 640, height: 480}", id="larger"),
        pytest.param("{width: 640, height: 360}", id="another-aspect"),
    ],
)
def test_a_classifier_looks_at_the_whole_frame_whatever_its_aspect(
    tmp_path: Path, classifier: Path, make_pictures: Callable[[str], Path], frame: str
) -> None:
    assert classifier.exists()
    scene = SCENE.replace("{width: 160, height: 120}", frame)
    (tmp_path / "scene.yaml").write_text(scene)
    (tmp_path / "mask.yaml").write_text(MASK)
    assert run(tmp_path / "mask.yaml", make_pictures("r" * 5), tmp_path / "out") == 0


def test_a_project_without_a_scene_is_run_on_the_whole_frame(
    tmp_path: Path, classifier: Path, make_pictures: Callable[[str], Path]
) -> None:
    assert classifier.exists()
    (tmp_path / "p.yaml").write_text(
        "project: p\ntask: classification\nmodel: red.onnx\noutput: {records: interval, interval_seconds: 1}"
    )
    assert run(tmp_path / "p.yaml", make_pictures("b" * 25), tmp_path / "out") == 0
    rows = [record for record in spooled(tmp_path / "out" / "spool.db") if record.table == "classifications"]
    assert [row.values["label"] for row in rows if row.values["rank"] == 1] == ["label 7"] * 3
    assert not (tmp_path / "out" / "messages.jsonl").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("project: p", "project file has no task", id="no-task"),
        pytest.param("project: [", "not valid YAML", id="yaml"),
        pytest.param(
            "{project: p, task: face, model: red.onnx}",
            "model red is for classification: expected one for detection or face",
            id="task",
        ),
        pytest.param(
            "{project: p, task: classification, model: red.onnx, output: {texts: {hat: Hat}}}",
            "output.texts has 'hat', which is no label of the model",
            id="label",
        ),
        pytest.param(
            "{project: p, task: classification, model: nothing}", "model is 'nothing': expected", id="model"
        ),
        pytest.param(
            "{project: p, task: detection, model: person_demo@9.9.9}",
            "model is 'person_demo@9.9.9': expected version 1.0.0",
            id="version",
        ),
        pytest.param(
            "{project: p, task: detection, model: person_demo, classes: [dog], scene: people.yaml}",
            "p.yaml: classes has 'dog', which model person_demo does not know: expected person",
            id="classes",
        ),
    ],
)
def test_a_mistake_in_a_project_is_one_sentence_with_its_file(  # noqa: PLR0917 - fixtures by name
    tmp_path: Path, classifier: Path, make_pictures: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str], text: str, sentence: str,
) -> None:  # fmt: skip
    assert classifier.exists()
    (tmp_path / "people.yaml").write_text(SCENE.replace("[mask]", "[person]"))
    path = tmp_path / "p.yaml"
    path.write_text(text)
    assert run(path, make_pictures("b"), tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


def test_a_project_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "none.yaml", tmp_path, tmp_path / "out") == 2
    assert "none.yaml: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*-*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_good_projects_with_good_scenes(path: Path) -> None:
    project = read_project(path)
    scene = scene_path(project, path)
    assert project.name == path.stem
    assert scene is not None
    assert read_scene(scene).site == "seoul-demo"


def four_faces(folder: Path) -> None:
    """Write a photo with four faces twenty times, each shifted by a pixel, as a camera sees it."""
    with tarfile.open(SHARED / "photos" / "voc100.tar.gz") as archive:
        member = archive.extractfile("voc100/images/2007_001284.jpg")
        assert member is not None
        photo = cv2.imdecode(np.frombuffer(member.read(), np.uint8), cv2.IMREAD_COLOR)
    assert photo is not None
    folder.mkdir()
    for number in range(20):
        cv2.imwrite(str(folder / f"{number:03d}.png"), np.roll(photo, number % 3, axis=1))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_several_faces_in_a_frame_are_all_kept(tmp_path: Path) -> None:
    four_faces(tmp_path / "pictures")
    project: dict[str, Any] = {
        "project": "faces", "task": "face", "model": str(SHARED / "models" / "ultraface_rfb_320.onnx"),
        "output": {"minimum_probability": 0.8},
    }  # fmt: skip
    (tmp_path / "p.yaml").write_text(json.dumps(project))
    assert run(tmp_path / "p.yaml", tmp_path / "pictures", tmp_path / "out") == 0
    records = spooled(tmp_path / "out" / "spool.db")
    counts = [record.values for record in records if record.table == "zone_counts"]
    assert [values["object_class"] for values in counts] == ["face"]
    assert counts[0]["occupancy_maximum"] == 4
    tracks = {record.values["track"] for record in records if record.table == "tracks"}
    assert len(tracks) == 4
