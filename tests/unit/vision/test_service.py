"""The vision component waits for its camera, runs it again when it fails, and never says a password."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError, DiskFullError
from contract.scene import SceneError
from edge_components.vision.arguments import (
    DEFAULT_MODEL,
    VisionArguments,
    build_parser,
    read_arguments,
)
from edge_components.vision.camera import CameraSettings
from edge_components.vision.service import CameraService
from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.frames import SourceError

ADDRESS = "rtsp://user:secret-word@camera/stream"


class Ended:
    """What a run leaves behind, as the service reads it."""

    records_made, records_dropped = 3, 0

    def __init__(self, problem: str | None) -> None:
        self.problem = problem
        self.progress = type("Progress", (), {"frames": 7})()


class Runner:
    """Plays runs of a camera: each an error to raise, a problem to end with, or None for a clean end."""

    def __init__(self, *outcomes: Exception | str | None) -> None:
        self._outcomes = list(outcomes)
        self.sources: list[str] = []

    def __call__(self, settings: CameraSettings, **_callbacks: Any) -> Any:
        self.sources.append(settings.source)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return Ended(outcome)


@pytest.fixture
def arguments(tmp_path: Path) -> VisionArguments:
    """Arguments of a device whose camera and scene are there."""
    (tmp_path / "camera-source").write_text(f"{ADDRESS}\n", encoding="utf-8")
    (tmp_path / "camera-source").chmod(0o640)
    (tmp_path / "scene.yaml").write_text("site: seoul-1\n", encoding="utf-8")
    return VisionArguments(
        source_file=tmp_path / "camera-source",
        scene=tmp_path / "scene.yaml",
        spool=tmp_path / "spool.db",
        device="jetson-7",
        model=tmp_path,
        window_seconds=10.0,
        threads=1,
        provider="cpu",
        log_level="INFO",
    )


def serve(arguments: VisionArguments, runner: Runner, stop: threading.Event | None = None) -> None:
    back_off = BackOff(first_seconds=0.001, maximum_seconds=0.001)
    service = CameraService(
        arguments, stop or threading.Event(), run=runner, back_off=back_off, look_seconds=0.01
    )
    service.run()


def test_a_source_that_ends_ends_the_service(arguments: VisionArguments) -> None:
    runner = Runner(None)
    serve(arguments, runner)
    assert runner.sources == [ADDRESS]


def test_what_passes_is_tried_again(arguments: VisionArguments, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = (
        SourceError("camera x: it cannot be opened"),
        "the stream broke",
        DiskFullError("no room"),
        None,
    )
    runner = Runner(*outcomes)
    with caplog.at_level(logging.WARNING):
        serve(arguments, runner)
    assert len(runner.sources) == 4
    problems = [record.__dict__["problem"] for record in caplog.records if record.message == "camera failed"]
    assert problems == ["camera x: it cannot be opened", "the stream broke", "no room"]


def test_what_somebody_has_to_mend_is_told(arguments: VisionArguments) -> None:
    with pytest.raises(SceneError, match="zones is empty"):
        serve(arguments, Runner(SceneError("zones is empty")))


@pytest.mark.parametrize("missing", ["source_file", "scene"])
def test_a_device_without_a_camera_waits_for_one(
    arguments: VisionArguments, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    path: Path = getattr(arguments, missing)
    content = path.read_text(encoding="utf-8")
    path.unlink()
    runner, stop = Runner(None), threading.Event()
    with caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=serve, args=(arguments, runner, stop))
        thread.start()
        _wait_until(lambda: "no camera is set up yet" in caplog.text)
        assert runner.sources == []
        path.touch(mode=0o640)
        path.write_text(content, encoding="utf-8")
        thread.join(60)
    assert runner.sources == [ADDRESS]


def test_waiting_ends_when_it_is_stopped(arguments: VisionArguments) -> None:
    arguments.source_file.unlink()
    runner, stop = Runner(), threading.Event()
    stop.set()
    serve(arguments, runner, stop)
    assert runner.sources == []


def test_a_stop_during_a_run_is_no_failure(arguments: VisionArguments) -> None:
    stop = threading.Event()

    class Stopped(Runner):
        def __call__(self, settings: CameraSettings, **callbacks: Any) -> Any:
            stop.set()
            return super().__call__(settings, **callbacks)

    runner = Stopped("stopped in the middle")
    serve(arguments, runner, stop)
    assert len(runner.sources) == 1


def test_an_address_that_is_no_text_is_told_without_it(arguments: VisionArguments) -> None:
    arguments.source_file.write_bytes(b"rtsp://user:\xff\xfe@camera/")
    with pytest.raises(SourceError, match="expected one line of UTF-8 text") as caught:
        serve(arguments, Runner())
    assert "user" not in str(caught.value)


def test_an_address_that_everybody_may_read_is_refused(arguments: VisionArguments) -> None:
    arguments.source_file.chmod(0o644)
    with pytest.raises(SourceError, match=r"--source-file .* is open to everybody \(mode 0644\)"):
        serve(arguments, Runner())


def test_the_password_is_in_no_line(arguments: VisionArguments, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        serve(arguments, Runner("the stream broke", None))
    assert "secret-word" not in caplog.text + "".join(str(record.__dict__) for record in caplog.records)


REQUIRED = ["--source-file", "s", "--scene", "y", "--spool", "d", "--device", "jetson-7"]


def test_defaults_are_the_shipped_model_and_a_window_of_ten_seconds() -> None:
    read = read_arguments(build_parser().parse_args(REQUIRED))
    assert (read.model.name, read.window_seconds, read.threads) == (DEFAULT_MODEL, 10.0, 1)
    assert read.camera("x").model == read.model


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param(["--window-seconds", "0"], "window_seconds is 0.0: expected 1 to 86400", id="no window"),
        pytest.param(["--window-seconds", "nan"], "window_seconds is nan", id="no number"),
        pytest.param(["--threads", "0"], "threads is 0: expected 1 or more", id="no thread"),
        pytest.param(["--model", "yolo-99"], "model is 'yolo-99': expected", id="an unknown model"),
        pytest.param(["--device", "a/b"], "device is 'a/b'", id="a name that is none"),
    ],
)
def test_an_argument_that_is_wrong_is_named(more: list[str], sentence: str) -> None:
    with pytest.raises(CrowdLensError) as caught:
        read_arguments(build_parser().parse_args([*REQUIRED, *more]))
    assert sentence in str(caught.value)


def _wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to hold")
