"""A record's time and its clock quality are of one moment, also when the clock is set in between."""

from __future__ import annotations

from typing import Any

import pytest

from contract.tables import CLOCK_SYNCED, CLOCK_UNSYNCED
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.timeline import Timeline


@pytest.mark.parametrize(
    "jump_ms", [pytest.param(-3_600_000, id="set back"), pytest.param(3_600_000, id="set on")]
)
def test_a_moment_has_the_quality_of_its_clock(jump_ms: int) -> None:
    timeline = Timeline()
    start_ms = 1_795_176_000_000
    before = [timeline.advance(start_ms + 40 * index, CLOCK_UNSYNCED) for index in range(10)]
    after = [timeline.advance(start_ms + jump_ms + 40 * index, CLOCK_SYNCED) for index in range(10, 20)]
    for moments, offset_ms, quality in ((before, 0, CLOCK_UNSYNCED), (after, jump_ms, CLOCK_SYNCED)):
        for moment in moments:
            assert abs(timeline.event_time_ms(moment) - start_ms - offset_ms) < 1000
            assert timeline.clock_quality(moment) == quality


@pytest.mark.parametrize("set_at", range(30, 70, 4))
def test_a_crossing_that_is_told_after_the_clock_was_set_keeps_time_and_quality_together(
    replays: Any, set_at: int
) -> None:
    """A crossing is told when its track is clear of the line: a second after it happened."""
    scene = replays.make_scene(lines=[{"name": "gate", "points": [[320, 0], [320, 360]]}])
    analytics = SceneAnalytics(scene, labels=["person"])
    told = []
    for index, (moment, seen) in enumerate(
        replays.World([replays.Walker([(0, 100, 250), (4, 540, 250)])]).frames()
    ):
        synced = index >= set_at
        at_ms = moment - (3_600_000 if synced else 0)
        told += analytics.update(seen, at_ms, clock_quality=CLOCK_SYNCED if synced else CLOCK_UNSYNCED)
    told += analytics.close()
    crossings = [record for record in told if record.table == "line_crossings"]
    assert len(crossings) == 1
    is_old = crossings[0].event_time_ms >= replays.START_MS
    assert crossings[0].clock_quality == (CLOCK_UNSYNCED if is_old else CLOCK_SYNCED)
