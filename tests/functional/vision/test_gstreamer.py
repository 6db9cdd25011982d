"""Real pipelines of the machine's GStreamer library, each in a process of its own."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_components.vision.gstreamer.protocol import Request
from edge_components.vision.sources import SourceDamagedError, SourceError, open_source
from edge_components.vision.sources.capture import CaptureError
from edge_components.vision.sources.gstreamer import GStreamerCapture, csi_request, open_decoded_file
from edge_components.vision.sources.secret import with_password
from edge_components.vision.sources.video_file import VideoFile

PLUGINS = ("videotestsrc", "avidemux", "jpegdec", "rtspsrc")


def has_gstreamer() -> bool:
    try:
        from edge_components.vision.gstreamer.c_library import Library

        library = Library()
    except OSError:
        return False
    return all(library.has_element(name) for name in PLUGINS)


pytestmark = [
    pytest.mark.skipif(not has_gstreamer(), reason="needs GStreamer with its base and good plug-ins"),
    pytest.mark.xdist_group("gstreamer"),
]


@pytest.fixture(scope="module", autouse=True)
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let GStreamer keep its list of plug-ins, which it would make anew in each process without a home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GST_REGISTRY", str(tmp_path_factory.mktemp("gstreamer") / "registry.bin"))
        yield


def test_a_pipeline_is_a_live_source() -> None:
    source = open_source(
        "gstreamer:videotestsrc is-live=true pattern=red ! video/x-raw,width=162,height=121,framerate=20/1"
    )
    first, second = source.read(60), source.read(60)
    source.close()
    assert first is not None
    assert second is not None
    assert (source.info.width, source.info.height, source.info.frames_per_second) == (162, 121, 20)
    assert source.info.live
    assert second.time_seconds > first.time_seconds
    blue, green, red = (int(value) for value in first.image[60, 80])
    assert red > 200
    assert max(blue, green) < 60


def test_a_file_gives_every_frame_in_order(tmp_path: Path) -> None:
    video = VideoFile(written(tmp_path / "clip.avi", frames=30), open_capture=by_processor)
    assert video.info.frames == 30
    times, brightness = [], []
    while (frame := video.read(60)) is not None:
        times.append(frame.time_seconds)
        brightness.append(int(frame.image.mean()))
    assert times == pytest.approx([index / 10 for index in range(30)], abs=0.001)
    assert brightness == sorted(brightness)
    assert brightness[-1] - brightness[0] > 180


def test_a_password_is_taken_letter_by_letter_whatever_is_in_it(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.avi", frames=3)
    awkward = path.rename(tmp_path / "a\"b\\c ! d'e{f}=g.avi")
    text = with_password("gstreamer:filesrc location={password} ! avidemux ! jpegdec", str(awkward))
    capture = GStreamerCapture(Request(text.removeprefix("gstreamer:")))
    capture.release()


def test_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.avi", frames=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceDamagedError, match="counted"):
        drain(VideoFile(path, open_capture=by_processor))


def test_the_processor_is_no_hardware_decoder(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.avi", frames=3)
    with pytest.raises(SourceError, match=r"the processor decodes it \(\w+\): expected a hardware decoder"):
        open_source(f"hardware:{path}")


@pytest.mark.parametrize(
    ("pipeline", "sentence"),
    [
        pytest.param("nosuchdec", 'no element "nosuchdec"', id="no such element"),
        pytest.param("videotestsrc ! ! x", "syntax error|unexpected|empty", id="no pipeline"),
        pytest.param("v4l2src device=/dev/video977", "/dev/video977", id="no such device"),
        pytest.param("audiotestsrc", "could not link", id="no picture"),
        pytest.param("videotestsrc num-buffers=0", "gave no picture", id="an end before the first frame"),
    ],
)
def test_a_pipeline_that_cannot_be_is_told_in_gstreamers_words(pipeline: str, sentence: str) -> None:
    with pytest.raises(CaptureError, match=sentence):
        GStreamerCapture(Request(pipeline))


@pytest.mark.parametrize(
    "pipeline",
    [
        "videotestsrc ! hunter2",
        "videotestsrc name=hunter2 ! nosuchdec",
        "videotestsrc name=hunter2 ! filesrc",
        "videotestsrc hunter2=1 ! decodebin",
        "videotestsrc pattern=hunter2",
        "foo://a:hunter2@h/x ! decodebin",
        "videotestsrc ! video/x-raw,format=hunter2 ! jpegdec",
        "videotestsrc ! video/x-raw,format=hunter2 ! jpegdec name=hunter2",
        "videotestsrc ! hunter2.sink",
        "uridecodebin uri=hunter2",
    ],
)
def test_a_mistyped_pipeline_tells_no_secret(pipeline: str) -> None:
    with pytest.raises(CaptureError) as caught:
        GStreamerCapture(Request(pipeline))
    assert "hunter2" not in str(caught.value)
    assert str(caught.value)


def test_a_csi_camera_of_another_machine_than_a_jetson() -> None:
    with pytest.raises(SourceError, match=r"camera csi://0: .*nvarguscamerasrc.*; tried for 0\.01 s"):
        open_source("csi://0", first_connection_seconds=0.01)
    assert csi_request("csi://0").pipeline.startswith("nvarguscamerasrc")


def test_a_password_is_in_no_list_of_processes() -> None:
    capture = GStreamerCapture(
        Request(
            "rtspsrc name=camera user-pw=hunter2 location=rtsp://127.0.0.1:9/ videotestsrc is-live=true",
            (("camera", "user-pw", "hunter2"),),
        )
    )
    try:
        worker = capture._process.pid
        seen = [Path(f"/proc/{worker}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")]
        listed = [path.read_bytes() for path in Path("/proc").glob(f"{os.getpid()}/task/*/comm")]
    finally:
        capture.release()
    assert b"worker" in seen[0]
    assert not [content for content in (*seen, *listed) if b"hunter2" in content]


def test_closing_ends_the_process() -> None:
    capture = GStreamerCapture(Request("videotestsrc is-live=true ! video/x-raw,width=64,height=48"))
    process = capture._process
    capture.release()
    capture.release()
    assert process.returncode is not None


def test_a_worker_that_dies_is_a_fault_and_is_started_again() -> None:
    source = open_source("gstreamer:videotestsrc is-live=true ! video/x-raw,width=64,height=48")
    assert source.read(60) is not None
    for child in children():
        os.kill(child, 9)
    deadline = time.monotonic() + 60
    while not source.reconnections:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline, "the pipeline was not started again"
        source.read(0.1)
    source.close()


def children() -> list[int]:
    """Return the workers of this process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"gstreamer.worker" in command:
            found.append(int(path.name))
    return found


def by_processor(path: Path) -> GStreamerCapture:
    return open_decoded_file(path, hardware=False)


def drain(video: VideoFile) -> None:
    while video.read(60) is not None:
        pass


def written(path: Path, *, frames: int) -> Path:
    """Write a clip of pictures that grow brighter, as motion JPEG."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for index in range(frames):
        writer.write(np.full((48, 64, 3), 20 + index * 220 // frames, np.uint8))
    writer.release()
    return path


def test_the_library_is_what_ctypes_takes_it_for() -> None:
    from edge_components.vision.gstreamer.c_library import GstBuffer, GstMapInfo

    # The sizes of GStreamer 1.x on 64 bits: the presentation time lies behind the head and the pool.
    assert GstBuffer.pts.offset == 72
    assert ctypes.sizeof(GstMapInfo) == 104
