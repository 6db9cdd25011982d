"""The vision component without Greengrass: configured by flags or by a file, seen by the other components."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contract.identity import check_identifier
from contract.scene import SceneError
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import FOLDER_KEYS, DeviceFolders
from edge_components.vision.arguments import (
    VisionArgumentError,
    VisionArguments,
    build_parser,
    folders_of,
    read_arguments,
)
from edge_components.vision.component import VisionComponent
from edge_components.vision.component_settings import CameraEntry, VisionSettings
from edge_components.vision.scene_file import yaml_document
from edge_components.vision.sources.secret import read_secret

_OF_ONE_CAMERA = ("source_file", "scene", "model", "window_seconds", "threads", "provider")
MAXIMUM_CONFIGURATION_BYTES = 256 * 1024


class FlaggedVision(VisionComponent):
    """Vision with the one camera that the flags name."""

    def __init__(self, arguments: VisionArguments) -> None:
        super().__init__(spool=arguments.spool)
        self._arguments = arguments

    def settings(self, configuration: Mapping[str, Any]) -> VisionSettings:  # noqa: ARG002 - flags stand for it
        """Return the flags' settings; raises `SourceError` for an address that everybody may read."""
        arguments = self._arguments
        if arguments.source_file.exists():
            read_secret("--source-file", arguments.source_file)
        return VisionSettings(
            cameras=(
                CameraEntry(
                    None,
                    source_file=arguments.source_file.absolute(),
                    scene_file=arguments.scene.absolute(),
                ),
            ),
            model=str(arguments.model),
            provider=arguments.provider,
            threads=arguments.threads,
            window_seconds=arguments.window_seconds,
        )


def serve_flags(namespace: argparse.Namespace) -> int:
    """Run as a component until a signal; return its exit status, and raise `CrowdLensError` for bad flags."""
    device = check_identifier("device", namespace.device)
    if namespace.configuration is None:
        arguments = read_arguments(namespace)
        folders = folders_of(namespace)
        return run_component(
            FlaggedVision(arguments),
            configuration={"logLevel": namespace.log_level, **_named(folders)},
            folders=folders,
            thing_name=device,
        )
    configuration = read_configuration(namespace)
    return run_component(
        VisionComponent(spool=namespace.spool), configuration=configuration, thing_name=device
    )


def read_configuration(namespace: argparse.Namespace) -> dict[str, Any]:
    """Return the file's configuration with the folders and the log level that flags name.

    Raises `VisionArgumentError` for a file that is no mapping, and for flags that the file stands for.
    """
    usual = build_parser()
    for name in _OF_ONE_CAMERA:
        if getattr(namespace, name) != usual.get_default(name):
            raise VisionArgumentError(
                f"--{name.replace('_', '-')} does not go with --configuration: expected it in that file"
            )
    path: Path = namespace.configuration
    document = _read(path)
    if namespace.run is not None and not (namespace.folder or namespace.spool or document.get("folder")):
        raise VisionArgumentError("--folder is missing: expected where the records last, beside --run")
    given = {key for key in FOLDER_KEYS if getattr(namespace, key) is not None}
    if namespace.spool is not None:
        given.add("folder")
    if "folder" in given and "run" not in document:
        given.add("run")
    flagged = {key: value for key, value in _named(folders_of(namespace)).items() if key in given}
    level = {} if namespace.log_level == usual.get_default("log_level") else {"logLevel": namespace.log_level}
    return {**document, **flagged, **level}


def _named(folders: DeviceFolders) -> dict[str, str]:
    paths = (folders.state, folders.run, folders.settings)
    return {key: str(path) for key, path in zip(FOLDER_KEYS, paths, strict=True)}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_CONFIGURATION_BYTES)
        document = yaml_document(content)
    except OSError as error:
        raise VisionArgumentError(f"configuration file {path} cannot be read: {error.strerror}") from error
    except SceneError as error:
        raise VisionArgumentError(f"configuration file {path}: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise VisionArgumentError(
            f"configuration file {path}: expected the component's keys, such as cameras: {{gate: {{...}}}}"
        )
    return document
