"""A camera may fall silent for hours: what was counted before is final long before it comes back."""

from __future__ import annotations

import numpy as np
import pytest

from contract.records import Record
from contract.scene import parse_scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detections import Detections

START_MS = 1_700_000_000_000
SCENE = parse_scene(
    {
        "site": "s",
        "time_zone": "UTC",
        "camera": "c",
        "frame": {"width": 640, "height": 360},
        "zones": [
            {
                "name": "hall",
                "polygon": [[0, 0], [640, 0], [640, 360], [0, 360]],
                "events": {"crowding": {"threshold": 1, "minimum_seconds": 1, "hysteresis": 0}},
            }
        ],
        "classes": ["person"],
    }
)


def person() -> Detections:
    return Detections(
        np.array([[300, 100, 340, 220]], np.float32), np.array([0.9], np.float32), np.array([0])
    )


@pytest.fixture
def watched() -> tuple[SceneAnalytics, list[Record]]:
    """Fourteen seconds with a person who stands in the hall; windows of 10 s."""
    analytics = SceneAnalytics(SCENE, labels=("person",))
    records: list[Record] = []
    for number in range(140):
        records += analytics.update(person(), START_MS + 100 * number)
    return analytics, records


def counts(records: list[Record]) -> list[tuple[int, int]]:
    return [
        (int(record.event_time_ms - START_MS), int(record.values["frames"] or 0))
        for record in records
        if record.table == "zone_counts"
    ]


def test_a_silence_makes_windows_and_events_final(watched: tuple[SceneAnalytics, list[Record]]) -> None:
    analytics, before = watched
    during = analytics.idle(START_MS + 60_000)
    assert counts(before) + counts(during) == [(0, 100), (10_000, 40)]
    phases = [record.values["phase"] for record in before + during if record.table == "events"]
    assert phases[0] == "start"
    assert phases[-1] == "end"
    assert sum(record.table == "tracks" for record in before + during) == 2
    assert analytics.idle(START_MS + 3_600_000) == []
    assert counts(analytics.close()) == []


def test_a_short_silence_changes_nothing(watched: tuple[SceneAnalytics, list[Record]]) -> None:
    analytics, before = watched
    assert analytics.idle(START_MS + 15_000) == []
    for number in range(150, 300):
        before += analytics.update(person(), START_MS + 100 * number)
    before += analytics.close()
    assert [start for start, _ in counts(before)] == [0, 10_000, 20_000]
    assert sum(frames for _, frames in counts(before)) == 290


def test_a_camera_that_comes_back_within_its_window_makes_one_row_of_it(
    watched: tuple[SceneAnalytics, list[Record]],
) -> None:
    analytics, records = watched
    # Silent from second 14 to 19.5: longer than hidden people are waited for, shorter than the window.
    records += analytics.idle(START_MS + 19_400)
    for number in range(195, 300):
        records += analytics.update(person(), START_MS + 100 * number)
    records += analytics.close()
    assert [start for start, _ in counts(records)] == [0, 10_000, 20_000]


def test_nothing_is_made_before_the_first_frame() -> None:
    assert SceneAnalytics(SCENE, labels=("person",)).idle(START_MS) == []
