from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from contract.errors import DiskFullError
from contract.records import Record, StoredRecord
from contract.scene import Scene
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detector import OnnxDetector, open_detector
from edge_components.runtime.inference.layouts import Outputs
from edge_components.runtime.inference.onnx_session import ModelLoadError
from edge_components.runtime.inference.preprocess import PreparedFrame
from edge_components.runtime.processes import stop_on_signals
from edge_components.vision import pipeline
from edge_components.vision.camera_health import CameraHealthSettings
from edge_components.vision.pipeline import (
    AnalysedFrame,
    PipelineResult,
    PipelineSettings,
    PipelineStoppedError,
    run_pipeline,
)
from edge_components.vision.progress import Progress
from edge_components.vision.sources import Frame, Source, SourceInfo, open_source

Make = Callable[..., Path]
START_MS = 1_760_000_000_000


@pytest.fixture
def detector(make_model: Make) -> OnnxDetector:
    return open_detector(make_model())


@pytest.fixture
def run(detector: OnnxDetector, scene: Scene, sink: object) -> Callable[..., PipelineResult]:
    def start(source: Source, **settings: object) -> PipelineResult:
        arguments = {
            "detector": detector,
            "analytics": SceneAnalytics(scene, labels=detector.labels, window_seconds=1.0),
            "sink": sink,
            "scene": scene,
            "clock": DeviceClock(),
            "settings": PipelineSettings(start_time_ms=START_MS),
        }
        return run_pipeline(source, **{**arguments, **settings})  # type: ignore[arg-type]

    return start


def pipeline_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"decode", "inference"}


class Camera:
    """A live source in memory: gives frames and silences as told, then waits to be stopped."""

    name = "camera"
    ended = False
    skipped_frames = 3
    fault = "it cannot be opened"

    def __init__(self, script: Sequence[str], at_end: Callable[[], object]) -> None:
        self.info = SourceInfo(128, 96, 25, None, live=True)
        self._script = list(script)
        self._at_end = at_end
        self._index = 0
        self.closed = False

    @property
    def given(self) -> int:
        return self._index

    def read(self, timeout_seconds: float) -> Frame | None:
        time.sleep(0.01)
        if not self._script:
            self._at_end()
            return None
        if self._script.pop(0) == "silence":
            time.sleep(0.03)
            return None
        self._index += 1
        picture = np.random.default_rng(self._index).integers(90, 110, (96, 128, 3), dtype=np.uint8)
        return Frame(picture, self._index, time.monotonic())

    def close(self) -> None:
        self.closed = True


def test_every_frame_of_a_file_is_analysed_once_and_in_order(
    run: Callable[..., PipelineResult], make_clip: Make, sink: object
) -> None:
    seen: list[AnalysedFrame] = []
    progress: list[Progress] = []
    result = run(open_source(str(make_clip())), on_frame=seen.append, progress=progress.append)
    assert [frame.frame.index for frame in seen] == list(range(40))
    assert [frame.event_time_ms for frame in seen] == [START_MS + 100 * index for index in range(40)]
    assert (result.frames, result.detections, result.skipped_frames, result.stopped) == (40, 40, 0, False)
    assert (result.first_event_time_ms, result.last_event_time_ms) == (START_MS, START_MS + 3900)
    assert [item.frames for item in progress] == list(range(1, 41))
    assert progress[-1].total_frames == 40
    assert result.provider == "CPUExecutionProvider"
    assert set(result.latency) == {"decode", "preprocess", "infer", "postprocess", "analytics", "total"}
    assert sink.tables() == {"camera_status", "zone_counts", "tracks"}
    assert sink.states() == ["ok", "ended"]
    assert result.records == len(sink.records)
    counted = [record for record in sink.records if record.table == "zone_counts"]
    assert sum(record.values["frames"] for record in counted) == 40
    assert result.key_frame is not None
    assert len(result.key_frame.tracks) == 1


def test_without_a_start_time_nothing_lies_in_the_future(
    run: Callable[..., PipelineResult], make_clip: Make
) -> None:
    before_ms = time.time() * 1000
    result = run(open_source(str(make_clip())), settings=PipelineSettings())
    assert result.first_event_time_ms == pytest.approx(before_ms - 4000, abs=2000)
    assert result.last_event_time_ms is not None
    assert result.last_event_time_ms <= time.time() * 1000


