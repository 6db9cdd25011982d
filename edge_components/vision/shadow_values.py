"""What a camera's shadow says, taken apart: wanted versions, refusals, and why a request was rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.camera_shadow import DesiredCamera
from edge_components.vision.camera_documents import CameraDocuments, ProjectDocument, SceneDocument

SCENE, PROJECT = "scene", "project"


@dataclass(frozen=True)
class Refusal:
    """Why a version of a part is not in force; unless `is_final`, it is looked for again."""

    version: str
    reason: str
    is_final: bool = True


def parts_of(documents: CameraDocuments | None) -> tuple[SceneDocument | None, ProjectDocument | None]:
    """Return scene and project of what a camera counts by."""
    return (None, None) if documents is None else (documents.scene, documents.project)


def still_wanted(refusals: Mapping[str, Refusal], wanted: DesiredCamera) -> dict[str, Refusal]:
    """Return the refusals of what is wanted still."""
    versions = {
        SCENE: None if wanted.scene is None else wanted.scene.version,
        PROJECT: None if wanted.project is None else wanted.project.version,
    }
    return {part: refusal for part, refusal in refusals.items() if versions[part] == refusal.version}


def rejection_of(payload: bytes) -> tuple[int | None, str]:
    """Return code and reason of a rejected request, as far as they can be read."""
    try:
        told = json.loads(payload)
        code = int(told["code"])
    except (ValueError, KeyError, TypeError):
        return None, "the shadow service gave no reason"
    return code, f"{told.get('message', 'no reason given')} (code {code})"


def version_wanted(desired: Mapping[str, Any]) -> str:
    """Return the version of the scene in a desired state that cannot be read otherwise."""
    scene = desired.get(SCENE)
    version = scene.get("version") if isinstance(scene, Mapping) else None
    return str(version or "unknown")[:64]


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shadow's document as the service keeps it, which drops what is null."""
    return {
        name: without_nulls(item) if isinstance(item, Mapping) else item
        for name, item in value.items()
        if item is not None
    }
