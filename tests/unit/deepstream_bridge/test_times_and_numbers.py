"""When frames were, by their numbers and the time of their files; and who is who when ids come again."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from edge_components.deepstream_bridge.frame_times import FrameTimes
from edge_components.deepstream_bridge.track_numbers import TrackNumbers
from edge_components.deepstream_bridge.written_times import written_ms
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.time_sync import TimeSync

START_MS = 1_795_230_000_000.0
BOX = (100.0, 50.0, 140.0, 150.0)
FAR = (900.0, 50.0, 940.0, 150.0)


def test_late_writing_is_taken_out_of_the_times() -> None:
    times, noise = FrameTimes(30.0), random.Random(1)
    told = [times.of(n, START_MS + n * 1000 / 30 + noise.random() * 60) for n in range(900)]
    steps = [after - before for before, after in pairwise(told[300:])]
    assert max(steps) <= 36
    assert min(steps) >= 31
    assert abs(told[-1] - (START_MS + 899 * 1000 / 30 + 30)) < 15


@pytest.mark.parametrize("true_rate", [pytest.param(29.97, id="ntsc"), pytest.param(25.0, id="another-rate")])
def test_a_rate_that_is_not_quite_the_one_given_is_followed(true_rate: float) -> None:
    times = FrameTimes(30.0)
    for n in range(20_000):
        told = times.of(n, START_MS + n * 1000 / true_rate)
    assert abs(told - (START_MS + 19_999 * 1000 / true_rate)) < 400


def test_after_a_stall_the_clock_decides() -> None:
    times = FrameTimes(30.0)
    times.of(0, START_MS)
    assert times.of(1, START_MS + 60_000) == START_MS + 60_000
    assert times.resyncs == 1


def test_a_hole_in_the_numbers_is_time_that_passed() -> None:
    times = FrameTimes(10.0)
    times.of(0, START_MS)
    assert times.of(5, START_MS + 500) == START_MS + 500


def test_of_a_recorded_file_numbers_alone_say_the_time() -> None:
    times = FrameTimes(10.0, follow=False)
    assert [times.of(n, START_MS + n * 3) - START_MS for n in range(3)] == [0, 100, 200]


def test_numbers_are_the_ids_that_deepstream_shows() -> None:
    numbers = TrackNumbers()
    assert numbers.number(7, "person", BOX, 0.0) == 7
    assert numbers.number(0xABCD_0000_0008, "person", BOX, 0.0) == 8
    assert numbers.number(7, "person", BOX, 0.1) == 7


@pytest.mark.parametrize(
    ("label", "box", "seconds", "same"),
    [
        pytest.param("person", BOX, 0.1, True, id="next-frame"),
        pytest.param("person", BOX, 9.0, True, id="hidden-for-nine-seconds"),
        pytest.param("person", BOX, 11.0, False, id="away-for-eleven-seconds"),
        pytest.param("car", BOX, 0.1, False, id="another-class"),
        pytest.param("person", FAR, 0.1, False, id="where-nobody-could-have-gone"),
        pytest.param("person", FAR, 1.0, True, id="where-one-could-run-in-a-second"),
    ],
)
def test_an_id_that_comes_again(label: str, box: tuple[float, ...], seconds: float, same: bool) -> None:
    numbers = TrackNumbers()
    first = numbers.number(7, "person", BOX, 0.0)
    again = numbers.number(7, label, (box[0], box[1], box[2], box[3]), seconds)
    assert (again == first) is same


def test_two_ids_with_one_lower_half_are_two_people() -> None:
    numbers = TrackNumbers()
    first = numbers.number(0x1_0000_0007, "person", BOX, 0.0)
    assert numbers.number(0x2_0000_0007, "person", BOX, 0.1) != first


def test_an_app_that_began_anew_has_other_people() -> None:
    numbers = TrackNumbers()
    before = {numbers.number(track, "person", BOX, 0.0) for track in range(1, 50)}
    numbers.restart()
    after = {numbers.number(track, "person", BOX, 1.0) for track in range(1, 50)}
    assert not before & after


def test_no_number_is_given_twice_over_a_long_run_of_reused_ids() -> None:
    numbers, given = TrackNumbers(), []
    for run in range(300):
        given += [numbers.number(track, "person", BOX, run * 20.0) for track in range(30)]
    assert len(set(given)) == len(given)
    assert max(given) < 2**53


def clock(wall_seconds: float, *, synced: bool) -> DeviceClock:
    return DeviceClock(
        monotonic_seconds=lambda: 500.0,
        wall_seconds=lambda: wall_seconds,
        probe=lambda _: TimeSync(synced, "a test"),
    )


@pytest.mark.parametrize(
    ("wall", "synced", "file_ms", "expected_ms", "quality"),
    [
        pytest.param(START_MS, True, START_MS - 40, START_MS - 40, "synced", id="synced"),
        pytest.param(START_MS, True, 90_000.0, START_MS, "restamped", id="written-in-1970-read-after-sync"),
        pytest.param(90_000.0, False, 89_960.0, 89_960.0, "unsynced", id="in-1970"),
    ],
)
def test_a_file_was_written_when(
    wall: float, synced: bool, file_ms: float, expected_ms: float, quality: str
) -> None:
    found = written_ms(round(file_ms * 1e6), clock(wall / 1000, synced=synced), lambda: wall / 1000)
    assert (found.event_time_ms, found.clock_quality) == (pytest.approx(expected_ms, abs=1), quality)