def test_a_request_to_stop_finishes_frames_in_flight_and_stores_the_last_window(
    run: Callable[..., PipelineResult], make_clip: Make, sink: object
) -> None:
    stop = threading.Event()

    def stop_at_ten(frame: AnalysedFrame) -> None:
        if frame.frame.index == 10:
            stop.set()

    result = run(open_source(str(make_clip(frames=400))), stop=stop, on_frame=stop_at_ten)
    assert result.stopped
    assert 11 <= result.frames <= 11 + PipelineSettings().file_buffers
    counted = [record for record in sink.records if record.table == "zone_counts"]
    assert sum(record.values["frames"] for record in counted) == result.frames
    assert sink.records[-1].values["detail"] == "stopped on request"
    assert not pipeline_threads()


def test_ctrl_c_is_a_request_to_stop(run: Callable[..., PipelineResult], make_clip: Make) -> None:
    stop = threading.Event()

    def press(frame: AnalysedFrame) -> None:
        if frame.frame.index == 5:
            signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with stop_on_signals(stop):
        result = run(open_source(str(make_clip(frames=400))), stop=stop, on_frame=press)
    assert result.stopped
    assert result.frames < 20
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_damaged_file_counts_what_it_has_and_then_fails(
    run: Callable[..., PipelineResult], make_clip: Make, sink: object
) -> None:
    clip = make_clip()
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(PipelineStoppedError, match=r"damaged or cut off: .* of its 40 frames") as caught:
        run(open_source(str(clip)))
    frames = caught.value.result.frames
    counted = [record for record in sink.records if record.table == "zone_counts"]
    assert 10 < frames < 30
    assert sum(record.values["frames"] for record in counted) == frames
    assert sink.states() == ["ok", "ended"]


def test_a_broken_picture_ends_the_run_with_its_name(
    run: Callable[..., PipelineResult], make_folder: Make
) -> None:
    folder = make_folder(extension=".bmp")
    (folder / "frame9.bmp").write_bytes(b"BM and then no picture")
    with pytest.raises(PipelineStoppedError, match=r"frame9\.bmp cannot be decoded") as caught:
        run(open_source(str(folder)))
    assert caught.value.result.frames == 8


class FailingDetector:
    """Fails in one stage at the third frame."""

    name, labels, confidence = "failing", ("person",), 0.5
    provider, requested_providers = "CPUExecutionProvider", ("CPUExecutionProvider",)

    def __init__(self, inner: OnnxDetector, stage: str, error: Exception) -> None:
        self._inner, self._stage, self._error, self._calls = inner, stage, error, 0

    def _maybe_fail(self, stage: str) -> None:
        self._calls += stage == self._stage
        if stage == self._stage and self._calls == 3:
            raise self._error

    def new_buffer(self) -> PreparedFrame:
        return self._inner.new_buffer()

    def preprocess(self, frame_bgr: np.ndarray, buffer: PreparedFrame) -> PreparedFrame:
        self._maybe_fail("preprocess")
        return self._inner.preprocess(frame_bgr, buffer)

    def infer(self, prepared: PreparedFrame) -> Outputs:
        self._maybe_fail("infer")
        return self._inner.infer(prepared)

    def postprocess(self, outputs: Outputs, prepared: PreparedFrame) -> object:
        self._maybe_fail("postprocess")
        return self._inner.postprocess(outputs, prepared)


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        pytest.param(("infer", ModelLoadError("model x failed")), PipelineStoppedError, id="the model fails"),
        pytest.param(("infer", ZeroDivisionError("a bug")), ZeroDivisionError, id="a bug in inference"),
        pytest.param(("preprocess", ZeroDivisionError("a bug")), ZeroDivisionError, id="a bug in decoding"),
        pytest.param(("postprocess", ZeroDivisionError("a bug")), ZeroDivisionError, id="a bug in analysing"),
    ],
)
def test_an_error_in_any_thread_is_one_error_and_no_thread_stays(
    failing: tuple[str, Exception],
    expected: type[Exception],
    run: Callable[..., PipelineResult],
    detector: OnnxDetector,
    make_clip: Make,
) -> None:
    source = open_source(str(make_clip(frames=100)))
    with pytest.raises(expected, match=str(failing[1])):
        run(source, detector=FailingDetector(detector, *failing))
    assert not pipeline_threads()
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_runs_that_overlap_leave_the_interpreter_as_it_was() -> None:
    before, switching = sys.getswitchinterval(), pipeline._QuickSwitching()
    switching.__enter__()
    with switching:
        pass
    assert sys.getswitchinterval() == pytest.approx(pipeline.SWITCH_INTERVAL_SECONDS)
    switching.__exit__()
    assert sys.getswitchinterval() == before


