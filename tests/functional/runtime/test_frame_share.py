from __future__ import annotations

import errno
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import numpy as np
import pytest

from contract.identity import InvalidNameError
from edge_components.runtime import frame_file, frame_share
from edge_components.runtime.frame_share import (
    FRESH_SECONDS,
    LOOK_SECONDS,
    RETRY_SECONDS,
    FrameReader,
    FrameShare,
    FrameWriter,
    shown_size,
)

Start = Callable[..., Popen[str]]
OFFERER = Path(__file__).with_name("offer_forever.py")


class Watched:
    """A camera and one viewer of it, on a clock that stands still between steps."""

    def __init__(self, folder: Path) -> None:
        self.now_seconds = 1000.0
        self.folder = folder
        self.writer = self.another_writer()
        self.reader: FrameReader = FrameShare.reader(folder, "plaza-1")

    def another_writer(self) -> FrameWriter:
        return FrameShare.writer(self.folder, "plaza-1", clock=lambda: self.now_seconds)

    def ask(self, pace: float = 60.0) -> None:
        # A touch is known by its time alone, and the kernel's clock may not have ticked since the last.
        before = (self.folder / "plaza-1.mark").stat().st_mtime_ns
        deadline = time.monotonic() + 60
        while (self.folder / "plaza-1.mark").stat().st_mtime_ns == before and time.monotonic() < deadline:
            assert self.reader.ask(pace)

    def offer(
        self,
        value: int = 7,
        *,
        size: tuple[int, int] = (64, 48),
        after_seconds: float = LOOK_SECONDS,
        **overlay: Any,
    ) -> bool:
        self.now_seconds += after_seconds
        image = np.full((size[1], size[0], 3), value, np.uint8)
        return self.writer.offer(image, lambda: overlay, event_time_ms=1_700_000_000_000 + value)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "run" / "view")


def test_nothing_is_copied_until_somebody_looks(watched: Watched) -> None:
    assert not watched.offer()
    assert [path.name for path in watched.folder.iterdir()] == ["plaza-1.mark"]
    watched.ask()
    assert watched.offer(9, hint="x")
    frame = watched.reader.read()
    assert frame is not None
    assert frame.image.shape == (48, 64, 3)
    assert (frame.image == 9).all()
    assert frame.overlay == {"width": 64, "height": 48, "hint": "x"}
    assert (frame.event_time_ms, frame.taken_seconds) == (1_700_000_000_009, watched.now_seconds)
    assert watched.reader.read() is None, "a frame is given once"


def test_the_picture_goes_when_the_last_viewer_has_gone(watched: Watched) -> None:
    watched.ask()
    assert watched.offer()
    picture = watched.folder / "plaza-1.frame"
    assert watched.offer(after_seconds=FRESH_SECONDS - 2 * LOOK_SECONDS)
    assert picture.exists()
    assert not watched.offer(after_seconds=FRESH_SECONDS)
    assert not picture.exists()
    watched.ask()
    assert watched.offer(8)
    frame = watched.reader.read()
    assert frame is not None
    assert frame.image[0, 0, 0] == 8


def test_a_picture_is_for_its_owner_alone(watched: Watched) -> None:
    watched.ask()
    watched.offer()
    assert stat.S_IMODE(watched.folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in watched.folder.iterdir()}
    assert modes == {"plaza-1.frame": 0o600, "plaza-1.mark": 0o600}


