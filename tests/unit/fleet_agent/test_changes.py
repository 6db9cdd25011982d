"""What is told at once, and what flaps and is not."""

from __future__ import annotations

import pytest

from contract.records import Value
from edge_components.fleet_agent.changes import ChangeWatch

GIB = 2**30
CALM: dict[str, Value] = {
    "cpu_celsius": 60.0, "memory_used_bytes": 4 * GIB, "memory_total_bytes": 8 * GIB,
    "disk_free_bytes": 50 * GIB,
    "disk_total_bytes": 100 * GIB, "clock_offset_milliseconds": -3.0, "cpu_throttling": "none",
    "provider": "CUDAExecutionProvider", "cameras": 2, "cameras_ok": 2, "cpu_percent": 40.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        pytest.param([{"cpu_percent": 99.0, "cpu_celsius": 84.9}], [[]], id="busy and warm is no news"),
        pytest.param([{"cpu_celsius": 85.0}], [["cpu_celsius"]], id="hot"),
        pytest.param(
            [{"cpu_celsius": c} for c in (86.0, 84.0, 86.0, 80.1, 80.0)],
            [["cpu_celsius"], [], [], [], ["cpu_celsius"]],
            id="hot, with hysteresis",
        ),
        pytest.param(
            [{"cpu_celsius": 86.0}, {"cpu_celsius": None}, {"cpu_celsius": 86.0}],
            [["cpu_celsius"], [], []],
            id="a sensor that is away keeps its state",
        ),
        pytest.param(
            [{"disk_free_bytes": free * GIB} for free in (10, 11, 12)],
            [["disk"], [], ["disk"]],
            id="full disk",
        ),
        pytest.param([{"memory_used_bytes": int(7.7 * GIB)}], [["memory"]], id="no memory"),
        pytest.param(
            [{"clock_offset_milliseconds": ms} for ms in (-1500.0, 900.0, 100.0)],
            [["clock"], [], ["clock"]],
            id="the clock, in either direction",
        ),
        pytest.param([{"provider": "CPUExecutionProvider"}], [["provider"]], id="fell back to the processor"),
        pytest.param([{"cameras_ok": 1}, {}], [["cameras_ok"], ["cameras_ok"]], id="a camera goes and comes"),
        pytest.param([{"cpu_throttling": "voltage"}], [["cpu_throttling"]], id="throttled"),
        pytest.param(
            [{"cameras": None, "cameras_ok": None}], [["cameras", "cameras_ok"]], id="vision is silent"
        ),
    ],
)
def test_changes(steps: list[dict[str, Value]], told: list[list[str]]) -> None:
    watch = ChangeWatch()
    assert watch.changes(CALM) == []
    watch.told(CALM)
    found = []
    for step in steps:
        values = {**CALM, **step}
        found.append(watch.changes(values))
        watch.told(values)
    assert found == told


def test_what_is_not_told_stays_news() -> None:
    watch = ChangeWatch()
    watch.changes(CALM)
    watch.told(CALM)
    hot = {**CALM, "cpu_celsius": 90.0}
    assert watch.changes(hot) == ["cpu_celsius"]
    assert watch.changes(hot) == ["cpu_celsius"]
    assert watch.changes(CALM) == []
