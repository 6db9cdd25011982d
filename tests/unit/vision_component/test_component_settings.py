"""The configuration of the vision component, as classic and lite hand it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_components.runtime.component_config import ComponentConfigError
from edge_components.vision.component_settings import CameraEntry, VisionSettings, check_model, read_settings


def test_nothing_means_the_camera_of_the_settings_folder() -> None:
    settings = read_settings({"settings": "/etc/here", "artifactsBucket": "", "confidence": ""})
    source, scene = Path("/etc/here/camera-source"), Path("/etc/here/scene.yaml")
    assert settings == VisionSettings((CameraEntry(None, source_file=source, scene_file=scene),))
    assert settings.of_settings_folder


def test_lites_text_means_what_classics_numbers_do() -> None:
    cameras = {
        "b": {"source": "/dev/video0", "enabled": True},
        "a": {"sourceFile": "/etc/a", "enabled": False},
    }
    numbers = {"windowSeconds": 5, "threads": 2, "confidence": 0.4, "cameras": cameras, "provider": "cpu"}
    words = {
        **numbers,
        **{"windowSeconds": "5", "threads": "2", "confidence": "0.4"},
        "cameras": {
            "a": {"sourceFile": "/etc/a", "enabled": "false"},
            "b": {"source": "/dev/video0", "enabled": "true"},
        },
    }
    assert read_settings(numbers) == read_settings(words)
    assert read_settings(words).cameras == (CameraEntry("b", source="/dev/video0"),)
    assert (read_settings(words).window_seconds, read_settings(words).confidence) == (5.0, 0.4)


def test_a_password_comes_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss/word")
    secret.chmod(0o640)
    camera = {"source": "rtsp://me:{password}@host/s", "passwordFile": str(secret)}
    (entry,) = read_settings({"cameras": {"a": camera}}).cameras
    assert entry.address() == "rtsp://me:p%40ss%2Fword@host/s"


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param({"threads": 0}, "threads is 0: expected a whole number from 1 to 64", id="threads"),
        pytest.param({"provider": "gpu"}, "provider is 'gpu': expected one of auto", id="provider"),
        pytest.param({"windowSeconds": 0.5}, "windowSeconds is 0.5", id="window"),
        pytest.param(
            {"confidence": "0.05"}, "confidence is '0.05': expected a number from 0.1", id="confidence"
        ),
        pytest.param(
            {"cameras": {"a": {"source": "x", "sourceFile": "/y"}}}, "one of them", id="two sources"
        ),
        pytest.param({"cameras": {"a": {"sourceFile": "y"}}}, "expected an absolute path", id="relative"),
        pytest.param({"cameras": {"a": {"url": "x"}}}, "cameras/a/url is not known", id="unknown key"),
        pytest.param(
            {"cameras": {"a": "rtsp://x"}}, "cameras/a is 'rtsp://x': expected an object", id="text"
        ),
        pytest.param({"cameras": {"a/b": {"source": "x"}}}, "camera is 'a/b'", id="name"),
        pytest.param({"cameras": {"x" * 60: {"source": "x"}}}, "at most 57 characters", id="long name"),
        pytest.param(
            {"cameras": {f"c{number}": {"source": "x"} for number in range(33)}}, "at most 32", id="too many"
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(configuration: dict[str, Any], expected: str) -> None:
    with pytest.raises(ComponentConfigError, match=expected):
        read_settings(configuration)


@pytest.mark.parametrize("model", ["store", "person_demo", "people@2"])
def test_models_that_are_here_or_may_come_are_taken(model: str) -> None:
    check_model(model)
