"""Changes while something slow is under way: nothing newer is undone, nobody waits, no run ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.alerts import decode_alert
from edge_components.runtime.spool import Spool
from edge_components.vision.camera_documents import (
    CameraDocuments,
    DocumentFolder,
    read_project_document,
    read_scene_document,
)
from edge_components.vision.camera_plan import CameraPlan
from edge_components.vision.camera_worker import CameraWorker, Workplace
from edge_components.vision.cameras import Cameras
from edge_components.vision.component_settings import CameraEntry, VisionSettings
from edge_components.vision.live_run import LiveRun, RunPlaces
from edge_components.vision.model_bench import ModelBench, ModelPlace
from edge_components.vision.open_fault import Fault, OpenFault

pytestmark = pytest.mark.xdist_group("vision_component")
ENTRY = CameraEntry("plaza-1", source="rtsp://plaza-1/")
SETTINGS = VisionSettings(cameras=(ENTRY,), window_seconds=1.0)
MASKS = b"project: p\ntask: classification\nmodel: m@1\noutput: {texts: {1: Mask}, otherwise: Not Mask}\n"


@pytest.fixture
def documents(make_scene: Any) -> Callable[..., CameraDocuments]:
    def make(version: str, **parts: Any) -> CameraDocuments:
        content = yaml.safe_dump(make_scene(**parts)).encode()
        return CameraDocuments(read_scene_document(content, "plaza-1", version))

    return make


class Place:
    """A workplace whose models named in `slow` open only once `free` is set."""

    def __init__(self, folder: Path, documents: CameraDocuments, make_model: Any, make_camera: Any) -> None:
        self.free, self.opening = threading.Event(), threading.Event()
        self.slow: Callable[[ModelPlace, Any], bool] = lambda place, settings: False
        self._make_model = make_model
        self.scenes = folder / "scenes"
        (folder / "models").mkdir()
        DocumentFolder(self.scenes, "plaza-1").keep(documents)
        self.work = Workplace(
            device="jetson-7",
            spool=folder / "spool.db",
            scenes=self.scenes,
            view=folder / "view",
            bench=ModelBench(folder / "models", opener=self._open),
            open_source=lambda address, settings: make_camera(address),
        )

    def _open(self, place: ModelPlace, settings: Any) -> Any:
        if self.slow(place, settings):
            self.opening.set()
            assert self.free.wait(60)
        return self._make_model(place.shown)


@pytest.fixture
def place(tmp_path: Path, documents: Any, make_model: Any, make_camera: Any) -> Iterator[Place]:
    made = Place(tmp_path, documents("v1"), make_model, make_camera)
    yield made
    made.free.set()


@pytest.fixture
def worker(place: Place, wait: Any) -> Iterator[CameraWorker]:
    made = CameraWorker(ENTRY, SETTINGS, place.work)
    made.start()
    wait(lambda: made.details()["state"] == "running")
    yield made
    made.ask_to_stop()
    place.free.set()
    assert made.join(60)


def refresh(worker: CameraWorker, place: Place) -> None:
    place.slow = lambda model, settings: model.shown == "people@2"
    (place.work.bench.models / "active.json").write_text(
        '{"name": "people", "version": "2", "package": "packages/people/2", "engine": null}'
    )
    worker.refresh_model()


def settings(worker: CameraWorker, place: Place) -> None:
    place.slow = lambda model, settings: settings.threads == 2
    worker.update(replace(SETTINGS, threads=2))


@pytest.mark.parametrize(
    "change", [pytest.param(refresh, id="another-model"), pytest.param(settings, id="other-settings")]
)
def test_a_scene_that_comes_while_a_model_opens_stays(
    worker: CameraWorker, place: Place, documents: Any, change: Any, wait: Any
) -> None:
    changing = threading.Thread(target=change, args=(worker, place))
    changing.start()
    assert place.opening.wait(60)
    newer = documents("v2", lines=[])
    pushing = threading.Thread(target=worker.offer, args=(newer,))
    if change is refresh:
        # The scene wants the new model, too: it waits for it as well.
        pushing.start()
    else:
        worker.offer(newer)
    place.free.set()
    changing.join(60)
    if change is refresh:
        pushing.join(60)
    assert worker.documents == newer
    kept = DocumentFolder(place.scenes, "plaza-1").read()
    assert kept is not None
    assert kept.scene.version == "v2"
    wait(lambda: worker.details()["scene_version"] == newer.scene.scene.version)


def test_stopping_waits_for_no_model_that_is_being_opened(place: Place, wait: Any) -> None:
    cameras = Cameras(SETTINGS, place.work, channel=None, store=lambda _: pytest.fail("no bucket"))
    cameras.start()
    wait(lambda: cameras.details()["plaza-1"].get("frames"))
    place.slow = lambda model, settings: settings.threads == 2
    applying = threading.Thread(target=cameras.apply, args=(replace(SETTINGS, threads=2),))
    applying.start()
    assert place.opening.wait(60)
    cameras.stop()
    assert applying.is_alive()
    place.free.set()
    applying.join(60)
    with Spool(place.work.spool, device="jetson-7") as spool:
        tables = {row.stored.record.table for row in spool.read(maximum_rows=500)}
    assert "zone_counts" in tables


@pytest.fixture
def make_run(tmp_path: Path, make_camera: Any) -> Iterator[Callable[..., tuple[LiveRun, list[Any]]]]:
    """Return what runs a plan on a thread, with a list for what came of it."""
    started: list[tuple[LiveRun, threading.Thread]] = []

    def make(plan: CameraPlan) -> tuple[LiveRun, list[Any]]:
        run, ends = LiveRun(make_camera("plaza-1"), plan, RunPlaces(tmp_path / "spool.db", "jetson-7")), []

        def go() -> None:
            try:
                ends.append(run.run()[1])
            except Exception as error:  # noqa: BLE001 - the test looks at it
                ends.append(error)

        thread = threading.Thread(target=go)
        thread.start()
        started.append((run, thread))
        return run, ends

    yield make
    for run, thread in started:
        run.end()
        thread.join(60)


def test_a_task_that_is_changed_twice_at_once_ends_no_run(
    make_run: Any, documents: Any, make_model: Any, make_classifier: Any, wait: Any
) -> None:
    people, masks = make_model("people"), make_classifier("masks")
    seeing, free = threading.Event(), threading.Event()
    infer = masks.infer

    def slow(prepared: Any) -> Any:
        seeing.set()
        assert free.wait(60)
        return infer(prepared)

    masks.infer = slow
    counting = documents("v1")
    run, ends = make_run(CameraPlan(counting, people, 1.0, None))
    wait(lambda: run.figures.get("frames"))
    classifying = CameraDocuments(counting.scene, read_project_document(MASKS, "1"))
    run.offer(CameraPlan(classifying, masks, 1.0, None))
    assert seeing.wait(60)
    again = CameraPlan(counting, people, 1.0, None)
    dropped = threading.Event()
    run.on_changed = lambda plan: dropped.set()
    run.offer(again)
    # What the classifier is at must be over before anybody may close it.
    assert not dropped.is_set()
    free.set()
    wait(lambda: run.plan is again)
    before = run.figures["frames"]
    wait(lambda: run.figures["frames"] > before)
    assert ends == []


def test_a_new_password_is_used_once_the_camera_is_lost(
    tmp_path: Path, documents: Any, make_model: Any, make_camera: Any, wait: Any
) -> None:
    place = Place(tmp_path, documents("v1"), make_model, make_camera)
    opened: list[tuple[str, Any]] = []

    def open_source(address: str, settings: VisionSettings) -> Any:
        opened.append((address, make_camera(address)))
        return opened[-1][1]

    secret = tmp_path / "plaza-1"
    secret.write_text("rtsp://viewer:old@10.0.0.9/live\n")
    secret.chmod(0o640)
    entry = CameraEntry("plaza-1", source_file=secret)
    worker = CameraWorker(entry, SETTINGS, replace(place.work, open_source=open_source))
    worker.start()
    wait(lambda: worker.details().get("frames"))
    secret.write_text("rtsp://viewer:new@10.0.0.9/live\n")
    opened[0][1].fault = "Unauthorized"
    wait(lambda: len(opened) == 2 and worker.details()["state"] == "running")
    assert opened[1][0] == "rtsp://viewer:new@10.0.0.9/live"
    worker.ask_to_stop()
    assert worker.join(60)


class Said:
    """Keeps the alerts that are published."""

    def __init__(self) -> None:
        self.alerts: list[Any] = []

    def publish(self, topic: str, payload: str) -> None:
        self.alerts.append(decode_alert(payload))


def test_a_fault_that_was_open_when_the_process_ended_gets_its_end(place: Place, wait: Any) -> None:
    began = OpenFault(place.scenes / "plaza-1" / "open_fault.json")
    began.fault = Fault("camera_fault-0123456789abcdef", 1_795_230_000_000)
    said = Said()
    worker = CameraWorker(ENTRY, SETTINGS, replace(place.work, publisher=said))
    worker.start()
    wait(lambda: said.alerts)
    worker.ask_to_stop()
    assert worker.join(60)
    told = [(alert.event, alert.phase) for alert in said.alerts]
    assert told == [("camera_fault-0123456789abcdef", "end")]


def test_a_classifier_goes_on_under_another_plan_of_its_project(documents: Any, make_classifier: Any) -> None:
    classifying = CameraDocuments(documents("v1").scene, read_project_document(MASKS, "1"))
    before, after = (
        CameraPlan(classifying, make_classifier("masks"), seconds, None) for seconds in (1.0, 2.0)
    )
    scene = before.scene(160, 120)
    analytics = before.analytics(scene)
    seen = make_classifier("masks").postprocess([[(0, 0, 10, 10)]], None)
    for frame in range(10):
        analytics.update(seen, 1_795_230_000_000 + 100 * frame, clock_quality="synced", suspect=False)
    successor, last = after.follow(analytics, scene, None)
    assert (successor.answer, last) == ("Mask", [])
