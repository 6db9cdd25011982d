"""GStreamer's words without the pipeline's: names of elements help, everything else may be a password."""

from __future__ import annotations

import pytest

from edge_components.vision.gstreamer.told import told


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param('no element "nvv4l2decoder"', 'no element "nvv4l2decoder"', id="an element that lacks"),
        pytest.param('no element "hunter2"', 'no element "…"', id="a password in its place"),
        pytest.param(
            'no property "hunter2" in element "rtspsrc"',
            'no property "…" in element "rtspsrc"',
            id="property",
        ),
        pytest.param(
            'could not set property "latency" in element "rtspsrc0" to "hunter2"',
            'could not set property "latency" in element "rtspsrc0" to "…"',
            id="value",
        ),
        pytest.param(
            "could not link hunter2 to jpegdec0 with caps x-raw,a=hunter2",
            "could not link … to jpegdec0, caps do not fit", id="link",
        ),
        pytest.param(
            "could not link a_src to hunter2, hunter2 can't handle caps x-raw, a=(string)hunter2",
            "could not link a_src to …, caps do not fit", id="link of caps",
        ),
        pytest.param("could not link a_src to nvvidconv1", "could not link a_src to nvvidconv1",
                     id="link that tells all"),
        pytest.param('no source element for URI "foo://hunter2"', 'no source element for URI "…"', id="URI"),
        pytest.param("cannot open rtsp://a:hunter2@h/x", "cannot open …", id="an address without quotes"),
        pytest.param("Cannot open device '/dev/video9'", "Cannot open device '/dev/video9'", id="device"),
        pytest.param('no sink "special" here', 'no sink "special" here', id="an element of any name"),
    ],
)  # fmt: skip
def test_what_is_told_of_a_message(message: str, shown: str) -> None:
    assert told(message, lambda name: name == "special") == shown
