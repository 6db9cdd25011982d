"""The scene and the project of one camera: read, checked, and kept for a boot without a network.

Below ``scenes/<camera>/`` lie the last good `scene.yaml` and `project.yaml`, each replaced whole, and
`in_force.json`, which says under which version and checksum the cloud knows them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.camera_shadow import DesiredDocument
from contract.errors import CrowdLensError
from contract.files import write_whole
from contract.project import Project, ProjectError, parse_project
from contract.scene import Scene, SceneError
from edge_components.vision.scene_file import parse_scene_text, read_scene, yaml_document

logger = logging.getLogger(__name__)

_SCENE_FILE, _PROJECT_FILE, _MARK_FILE = "scene.yaml", "project.yaml", "in_force.json"


@dataclass(frozen=True)
class SceneDocument:
    """A scene with the bytes it was read from; `version` is the cloud's, None for a local file."""

    scene: Scene
    content: bytes
    version: str | None = None

    @property
    def sha256(self) -> str:
        """The checksum of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class ProjectDocument:
    """A project with the bytes it was read from."""

    project: Project
    content: bytes
    version: str | None = None

    @property
    def sha256(self) -> str:
        """The checksum of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class CameraDocuments:
    """What a camera counts by."""

    scene: SceneDocument
    project: ProjectDocument | None = None


def is_same(document: SceneDocument | ProjectDocument | None, wanted: DesiredDocument | None) -> bool:
    """Return whether `document` is what is `wanted`; nothing is nothing."""
    if document is None or wanted is None:
        return document is None and wanted is None
    return (document.version, document.sha256) == (wanted.version, wanted.sha256)


def read_scene_document(content: bytes, camera: str | None, version: str | None) -> SceneDocument:
    """Return the scene in `content`; raises `SceneError`, also for the scene of another camera."""
    scene = parse_scene_text(content)
    if camera is not None and scene.camera != camera:
        raise SceneError(f"camera is {scene.camera!r}: expected {camera!r}, whose scene this is to be")
    return SceneDocument(scene, content, version)


def read_project_document(content: bytes, version: str | None) -> ProjectDocument:
    """Return the project in `content`; raises `ProjectError`."""
    try:
        return ProjectDocument(parse_project(yaml_document(content)), content, version)
    except SceneError as error:
        raise ProjectError(str(error)) from error


def read_scene_file(path: Path, camera: str | None) -> CameraDocuments:
    """Return the documents of a camera whose scene is a local file; raises `SceneError` that names it."""
    read_scene(path)
    try:
        return CameraDocuments(read_scene_document(path.read_bytes(), camera, None))
    except SceneError as error:
        raise SceneError(f"scene file {path}: {error}") from error


class DocumentFolder:
    """The folder of one camera."""

    def __init__(self, folder: Path, camera: str) -> None:
        self._folder = folder / camera
        self._camera = camera

    def read(self) -> CameraDocuments | None:
        """Return what was last in force; None where there is nothing, or nothing that can be used."""
        try:
            content = (self._folder / _SCENE_FILE).read_bytes()
        except OSError:
            return None
        mark = self._mark()
        try:
            scene = read_scene_document(content, self._camera, None)
        except CrowdLensError as error:
            logger.warning("kept scene is bad", extra={"camera": self._camera, "problem": str(error)})
            return None
        scene = SceneDocument(scene.scene, content, _version(mark.get("scene"), scene.sha256))
        return CameraDocuments(scene, self._project(mark.get("project")))

    def keep(self, documents: CameraDocuments) -> None:
        """Keep what is in force now; a disk that takes nothing costs the next boot without a network."""
        mark: dict[str, Any] = {"scene": _entry(documents.scene), "project": _entry(documents.project)}
        try:
            write_whole(self._folder / _SCENE_FILE, documents.scene.content, durable=True)
            if documents.project is not None:
                write_whole(self._folder / _PROJECT_FILE, documents.project.content, durable=True)
            # Last: until it names the project, there is none.
            write_whole(self._folder / _MARK_FILE, json.dumps(mark, indent=2) + "\n", durable=True)
        except OSError as error:
            logger.warning("scene not kept", extra={"camera": self._camera, "problem": str(error)})

    def _project(self, entry: object) -> ProjectDocument | None:
        if entry is None:
            return None
        try:
            document = read_project_document((self._folder / _PROJECT_FILE).read_bytes(), None)
        except (OSError, CrowdLensError) as error:
            logger.warning("kept project is bad", extra={"camera": self._camera, "problem": str(error)})
            return None
        return ProjectDocument(document.project, document.content, _version(entry, document.sha256))

    def _mark(self) -> dict[str, Any]:
        try:
            mark = json.loads((self._folder / _MARK_FILE).read_bytes())
        except (OSError, ValueError):
            return {}
        return mark if isinstance(mark, dict) else {}


def _entry(document: SceneDocument | ProjectDocument | None) -> dict[str, Any] | None:
    if document is None:
        return None
    return {"version": document.version, "sha256": document.sha256, "bytes": len(document.content)}


def _version(entry: object, sha256: str) -> str | None:
    """Return the version a mark names, None when it was written for other bytes."""
    if not isinstance(entry, dict) or entry.get("sha256") != sha256:
        return None
    version = entry.get("version")
    return None if version is None else str(version)
