from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_components.vision.sources import Frame, Source, SourceDamagedError, SourceError, open_source

Make = Callable[..., Path]


def drain(source: Source) -> list[Frame]:
    frames = []
    while (frame := source.read(1)) is not None:
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    ("name", "codec"),
    [pytest.param("clip.avi", "MJPG", id="avi"), pytest.param("clip.mp4", "mp4v", id="mp4")],
)
def test_every_frame_of_a_clip_comes_in_order(name: str, codec: str, make_clip: Make) -> None:
    source = open_source(str(make_clip(name, codec=codec)))
    frames = drain(source)
    assert (source.info.width, source.info.height, source.info.frames, source.info.live) == (
        128,
        96,
        40,
        False,
    )
    assert source.info.duration_seconds == pytest.approx(4.0)
    assert [frame.index for frame in frames] == list(range(40))
    assert [frame.time_seconds for frame in frames] == pytest.approx([index / 10 for index in range(40)])
    assert source.ended
    assert source.read(1) is None
    source.close()
    source.close()


def test_a_clip_cut_in_half_gives_its_frames_and_then_says_so(make_clip: Make) -> None:
    clip = make_clip()
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    source = open_source(str(clip))
    frames = [source.read(1) for _ in range(11)]
    assert all(frames)
    with pytest.raises(
        SourceDamagedError, match="of its 40 frames could be decoded, and these were"
    ) as caught:
        drain(source)
    assert 11 <= caught.value.frames < 30
    assert str(clip) in str(caught.value)
    assert source.read(1) is None


def test_a_clip_damaged_in_its_middle_is_no_whole_clip(make_clip: Make) -> None:
    clip = make_clip()
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 8] = bytes(len(data) // 8)
    clip.write_bytes(data)
    with pytest.raises(SourceDamagedError, match="damaged or cut off"):
        drain(open_source(str(clip)))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "is empty: expected a video file", id="empty"),
        pytest.param(b"hello, I am text\n" * 100, "cannot be opened: it is not a video", id="text"),
        pytest.param(b"\0" * 10_000, "cannot be opened: it is not a video", id="zeros"),
    ],
)
def test_a_file_that_is_no_video(
    content: bytes, sentence: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        open_source(str(path))
    assert capfd.readouterr() == ("", "")


def test_an_mp4_without_its_index_is_refused(make_clip: Make) -> None:
    clip = make_clip("clip.mp4", codec="mp4v")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(SourceError, match="damaged or cut off"):
        open_source(str(clip))


@pytest.mark.parametrize("extension", [".png", ".jpg", ".bmp"])
def test_pictures_come_in_natural_order(extension: str, make_folder: Make) -> None:
    folder = make_folder(extension=extension)
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / ".hidden.png").write_bytes(b"not one either")
    source = open_source(str(folder), folder_frames_per_second=5)
    frames = drain(source)
    assert [frame.time_seconds for frame in frames] == pytest.approx([index / 5 for index in range(12)])
    assert source.info.frames == 12
    # The red box walks three pixels a picture: only the right order makes it walk steadily.
    lefts = [int(np.argmax(frame.image[50, :, 2] > 160)) for frame in frames]
    assert {after - before for before, after in pairwise(lefts)} <= {2, 3, 4}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def scramble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40] + b"\xff" * 2000 + path.read_bytes()[-40:])


def enlarge(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((50, 50, 3), np.uint8))


@pytest.mark.parametrize(
    ("extension", "damage", "sentence"),
    [
        pytest.param(".png", cut, "is cut off: its end is missing", id="a PNG without its end"),
        pytest.param(".jpg", cut, "is cut off: its end is missing", id="a JPEG without its end"),
        pytest.param(".png", lambda path: path.write_bytes(b""), "is empty: expected a picture", id="empty"),
        pytest.param(
            ".bmp",
            lambda path: path.write_text("no picture"),
            "is broken or no picture",
            id="text",
        ),
        pytest.param(".png", scramble, "cannot be decoded: the file is broken", id="scrambled"),
        pytest.param(".png", enlarge, "is 50x50 but the folder's first is 128x96", id="another size"),
    ],
)
def test_a_broken_picture_is_named(
    extension: str, damage: Callable[[Path], object], sentence: str, make_folder: Make
) -> None:
    broken = make_folder(extension=extension) / f"frame7{extension}"
    damage(broken)
    with pytest.raises(SourceError, match=sentence) as caught:
        drain(open_source(str(broken.parent)))
    assert str(broken) in str(caught.value)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no pictures: expected files ending in"):
        open_source(str(tmp_path))
