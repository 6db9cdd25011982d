from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.runtime.counting.mot_text import MotTextError, format_tracks, read_detections


def text(folder: Path, content: str | bytes) -> Path:
    path = folder / "det.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_boxes_are_read_by_frame_and_missing_frames_are_empty(tmp_path: Path) -> None:
    content = "4,-1,1,2,3,4,0.5,-1,-1,-1\r\n\n2,-1,10,20,30,40,0.9\n2,-1, 1 ,2,3,4,-1\n"
    frames = list(read_detections(text(tmp_path, content)).by_frame())
    assert [len(found) for found in frames] == [0, 2, 0, 1]
    assert frames[1].boxes.tolist() == [[10, 20, 40, 60], [1, 2, 4, 6]]
    assert frames[1].confidences.tolist() == pytest.approx([0.9, 1.0])


def test_an_empty_text_has_no_frames(tmp_path: Path) -> None:
    detections = read_detections(text(tmp_path, "\n"))
    assert (detections.frames, list(detections.by_frame())) == (0, [])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("1,-1,1,2,3\n", "det.txt line 1 has 5 values: expected frame,id,", id="too few"),
        pytest.param("1,-1,1,2,3,4,1\nframe,id\n", "line 2 has 2 values", id="second line"),
        pytest.param("1,-1,x,2,3,4,1\n", "line 1 has the left 'x': expected a number", id="text"),
        pytest.param("1,-1,1,2,3,,1\n", "line 1 has the height '': expected a number", id="empty cell"),
        pytest.param("0,-1,1,2,3,4,1\n", "has the frame 0: expected a whole number from 1", id="frame zero"),
        pytest.param("1.5,-1,1,2,3,4,1\n", "has the frame 1.5", id="half a frame"),
        pytest.param("nan,-1,1,2,3,4,1\n", "has the frame nan", id="no frame"),
        pytest.param("99999999999,-1,1,2,3,4,1\n", "to 10000000", id="endless"),
        pytest.param(b"\xff\xfe1,2", "cannot be read: it is no UTF-8 text", id="binary"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(MotTextError, match=sentence):
        read_detections(text(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotTextError, match=r"det\.txt cannot be read: No such file"):
        read_detections(tmp_path / "det.txt")


def test_tracks_are_written_by_frame_and_id() -> None:
    lines = [(2, 1, 1.0, 2.0, 3.0, 4.0), (1, 2, 1.005, 2.0, 3.0, 4.0), (1, 1, 0.0, 0.0, 9.0, 9.5)]
    assert format_tracks(lines).splitlines() == [
        "1,1,0.00,0.00,9.00,9.50,1,-1,-1,-1",
        "1,2,1.00,2.00,3.00,4.00,1,-1,-1,-1",
        "2,1,1.00,2.00,3.00,4.00,1,-1,-1,-1",
    ]
