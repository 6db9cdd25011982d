from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError, DiskFullError
from contract.scene import SceneError
from edge_components.vision.progress import Progress
from edge_components.vision.replay import replay

ZONE = {
    "name": "right",
    "polygon": [[320, 0], [640, 0], [640, 360], [320, 360]],
    "events": {"loitering": {"threshold": 1.0, "minimum_seconds": 0.5}},
}
LINE = {"name": "gate", "points": [[320, 0], [320, 360]]}


@pytest.fixture
def detections(tmp_path: Path, replays: Any) -> Path:
    """A person who crosses from left to right in five seconds at 25 frames per second, as MOT text."""
    people = replays.World([replays.Walker([(0, 100, 300), (5, 540, 300)])])
    lines = []
    for frame, (_, seen) in enumerate(people.frames(people.times(5)), start=1):
        for (left, top, right, bottom), confidence in zip(seen.boxes, seen.confidences, strict=True):
            lines.append(f"{frame},-1,{left},{top},{right - left},{bottom - top},{confidence},-1,-1,-1")
    path = tmp_path / "det.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(detections: Path, scene: Any, out: Path, **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"frames_per_second": 25, "width": 640, "height": 360, **changes}
    return replay(detections, scene=scene, out_dir=out, **settings)


def test_the_summary_has_exactly_the_keys_other_programs_read(
    detections: Path, tmp_path: Path, replays: Any
) -> None:
    scene = replays.make_scene(zones=[ZONE], lines=[LINE])
    summary = run(detections, scene, tmp_path / "out" / "run")
    assert summary == json.loads((tmp_path / "out" / "run" / "summary.json").read_text())
    [event] = summary.pop("events")
    assert summary == {
        "frames": 126,
        "tracks": 1,
        "frames_per_second": 25,
        "lines": {"gate": {"in": 1, "out": 0}},
        "zones": {
            "right": {
                "max": 1,
                "mean": pytest.approx(0.5, abs=0.01),
                "entries": 1,
                "exits": 0,
                "dwell_seconds_mean": None,
            }
        },
        "warnings": {},
        "minimum_count": 1,
    }
    assert event == {
        "event": event["event"],
        "kind": "loitering",
        "zone": "right",
        "object_class": "person",
        "track": 1,
        "threshold": 1.0,
        "peak_value": pytest.approx(2.5, abs=0.05),
        "started_seconds": pytest.approx(3.5, abs=0.05),
        "ended_seconds": 5.0,
        "duration_seconds": pytest.approx(1.5, abs=0.05),
    }


def test_tracks_are_written_in_mot_form_from_the_first_frame(
    detections: Path, tmp_path: Path, replays: Any
) -> None:
    run(detections, replays.make_scene(), tmp_path / "out")
    lines = (tmp_path / "out" / "tracks.txt").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == [str(frame) for frame in range(1, 127)]
    _, track, left, top, width, height, *rest = lines[62].split(",")
    assert (track, rest) == ("1", ["1", "-1", "-1", "-1"])
    assert [float(left), float(top), float(width), float(height)] == pytest.approx([298, 200, 40, 100], abs=2)


def test_the_scene_is_scaled_to_the_frame(detections: Path, tmp_path: Path, replays: Any) -> None:
    scene = replays.make_scene(
        frame={"width": 1280, "height": 720}, lines=[{"name": "gate", "points": [[640, 0], [640, 720]]}]
    )
    assert run(detections, scene, tmp_path / "out")["lines"] == {"gate": {"in": 1, "out": 0}}


def test_an_empty_text_counts_nothing(tmp_path: Path, replays: Any) -> None:
    (tmp_path / "det.txt").write_text("")
    summary = run(tmp_path / "det.txt", replays.make_scene(zones=[ZONE]), tmp_path / "out")
    assert (summary["frames"], summary["tracks"]) == (0, 0)
    assert summary["zones"]["right"]["mean"] == 0
    assert (tmp_path / "out" / "tracks.txt").read_text() == ""


def test_dropped_boxes_are_told(tmp_path: Path, replays: Any) -> None:
    (tmp_path / "det.txt").write_text("1,-1,nan,2,3,4,1\n1,-1,10,10,-5,20,1\n")
    told: list[str] = []
    run(tmp_path / "det.txt", replays.make_scene(), tmp_path / "out", warn=told.append)
    assert told == [
        "1 boxes or confidences were no numbers: their boxes were dropped",
        "1 boxes had no width or no height and were dropped",
    ]


