from __future__ import annotations

import pytest

from edge_components.vision.sources import SourceError, open_source
from edge_components.vision.sources.address import device_number, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("rtsp://10.0.0.9:554/live", "rtsp://10.0.0.9:554/live", id="nothing to hide"),
        pytest.param("rtsp://admin:secret@10.0.0.9/live", "rtsp://***@10.0.0.9/live", id="user and password"),
        pytest.param(
            "rtsp://admin:se@cret@10.0.0.9/live", "rtsp://***@10.0.0.9/live", id="an @ in the password"
        ),
        pytest.param(
            "rtsp://admin:se/cret@10.0.0.9/live", "rtsp://***@10.0.0.9/live", id="a / in the password"
        ),
        pytest.param("rtsp://h/live?user=a&password=secret", "rtsp://h/live", id="password in the query"),
        pytest.param("RTSP://a:secret@h/x", "rtsp://***@h/x", id="capital scheme"),
        pytest.param("clips/day 1.mp4", "clips/day 1.mp4", id="a file"),
    ],
)
def test_what_may_be_shown_of_an_address(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("/dev/video0", 0, id="first camera"),
        pytest.param("/dev/video12", 12, id="two digits"),
        pytest.param("/dev/video", None, id="no number"),
        pytest.param("/dev/video0/x", None, id="something below"),
        pytest.param("video0", None, id="a file called video0"),
    ],
)
def test_device_numbers(text: str, number: int | None) -> None:
    assert device_number(text) == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "no such file or folder", id="nothing"),
        pytest.param("no/such.mp4", "'no/such.mp4': no such file or folder", id="missing file"),
        pytest.param(
            "http://a:secret@h/x.mjpg", "http://***@h/x.mjpg: expected a video file", id="another scheme"
        ),
        pytest.param("rtsp:///live", "expected rtsp://[user:password@]host", id="no host"),
        pytest.param("rtsp://h:99999/live", "expected rtsp://[user:password@]host", id="no such port"),
        pytest.param("/dev/video977", "/dev/video977: no such device", id="missing camera"),
    ],
)
def test_a_source_that_cannot_be_is_refused_at_once(text: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(text)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)
