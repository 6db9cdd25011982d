"""What was analysed, by a camera's own records: a device without power counted nothing, not zero."""

from __future__ import annotations

import pytest

from cli.audit.analysed_time import Status, run_spans, trimmed, unhealthy_spans

MINUTE = 60_000


def test_a_device_without_power_saw_nothing() -> None:
    statuses = [Status(0, "ok", True), Status(50 * MINUTE, "ok", True), Status(60 * MINUTE, "ended", False)]
    crossings = [minute * MINUTE + 5000 for minute in (1, 5, 10, 51, 58)]
    assert run_spans(statuses, crossings) == [(0, 10 * MINUTE + 5000), (50 * MINUTE, 60 * MINUTE)]


@pytest.mark.parametrize(
    ("statuses", "moments", "spans"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([], [5, 9], [(5, 9)], id="a run that began before and goes on"),
        pytest.param([Status(3, "ok", True)], [8, 5], [(3, 8)], id="not ended yet"),
        pytest.param([Status(7, "dark", False)], [2], [(2, 7)], id="a change is a record too"),
        pytest.param([Status(7, "ok", True)], [2, 4, 9], [(2, 4), (7, 9)], id="the run before"),
    ],
)
def test_runs(statuses: list[Status], moments: list[int], spans: list[tuple[int, int]]) -> None:
    assert run_spans(statuses, moments) == spans


def test_time_in_which_the_camera_was_not_well() -> None:
    states = [(0, "ok"), (10, "dark"), (20, "covered"), (30, "ok"), (40, "ended"), (50, "frozen")]
    statuses = [Status(at, state, False) for at, state in states]
    assert unhealthy_spans(statuses) == [(10, 20), (20, 30)]


def test_windows_that_were_analysed_in_part_are_cut() -> None:
    windows = [(0, 10), (10, 20), (20, 30)]
    statuses = [Status(4, "ok", True), Status(27, "ended", False)]
    assert trimmed(windows, statuses) == [(4, 10), (10, 20), (20, 27)]
    restarted = [Status(13, "ended", False), Status(17, "ok", True)]
    assert trimmed(windows, restarted) == windows