@pytest.mark.parametrize(
    ("pace", "copied"),
    [
        pytest.param(10.0, 20, id="slower than the camera"),
        pytest.param(60.0, 60, id="faster than the camera"),
        pytest.param(0.0, 20, id="no pace at all means the default"),
    ],
)
def test_no_more_is_copied_than_viewers_ask_for(watched: Watched, pace: float, copied: int) -> None:
    watched.ask(pace)
    assert abs(sum(watched.offer(after_seconds=1 / 30) for _ in range(60)) - copied) <= 1


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(((64, 48), (128, 96)), id="grows"),
        pytest.param(((128, 96), (64, 48)), id="shrinks"),
        pytest.param(((64, 48), (48, 64)), id="turns: as many pixels"),
        pytest.param(((3840, 2160), (64, 48)), id="from more than is shown"),
    ],
)
def test_a_camera_may_change_its_frame_size(watched: Watched, sizes: tuple[tuple[int, int], ...]) -> None:
    watched.ask()
    for value, (width, height) in enumerate(sizes, start=1):
        assert watched.offer(value, size=(width, height))
        frame = watched.reader.read()
        assert frame is not None
        assert frame.image.shape[1::-1] == shown_size(width, height)
        assert (frame.image == value).all()
        assert (frame.source_width, frame.source_height) == (width, height)
    assert len(list(watched.folder.iterdir())) == 2


def test_memory_is_bounded_whatever_the_camera(watched: Watched) -> None:
    watched.ask()
    assert watched.offer(size=(4000, 3000))
    assert (watched.folder / "plaza-1.frame").stat().st_size < 13 * 1024 * 1024


@pytest.mark.parametrize(
    "touch", [pytest.param(-86400 * 365 * 56, id="in 1970"), pytest.param(86400, id="tomorrow")]
)
def test_a_clock_that_lies_changes_nothing(watched: Watched, touch: int) -> None:
    mark = watched.folder / "plaza-1.mark"
    watched.ask()
    moment = time.time() + touch
    os.utime(mark, (moment, moment))
    assert watched.offer()
    assert not watched.offer(after_seconds=FRESH_SECONDS + LOOK_SECONDS)


def test_an_asker_makes_no_cameras(tmp_path: Path) -> None:
    reader = FrameShare.reader(tmp_path, "plaza-9")
    assert not reader.ask()
    assert reader.read() is None
    assert FrameShare.cameras(tmp_path) == []
    with pytest.raises(InvalidNameError):
        FrameShare.reader(tmp_path, "../etc/passwd")


def test_a_closed_camera_is_gone(watched: Watched) -> None:
    watched.ask()
    watched.offer()
    assert FrameShare.cameras(watched.folder) == ["plaza-1"]
    watched.writer.close()
    assert list(watched.folder.iterdir()) == []
    assert not watched.reader.ask()
    assert watched.reader.read() is None


def test_a_new_writer_takes_the_camera_over(watched: Watched) -> None:
    watched.ask()
    watched.offer(1)
    old, watched.writer = watched.writer, watched.another_writer()
    assert watched.offer(2)
    watched.writer, new = old, watched.writer
    assert not watched.offer(3), "the old one gives way"
    frame = watched.reader.read()
    assert frame is not None
    assert frame.image[0, 0, 0] == 2
    watched.writer.close()
    assert (watched.folder / "plaza-1.frame").exists(), "and takes nothing with it that is not its own"
    new.close()


def test_a_swept_folder_is_made_again(watched: Watched) -> None:
    watched.ask()
    watched.offer(1)
    for path in watched.folder.iterdir():
        path.unlink()
    watched.folder.rmdir()
    watched.offer(2)
    watched.ask()
    assert watched.offer(3)
    frame = watched.reader.read()
    assert frame is not None
    assert frame.image[0, 0, 0] == 3


