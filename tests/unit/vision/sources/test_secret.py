"""A camera's address from configuration and secret files: passwords come from files and are never shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_components.vision.sources import SourceError, open_source, shown, source_text
from edge_components.vision.sources.secret import holds_password, with_password

PASSWORD = "hu/nt@er 2:"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "plaza-1"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o640)
    return path


def test_the_whole_address_stands_in_a_file(secret: Path) -> None:
    secret.write_text("rtsp://viewer:hunter2@10.0.0.9/live\n")
    assert source_text(source_file=secret) == "rtsp://viewer:hunter2@10.0.0.9/live"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            "rtsp://viewer:{password}@10.0.0.9/live",
            "rtsp://viewer:hu%2Fnt%40er%202%3A@10.0.0.9/live",
            id="before the host, quoted",
        ),
        pytest.param(
            "rtsp://10.0.0.9/live?user=viewer&password={password}",
            "rtsp://10.0.0.9/live?user=viewer&password=hu%2Fnt%40er%202%3A",
            id="in the query, quoted",
        ),
        pytest.param(
            "gstreamer:rtspsrc user-pw={password} ! decodebin",
            f'gstreamer:rtspsrc user-pw="{PASSWORD}" ! decodebin',
            id="in a pipeline, as it is",
        ),
    ],
)
def test_a_password_takes_the_place_of_the_placeholder(source: str, expected: str, secret: Path) -> None:
    assert source_text(source, password_file=secret) == expected


def test_quotes_cannot_break_out_of_a_pipeline(secret: Path) -> None:
    secret.write_text('a"b\\c\n')
    text = source_text("gstreamer:rtspsrc user-pw={password}", password_file=secret)
    assert text == 'gstreamer:rtspsrc user-pw="a\\"b\\\\c"'


def test_an_address_without_a_password_is_taken_as_it_is() -> None:
    assert source_text("/dev/video0?width=1280&height=720") == "/dev/video0?width=1280&height=720"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("rtsp://viewer:hunter2@h/live", True, id="before the host"),
        pytest.param("rtsp://viewer:hun/ter@2@h/live", True, id="with any character"),
        pytest.param("rtsp://h/live?password=hunter2", True, id="in the query"),
        pytest.param("hardware:rtsp://viewer:hunter2@h/live", True, id="of hardware decode"),
        pytest.param("onvif://viewer:hunter2@h", True, id="of ONVIF"),
        pytest.param("gstreamer:rtspsrc user-pw=hunter2 ! decodebin", True, id="of a pipeline's element"),
        pytest.param("gstreamer:rtspsrc location=rtsp://a:b@h/x", True, id="of a pipeline's address"),
        pytest.param("rtsp://viewer@h/live", False, id="a user alone"),
        pytest.param("rtsp://viewer:{password}@h/live", False, id="the placeholder"),
        pytest.param("rtsp://h:554/live", False, id="a port"),
        pytest.param("/srv/clips/a.mp4", False, id="a file"),
    ],
)
def test_whether_an_address_holds_a_password(source: str, expected: bool) -> None:
    assert holds_password(source) is expected


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param({}, "source or sourceFile, one of them", id="nothing"),
        pytest.param({"source": "a", "source_file": "b"}, "source or sourceFile, one of them", id="both"),
        pytest.param(
            {"source": "rtsp://viewer:hunter2@h/live"},
            r"rtsp://\*\*\*@h/live holds a password: expected {password}",
            id="a password in the configuration",
        ),
        pytest.param(
            {"source": "rtsp://v:{password}@h/live"}, "there is no passwordFile", id="a placeholder, no file"
        ),
        pytest.param(
            {"source": "rtsp://h/live", "password_file": "SECRET"}, "has no {password}", id="no placeholder"
        ),
        pytest.param(
            {"source_file": "SECRET", "password_file": "SECRET"}, "goes with source", id="two secret files"
        ),
        pytest.param({"source_file": "no/such"}, "cannot be read: No such file", id="no such file"),
    ],
)
def test_what_does_not_go_together(settings: dict[str, str], sentence: str, secret: Path) -> None:
    given = {name: str(secret) if value == "SECRET" else value for name, value in settings.items()}
    with pytest.raises(SourceError, match=sentence) as caught:
        source_text(**given)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "one line of UTF-8 text", id="empty"),
        pytest.param(b" \n", "one line of UTF-8 text", id="blank"),
        pytest.param(b"hunter2\nhunter2\n", "one line of UTF-8 text", id="two lines"),
        pytest.param(b"hunter2\xff\n", "one line of UTF-8 text", id="not UTF-8"),
        pytest.param(b"hunter2" * 1000, "one line of UTF-8 text", id="too long"),
    ],
)
def test_a_secret_file_that_cannot_be_one(content: bytes, sentence: str, secret: Path) -> None:
    secret.write_bytes(content)
    with pytest.raises(SourceError, match=sentence) as caught:
        source_text(source_file=secret)
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_everybody_may_read_is_refused(secret: Path) -> None:
    secret.chmod(0o644)
    with pytest.raises(SourceError, match=r"open to everybody \(mode 0644\): expected 0640"):
        source_text("rtsp://v:{password}@h/live", password_file=secret)


def test_every_command_takes_the_address_from_a_file(secret: Path, tmp_path: Path) -> None:
    secret.write_text(f"{tmp_path / 'none.mp4'}\n")
    with pytest.raises(SourceError, match=r"none\.mp4': no such file or folder"):
        open_source(f"@{secret}")


PASSWORDS = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=20)


@given(PASSWORDS)
def test_any_password_arrives_whole_and_is_shown_nowhere(password: str) -> None:
    url = with_password("rtsp://viewer:{password}@camera.example/live?x=1", password)
    assert unquote(urlsplit(url).password or "") == password
    assert shown(url) == "rtsp://***@camera.example/live"
    pipeline = with_password("gstreamer:rtspsrc user-pw={password} ! decodebin", password)
    assert shown(pipeline) == "gstreamer:rtspsrc ! decodebin"


@given(PASSWORDS)
def test_a_password_typed_into_an_address_as_it_is_is_shown_nowhere_either(password: str) -> None:
    for scheme in ("rtsp", "onvif"):
        assert shown(f"{scheme}://viewer:{password}@camera.example/x") == f"{scheme}://***@camera.example/x"
