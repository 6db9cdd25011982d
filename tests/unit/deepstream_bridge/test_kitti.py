"""The text of DeepStream's KITTI files and their names, in every form that it writes."""

from __future__ import annotations

import time

import pytest

from edge_components.deepstream_bridge.file_names import FrameFile, StreamKey, parse_name, parse_stream
from edge_components.deepstream_bridge.kitti import (
    MAXIMUM_LINE_CHARACTERS,
    is_complete,
    parse_kitti,
    parse_line,
)

BOX = "100.500000 50.000000 140.500000 150.000000"
ZEROS = "0.0 0.0 0.0 0.0 0.0 0.0 0.0"
UNTRACKED = f"person 0.0 0 0.0 {BOX} {ZEROS} 0.874512"
TRACKED = f"person 17 0.0 0 0.0 {BOX} {ZEROS} 0.874512"


@pytest.mark.parametrize(
    ("line", "label", "track", "confidence"),
    [
        pytest.param(UNTRACKED, "person", None, 0.874512, id="untracked-16-fields"),
        pytest.param(TRACKED, "person", 17, 0.874512, id="tracked-17-fields"),
        pytest.param(f"person 0.0 0 0.0 {BOX} {ZEROS}", "person", None, 1.0, id="deepstream-4-untracked"),
        pytest.param(f"person 3 0.0 0 0.0 {BOX} {ZEROS}", "person", 3, 1.0, id="deepstream-4-tracked"),
        pytest.param(f"traffic light 0.0 0 0.0 {BOX} {ZEROS} 0.5", "traffic light", None, 0.5, id="words"),
        pytest.param(f"traffic light 9 0.0 0 0.0 {BOX} {ZEROS} 0.5", "traffic light", 9, 0.5, id="words-id"),
        pytest.param(f"person 17 0.0 0 0.0 {BOX} {ZEROS} -0.100000", "person", 17, 1.0, id="tracker-without"),
        pytest.param(f"사람 0.0 0 0.0 {BOX} {ZEROS} 0.5", "사람", None, 0.5, id="korean"),
        pytest.param(f"person {2**64 - 1} 0.0 0 0.0 {BOX} {ZEROS} 0.5", "person", None, 0.5, id="no-id"),
        pytest.param(
            f"person 9223372036854775813 0.0 0 0.0 {BOX} {ZEROS} 0.5", "person", 2**63 + 5, 0.5, id="wide-id"
        ),
        pytest.param(f"car 0.00 0 0.0 1e2 5E1 140 150. {ZEROS} .5", "car", None, 0.5, id="numbers"),
    ],
)
def test_a_line_of_either_form_is_read(line: str, label: str, track: int | None, confidence: float) -> None:
    found = parse_line(line)
    assert found is not None
    assert (found.label, found.track, found.confidence) == (label, track, confidence)
    assert found.box[1] == 50.0


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="empty"),
        pytest.param("person", id="label-alone"),
        pytest.param(UNTRACKED[:60], id="cut"),
        pytest.param(UNTRACKED.replace("100.5", "nan"), id="no-number"),
        pytest.param(f"0.0 0 0.0 {BOX} {ZEROS} 0.5", id="no-label"),
        pytest.param("\x00" * 80, id="zeros-after-a-power-cut"),
        pytest.param(UNTRACKED + " 0.5 0.5", id="more-fields"),
    ],
)
def test_a_line_of_another_form_is_no_object(line: str) -> None:
    assert parse_line(line) is None


def test_a_cut_last_line_is_damaged_though_its_numbers_could_be_read() -> None:
    whole = f"{UNTRACKED}\n{UNTRACKED}\n".encode()
    assert len(parse_kitti(whole).objects) == 2
    cut = parse_kitti(whole[:-3])
    assert (len(cut.objects), cut.damaged_lines) == (1, 1)
    assert is_complete(whole)
    assert not is_complete(whole[:-3])
    assert is_complete(b"")


def test_of_two_lines_with_one_id_the_first_counts() -> None:
    assert len(parse_kitti(f"{TRACKED}\n{TRACKED}\n".encode()).objects) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("00_000_000000.txt", FrameFile(StreamKey(0, 0), 0), id="first"),
        pytest.param("01_012_123456.txt", FrameFile(StreamKey(1, 12), 123456), id="app-and-stream"),
        pytest.param("00_000_12345678.txt", FrameFile(StreamKey(0, 0), 12345678), id="four-days-at-30"),
        pytest.param("012_000034.txt", FrameFile(StreamKey(0, 12), 34), id="service-maker"),
        pytest.param("00_000_000000.txt.swp", None, id="another-ending"),
        pytest.param("0_0_0.txt", None, id="no-zeros"),
        pytest.param("readme.txt", None, id="text"),
        pytest.param("٠٠_000_000000.txt", None, id="other-digits"),
    ],
)
def test_names_say_stream_and_frame(name: str, expected: FrameFile | None) -> None:
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("3", StreamKey(0, 3), id="stream"),
        pytest.param("01_002", StreamKey(1, 2), id="app-and-stream"),
        pytest.param("gate", None, id="name"),
        pytest.param("-1", None, id="negative"),
    ],
)
def test_streams_are_named_in_settings(text: str, expected: StreamKey | None) -> None:
    assert parse_stream(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("car 0.0 0 0.0 " + " ".join(["1111"] * 12) + " x", id="a word too many"),
        pytest.param("car 0.0 0 0.0 " + " ".join(["1" * 24] * 12) + " x", id="long numbers"),
        pytest.param("a " + "1 " * 240 + "x", id="many fields"),
        pytest.param("a " * 1_000_000, id="too long"),
        pytest.param("1" * 1_000_000, id="one long number"),
    ],
)
def test_a_damaged_line_takes_no_time(line: str) -> None:
    began = time.process_time()
    assert parse_kitti(f"{line}\n".encode()).damaged_lines == 1
    # It was minutes for the first of them, and years for the second.
    assert time.process_time() - began < 20


def test_a_line_of_the_longest_length_is_read() -> None:
    rest = " 0.0 0 0.0 1 2. .5 4e1 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.9"
    label = "x" * (MAXIMUM_LINE_CHARACTERS - len(rest))
    found = parse_line(label + rest)
    assert found is not None
    assert found.box == (1.0, 2.0, 0.5, 40.0)
    assert parse_line("x" + label + rest) is None
