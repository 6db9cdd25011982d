from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from contract.scene import Scene, parse_scene
from edge_components.runtime.annotate import DrawnTrack, LineTotals, draw
from edge_components.runtime.counting.analytics import CurrentTrack
from edge_components.runtime.scaling import scaled
from edge_components.runtime.view_overlay import parse_overlay, scene_overlay


@pytest.fixture
def scene() -> Scene:
    return parse_scene(
        {
            "site": "seoul-1",
            "time_zone": "Asia/Seoul",
            "camera": "plaza-1",
            "frame": {"width": 640, "height": 360},
            "zones": [{"name": "입구", "polygon": [[0, 0], [320, 0], [320, 360]]}],
            "lines": [{"name": "gate", "points": [[320, 0], [320, 360]]}],
            "classes": ["person"],
        }
    )


def sent(document: dict[str, Any]) -> Any:
    """What arrives in the other process."""
    return json.loads(json.dumps({"width": 640, "height": 360, **document}))


def test_what_is_shared_arrives_as_it_was(scene: Scene) -> None:
    tracks = [CurrentTrack(7, "person", (1.0, 2.25, 30.0, 40.0))]
    document = scene_overlay(
        scene,
        tracks,
        lines={"gate": {"in": 3, "out": 1}},
        zones={"입구": {"person": 2, "bicycle": 1}},
        captions=["Mask 0.97"],
    )
    overlay = parse_overlay(sent(document))
    assert (overlay.width, overlay.height, overlay.time_zone) == (640, 360, "Asia/Seoul")
    assert [zone.polygon for zone in overlay.zones] == [scene.zones[0].polygon]
    assert overlay.zone_counts == {"입구": 3}
    assert [line.points for line in overlay.lines] == [scene.lines[0].points]
    assert overlay.line_totals == {"gate": LineTotals(3, 1)}
    assert overlay.tracks == (DrawnTrack(7, (1.0, 2.2, 30.0, 40.0)),)
    assert overlay.captions == ("Mask 0.97",)


def test_what_was_not_counted_is_nought_and_what_was_left_out_is_not_drawn(scene: Scene) -> None:
    overlay = parse_overlay(sent(scene_overlay(scene, [])))
    assert (overlay.zone_counts, overlay.line_totals) == ({"입구": 0}, {"gate": LineTotals(0, 0)})
    bare = parse_overlay(sent({"left_out": True}))
    assert (bare.zones, bare.lines, bare.tracks, bare.captions) == ((), (), (), ())


def test_a_zone_that_reaches_out_of_the_picture_tints_what_is_in_it(scene: Scene) -> None:
    overlay = parse_overlay(sent(scene_overlay(scene, [])))
    image = np.full((100, 100, 3), 128, np.uint8)
    draw(image, overlay.zones, (), (), line_totals={})
    assert image[50, 90].tolist() != [128, 128, 128]
    assert image[90, 10].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((858, 480), id="below a half"),
        pytest.param((960, 540), id="a half"),
        pytest.param((1280, 720), id="two thirds"),
        pytest.param((1920, 1080), id="as it is"),
        pytest.param((2560, 1440), id="larger"),
        pytest.param((1, 1), id="a point"),
    ],
)
def test_a_picture_keeps_its_brightness_and_thin_things_at_any_size(size: tuple[int, int]) -> None:
    image = np.full((1080, 1920, 3), 100, np.uint8)
    image[:, ::8] = 180
    small = scaled(image, size)
    assert small.shape == (size[1], size[0], 3)
    assert abs(float(small.mean()) - float(image.mean())) < 3 or size == (1, 1)