class FullSink:
    """A spool whose disk is full."""

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        raise DiskFullError("the spool's disk is full")


def test_a_full_disk_ends_the_run(run: Callable[..., PipelineResult], make_clip: Make) -> None:
    with pytest.raises(DiskFullError, match="the spool's disk is full"):
        run(open_source(str(make_clip(frames=100))), sink=FullSink())
    assert not pipeline_threads()


class FailingAnalytics(SceneAnalytics):
    """Counts 20 frames, and fails at the next."""

    frames = 0

    def update(self, *arguments: object, **named: object) -> list[Record]:
        self.frames += 1
        if self.frames > 20:
            raise ZeroDivisionError("a bug in counting")
        return super().update(*arguments, **named)  # type: ignore[arg-type]


def test_a_mistake_in_counting_costs_no_open_window(
    run: Callable[..., PipelineResult], scene: Scene, sink: object, make_clip: Make
) -> None:
    analytics = FailingAnalytics(scene, labels=("person",), window_seconds=600.0)
    with pytest.raises(ZeroDivisionError, match="a bug in counting"):
        run(open_source(str(make_clip(frames=100))), analytics=analytics)
    assert "zone_counts" in sink.tables()  # type: ignore[attr-defined]
    assert sink.states()[-1] == "ended"  # type: ignore[attr-defined]
    assert not pipeline_threads()


def test_a_lost_camera_is_recorded_and_its_counts_are_suspect(
    run: Callable[..., PipelineResult], sink: object
) -> None:
    stop = threading.Event()
    camera = Camera([*["frame"] * 5, *["silence"] * 8, *["frame"] * 5], stop.set)
    health = CameraHealthSettings(lost_seconds=0.1, recovery_seconds=60)
    result = run(camera, stop=stop, settings=PipelineSettings(health=health))
    assert sink.states() == ["ok", "lost", "ended"]
    (gap,) = [record for record in sink.records if record.table == "gaps"]
    assert 200 < gap.values["gap_end"] - gap.values["gap_start"] < 2000
    counted = [record for record in sink.records if record.table == "zone_counts"]
    assert any(record.values["suspect"] for record in counted)
    assert (result.frames, result.skipped_frames, result.stopped) == (10, 3, True)
    assert "decode" not in result.latency
    assert camera.closed


def test_frames_of_a_camera_do_not_wait_in_a_long_queue(run: Callable[..., PipelineResult]) -> None:
    stop = threading.Event()
    camera = Camera(["frame"] * 12, stop.set)
    ahead: list[int] = []

    def slow(frame: AnalysedFrame) -> None:
        time.sleep(0.05)
        ahead.append(camera.given - frame.frame.index)

    run(camera, stop=stop, on_frame=slow)
    assert len(ahead) == 12
    # Three frames in flight, and one read that waits for a buffer.
    assert max(ahead) <= PipelineSettings().live_buffers + 1


def test_event_times_of_a_camera_are_those_of_the_grab(run: Callable[..., PipelineResult]) -> None:
    stop = threading.Event()
    clock = DeviceClock(monotonic_seconds=time.monotonic, wall_seconds=lambda: time.monotonic() + 1e9)
    seen: list[AnalysedFrame] = []
    run(Camera(["frame"] * 3, stop.set), stop=stop, clock=clock, on_frame=seen.append)
    for frame in seen:
        assert frame.event_time_ms == pytest.approx((frame.frame.time_seconds + 1e9) * 1000, abs=2)


class MovingClock:
    """Gets time sync at its third refresh."""

    def __init__(self) -> None:
        self._refreshes = 0

    @property
    def quality(self) -> str:
        return "synced" if self._refreshes >= 3 else "unsynced"

    def now_ms(self) -> int:
        return START_MS

    def at_monotonic_ms(self, seconds: float) -> int:
        return START_MS + round(seconds * 1000)

    def refresh(self) -> bool:
        self._refreshes += 1
        return self._refreshes == 3


def test_time_sync_is_told_once_and_quality_follows(run: Callable[..., PipelineResult], sink: object) -> None:
    stop, moved = threading.Event(), []
    camera = Camera(["frame"] * 6, stop.set)
    run(camera, stop=stop, clock=MovingClock(), on_clock_moved=lambda: moved.append(True))
    assert moved == [True]
    assert sink.records[0].clock_quality == "unsynced"
    assert sink.records[-1].clock_quality == "synced"
