"""Cameras, a bucket and a model that finds a bright box, all in memory; the component under real IPC."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from contract.records import StoredRecord
from edge_components.runtime import status
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.inference.classifier import Classification
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.preprocess import PreparedFrame
from edge_components.runtime.object_store import ObjectMissingError, ObjectStoreError
from edge_components.runtime.spool import Spool
from edge_components.runtime.status import read_status
from edge_components.vision import live_run
from edge_components.vision.component import VisionComponent
from edge_components.vision.model_bench import ModelPlace
from edge_components.vision.sources.frames import Frame, SourceInfo
from infra.local.greengrass import IpcEndpoint, Nucleus
from infra.local.greengrass.shadow_topics import apply_to_shadow

COMPONENT, THING = "com.crowdlens.vision", "jetson-7"
WIDTH, HEIGHT = 160, 120
PATIENCE_SECONDS = 60.0


class _EndedNowError(Exception):
    """The process would be gone here."""


def _end_now(status: int) -> None:
    raise _EndedNowError(status)


def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    """Return what `condition` gives once that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never so: {what or condition}")


class WalkingCamera:
    """A live camera before which somebody walks to the right, again and again."""

    ended, skipped_frames = False, 0

    def __init__(self, name: str, width: int = WIDTH, height: int = HEIGHT, *, rate: float = 15.0) -> None:
        self.name = name
        self.info = SourceInfo(width, height, rate, None, live=True)
        self.fault: str | None = None
        self.other_size: tuple[int, int] | None = None
        self.closed = threading.Event()
        self._index = 0

    def read(self, timeout_seconds: float) -> Frame | None:
        if self.closed.wait(1 / self.info.frames_per_second) or self.fault is not None:
            return None
        image = np.random.default_rng(self._index).integers(60, 90, (self.info.height, self.info.width, 3))
        image = image.astype(np.uint8)
        left = self._index * 3 % (self.info.width + 20) - 20
        top, bottom = self.info.height // 3, self.info.height * 5 // 6
        image[top:bottom, max(0, left) : max(0, left + 20)] = 255
        self._index += 1
        return Frame(image, self._index, time.monotonic())

    def close(self) -> None:
        self.closed.set()


class BrightModel:
    """Finds the bright box; what it calls a person it is as sure of as it is told."""

    provider, requested_providers = "CPUExecutionProvider", ("CPUExecutionProvider",)
    provider_note = None

    def __init__(self, name: str, labels: tuple[str, ...] = ("person",), confidence: float = 0.5) -> None:
        self.name, self.labels, self.confidence = name, labels, confidence
        self.closed = False

    def new_buffer(self) -> PreparedFrame:
        return PreparedFrame(np.zeros((1, 3, 1, 1), np.float32))

    def preprocess(self, frame_bgr: np.ndarray, buffer: PreparedFrame) -> PreparedFrame:
        buffer.resized = frame_bgr
        return buffer

    def infer(self, prepared: PreparedFrame) -> list[np.ndarray]:
        assert not self.closed
        rows, columns = np.nonzero(prepared.resized[:, :, 0] > 200)
        if not len(rows):
            return [np.zeros((0, 4), np.float32)]
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return [np.array([box], np.float32)]

    def postprocess(self, outputs: Any, prepared: PreparedFrame) -> Detections:
        count = len(outputs[0])
        person = self.labels.index("person") if "person" in self.labels else 0
        return Detections(outputs[0], np.full(count, 0.8, np.float32), np.full(count, person, np.int64))

    def close(self) -> None:
        self.closed = True


class MaskModel(BrightModel):
    """A classifier: somebody in the left half of the picture wears a mask, so to speak."""

    package = SimpleNamespace(task="classification")

    def __init__(self, name: str) -> None:
        super().__init__(name, ("bare", "mask"))

    def postprocess(self, outputs: Any, prepared: PreparedFrame) -> Any:
        boxes = outputs[0]
        is_left = bool(len(boxes)) and float(boxes[0][2]) < WIDTH / 2
        chances = [0.1, 0.9] if is_left else [0.9, 0.1]
        return Classification(np.array(chances, np.float32), self.labels)


