"""Single frames: the newest of a camera, one further on in a file, and from the start again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cli.scene_editor.frames import FrameTaker
from edge_components.vision.sources import Frame, SourceDamagedError, SourceError, SourceInfo


class FakeSource:
    """Gives `count` numbered frames; a live one says nothing when it has no more, a damaged one raises."""

    skipped_frames = 0
    fault: str | None = "the stream ended"

    def __init__(self, count: int, *, live: bool = False, damaged: bool = False) -> None:
        self.name = "rtsp://***@camera/stream" if live else "clip.mp4"
        self.info = SourceInfo(64, 36, 10.0, None if live else count, live=live)
        self._count = count
        self._damaged = damaged
        self._next = 0
        self.closed = False

    @property
    def ended(self) -> bool:
        return self._next >= self._count

    def read(self, timeout_seconds: float) -> Frame | None:
        if self.ended:
            if self._damaged:
                raise SourceDamagedError("cut off", self._count)
            return None
        self._next += 1
        return Frame(np.zeros((36, 64, 3), np.uint8), self._next - 1, (self._next - 1) / 10)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("count", "damaged", "indices"),
    [
        pytest.param(3, False, [0, 1, 2, 0, 1], id="short: every frame, then again"),
        pytest.param(48, False, [0, 4, 8, 12, 16], id="long: in steps"),
        pytest.param(2, True, [0, 1, 0, 1], id="cut off: from the start again"),
        pytest.param(1, False, [0, 0, 0], id="one frame"),
    ],
)
def test_another_frame_of_a_file_lies_further_on(count: int, damaged: bool, indices: Sequence[int]) -> None:
    opened: list[FakeSource] = []

    def opener(text: str) -> FakeSource:
        opened.append(FakeSource(count, damaged=damaged))
        return opened[-1]

    taker = FrameTaker("clip.mp4", opener=opener)
    assert [taker.frame.index, *(taker.another().index for _ in indices[1:])] == list(indices)
    taker.close()
    assert all(source.closed for source in opened)


def test_a_camera_gives_its_newest_frame_and_says_when_there_is_none() -> None:
    source = FakeSource(2, live=True)
    taker = FrameTaker("rtsp://user:secret@camera/stream", opener=lambda text: source)
    assert taker.another().index == 1
    with pytest.raises(SourceError, match="gives no frame: the stream ended") as refusal:
        taker.another()
    assert "secret" not in str(refusal.value)
    assert taker.frame.index == 1
