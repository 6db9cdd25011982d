"""Alerts of a camera: what its records become, and that nothing a publisher does reaches the counting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.alerts import Alert, decode_alert
from contract.records import Record
from contract.scene import Scene, parse_scene
from edge_components.vision.alerts import WAITING_ALERTS, CameraAlerts
from edge_components.vision.open_fault import Fault, OpenFault
from edge_components.vision.replay import replay

NOON_MS = 1_763_726_400_000


class Collector:
    """Takes alerts as they come; `behave` may raise or wait."""

    def __init__(self, behave: Callable[[], None] = lambda: None) -> None:
        self.taken: list[tuple[str, Alert]] = []
        self._behave = behave

    def publish(self, topic: str, payload: str) -> None:
        self._behave()
        self.taken.append((topic, decode_alert(payload)))


@pytest.fixture
def scene() -> Scene:
    return parse_scene(
        {
            "site": "seoul-1",
            "time_zone": "Asia/Seoul",
            "camera": "plaza-1",
            "frame": {"width": 640, "height": 360},
            "zones": [
                {
                    "name": "정문",
                    "polygon": [[0, 0], [640, 0], [640, 360], [0, 360]],
                    "events": {"crowding": {"threshold": 2, "minimum_seconds": 1}},
                }
            ],
            "classes": ["person"],
        }
    )


def event(phase: str, **values: Any) -> Record:
    own = {
        "event": "crowding-1", "kind": "crowding", "phase": phase, "zone": "정문", "line": None,
        "object_class": None, "track": None, "value": 3.0, "threshold": 2.0, "peak_value": 3.0,
        "started_at": NOON_MS, "duration_seconds": 0.0,
    }  # fmt: skip
    return Record("events", "plaza-1", "v1", "Asia/Seoul", NOON_MS, "synced", {**own, **values})


def status(state: str, at_ms: int = NOON_MS) -> Record:
    values = {"state": state, "previous_state": None, "frames_per_second": 10.0, "detail": None}
    return Record("camera_status", "plaza-1", "v1", "Asia/Seoul", at_ms, "synced", values)


def told(scene: Scene, records: list[Record]) -> list[Alert]:
    collector = Collector()
    alerts = CameraAlerts(collector, scene, "jetson-7")
    alerts.note(records)
    alerts.close(60)
    assert {topic for topic, _ in collector.taken} <= {"crowdlens/seoul-1/jetson-7/plaza-1/alerts"}
    return [alert for _, alert in collector.taken]


def test_starts_and_ends_are_told_and_updates_are_not(scene: Scene) -> None:
    found = told(scene, [event("start"), event("update"), event("end", value=0.0, duration_seconds=8.0)])
    assert [(one.event, one.phase, one.zone) for one in found] == [
        ("crowding-1", "start", "정문"),
        ("crowding-1", "end", "정문"),
    ]
    assert (found[0].value, found[0].threshold, found[1].duration_seconds) == (3.0, 2.0, 8.0)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(
            [("start", 2.0), ("update", 2.0), ("update", 3.0), ("update", 9.0), ("end", 9.0)],
            ["start 2", "update 3", "end 9"],
            id="gets critical once",
        ),
        pytest.param(
            [("start", 3.0), ("update", 9.0), ("end", 9.0), ("start", 2.0), ("update", 3.0)],
            ["start 3", "end 9", "start 2", "update 3"],
            id="critical from the start, then another",
        ),
    ],
)
def test_the_update_by_which_an_event_gets_critical_is_told(
    records: list[tuple[str, float]], expected: list[str], scene: Scene
) -> None:
    found = told(scene, [event(phase, value=value, peak_value=value) for phase, value in records])
    assert [f"{one.phase} {one.peak_value:g}" for one in found] == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(["ok"], [], id="a healthy start"),
        pytest.param(["ok", "covered", "ok"], ["start covered", "end ok"], id="covered for a while"),
        pytest.param(
            ["frozen", "lost", "ok", "dark"],
            ["start frozen", "end ok", "start dark"],
            id="one fault becomes another",
        ),
        pytest.param(["ok", "ended"], [], id="a run that ends"),
        pytest.param(["lost", "ended"], ["start lost"], id="a run that ends in a fault"),
    ],
)
def test_faults_of_the_camera(states: list[str], expected: list[str], scene: Scene) -> None:
    found = told(scene, [status(state, NOON_MS + 1000 * number) for number, state in enumerate(states)])
    assert [f"{one.phase} {one.state}" for one in found] == expected


def test_a_fault_that_becomes_another_is_one_event(scene: Scene) -> None:
    found = told(scene, [status("frozen"), status("lost", NOON_MS + 5000), status("ok", NOON_MS + 9000)])
    assert len({one.event for one in found}) == 1
    assert {one.started_ms for one in found} == {NOON_MS}


def test_a_publisher_that_fails_costs_its_alerts_only(scene: Scene) -> None:
    def fail() -> None:
        raise RuntimeError("no network")

    alerts = CameraAlerts(Collector(fail), scene, "jetson-7")
    alerts.note([event("start"), event("end")])
    alerts.close(60)
    assert alerts.lost == 2


def test_a_publisher_that_is_stuck_holds_nobody_up(scene: Scene) -> None:
    free = threading.Event()
    alerts = CameraAlerts(Collector(lambda: free.wait(60) and None), scene, "jetson-7")
    for number in range(3 * WAITING_ALERTS):
        alerts.note([event("start", event=f"crowding-{number}")])
    alerts.close(0.05)
    assert alerts.lost >= 2 * WAITING_ALERTS
    free.set()


def test_a_record_that_makes_no_alert_stops_nothing(scene: Scene) -> None:
    broken = Record("events", "plaza-1", "v1", "Asia/Seoul", NOON_MS, "synced", {"phase": "start"})
    assert [one.phase for one in told(scene, [broken, event("end")])] == ["end"]


def test_a_replay_tells_its_events_as_of_now(scene: Scene, tmp_path: Path) -> None:
    lines = [
        f"{frame},-1,{40 + 120 * person},{100 + frame % 2},60,160,0.9,-1,-1,-1"
        for frame in range(1, 61)
        for person in range(4)
    ]
    (tmp_path / "det.txt").write_text("\n".join(lines), encoding="utf-8")
    collector = Collector()
    summary = replay(
        tmp_path / "det.txt",
        frames_per_second=10,
        width=640,
        height=360,
        scene=scene,
        out_dir=tmp_path / "out",
        alerts=collector,
        device="jetson-7",
    )
    assert [event["kind"] for event in summary["events"]] == ["crowding"]
    assert [alert.phase for _, alert in collector.taken] == ["start", "end"]
    assert collector.taken[0][1].started_ms > NOON_MS
    assert summary["events"][0]["started_seconds"] < 60


def camera_is(state: str, seconds: float) -> Record:
    at_ms = NOON_MS + round(1000 * seconds)
    return Record(
        "camera_status", "plaza-1", "v1", "Asia/Seoul", at_ms, "synced", {"state": state, "detail": None}
    )


@pytest.mark.parametrize(
    "is_restarted", [pytest.param(False, id="the-next-run"), pytest.param(True, id="the-next-process")]
)
def test_a_fault_that_outlives_its_run_gets_its_end(scene: Scene, tmp_path: Path, is_restarted: bool) -> None:
    path, collector = tmp_path / "plaza-1" / "open_fault.json", Collector()
    fault = OpenFault(path)
    for records in (
        [camera_is("lost", 0), camera_is("ended", 9)],
        [camera_is("moved", 10), camera_is("ok", 60)],
    ):
        alerts = CameraAlerts(collector, scene, "jetson-7", open_fault=fault)
        alerts.note(records)
        alerts.close(60)
        fault = OpenFault(path) if is_restarted else fault
    told = [alert for _, alert in collector.taken]
    assert [alert.phase for alert in told] == ["start", "end"]
    assert told[0].event == told[1].event
    assert told[1].duration_seconds == pytest.approx(60)
    assert OpenFault(path).fault is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"event": "x", "started_ms": null}', b"\xff"])
def test_an_open_fault_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "open_fault.json"
    path.write_bytes(content)
    assert OpenFault(path).fault is None


def test_a_disk_that_takes_no_fault_keeps_it_for_this_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = OpenFault(tmp_path / "file" / "open_fault.json")
    kept.fault = Fault("camera_fault-1", NOON_MS)
    assert kept.fault == Fault("camera_fault-1", NOON_MS)