def test_boxes_below_the_confidence_are_told_and_the_confidence_can_be_set(
    detections: Path, tmp_path: Path, replays: Any
) -> None:
    weak = [line.split(",") for line in detections.read_text().split()]
    (tmp_path / "weak.txt").write_text("\n".join(",".join([*cells[:6], "0.3"]) for cells in weak))
    told: list[str] = []
    scene = replays.make_scene()
    assert run(tmp_path / "weak.txt", scene, tmp_path / "out", warn=told.append)["tracks"] == 0
    assert told == [
        "126 of 126 boxes have a confidence below 0.5 and start no track; --confidence sets what does"
    ]
    told.clear()
    summary = run(tmp_path / "weak.txt", scene, tmp_path / "out", warn=told.append, confidence=0.25)
    assert (summary["lines"], told) == ({"gate": {"in": 1, "out": 0}}, [])


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        pytest.param((1280, 720), "no box reaches beyond 560x300 of 1280x720: is --size", id="too large"),
        pytest.param((320, 180), "many boxes lie outside of 320x180: is --size", id="too small"),
    ],
)
def test_a_size_of_the_same_shape_that_does_not_fit_is_told(
    detections: Path, tmp_path: Path, replays: Any, size: tuple[int, int], sentence: str
) -> None:
    told: list[str] = []
    run(detections, replays.make_scene(), tmp_path / "out", warn=told.append, width=size[0], height=size[1])
    assert sentence in told[-1]


def test_a_text_without_detections_is_told(tmp_path: Path, replays: Any) -> None:
    (tmp_path / "det.txt").write_text("\n")
    told: list[str] = []
    run(tmp_path / "det.txt", replays.make_scene(), tmp_path / "out", warn=told.append)
    assert told == ["the text holds no detections: all counts are 0"]


def test_a_scene_with_privacy_leaves_no_tracks(detections: Path, tmp_path: Path, replays: Any) -> None:
    run(detections, replays.make_scene(), tmp_path / "out")
    summary = run(
        detections,
        replays.make_scene(zones=[ZONE | {"events": {}}], privacy={"minimum_count": 3}),
        tmp_path / "out",
    )
    assert not (tmp_path / "out" / "tracks.txt").exists()
    assert (summary["tracks"], summary["minimum_count"]) == (0, 3)


def test_long_stretches_without_detections_change_nothing_but_the_time_it_takes(
    detections: Path, tmp_path: Path, replays: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = detections.read_text().split()
    later = [[str(int(cells[0]) + 5000), *cells[1:]] for cells in (line.split(",") for line in lines)]
    (tmp_path / "long.txt").write_text("\n".join([*lines, *(",".join(cells) for cells in later)]))
    scene = replays.make_scene(zones=[ZONE], lines=[LINE])
    seen: list[Progress] = []
    quick = run(tmp_path / "long.txt", scene, tmp_path / "quick", progress=seen.append)
    monkeypatch.setattr("edge_components.vision.replay._DENSE_SECONDS", 1e6)
    whole = run(tmp_path / "long.txt", scene, tmp_path / "whole")
    assert quick["zones"]["right"].pop("mean") == pytest.approx(
        whole["zones"]["right"].pop("mean"), rel=0.001
    )
    assert quick == whole
    assert quick["frames"] == 5126
    tracks = [(tmp_path / name / "tracks.txt").read_text() for name in ("quick", "whole")]
    assert tracks[0] == tracks[1]
    assert seen
    assert seen[-1].total_frames == 5126


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"frames_per_second": 0}, "frames per second is 0: expected 0.1 to 1000", id="no rate"),
        pytest.param({"frames_per_second": float("nan")}, "frames per second is nan", id="nan"),
        pytest.param(
            {"frames_per_second": 0.0001}, "frames per second is 0.0001: expected 0.1", id="too slow"
        ),
        pytest.param({"confidence": 1.5}, "confidence is 1.5: expected more than 0", id="confidence"),
        pytest.param({"width": 0}, "width is 0: expected whole pixels", id="no width"),
        pytest.param({"width": 640, "height": 640}, "expected the same aspect", id="another aspect"),
    ],
)
def test_a_setting_out_of_range_is_refused_and_nothing_written(
    detections: Path, tmp_path: Path, replays: Any, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CrowdLensError, match=sentence):
        run(detections, replays.make_scene(), tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_a_ground_that_cannot_be_is_refused(detections: Path, tmp_path: Path, replays: Any) -> None:
    pairs = [{"image": [x, 100], "world_m": [x, 1]} for x in (0, 100, 200, 300)]
    with pytest.raises(SceneError, match="on one line"):
        run(detections, replays.make_scene(zones=[ZONE], ground=pairs), tmp_path / "out")


def test_a_full_disk_leaves_the_old_results(
    detections: Path, tmp_path: Path, replays: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(detections, replays.make_scene(), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(path: Path, text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DiskFullError, match="the disk is full"):
        run(detections, replays.make_scene(zones=[ZONE]), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(detections: Path, replays: Any) -> None:
    with pytest.raises(CrowdLensError, match="results cannot be written to"):
        run(detections, replays.make_scene(), detections / "out")
