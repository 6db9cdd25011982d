from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_components.runtime.counting.tracked import TrackedFrame, TrackerSettings
from edge_components.runtime.counting.tracker import Tracker
from edge_components.runtime.inference.detections import Detections


def found(
    *boxes: tuple[float, float, float, float], confidence: float = 0.9, class_id: int = 0
) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), confidence, np.float32),
        np.full(len(boxes), class_id, np.int64),
    )


def walking(index: int, frames_per_second: float = 25.0) -> tuple[float, float, float, float]:
    left = 100 + 60 * index / frames_per_second
    return (left, 100, left + 40, 200)


def run(tracker: Tracker, frames: list[Detections], frames_per_second: float = 25.0) -> list[TrackedFrame]:
    return [
        frame
        for index, detections in enumerate(frames)
        for frame in tracker.update(detections, index / frames_per_second).frames
    ]


def ids_of(frames: list[TrackedFrame]) -> set[int]:
    return {int(track) for frame in frames for track in frame.ids}


def test_a_track_is_reported_from_its_first_frame_once_confirmed() -> None:
    tracker = Tracker(640, 360)
    steps = [tracker.update(found(walking(index)), index / 25) for index in range(4)]
    assert [[frame.index for frame in step.frames if len(frame.ids)] for step in steps] == [
        [],
        [],
        [0, 1, 2],
        [3],
    ]
    assert steps[2].frames[0].boxes[0] == pytest.approx(walking(0), abs=0.5)


def test_two_trackers_share_nothing() -> None:
    first, second = Tracker(640, 360), Tracker(640, 360)
    frames = [found(walking(index)) for index in range(5)]
    assert ids_of(run(first, frames)) == ids_of(run(second, frames)) == {1}


