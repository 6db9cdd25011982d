"""The versions of scenes and projects in the artifacts bucket: written once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract.camera_shadow import MAXIMUM_DOCUMENT_BYTES, DesiredDocument, project_key, scene_key
from contract.device_store import scenes_prefix
from contract.errors import CrowdLensError
from contract.project import parse_project
from contract.scene import Scene
from edge_components.vision.scene_file import parse_scene_text, yaml_document

_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_NOT_THERE = {"NoSuchKey", "404", "AccessDenied", "403"}
"""S3 tells who may not list the whole bucket that a key which is not there is forbidden."""


class NoSuchVersionError(CrowdLensError):
    """Raised when the bucket has no file of a version."""


@dataclass(frozen=True)
class Part:
    """A scene or project file that is valid: its bytes, its version, and where a device's copy lies."""

    content: bytes
    version: str
    key: Callable[[str, str, str], str]


class SceneStore:
    """The bucket, seen by who may write scenes."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def put(self, part: Part, device: str, camera: str) -> DesiredDocument:
        """Store a part for a device's camera unless it is there, and return where and what it is.

        Who pushes the same version with other comments gets the file that is there: it says the same, and a
        device may be fetching it just now.
        """
        key, content = part.key(device, camera, part.version), part.content
        try:
            self._s3.put_object(
                Bucket=self.bucket, Key=key, Body=content, ContentType="application/yaml", IfNoneMatch="*"
            )
        except self._s3.exceptions.ClientError as error:
            if _code(error) not in _TAKEN:
                raise
            content = self.read(key)
        return DesiredDocument(part.version, key, hashlib.sha256(content).hexdigest(), len(content))

    def read(self, key: str) -> bytes:
        """Return a stored file; raises `NoSuchVersionError`."""
        try:
            body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except self._s3.exceptions.ClientError as error:
            if _code(error) in _NOT_THERE:
                raise NoSuchVersionError(
                    f"s3://{self.bucket}/{key} is not there, or may not be read ({_code(error)})"
                ) from error
            raise
        return bytes(body.read(MAXIMUM_DOCUMENT_BYTES + 1))

    def scene(self, document: DesiredDocument) -> Scene | None:
        """Return a stored scene; None when it is gone or was written for another version of this program."""
        try:
            return parse_scene_text(self.read(document.key))
        except CrowdLensError:
            return None

    def document(self, device: str, camera: str, version: str) -> DesiredDocument:
        """Return the stored scene `version` of a camera; raises `NoSuchVersionError`."""
        key, known = scene_key(device, camera, version), self.versions(device, camera)
        if version not in known:
            raise NoSuchVersionError(
                f"version {version!r} of camera {camera} of {device} is not in the bucket: expected "
                f"{', '.join(known) or 'one that was pushed'}"
            )
        content = self.read(key)
        return DesiredDocument(version, key, hashlib.sha256(content).hexdigest(), len(content))

    def versions(self, device: str, camera: str) -> list[str]:
        """Return the stored versions of a camera's scene, the one stored last first."""
        prefix, project = f"{scenes_prefix(device)}{camera}/", project_key(device, camera, "")
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        found = [entry for page in pages for entry in page.get("Contents", [])]
        found.sort(key=lambda entry: entry["LastModified"], reverse=True)
        keys = [str(entry["Key"]) for entry in found]
        scenes = [
            key for key in keys if key.endswith(".yaml") and not key.startswith(project.removesuffix(".yaml"))
        ]
        return [key.removeprefix(prefix).removesuffix(".yaml") for key in scenes]


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def scene_part(content: bytes) -> tuple[Part, Scene]:
    """Return the scene in a file's bytes, checked; raises `SceneError`."""
    scene = parse_scene_text(content)
    return Part(content, scene.version, scene_key), scene


def project_part(content: bytes) -> Part:
    """Return the project in a file's bytes, checked; raises `CrowdLensError`."""
    project = parse_project(yaml_document(content))
    return Part(content, project.version, project_key)