def raise_no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_the_picture_and_nothing_else(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watched.ask()
    with monkeypatch.context() as patched:
        patched.setattr(frame_file.os, "posix_fallocate", raise_no_room)
        assert not watched.offer()
        assert [record.problem for record in caplog.records] == ["[Errno 28] No space left on device"]  # type: ignore[attr-defined]
        assert not watched.offer()
        assert len(caplog.records) == 1, "not once a frame"
    assert [path.name for path in watched.folder.iterdir()] == ["plaza-1.mark"]
    watched.ask()
    watched.now_seconds += RETRY_SECONDS
    watched.offer()
    watched.ask()
    assert watched.offer(5)


def refuse() -> dict[str, object]:
    raise ValueError("no zones")


@pytest.mark.parametrize(
    "overlay",
    [
        pytest.param(refuse, id="raises"),
        pytest.param(lambda: {"zones": object()}, id="is no JSON"),
    ],
)
def test_a_faulty_overlay_never_reaches_the_pipeline(
    watched: Watched, overlay: Callable[[], dict[str, Any]]
) -> None:
    watched.ask()
    watched.now_seconds += LOOK_SECONDS
    assert not watched.writer.offer(np.zeros((48, 64, 3), np.uint8), overlay)
    assert watched.reader.read() is None


def test_an_overlay_without_end_is_left_out(watched: Watched) -> None:
    watched.ask()
    assert watched.offer(captions=["x" * frame_file.OVERLAY_BYTES])
    frame = watched.reader.read()
    assert frame is not None
    assert frame.overlay == {"width": 64, "height": 48, "left_out": True}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * 5000, id="text"),
        pytest.param(b"CLFRAME1" + b"\xff" * 9000, id="promises more than it holds"),
    ],
)
def test_a_foreign_file_is_no_picture(watched: Watched, content: bytes) -> None:
    (watched.folder / "plaza-1.frame").write_bytes(content)
    assert watched.reader.read() is None
    watched.ask()
    assert watched.offer(6)
    assert watched.reader.read() is not None


def test_a_frame_that_is_being_written_is_not_read(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot of the latest frame is overwritten while a reader copies it: it must notice."""
    watched.ask()
    watched.offer(1)
    pixels = frame_file.FrameFile._pixels
    overtaken: list[int] = []

    def overtake(file: Any, slot: int, width: int, height: int) -> Any:
        if not overtaken:
            overtaken.append(slot)
            watched.offer(2)
            watched.offer(3)
        return pixels(file, slot, width, height)

    monkeypatch.setattr(frame_file.FrameFile, "_pixels", overtake)
    frame = watched.reader.read()
    assert frame is not None
    assert (frame.image == 3).all()
    assert frame.overlay["width"] == 64


@pytest.mark.xdist_group("processes")
def test_two_processes_never_see_half_a_frame(tmp_path: Path, start_script: Start) -> None:
    reader = FrameShare.reader(tmp_path, "plaza-1")
    seen: list[int] = []
    for first in (0, 1_000_000, 2_000_000):
        process = start_script(OFFERER, tmp_path, "plaza-1", first)
        assert process.stdout is not None
        assert process.stdout.readline() == "offered\n"
        goal, deadline = len(seen) + 400, time.monotonic() + 60
        while len(seen) < goal and time.monotonic() < deadline:
            if (frame := reader.read()) is not None:
                number = frame.event_time_ms
                assert frame.overlay["number"] == number
                assert len(frame.overlay["padding"]) == number % 1000
                assert (frame.source_width, frame.source_height) == frame.image.shape[1::-1]
                assert (frame.image == number % 256).all(), f"frame {number} is torn"
                seen.append(number)
        # In the middle of a frame, as likely as not: what was whole before stays readable.
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        fresh = FrameShare.reader(tmp_path, "plaza-1")
        left = fresh.read()
        assert left is None or (left.image == left.event_time_ms % 256).all()
        fresh.close()
    assert len(seen) >= 1200
    assert seen == sorted(set(seen)), "never an older frame after a newer one"
    assert len(list(tmp_path.iterdir())) <= 3, "a killed writer leaves one file at most"


def test_a_viewer_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    """A reader that maps the file and never lets go costs the writer neither time nor frames."""
    clock = iter(range(1, 10_000))
    writer = FrameShare.writer(tmp_path, "plaza-1", clock=lambda: float(next(clock)))
    hanging = FrameShare.reader(tmp_path, "plaza-1")
    image = np.zeros((48, 64, 3), np.uint8)
    for number in range(50):
        hanging.ask(60.0)
        os.utime(tmp_path / "plaza-1.mark", (number, number))
        assert writer.offer(image, dict)
        if number == 0:
            assert hanging.read() is not None
    assert frame_share.FrameShare.cameras(tmp_path) == ["plaza-1"]
