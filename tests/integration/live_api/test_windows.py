"""Statistics of boxes and zones whose windows differ in phase and in length."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def steps(api: Any) -> list[dict[str, Any]]:
    """Return the last three hours without the step of now and the first one with data."""
    with_data = [one for one in api.get("/places/plaza/statistics")["hours"] if one["mean"] is not None]
    return with_data[1:-1]


@pytest.mark.parametrize("phase", [pytest.param(0.0, id="together"), pytest.param(20.0, id="20 s later")])
@pytest.mark.parametrize("seconds", [pytest.param(30.0, id="as long"), pytest.param(90.0, id="longer")])
def test_devices_of_a_box_are_added_up_by_time(api: Any, box_feed: Any, phase: float, seconds: float) -> None:
    for device, length, late, people in (("a", 30.0, 0.0, 2), ("b", seconds, phase, 1)):
        for number in range(int(2400 // length)):
            for person in range(people):
                ago = 2400 - late - number * length
                if ago >= length:
                    api.track(ago, person, device=device, camera=f"{device}-1", window_seconds=length)
    api.make(feeds=[box_feed()])
    found = steps(api)
    assert len(found) >= 2
    assert [(one["mean"], one["maximum"], one["minutes_with_data"]) for one in found] == [(3.0, 3, 10)] * len(
        found
    )


def test_buckets_of_a_mixed_place_follow_the_longest_window(api: Any, box_feed: Any, zone_feed: Any) -> None:
    since_grid = (api.now - api.now.replace(minute=0, second=0, microsecond=0)) % timedelta(minutes=5)
    for number in range(8):
        api.count(since_grid.total_seconds() + 300 * (number + 1), 4, window_seconds=300.0)
    for number in range(80):
        api.track(30.0 * (number + 1), 1, window_seconds=30.0)
    api.settle()
    api.make(feeds=[zone_feed(), box_feed()])
    found = steps(api)
    assert len(found) >= 2
    assert [(one["mean"], one["minutes_with_data"]) for one in found] == [(5.0, 10)] * len(found)


def test_a_device_with_longer_windows_is_in_the_live_count(api: Any, box_feed: Any) -> None:
    for person in range(4):
        api.track(20, person, device="a", window_seconds=10.0)
    for person in range(6):
        # It ended half a minute ago, and the next one is not over.
        api.track(110, 100 + person, device="b", window_seconds=60.0)
    api.track(110, 7, device="gone", window_seconds=10.0)
    assert api.make(feeds=[box_feed()]).json["count"] == 10
