"""A live source says when pictures come back in another size, and gives none of them."""

from __future__ import annotations

import time

import numpy as np

from edge_components.vision.sources.live import LiveSource


class Capture:
    """Gives three pictures of one size, then others."""

    def __init__(self) -> None:
        self._grabbed = 0

    def grab(self) -> bool:
        time.sleep(0.005)
        self._grabbed += 1
        return True

    def retrieve(self) -> np.ndarray:
        width, height = (64, 48) if self._grabbed <= 3 else (128, 96)
        return np.zeros((height, width, 3), np.uint8)

    def position_seconds(self) -> float:
        return 0.0

    def frames_per_second(self) -> float:
        return 25.0

    def declared_frames(self) -> int:
        return 0

    def release(self) -> None:
        pass


def test_another_size_is_told_and_not_given() -> None:
    source = LiveSource("camera", Capture)
    try:
        sizes, deadline = set(), time.monotonic() + 60
        while source.other_size is None and time.monotonic() < deadline:
            frame = source.read(0.05)
            if frame is not None:
                sizes.add(frame.image.shape[:2])
        assert source.other_size == (128, 96)
        assert sizes <= {(48, 64)}
    finally:
        source.close()
