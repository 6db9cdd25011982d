"""What each kind of address asks for, and the sentence for one that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.vision.gstreamer.playing import is_hardware
from edge_components.vision.sources import SourceError, check_source, is_live, open_source, shown
from edge_components.vision.sources.camera_mode import CameraMode, parse_mode
from edge_components.vision.sources.gstreamer import csi_request, rtsp_request


@pytest.mark.parametrize(
    ("text", "live"),
    [
        pytest.param("rtsp://h/live", True, id="RTSP"),
        pytest.param("onvif://h", True, id="ONVIF"),
        pytest.param("csi://0", True, id="CSI"),
        pytest.param("/dev/video0", True, id="V4L2"),
        pytest.param("/dev/video0?width=640&height=480", True, id="V4L2 with options"),
        pytest.param("gstreamer:videotestsrc", True, id="pipeline"),
        pytest.param("hardware:rtsp://h/live", True, id="RTSP by hardware"),
        pytest.param("hardware:clip.mp4", False, id="file by hardware"),
        pytest.param("clip.mp4", False, id="file"),
        pytest.param("frames", False, id="folder"),
    ],
)
def test_what_is_live(text: str, live: bool) -> None:
    assert is_live(text) is live


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "hardware:rtsp://a:secret@h/x?password=secret", "hardware:rtsp://***@h/x", id="hardware"
        ),
        pytest.param("onvif://a:secret@h?profile=sub", "onvif://***@h", id="ONVIF"),
        pytest.param("csi://0?width=1280&height=720", "csi://0?width=1280&height=720", id="CSI"),
        pytest.param(
            "gstreamer: rtspsrc location=rtsp://a:secret@h/x user-pw=secret ! rtph264depay ! nvv4l2decoder",
            "gstreamer:rtspsrc ! rtph264depay ! nvv4l2decoder",
            id="the names of a pipeline's elements",
        ),
        pytest.param(
            'gstreamer:rtspsrc user-pw="a ! secret" ! decodebin', "gstreamer:rtspsrc ! decodebin", id="quoted"
        ),
        pytest.param("gstreamer:rtspsrc user-pw=a!secret", "gstreamer:rtspsrc", id="with a mark in it"),
        pytest.param('gstreamer:rtspsrc user-pw="a ! secret', "gstreamer:rtspsrc", id="a quote left open"),
        pytest.param("gstreamer:'secret' ! x", "gstreamer:… ! …", id="no name"),
        pytest.param("gstreamer:rtspsrc ! secret", "gstreamer:rtspsrc ! …", id="in an element's place"),
        pytest.param("gstreamer:secret", "gstreamer:…", id="alone"),
    ],
)
def test_what_may_be_shown(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert "secret" not in shown(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("csi://x", "expected csi://N", id="no number"),
        pytest.param("csi://", "expected csi://N", id="nothing behind csi"),
        pytest.param("csi://0?width=1280", "one of width and height", id="half a size"),
        pytest.param("csi://0?width=x&height=1", "width is 'x': expected a whole number", id="no number"),
        pytest.param("csi://0?flip=8", "flip is '8': expected a whole number from 0 to 7", id="flip"),
        pytest.param("csi://0?zoom=2", "has the option 'zoom': expected width", id="unknown option"),
        pytest.param("/dev/video977?fps=0", "fps is '0': expected a whole number from 1", id="V4L2 fps"),
        pytest.param("/dev/video977?format=jpeg", "format is 'jpeg': expected four letters", id="format"),
        pytest.param("/dev/video977?width=640&height=480", "video977: no such device", id="no device"),
        pytest.param("gstreamer:", "expected gstreamer:ELEMENT", id="no pipeline"),
        pytest.param("gstreamer:videotestsrc !", "without a sink", id="a pipeline that goes on"),
        pytest.param("hardware:no/such.mp4", "'no/such.mp4': no such file", id="hardware without a file"),
        pytest.param("hardware:onvif://a:secret@h", "expected hardware:rtsp://", id="hardware of ONVIF"),
        pytest.param("hardware:rtsp:///x", "expected rtsp://[user:password@]host", id="hardware, no host"),
        pytest.param("onvif://", "expected onvif://[user:password@]host", id="ONVIF without a host"),
        pytest.param("onvif://a:secret@h?p=1", "has the option 'p': expected profile", id="ONVIF option"),
    ],
)
def test_an_address_that_cannot_be_is_refused_at_once(text: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(text)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("csi://front", "expected csi://N", id="CSI"),
        pytest.param("rtsp:///{password}", "expected rtsp://[user:password@]host", id="RTSP"),
        pytest.param("/dev/video0?zoom=2", "has the option 'zoom'", id="V4L2"),
        pytest.param("http://h/x.mjpg", "expected a video file", id="an unknown scheme"),
    ],
)
def test_a_configuration_with_an_impossible_address_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        check_source(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["rtsp://viewer:{password}@h/x", "/dev/video977", "no/such.mp4", "hardware:rtsp://h/x", "csi://0"],
)
def test_what_may_be_there_later_is_not_refused(text: str) -> None:
    check_source(text)


def test_a_folder_is_not_decoded_by_hardware(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(f"hardware:{tmp_path}")


def test_a_csi_camera_asks_nvidias_driver() -> None:
    request = csi_request("csi://1?width=1920&height=1080&fps=25&flip=2")
    assert request.pipeline == (
        "nvarguscamerasrc sensor-id=1 ! video/x-raw(memory:NVMM),width=1920,height=1080,framerate=25/1 "
        "! nvvidconv flip-method=2"
    )


def test_a_csi_camera_without_options() -> None:
    assert "width=1280,height=720,framerate=30/1" in csi_request("csi://0").pipeline


def test_a_stream_for_the_decoder_has_its_login_beside_the_address() -> None:
    request = rtsp_request("rtsp://vie%40wer:hun%2Fter@10.0.0.9:8554/live?sub=1")
    assert request.properties == (
        ("camera", "location", "rtsp://10.0.0.9:8554/live?sub=1"),
        ("camera", "user-id", "vie@wer"),
        ("camera", "user-pw", "hun/ter"),
    )
    assert request.hardware


@pytest.mark.parametrize(
    ("decoder", "hardware"),
    [
        pytest.param("nvv4l2decoder", True, id="JetPack"),
        pytest.param("nvh264dec", True, id="NVIDIA on a PC"),
        pytest.param("v4l2h264dec", True, id="Raspberry Pi"),
        pytest.param("vah264dec", True, id="Intel and AMD"),
        pytest.param("avdec_h264", False, id="FFmpeg"),
        pytest.param("openh264dec", False, id="OpenH264"),
        pytest.param("vp8dec", False, id="VP8"),
        pytest.param("jpegdec", False, id="JPEG"),
        pytest.param("", False, id="none"),
    ],
)
def test_which_decoders_leave_the_processor_alone(decoder: str, hardware: bool) -> None:
    assert is_hardware(decoder) is hardware


def test_the_mode_of_a_camera() -> None:
    mode = parse_mode(
        "/dev/video0?width=1280&height=720&fps=30&format=MJPG", allowed=("width", "height", "fps", "format")
    )
    assert mode == CameraMode(1280, 720, 30, "MJPG")
