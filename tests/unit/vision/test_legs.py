"""Somebody who stands near a line while passers-by hide his legs again and again is not counted."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

LINE_Y = 220.0


@pytest.mark.parametrize("hidden_share", [0.3, 0.4, 0.5])
@pytest.mark.parametrize("hidden_seconds", [0.5, 1.0, 2.0])
def test_hidden_legs_take_nobody_over_a_line(
    replays: Any, hidden_share: float, hidden_seconds: float
) -> None:
    # 0.1, 0.2 and 0.3 of his height beyond the line; every 20 s the lower part of the box is missing.
    height, rate = 100.0, 10.0
    offsets, noises = zip(*product([0.1, 0.2, 0.3], [0.01, 0.02]), strict=True)
    feet = np.array([(60.0 + 100 * k, LINE_Y + offset * height) for k, offset in enumerate(offsets)])
    frames = replays.trembling(
        np.tile(feet, (1200, 1, 1)),
        np.tile([40.0, height], (len(feet), 1)),
        np.array(noises),
        np.zeros(len(feet)),
        rate=rate,
        seed=21,
    )
    for moment_ms, seen in frames:
        if (moment_ms - replays.START_MS) / 1000 % 20 > 20 - hidden_seconds:
            seen.boxes[:, 3] -= hidden_share * height
    below = {"name": "below", "polygon": [[0, LINE_Y], [640, LINE_Y], [640, 360], [0, 360]]}
    scene = replays.make_scene(
        lines=[{"name": "gate", "points": [[0, LINE_Y], [640, LINE_Y]]}], zones=[below]
    )
    totals = replays.count_frames(scene, frames).totals
    assert totals.lines["gate"] == {"in": 0, "out": 0}
    assert (totals.zones["below"]["entries"], totals.zones["below"]["exits"]) == (0, 0)
