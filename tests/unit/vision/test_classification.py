"""A classifier's answer stands until another one is surely better, and every face is one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from contract.project import Project, ProjectError, parse_project
from contract.records import Record, check_record
from contract.scene import Scene, parse_scene
from edge_components.vision.classification import ClassificationAnalytics, Classified

LABELS = tuple(f"label {number}" if number != 643 else "mask" for number in range(1000))
START_MS = 1_795_230_000_000
STEP_MS = 100
TEXTS = {"texts": {643: "Mask"}, "otherwise": "Not Mask"}


@dataclass(frozen=True)
class Seen:
    probabilities: npt.NDArray[np.float32]


def seen(**by_label: float) -> Seen:
    """Return probabilities by label number, the rest shared evenly by the others."""
    given = {int(name[1:]): value for name, value in by_label.items()}
    rest = (1.0 - sum(given.values())) / (len(LABELS) - len(given))
    probabilities = np.full(len(LABELS), rest, np.float32)
    for number, value in given.items():
        probabilities[number] = value
    return Seen(probabilities)


def scene() -> Scene:
    return parse_scene(
        {
            "site": "seoul-1", "time_zone": "Asia/Seoul", "camera": "door-1",
            "frame": {"width": 640, "height": 360}, "classes": ["mask"],
            "zones": [{"name": "frame", "polygon": [[0, 0], [640, 0], [640, 360], [0, 360]]}],
        }
    )  # fmt: skip


def project(**output: Any) -> Project:
    given = {"smoothing_frames": 1, **TEXTS, **output}
    return parse_project({"project": "mask-check", "task": "classification", "model": "m@1", "output": given})


class Watched:
    """Feeds frames 100 ms apart and keeps what comes of them."""

    def __init__(self, **output: Any) -> None:
        self.told: list[Classified] = []
        self.records: list[Record] = []
        self.now_ms = START_MS
        self.analytics = ClassificationAnalytics(scene(), project(**output), LABELS, tell=self.told.append)

    def see(self, *frames: Seen, suspect: bool = False, step_ms: int = STEP_MS) -> None:
        for frame in frames:
            self.records += self.analytics.update(frame, self.now_ms, suspect=suspect)
            self.now_ms += step_ms

    def close(self) -> None:
        self.records += self.analytics.close()

    def rows(self, table: str) -> list[Record]:
        return [record for record in self.records if record.table == table]


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        pytest.param(seen(n643=0.6, n7=0.3), "Mask", id="643-is-mask"),
        pytest.param(seen(n7=0.6, n643=0.3), "Not Mask", id="another-label"),
        pytest.param(seen(n642=0.9), "Not Mask", id="its-neighbour-below"),
        pytest.param(seen(n644=0.9), "Not Mask", id="its-neighbour-above"),
        pytest.param(seen(n643=0.02), "Mask", id="faint-and-still-first"),
    ],
)
def test_the_most_probable_label_says_mask_or_not(frame: Seen, answer: str) -> None:
    watched = Watched()
    watched.see(frame)
    assert watched.analytics.answer == answer


def test_a_change_makes_a_record_for_each_of_the_top_five() -> None:
    watched = Watched()
    watched.see(seen(n643=0.5, n1=0.2, n2=0.1, n3=0.05, n4=0.04))
    rows = watched.rows("classifications")
    for record in rows:
        check_record(record)
    assert [row.values["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row.values["label"] for row in rows] == ["mask", "label 1", "label 2", "label 3", "label 4"]
    assert [row.values["label_text"] for row in rows] == ["Mask"] + ["Not Mask"] * 4
    assert rows[0].values["probability"] == pytest.approx(0.5)
    assert (rows[0].camera, rows[0].event_time_ms) == ("door-1", START_MS)


def test_what_stays_the_same_makes_no_more_records() -> None:
    watched = Watched()
    watched.see(*[seen(n643=0.8)] * 600)
    assert len(watched.rows("classifications")) == 5


def test_jitter_round_the_threshold_makes_no_messages() -> None:
    watched = Watched(minimum_probability=0.5, hysteresis=0.1, mqtt="change")
    watched.see(*[seen(n643=0.48), seen(n643=0.52)] * 200)
    assert [message.answer for message in watched.told] == ["Mask"]


def test_jitter_between_two_labels_makes_no_messages() -> None:
    watched = Watched(mqtt="change", hysteresis=0.1)
    watched.see(*[seen(n643=0.48, n7=0.44), seen(n643=0.44, n7=0.48)] * 200)
    assert [message.answer for message in watched.told] == ["Mask"]


def test_a_clear_lead_changes_the_answer() -> None:
    watched = Watched(mqtt="change", hysteresis=0.1)
    watched.see(seen(n643=0.5, n7=0.4), seen(n643=0.4, n7=0.5), seen(n643=0.3, n7=0.6))
    assert [(m.previous, m.answer) for m in watched.told] == [(None, "Mask"), ("Mask", "Not Mask")]


def test_below_the_threshold_less_hysteresis_nothing_stands() -> None:
    watched = Watched(minimum_probability=0.5, hysteresis=0.1, mqtt="change")
    watched.see(seen(n643=0.6), seen(n643=0.41), seen(n643=0.39), seen(n643=0.49), seen(n643=0.5))
    assert [message.answer for message in watched.told] == ["Mask", None, "Mask"]


def test_smoothing_is_the_mean_of_the_last_frames() -> None:
    watched = Watched(smoothing_frames=4)
    watched.see(*[seen(n643=value) for value in (0.9, 0.1, 0.2, 0.4, 0.5)])
    assert watched.analytics.labels[0].probability == pytest.approx((0.1 + 0.2 + 0.4 + 0.5) / 4, abs=1e-6)


def test_one_frame_of_another_label_does_not_change_a_smoothed_answer() -> None:
    watched = Watched(smoothing_frames=5)
    watched.see(*[seen(n643=0.8)] * 5, seen(n7=0.8), *[seen(n643=0.8)] * 5)
    assert watched.analytics.changes == 1


def test_an_interval_tells_what_stands_and_changes_at_once() -> None:
    watched = Watched(records="interval", interval_seconds=10, top_k=1)
    watched.see(*[seen(n643=0.8)] * 250, *[seen(n7=0.8)] * 10)
    times = [record.event_time_ms - START_MS for record in watched.rows("classifications")]
    assert times == [0, 10_000, 20_000, 25_000]


def test_all_of_top_k_goes_into_a_message_two_labels_of_one_text_too() -> None:
    watched = Watched(mqtt="change", top_k=3)
    watched.see(seen(n643=0.5, n1=0.3, n2=0.1))
    assert [(label.index, label.text) for label in watched.told[0].labels] == [
        (643, "Mask"), (1, "Not Mask"), (2, "Not Mask"),
    ]  # fmt: skip


def test_an_alert_text_starts_and_ends_an_event() -> None:
    watched = Watched(minimum_probability=0.5, alert={"texts": ["Not Mask"], "minimum_seconds": 1})
    watched.see(*[seen(n643=0.8)] * 20, *[seen(n7=0.9)] * 50, *[seen(n643=0.8)] * 30)
    events = watched.rows("events")
    for record in events:
        check_record(record)
    assert [record.values["phase"] for record in events] == ["start", "end"]
    assert {record.values["event"] for record in events} == {events[0].values["event"]}
    assert [record.event_time_ms - START_MS for record in events] == [2000, 7000]
    assert events[0].values["object_class"] == "Not Mask"
    assert events[1].values["duration_seconds"] == pytest.approx(5.0)


def test_a_short_slip_starts_no_event() -> None:
    watched = Watched(alert={"texts": ["Not Mask"], "minimum_seconds": 1})
    watched.see(*[seen(n643=0.8)] * 20, *[seen(n7=0.9)] * 5, *[seen(n643=0.8)] * 30)
    watched.close()
    assert watched.rows("events") == []


def test_a_covered_camera_starts_no_event() -> None:
    watched = Watched(alert={"texts": ["Not Mask"], "minimum_seconds": 1})
    watched.see(*[seen(n7=0.9)] * 50, suspect=True)
    assert watched.rows("events") == []


def test_a_run_that_ends_ends_its_event() -> None:
    watched = Watched(alert={"texts": ["Mask"], "minimum_seconds": 0})
    watched.see(*[seen(n643=0.9)] * 20)
    watched.close()
    assert [record.values["phase"] for record in watched.rows("events")] == ["start", "end"]
    assert watched.analytics.totals.events[0]["object_class"] == "Mask"


def test_after_a_long_silence_the_answer_is_found_anew() -> None:
    watched = Watched(smoothing_frames=50, alert={"texts": ["Mask"], "minimum_seconds": 0})
    watched.see(*[seen(n643=0.9)] * 50)
    watched.now_ms += 60_000
    watched.records += watched.analytics.idle(watched.now_ms)
    assert watched.analytics.answer is None
    watched.see(seen(n7=0.9))
    assert watched.analytics.answer == "Not Mask"
    assert [record.values["phase"] for record in watched.rows("events")] == ["start", "end"]


@pytest.mark.parametrize("live", [True, False], ids=["while it lasts", "with the next frame"])
@pytest.mark.parametrize(
    ("mqtt", "told"),
    [
        pytest.param("change", [("Mask", None), (None, "Mask"), ("Mask", None)], id="change"),
        pytest.param("interval", [("Mask", None), (None, "Mask"), ("Mask", None)], id="interval"),
        pytest.param("never", [], id="never"),
    ],
)
def test_a_long_silence_is_told_as_a_change_to_null(
    mqtt: str, told: list[tuple[str | None, str | None]], live: bool
) -> None:
    watched = Watched(mqtt=mqtt)
    watched.see(seen(n643=0.9))
    last_ms = watched.now_ms - STEP_MS
    watched.now_ms += 60_000
    if live:
        for after_ms in (10_000, 15_000, 30_000):
            watched.records += watched.analytics.idle(last_ms + after_ms)
    watched.see(seen(n643=0.9))
    assert [(one.answer, one.previous) for one in watched.told] == told
    assert watched.analytics.changes == 3
    if told:
        silence = watched.told[1]
        assert (silence.reason, silence.event_time_ms) == ("change", last_ms + 10_000)
        assert silence.labels


def test_without_texts_a_label_stands_for_itself() -> None:
    given = parse_project({"project": "p", "task": "classification", "model": "m@1"})
    analytics = ClassificationAnalytics(scene(), given, ["cat", "dog"])
    analytics.update(Seen(np.array([0.2, 0.8], np.float32)), START_MS)
    assert analytics.answer == "dog"
    assert [label.text for label in analytics.labels] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        pytest.param(
            {"texts": {1000: "X"}}, "output.texts has label number 1000: expected 0 to 999", id="number"
        ),
        pytest.param({"texts": {"hat": "X"}}, "output.texts has 'hat', which is no label", id="label"),
        pytest.param(
            {"texts": {}, "otherwise": None, "alert": {"texts": ["hat"]}},
            "output.alert.texts has 'hat', which no label of the model becomes",
            id="alert",
        ),
    ],
)
def test_texts_that_fit_no_label_are_refused(output: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ProjectError, match=r"^" + sentence.replace(".", r"\.")):
        ClassificationAnalytics(scene(), project(**output), LABELS)


ALERT = {"alert": {"texts": ["Mask"], "minimum_seconds": 1}, "mqtt": "change"}


@pytest.mark.parametrize(
    ("other", "starts", "messages"),
    [
        pytest.param({}, 1, 1, id="the-same-project-goes-on"),
        pytest.param({"smoothing_frames": 2}, 2, 2, id="another-output-begins-anew"),
    ],
)
def test_a_change_of_model_or_scene_tells_nothing_twice(
    other: dict[str, Any], starts: int, messages: int
) -> None:
    watched = Watched(**ALERT)
    watched.see(*[seen(n643=0.9)] * 30)
    before = watched.analytics
    watched.analytics, last = before.hand_over(
        scene(), project(**{**ALERT, **other}), LABELS, tell=watched.told.append
    )
    watched.records += last
    watched.see(*[seen(n643=0.9)] * 30)
    watched.close()
    phases = [row.values["phase"] for row in watched.rows("events") if row.values["phase"] != "update"]
    assert phases == ["start", "end"] * starts
    assert len(watched.told) == messages
    assert watched.analytics.totals.frames == (60 if starts == 1 else 30)


def test_other_labels_begin_anew() -> None:
    watched = Watched(**ALERT)
    watched.see(*[seen(n643=0.9)] * 30)
    successor, last = watched.analytics.hand_over(scene(), project(**ALERT), tuple(reversed(LABELS)))
    assert [row.values["phase"] for row in last] == ["end"]
    assert successor.answer is None
