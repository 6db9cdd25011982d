"""What the bridge runs on, read from a component's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from contract.scene import Scene, SceneError, parse_scene
from edge_components.deepstream_bridge.file_names import StreamKey, parse_stream
from edge_components.deepstream_bridge.stream_counter import FORMS, Form, StreamSettings
from edge_components.runtime.component_config import ComponentConfigError, Fields
from edge_components.runtime.device_folders import DeviceFolders

CLOCK, FRAMES = "clock", "frames"
MAXIMUM_SCENE_BYTES = 256 * 1024
_STREAM_KEYS = ("scene", "width", "height", "framesPerSecond")
_KEYS = (
    *("kittiFolder", "streams", "width", "height", "framesPerSecond", "times", "form", "labels"),
    *("confidence", "windowSeconds", "pollMilliseconds", "maximumWaitingFiles"),
)


@dataclass(frozen=True)
class BridgeSettings:
    """Which folder is followed and how each of its streams is counted."""

    folder: Path
    streams: Mapping[StreamKey, StreamSettings]
    poll_seconds: float = 0.1
    maximum_waiting: int = 100_000


def read_settings(configuration: Mapping[str, Any]) -> BridgeSettings:
    """Return checked settings; raises `ComponentConfigError` or `SceneError` for the first mistake.

    Without `streams` stream 0 is counted by ``scene.yaml`` of the settings folder.
    """
    fields = Fields(configuration)
    fields.check_known(_KEYS)
    streams = _streams(fields, DeviceFolders.of(configuration).settings / "scene.yaml")
    return BridgeSettings(
        folder=Path(fields.text("kittiFolder")),
        streams=streams,
        poll_seconds=fields.integer("pollMilliseconds", 100, minimum=10, maximum=5000) / 1000,
        maximum_waiting=fields.integer("maximumWaitingFiles", 100_000, minimum=100),
    )


def _streams(fields: Fields, usual_scene: Path) -> dict[StreamKey, StreamSettings]:
    given = fields.mapping("streams")
    streams: dict[StreamKey, StreamSettings] = {}
    for name in given.names() or ("0",):
        key = parse_stream(name)
        if key is None:
            raise ComponentConfigError(
                f"configuration streams/{name} is no stream: expected a number, or app_stream like 0_1"
            )
        if key in streams:
            raise ComponentConfigError(
                f"configuration streams/{name} is given twice: expected each stream once"
            )
        streams[key] = _stream(given.mapping(name), fields, usual_scene)
    _check_cameras(streams)
    return streams


def _stream(own: Fields, common: Fields, usual_scene: Path) -> StreamSettings:
    own.check_known(_STREAM_KEYS)
    path = Path(own.text("scene", str(usual_scene)))
    scene = read_scene(path)
    labels = common.mapping("labels")
    settings = StreamSettings(
        scene=scene,
        width=_size(own, common, "width", scene.frame_width),
        height=_size(own, common, "height", scene.frame_height),
        frames_per_second=own.real(
            "framesPerSecond",
            common.real("framesPerSecond", 30.0, minimum=0.1, maximum=1000.0),
            minimum=0.1,
            maximum=1000.0,
        ),
        follow_clock=common.one_of("times", (CLOCK, FRAMES), CLOCK) == CLOCK,
        form=cast("Form", common.one_of("form", FORMS, "auto")),
        labels={name: labels.text(name) for name in labels.names()},
        confidence=common.real("confidence", 0.5, minimum=0.01, maximum=1.0),
        window_seconds=common.real("windowSeconds", 10.0, minimum=1.0, maximum=86_400.0),
    )
    _check_stream(path, settings)
    return settings


def _size(own: Fields, common: Fields, name: str, usual: int) -> int:
    return own.integer(
        name, common.integer(name, usual, minimum=16, maximum=16_384), minimum=16, maximum=16_384
    )


def _check_stream(path: Path, settings: StreamSettings) -> None:
    for label, name in settings.labels.items():
        if name not in settings.scene.classes:
            raise ComponentConfigError(
                f"configuration labels/{label} is {name!r}: expected a class of scene file {path}, "
                f"{', '.join(settings.scene.classes)}"
            )
    try:
        settings.scene.scaled_to(settings.width, settings.height)
    except SceneError as error:
        raise SceneError(f"scene file {path}: {error}") from error


def _check_cameras(streams: Mapping[StreamKey, StreamSettings]) -> None:
    cameras: dict[str, StreamKey] = {}
    for key, settings in streams.items():
        other = cameras.setdefault(settings.scene.camera, key)
        if other != key:
            raise ComponentConfigError(
                f"streams {other} and {key} both have camera {settings.scene.camera!r}: expected a scene "
                "with a camera of its own for each"
            )


def read_scene(path: Path) -> Scene:
    """Return the scene in the YAML file at `path`; raises `SceneError` that names the file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_SCENE_BYTES)
        return parse_scene(yaml.safe_load(content.decode("utf-8")))
    except OSError as error:
        raise SceneError(f"scene file {path} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        sentence = " ".join(str(error).split())[:160]
        raise SceneError(f"scene file {path}: not valid YAML ({sentence})") from error
    except SceneError as error:
        raise SceneError(f"scene file {path}: {error}") from error
