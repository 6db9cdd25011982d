"""The configuration of the vision component: which cameras, with which model, counted how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.camera_shadow import CameraShadowError, check_shadow_camera
from contract.errors import CrowdLensError
from contract.identity import InvalidNameError
from contract.model_manifest import ModelManifestError, parse_reference
from edge_components.runtime.component_config import ComponentConfigError, Fields
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.vision.arguments import PROVIDERS, find_model
from edge_components.vision.sources import check_source, source_text

STORE_MODEL = "store"
KEYS = (
    *("cameras", "model", "provider", "threads", "windowSeconds", "confidence"),
    *("artifactsBucket", "folderFramesPerSecond"),
)
CAMERA_KEYS = ("source", "sourceFile", "passwordFile", "sceneFile", "enabled")
MAXIMUM_CAMERAS = 32
_LOWEST_CONFIDENCE, _HIGHEST_CONFIDENCE = 0.1, 0.99
"""Weaker boxes than the lowest are not asked of the model: the tracker follows by them, and starts none."""


@dataclass(frozen=True)
class CameraEntry:
    """One camera of the configuration; `name` is None for that of the settings folder, named by its scene.

    The address stands in `source`, with ``{password}`` for the content of `password_file`, or in
    `source_file`. `scene_file` counts until the camera's shadow names a scene.
    """

    name: str | None
    source: str | None = None
    source_file: Path | None = None
    password_file: Path | None = None
    scene_file: Path | None = None

    def address(self) -> str:
        """Return the whole address, which must not be shown; raises `SourceError`."""
        return source_text(self.source, source_file=self.source_file, password_file=self.password_file)


@dataclass(frozen=True)
class VisionSettings:
    """What the component works with; None for `confidence` takes the model's own."""

    cameras: tuple[CameraEntry, ...]
    model: str = STORE_MODEL
    provider: str = "auto"
    threads: int = 1
    window_seconds: float = 10.0
    confidence: float | None = None
    artifacts_bucket: str | None = None
    folder_frames_per_second: float = 10.0

    @property
    def of_settings_folder(self) -> bool:
        """Whether the one camera is that of the settings folder."""
        return bool(self.cameras) and self.cameras[0].name is None


def read_settings(configuration: Mapping[str, Any]) -> VisionSettings:
    """Return the settings in a component's configuration; raises `ComponentConfigError`."""
    fields = Fields(configuration)
    fields.check_known(KEYS)
    return VisionSettings(
        cameras=_cameras(fields.mapping("cameras"), DeviceFolders.of(configuration)),
        model=fields.text("model", STORE_MODEL, maximum_characters=512),
        provider=fields.one_of("provider", PROVIDERS, "auto"),
        threads=fields.integer("threads", 1, minimum=1, maximum=64),
        window_seconds=fields.real("windowSeconds", 10.0, minimum=1, maximum=86_400),
        confidence=fields.real("confidence", None, minimum=_LOWEST_CONFIDENCE, maximum=_HIGHEST_CONFIDENCE),
        artifacts_bucket=fields.text("artifactsBucket", None, maximum_characters=63),
        folder_frames_per_second=fields.real("folderFramesPerSecond", 10.0, minimum=0.1, maximum=240),
    )


def check_model(wanted: str) -> None:
    """Refuse a model that no store could bring: one that is neither shipped nor a path on this device."""
    if wanted == STORE_MODEL:
        return
    try:
        parse_reference(wanted)
    except ModelManifestError:
        find_model(wanted)


def _cameras(fields: Fields, folders: DeviceFolders) -> tuple[CameraEntry, ...]:
    names = fields.names()
    if not names:
        settings = folders.settings
        return (
            CameraEntry(None, source_file=settings / "camera-source", scene_file=settings / "scene.yaml"),
        )
    if len(names) > MAXIMUM_CAMERAS:
        raise ComponentConfigError(f"cameras has {len(names)} entries: expected at most {MAXIMUM_CAMERAS}")
    entries = [_camera(name, fields.mapping(name)) for name in sorted(names)]
    return tuple(entry for entry in entries if entry is not None)


def _camera(name: str, fields: Fields) -> CameraEntry | None:
    """Return a camera, None for one that is switched off; raises `ComponentConfigError` for both."""
    try:
        check_shadow_camera(name)
    except (CameraShadowError, InvalidNameError) as error:
        raise ComponentConfigError(f"configuration cameras: {error}") from error
    fields.check_known(CAMERA_KEYS)
    entry = CameraEntry(
        name,
        source=fields.text("source", None),
        source_file=_path(fields, "sourceFile"),
        password_file=_path(fields, "passwordFile"),
        scene_file=_path(fields, "sceneFile"),
    )
    _check_address(name, entry)
    return entry if fields.boolean("enabled", True) else None


def _check_address(name: str, entry: CameraEntry) -> None:
    """Refuse what no file can mend; whether a file is there is seen when the camera is opened."""
    if (entry.source is None) == (entry.source_file is None):
        raise ComponentConfigError(
            f"configuration cameras/{name}: expected source or sourceFile, one of them"
        )
    if entry.source is not None:
        try:
            check_source(entry.source)
            if entry.password_file is None:
                entry.address()
        except CrowdLensError as error:
            raise ComponentConfigError(f"configuration cameras/{name}/source: {error}") from error


def _path(fields: Fields, key: str) -> Path | None:
    text = fields.text(key, None)
    if text is not None and not text.startswith("/"):
        raise fields.error(key, "an absolute path")
    return None if text is None else Path(text)
