"""The commands as a program would use them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CROWDLENS = Path(sys.executable).with_name("crowdlens")
SAMPLE = ROOT / "examples" / "demo"
MODEL = ROOT / "edge_components" / "vision" / "models" / "person_demo" / "model.onnx"
SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
zones: [{name: west, polygon: [[0, 0], [320, 0], [320, 360], [0, 360]]}]
lines: [{name: gate, points: [[320, 0], [320, 360]]}]
classes: [person]
"""


def crowdlens(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CROWDLENS, *arguments],
        cwd=ROOT,
        env={**os.environ, "XDG_DATA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def answer(*arguments: str | Path, home: Path) -> Any:
    finished = crowdlens(*arguments, "--json", home=home)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def walk_from_left_to_right(path: Path, frames: int = 100) -> None:
    """One person walks from x = 100 to x = 520 in MOT detections."""
    lines = [
        f"{frame},-1,{100 + 420 * (frame - 1) / (frames - 1) - 20:.2f},150,40,100,0.9,-1,-1,-1"
        for frame in range(1, frames + 1)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_replay_counts_what_the_text_says(tmp_path: Path) -> None:
    walk_from_left_to_right(tmp_path / "det.txt")
    (tmp_path / "scene.yaml").write_text(SCENE, encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["--detections", tmp_path / "det.txt", "--fps", "20", "--size", "640x360"]
    summary = answer("replay", *arguments, "--scene", tmp_path / "scene.yaml", "--out", out, home=tmp_path)
    assert summary == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["lines"] == {"gate": {"in": 1, "out": 0}}
    assert (summary["zones"]["west"]["max"], summary["zones"]["west"]["exits"]) == (1, 1)
    assert summary["events"] == []
    rows = [line.split(",") for line in (out / "tracks.txt").read_text().splitlines()]
    assert len(rows) == 100
    assert {len(row) for row in rows} == {10}
    assert {tuple(row[6:]) for row in rows} == {("1", "-1", "-1", "-1")}


def test_a_scene_of_twice_the_size_counts_the_same(tmp_path: Path) -> None:
    walk_from_left_to_right(tmp_path / "det.txt")
    doubled = SCENE.replace("640", "1280").replace("360", "720").replace("320", "640")
    (tmp_path / "scene.yaml").write_text(doubled, encoding="utf-8")
    arguments = ["--detections", tmp_path / "det.txt", "--fps", "20", "--size", "640x360"]
    summary = answer(
        "replay", *arguments, "--scene", tmp_path / "scene.yaml", "--out", tmp_path / "o", home=tmp_path
    )
    assert summary["lines"] == {"gate": {"in": 1, "out": 0}}


@pytest.mark.e2e
def test_run_keeps_its_records_in_the_spool(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = ["--source", SAMPLE / "demo.mp4", "--scene", SAMPLE / "scene.yaml", "--device", "test-1"]
    # A fixed start, so that both runs have the same windows.
    source += ["--start-time", "2026-11-21T00:00:00+00:00"]
    summary = answer("run", *source, "--out", out, home=tmp_path)
    assert summary["frames"] == 900
    assert summary["provider"].endswith("ExecutionProvider")
    made = summary["records"]["made"]
    assert made == summary["records"]["waiting"] > 0
    with sqlite3.connect(out / "spool.db") as spool:
        assert spool.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert (out / "key_frame.jpg").stat().st_size > 10_000
    again = answer("run", *source, "--out", out, home=tmp_path)
    assert again["lines"] == summary["lines"]
    assert again["zones"] == summary["zones"]
    # What an earlier run left in the spool is not counted as this one's.
    assert again["records"]["made"] == made
    assert again["records"]["waiting"] == made + again["records"]["made"]


def test_without_a_scene_the_whole_frame_is_counted(tmp_path: Path) -> None:
    summary = answer(
        "run", "--source", SAMPLE / "demo.mp4", "--seconds", "1", "--out", tmp_path / "out", home=tmp_path
    )
    assert list(summary["zones"]) == ["frame"]
    assert list(summary["lines"]) == ["middle"]


def test_a_model_is_added_listed_and_used_by_name(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("walker\n", encoding="utf-8")
    added = answer("models", "add", MODEL, "--name", "mine", "--labels", labels, home=tmp_path)
    assert (added["name"], added["layout"], added["labels"]) == ("mine", "yolo_v8", "walker")
    assert {model["name"] for model in answer("models", "list", home=tmp_path)} == {"mine", "person_demo"}
    assert answer("models", "check", "mine", home=tmp_path)["classes"] == 1
    again = crowdlens("models", "add", MODEL, "--name", "mine", "--labels", labels, home=tmp_path)
    assert again.returncode == 2
    assert "is already in" in again.stderr


def test_a_damaged_package_is_listed_with_its_problem(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("walker\n", encoding="utf-8")
    answer("models", "add", MODEL, "--name", "mine", "--labels", labels, home=tmp_path)
    package = tmp_path / "crowdlens" / "models" / "mine"
    with (package / "model.onnx").open("ab") as stream:
        stream.write(b"x")
    finished = crowdlens("models", "list", home=tmp_path)
    assert finished.returncode == 1
    assert "sha256" in finished.stdout


def test_the_doctor_finds_this_machine_fit(tmp_path: Path) -> None:
    finished = crowdlens("doctor", "--json", home=tmp_path)
    findings = {finding["check"]: finding for finding in json.loads(finished.stdout)}
    assert finished.returncode == 0, findings
    assert findings["detector"]["ok"]
    assert findings["sample clip"]["ok"]
    assert all(finding["remedy"] for finding in findings.values() if not finding["ok"])


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_the_lake_is_asked_over_athenas_api(form: str, tmp_path: Path) -> None:
    (tmp_path / "lake" / "raw").mkdir(parents=True)
    finished = crowdlens(
        "athena", "SELECT 1 AS one, 'a' AS letter", "--lake", tmp_path / "lake", form, home=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    if form == "--json":
        assert json.loads(finished.stdout) == [{"one": 1, "letter": "a"}]
    else:
        assert finished.stdout.splitlines() == ["one,letter", "1,a"]


def test_a_question_athena_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "lake" / "raw").mkdir(parents=True)
    finished = crowdlens("athena", "SELECT nothing FROM nowhere", "--lake", tmp_path / "lake", home=tmp_path)
    assert finished.returncode == 2
    assert "nowhere" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("question", ["", " ", "SELECT nothing FROM nowhere", "SELCT 1", "EXPLAIN SELECT 1"])
def test_no_question_shows_a_traceback(question: str, tmp_path: Path) -> None:
    (tmp_path / "lake" / "raw").mkdir(parents=True)
    finished = crowdlens("athena", question, "--lake", tmp_path / "lake", home=tmp_path)
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
    assert finished.stderr.startswith("crowdlens athena: ")


@pytest.mark.e2e
def test_part_of_a_clip_is_not_held_against_the_truth_of_all(tmp_path: Path) -> None:
    out = tmp_path / "out"
    finished = crowdlens("demo", "--headless", "--no-mysql", "--seconds", "1", "--out", out, home=tmp_path)
    assert finished.returncode == 0, finished.stderr
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["stopped"]
    assert summary["truth"] == []


def test_a_command_ends_before_the_interpreter_is_taken_down() -> None:
    """Native threads that ask for the interpreter after its end abort the process."""
    script = (
        "import sys\n"
        "from cli.main import main\n"
        "class Late:\n"
        "    def __del__(self): print('taken down', file=sys.stderr, flush=True)\n"
        "late = Late(); late.itself = late\n"
        "sys.argv = ['crowdlens', *sys.argv[1:]]\n"
        "sys.exit(main())"
    )
    for arguments, status in ((["models", "list", "--json"], 0), (["--version"], 0), (["athena"], 2)):
        finished = subprocess.run(
            [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert finished.returncode == status, finished.stderr
        assert finished.stdout or status
        assert "taken down" not in finished.stderr
