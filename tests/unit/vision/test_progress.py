from __future__ import annotations

import pytest

from edge_components.vision.progress import Progress, ProgressPrinter, sentence


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        pytest.param(Progress(100, 795, 0, 2.0), "frame 100 of 795 · 50.0 frames/s · 0:14 left", id="a file"),
        pytest.param(Progress(0, 795, 0, 0.0), "frame 0 of 795 · 0.0 frames/s", id="no pace yet"),
        pytest.param(
            Progress(10, 36_010, 0, 1.0), "frame 10 of 36010 · 10.0 frames/s · 1:00:00 left", id="hours"
        ),
        pytest.param(Progress(30, None, 4, 2.0), "frame 30 · 15.0 frames/s · 4 skipped", id="a live camera"),
        pytest.param(Progress(800, 795, 0, 8.0), "frame 800 of 795 · 100.0 frames/s · 0:00 left", id="more"),
    ],
)
def test_progress_in_words(progress: Progress, expected: str) -> None:
    assert sentence(progress) == expected


@pytest.mark.parametrize(
    ("is_terminal", "lines"),
    [pytest.param(True, 30, id="a terminal: every second"), pytest.param(False, 3, id="a log: every ten")],
)
def test_how_often_a_line_is_written(is_terminal: bool, lines: int) -> None:
    written: list[str] = []
    now = [0.0]
    printer = ProgressPrinter(written.append, is_terminal=is_terminal, monotonic_seconds=lambda: now[0])
    for frame in range(301):
        now[0] = frame / 10
        printer(Progress(frame, 300, 0, now[0]))
    assert len(written) == lines
    printer.finish(Progress(300, 300, 0, 30.0))
    assert "".join(written).endswith("0:00 left\n")


def test_the_pace_of_a_camera_is_that_since_the_last_line() -> None:
    written: list[str] = []
    now = [0.0]
    printer = ProgressPrinter(written.append, is_terminal=False, monotonic_seconds=lambda: now[0])
    for seconds, frames in ((10.0, 200), (20.0, 200), (30.0, 350)):
        now[0] = seconds
        printer(Progress(frames, None, 0, seconds))
    paces = [line.split(" · ")[1].strip() for line in written]
    assert paces == ["20.0 frames/s", "0.0 frames/s", "15.0 frames/s"]