def test_reset_leaves_nothing_behind(replays: Any) -> None:
    people = [replays.Walker([(0, 60 * k, 200 + 20 * k), (4, 600 - 60 * k, 300)]) for k in range(6)]
    frames = [seen for _, seen in replays.World(people, noise=0.03, missed=0.2).frames()]
    tracker = Tracker(640, 360)
    first = run(tracker, frames)
    tracker.reset()
    again = run(tracker, frames)
    assert len(first) == len(again)
    for one, other in zip(first, again, strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.boxes.tolist() == other.boxes.tolist()


def test_classes_never_mix() -> None:
    tracker = Tracker(640, 360)
    frames = [found(walking(index), class_id=index % 2) for index in range(12)]
    seen = run(tracker, frames)
    assert {
        (int(track), int(kind))
        for frame in seen
        for track, kind in zip(frame.ids, frame.class_ids, strict=True)
    } == {
        (1, 0),
        (2, 1),
    }


def test_a_faint_detection_keeps_a_track_but_starts_none() -> None:
    tracker = Tracker(640, 360)
    faint = [found(walking(index), (400, 100, 440, 200), confidence=0.2) for index in range(5, 60)]
    seen = run(tracker, [found(walking(index)) for index in range(5)] + faint)
    assert ids_of(seen) == {1}
    assert len(seen[-1].ids) == 1


@pytest.mark.parametrize("gap_seconds", [0.5, 1.0, 2.0, 2.8])
@pytest.mark.parametrize("frames_per_second", [30.0, 10.0, 5.0])
def test_somebody_who_was_hidden_gets_his_id_back(gap_seconds: float, frames_per_second: float) -> None:
    shown = int(2 * frames_per_second)
    hidden = int(gap_seconds * frames_per_second)
    frames = [
        found(walking(index, frames_per_second))
        if not shown <= index < shown + hidden
        else Detections.empty()
        for index in range(shown + hidden + 10)
    ]
    assert ids_of(run(Tracker(640, 360), frames, frames_per_second)) == {1}


def test_somebody_who_comes_after_the_memory_is_somebody_else() -> None:
    tracker = Tracker(640, 360)
    ended: list[int] = []
    frames = [found(walking(index)) for index in range(10)] + [Detections.empty()] * 90
    frames += [found(walking(30 + index)) for index in range(10)]
    for index, detections in enumerate(frames):
        ended += tracker.update(detections, index / 25).ended_ids.tolist()
    assert (tracker.confirmed_tracks, ended) == (2, [1])


def test_a_second_box_on_the_same_object_starts_no_track() -> None:
    frames = []
    for index in range(20):
        left, top, right, bottom = walking(index)
        frames.append(found((left, top, right, bottom), (left + 1, top + 2, right + 2, bottom + 1)))
    assert ids_of(run(Tracker(640, 360), frames)) == {1}


def test_memory_is_bounded_by_the_largest_number_of_tracks() -> None:
    tracker = Tracker(640, 360, TrackerSettings(maximum_tracks=100))
    random = np.random.default_rng(3)
    for index in range(30):
        corners = random.uniform(0, 300, (400, 2))
        boxes = np.hstack((corners, corners + random.uniform(5, 40, (400, 2))))
        tracker.update(found(*map(tuple, boxes.tolist())), index / 25)
    assert tracker.slots == 100


def test_an_hour_of_empty_frames_needs_nothing() -> None:
    tracker = Tracker(640, 360)
    run(tracker, [found(walking(index)) for index in range(10)])
    for index in range(3600):
        step = tracker.update(Detections.empty(), 10.0 + index)
    assert len(step.frames) == 1
    assert (tracker.slots, len(step.ended)) == (64, 0)


def test_a_person_cut_by_the_frame_keeps_his_size(replays: Any) -> None:
    person = replays.Walker([(0, 400, 300), (3, 700, 300)])
    frames = [seen for _, seen in replays.World([person]).frames(np.arange(60) / 25)]
    seen = run(Tracker(640, 360), frames)
    assert seen[-1].at_edge.tolist() == [True]
    assert seen[-1].feet[0, 0] == pytest.approx(400 + 100 * 59 / 25, abs=4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([30.0, 12.0, 5.0]))
def test_an_id_is_one_track_at_a_time_whatever_is_detected(seed: int, frames_per_second: float) -> None:
    random = np.random.default_rng(seed)
    tracker = Tracker(640, 360)
    alive: dict[int, int] = {}
    for index in range(40):
        count = random.integers(0, 12)
        corners = random.uniform(0, 500, (count, 2))
        boxes = np.hstack((corners, corners + random.uniform(10, 120, (count, 2))))
        step = tracker.update(found(*map(tuple, boxes.tolist())), index / frames_per_second)
        for frame in step.frames:
            assert len(set(frame.ids.tolist())) == len(frame.ids)
            assert np.isfinite(frame.boxes).all()
            for slot, track in zip(frame.slots.tolist(), frame.ids.tolist(), strict=True):
                assert alive.setdefault(track, slot) == slot
    assert set(alive) == set(range(1, tracker.confirmed_tracks + 1))


def test_classes_of_a_group_share_a_track_and_the_first_sightings_name_it() -> None:
    kinds = [0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1]
    tracker = Tracker(640, 360, class_groups=[0, 0])
    seen = run(tracker, [found(walking(index), class_id=kind) for index, kind in enumerate(kinds)])
    assert ids_of(seen) == {1}
    assert {int(kind) for frame in seen for kind in frame.class_ids} == {0}


@pytest.mark.parametrize("second_class", [0, 1])
@pytest.mark.parametrize(
    "shift",
    [
        pytest.param((3, 2, 4, 0), id="beside"),
        pytest.param((0, 0, 0, -50), id="upper half"),
        pytest.param((1, 50, -1, 0), id="lower half"),
    ],
)
def test_a_second_box_on_an_object_starts_nothing(
    shift: tuple[float, float, float, float], second_class: int
) -> None:
    tracker = Tracker(640, 360, class_groups=[0, 0])
    frames = []
    for index in range(20):
        box = np.array(walking(index))
        boxes = np.array([box, box + shift], np.float32)
        frames.append(
            Detections(boxes, np.array([0.9, 0.6], np.float32), np.array([0, second_class], np.int64))
        )
    assert ids_of(run(tracker, frames)) == {1}


@pytest.mark.parametrize("frames_per_second", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("heights_a_second", [4.0, 8.0, 12.0])
def test_a_fast_object_is_followed_however_few_frames(
    frames_per_second: float, heights_a_second: float
) -> None:
    tracker = Tracker(6400, 360)
    step = 100 * heights_a_second / frames_per_second
    frames = [found((50 + step * k, 100, 90 + step * k, 200)) for k in range(8)]
    seen = run(tracker, frames, frames_per_second)
    assert ids_of(seen) == {1}
    assert sum(len(frame.ids) for frame in seen) == len(frames)


def test_two_who_could_both_be_the_fast_one_are_neither() -> None:
    tracker = Tracker(640, 360)
    frames = [found((50, 100, 90, 200)), found((250, 100, 290, 200), (150, 200, 190, 300))]
    run(tracker, frames, 5.0)
    assert int((tracker._tracks.hits[tracker._tracks.alive] == 1).sum()) == 3


def test_who_left_over_the_edge_does_not_come_back_as_somebody_else() -> None:
    tracker = Tracker(640, 360)
    leaving = [found((max(300 - 12 * k, 0), 100, 340 - 12 * k, 200)) for k in range(28)]
    entering = [found((0, 100, 6 + 8 * k, 200)) for k in range(20)]
    seen = run(tracker, [*leaving, *[Detections.empty()] * 12, *entering])
    assert ids_of(seen) == {1, 2}


def test_one_stray_box_moves_nobody_who_is_lost() -> None:
    tracker = Tracker(640, 360)
    walked = [found(walking(index)) for index in range(25)]
    stray = found((180, 105, 220, 205))
    others = found((500, 100, 540, 200))
    seen = run(tracker, [*walked, *[others] * 12, stray, *[others] * 30, *[Detections.empty()] * 60])
    assert max(frame.index for frame in seen if 1 in frame.ids) == 24


def test_who_comes_back_keeps_his_id_from_his_first_new_sighting() -> None:
    tracker = Tracker(640, 360)
    frames = [found(walking(index)) if not 25 <= index < 45 else Detections.empty() for index in range(60)]
    seen = run(tracker, frames)
    assert ids_of(seen) == {1}
    assert sorted(frame.index for frame in seen if len(frame.ids)) == [*range(25), *range(45, 60)]


def test_rare_boxes_of_nobody_are_not_confirmed() -> None:
    tracker = Tracker(640, 360)
    person = walking(0)
    frames = [
        found(person, (400, 100, 440, 200)) if index % 4 == 0 else found(person) for index in range(100)
    ]
    assert ids_of(run(tracker, frames)) == {1}


def test_boxes_that_find_no_room_are_counted_and_the_most_confident_stay() -> None:
    tracker = Tracker(6400, 360, TrackerSettings(maximum_tracks=10))
    boxes = np.array([(100 + 60 * k, 100, 140 + 60 * k, 200) for k in range(30)], np.float32)
    confidences = np.linspace(0.6, 0.9, 30).astype(np.float32)
    frames = [Detections(boxes, confidences, np.zeros(30, np.int64))] * 4
    seen = run(tracker, frames)
    assert tracker.boxes_without_room == 80
    assert sorted(frames[0].boxes[:, 0])[-10:] == sorted(float(round(left)) for left in seen[-1].boxes[:, 0])