class Bucket:
    """The artifacts bucket; `down` makes it fail as a network does."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False

    def read(self, key: str, maximum_bytes: int) -> bytes:
        if self.down:
            raise ObjectStoreError(f"object {key} could not be read: no network")
        if key not in self.objects:
            raise ObjectMissingError(f"object {key} is not there")
        return self.objects[key]


def scene_document(camera: str = "plaza-1", **parts: Any) -> dict[str, Any]:
    return {
        "site": "test",
        "time_zone": "Asia/Seoul",
        "camera": camera,
        "frame": {"width": WIDTH, "height": HEIGHT},
        "classes": ["person"],
        "lines": [{"name": "gate", "points": [[80, 0], [80, HEIGHT]]}],
        "zones": [{"name": "hall", "polygon": [[20, 0], [140, 0], [140, HEIGHT], [20, HEIGHT]]}],
        **parts,
    }


@dataclass
class Site:
    """A device with its nucleus, its cloud and its cameras."""

    nucleus: Nucleus
    folders: DeviceFolders
    bucket: Bucket = field(default_factory=Bucket)
    sources: dict[str, Any] = field(default_factory=dict)
    """What opening an address gives, or does: an exception is raised, a callable called."""
    opened: list[Any] = field(default_factory=list)
    models: dict[str, Any] = field(default_factory=dict)
    records: list[StoredRecord] = field(default_factory=list)
    component: VisionComponent | None = None
    thread: threading.Thread | None = None
    status: int | None = None

    def open_source(self, address: str, settings: Any) -> Any:
        found = self.sources.get(address)
        made = found() if callable(found) else found
        if isinstance(made, Exception):
            raise made
        source = WalkingCamera(address) if made is None else made
        self.opened.append(source)
        return source

    def open_model(self, place: ModelPlace, settings: Any) -> Any:
        made = self.models.get(place.shown)
        if isinstance(made, Exception):
            raise made
        return BrightModel(place.shown) if made is None else made()

    def start(self, **configuration: Any) -> None:
        """Start the component with `configuration` merged into what a recipe says."""
        folders = {
            "folder": str(self.folders.state),
            "run": str(self.folders.run),
            "settings": str(self.folders.settings),
        }
        self.nucleus.merge(COMPONENT, (), {**folders, **configuration})
        # What an earlier process said is no sign of this one.
        self.nucleus.states[COMPONENT].clear()
        (self.folders.status / "vision.json").unlink(missing_ok=True)
        self.status = None
        self.component = VisionComponent(
            opener=self.open_model,
            source_opener=self.open_source,
            store=lambda _: self.bucket,
            look_seconds=0.1,
        )
        self.thread = threading.Thread(target=self._run, name="component")
        self.thread.start()
        eventually(lambda: "RUNNING" in self.nucleus.states[COMPONENT] or self.status is not None)

    def _run(self) -> None:
        with contextlib.suppress(_EndedNowError):
            self.status = run_component(self.component, end_now=_end_now)

    def stop(self) -> None:
        """Stop it as a signal does."""
        if self.thread is None or self.component is None:
            return
        with contextlib.suppress(AttributeError):
            self.component._context.stop.set()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive()
        self.thread = None

    def desire(self, camera: str, document: Mapping[str, Any] | bytes, version: str, **wrong: Any) -> None:
        """Put a scene into the bucket and point the camera's shadow to it, as `crowdlens scene push` does."""
        apply_to_shadow(
            self.nucleus,
            THING,
            f"camera-{camera}",
            {"desired": {"scene": self.put(camera, document, version, **wrong)}},
        )

    def put(
        self, camera: str, document: Mapping[str, Any] | bytes, version: str, *, part: str = "", **wrong: Any
    ) -> dict[str, Any]:
        content = document if isinstance(document, bytes) else yaml.safe_dump(dict(document)).encode()
        key = f"scenes/{THING}/{camera}/{part}{version}.yaml"
        self.bucket.objects[key] = content
        digest = hashlib.sha256(content).hexdigest()
        return {"version": version, "key": key, "sha256": digest, "bytes": len(content), **wrong}

    def reported(self, camera: str) -> dict[str, Any]:
        return self.nucleus.shadows[(THING, f"camera-{camera}")].reported

    def camera(self, name: str) -> dict[str, Any]:
        """Return what the status file says of a camera."""
        status = read_status(self.folders.status / "vision.json")
        return {} if status is None else status.details.get("cameras", {}).get(name, {})

    def wait_reported(self, camera: str, **expected: Any) -> dict[str, Any]:
        def so() -> bool:
            scene = self.reported(camera).get("scene", {})
            return all(scene.get(name) == value for name, value in expected.items())

        eventually(so, f"{camera} reports {expected}")
        return self.reported(camera)["scene"]

    def wait_camera(self, name: str, **expected: Any) -> dict[str, Any]:
        eventually(
            lambda: all(self.camera(name).get(key) == value for key, value in expected.items()),
            f"{name} has {expected}: {self.camera(name)}",
        )
        return self.camera(name)

    def drain(self) -> list[StoredRecord]:
        """Return all records so far, in their order."""
        if self.folders.spool.exists():
            with Spool(self.folders.spool, device=THING) as spool:
                while rows := spool.read(maximum_rows=500):
                    self.records += [row.stored for row in rows]
                    spool.acknowledge(row.row_id for row in rows)
        return self.records

    def wait_records(self, table: str, wanted: Callable[[StoredRecord], bool] = lambda _: True) -> list[Any]:
        def found() -> list[StoredRecord]:
            return [one for one in self.drain() if one.record.table == table and wanted(one)]

        return eventually(found, f"records of {table}")


@pytest.fixture(params=[pytest.param(True, id="lite")])
def is_lite(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    is_lite = bool(request.getfixturevalue("is_lite")) if "is_lite" in request.fixturenames else False
    # A test looks at the status more often than a person does.
    monkeypatch.setattr(status, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(status, "HEARTBEAT_SECONDS", 0.4)
    monkeypatch.setattr(live_run, "TELL_SECONDS", 0.2)
    nucleus = Nucleus(THING, is_lite=is_lite)
    nucleus.install(COMPONENT, {})
    folders = DeviceFolders.below(tmp_path)
    folders.settings.mkdir(parents=True)
    with IpcEndpoint(nucleus, tmp_path / "ipc") as endpoint:
        for name, value in endpoint.environment(COMPONENT).items():
            monkeypatch.setenv(name, value)
        made = Site(nucleus, folders)
        yield made
        made.stop()


@pytest.fixture
def make_scene() -> Callable[..., dict[str, Any]]:
    return scene_document


@pytest.fixture
def wait() -> Callable[..., Any]:
    return eventually


@pytest.fixture
def make_camera() -> type[WalkingCamera]:
    return WalkingCamera


@pytest.fixture
def make_model() -> type[BrightModel]:
    return BrightModel


@pytest.fixture
def activate() -> Callable[..., None]:
    """Return what makes a model the store's active one."""

    def activated(folders: DeviceFolders, name: str, version: str) -> None:
        pointer = {"name": name, "version": version, "package": f"packages/{name}/{version}", "engine": None}
        (folders.models / "active.json").write_text(json.dumps(pointer))

    return activated


@pytest.fixture
def make_classifier() -> type[MaskModel]:
    return MaskModel
