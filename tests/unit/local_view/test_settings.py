from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.local_view.arguments import parse
from edge_components.local_view.service import url_of
from edge_components.local_view.settings import LocalViewSettings, parse_settings

TOKEN = "0123456789abcdef"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested is that it takes a token


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "local_view.token"
    path.write_text(TOKEN + "\n", encoding="ascii")
    path.chmod(0o640)
    return path


def test_by_itself_only_this_machine_can_look() -> None:
    settings = parse_settings({})
    assert settings == LocalViewSettings()
    assert (settings.address, settings.port, settings.token) == ("127.0.0.1", 8090, None)


def test_numbers_may_be_text() -> None:
    """Nucleus lite hands out every number as text."""
    settings = parse_settings(
        {
            "port": "9000",
            "maximumViewers": "4",
            "framesPerSecond": "2.5",
            "jpegQuality": "60",
            "stalledSeconds": "5",
        }
    )
    assert settings == LocalViewSettings(
        port=9000, maximum_viewers=4, frames_per_second=2.5, jpeg_quality=60, stalled_seconds=5.0
    )


@pytest.mark.parametrize("address", [EVERYWHERE, "192.168.0.7", "::"])
def test_an_address_that_others_reach_takes_the_token_from_its_file(address: str, token_file: Path) -> None:
    assert parse_settings({"address": address, "settings": str(token_file.parent)}).token == TOKEN
    assert parse_settings({"address": address, "tokenFile": str(token_file)}).token == TOKEN


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_alone_needs_none(address: str) -> None:
    assert parse_settings({"address": address}).token is None


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        pytest.param(None, 0o600, "is not there: expected 16 or more letters and digits", id="missing"),
        pytest.param(TOKEN, 0o644, "is open to everybody: expected mode 0600 or 0640", id="open to all"),
        pytest.param("short", 0o600, "holds 5 characters: expected 16 or more", id="short"),
        pytest.param("", 0o600, "holds 0 characters", id="empty"),
        pytest.param("a b" * 10, 0o600, "letters and digits", id="spaces"),
        pytest.param("토큰" * 10, 0o600, "cannot be read", id="not ASCII"),
        pytest.param("x" * 300, 0o600, "holds 300 characters", id="a whole file"),
    ],
)
def test_a_token_that_protects_nothing_is_refused(
    tmp_path: Path, content: str | None, mode: int, sentence: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)
    with pytest.raises(CrowdLensError) as caught:
        parse_settings({"address": EVERYWHERE, "tokenFile": str(path)})
    assert sentence in str(caught.value)
    assert not content or content not in str(caught.value)


@pytest.mark.parametrize(
    ("configuration", "sentence"),
    [
        pytest.param(
            {"port": 70000}, "configuration port is 70000: expected a whole number from 0 to 65535", id="port"
        ),
        pytest.param(
            {"address": "jetson"}, "configuration address is 'jetson': expected an IP address", id="name"
        ),
        pytest.param({"framesPerSecond": 1000}, "expected a number from 0.2 to 30", id="pace"),
        pytest.param({"maximumViewers": 0}, "expected a whole number from 1 to 100", id="nobody"),
        pytest.param({"token": TOKEN}, "key token is not known", id="a secret in the configuration"),
    ],
)
def test_a_bad_value_is_named(configuration: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CrowdLensError) as caught:
        parse_settings(configuration)
    assert sentence in str(caught.value)


def test_flags_say_what_a_nucleus_would() -> None:
    configuration, device = parse(
        ["--port", "9000", "--token-file", "/t", "--device", "jetson-7", "--host-names", "a,b"]
    )
    assert configuration == {"port": "9000", "tokenFile": "/t", "hostNames": "a,b"}
    assert device == "jetson-7"
    assert parse([])[0] == {}


@pytest.mark.parametrize("name", ["http://jetson-7", "jetson-7:8090", "jetson 7", "a..b", "x" * 64])
def test_a_host_name_that_no_browser_sends_is_refused(name: str) -> None:
    with pytest.raises(CrowdLensError, match=r"hostNames is .*expected names such as jetson-7\.local"):
        parse_settings({"hostNames": f"gate.local,{name}"})


def test_host_names_are_compared_as_browsers_send_them() -> None:
    assert parse_settings({"hostNames": "Gate.local., jetson-7"}).host_names == ("gate.local", "jetson-7")


@pytest.mark.parametrize(("address", "port"), [(EVERYWHERE, 8090), ("::", 8091)])
def test_listening_everywhere_names_an_address_to_open(address: str, port: int) -> None:
    shown = url_of(address, port)
    assert shown.endswith(f":{port}/")
    assert address not in (shown[7:].rsplit(":", 1)[0].strip("[]"),)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param([], {}, id="an installed device"),
        pytest.param(["--run", "/here"], {"folder": "/here/state", "run": "/here"}, id="run alone"),
        pytest.param(["--folder", "/here"], {"folder": "/here", "run": "/here/run"}, id="folder alone"),
    ],
)
def test_nothing_is_made_outside_the_folders_that_flags_name(
    flags: list[str], expected: dict[str, str]
) -> None:
    assert parse(flags)[0] == expected
