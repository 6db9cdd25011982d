"""Counts on a picture stay readable: no track covers them, and they do not touch each other."""

from __future__ import annotations

import numpy as np
import pytest

from contract.scene import Line, Zone
from edge_components.runtime import annotate
from edge_components.runtime.annotate import DrawnTrack, LineTotals, draw

SQUARE = ((10.0, 100.0), (200.0, 100.0), (200.0, 200.0), (10.0, 200.0))


def drawn(*tracks: DrawnTrack) -> annotate.Image:
    image = np.full((360, 640, 3), 90, np.uint8)
    zones = [Zone("plaza", SQUARE, None, ()), Zone("plaza2", SQUARE, None, ())]
    lines = [Line("gate", ((12.0, 98.0), (200.0, 300.0)))]
    draw(image, zones, lines, tracks, line_totals={"gate": LineTotals(21, 0)}, zone_counts={"plaza": 3})
    return image


def plates(image: annotate.Image) -> list[annotate.Box]:
    zones = [Zone("plaza", SQUARE, None, ()), Zone("plaza2", SQUARE, None, ())]
    lines = [Line("gate", ((12.0, 98.0), (200.0, 300.0)))]
    scale = max(0.4, image.shape[1] / 1200)
    taken: list[annotate.Box] = []
    totals = {"gate": LineTotals(21, 0)}
    for text, corner, _ in annotate._count_plates(zones, lines, totals, {"plaza": 3}):
        taken.append(annotate._free_box(image, annotate._plate_box(image, text, corner, scale), taken))
    return taken


def test_a_track_covers_no_count() -> None:
    without = drawn()
    covering = drawn(DrawnTrack(102, (60.0, 98.0, 120.0, 160.0)))
    assert not np.array_equal(without, covering)
    for left, top, right, bottom in plates(without):
        part = slice(top, bottom + 1), slice(left, right + 1)
        assert np.array_equal(without[part], covering[part])


def test_plates_of_the_same_corner_stand_apart() -> None:
    found = plates(drawn())
    assert len(found) == 3
    for index, one in enumerate(found):
        assert not any(annotate._touch(one, other) for other in found[index + 1 :])
        assert one[1] >= 0


@pytest.mark.parametrize("height", [pytest.param(24, id="no room"), pytest.param(60, id="room for two")])
def test_a_picture_without_room_is_drawn_all_the_same(height: int) -> None:
    image = np.zeros((height, 640, 3), np.uint8)
    assert all(0 <= top < bottom < height for _, top, _, bottom in plates(image))
