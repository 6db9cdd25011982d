"""The project: a model, where to look, and what to do with what it sees.

`parse_project` turns the document of a project file (already read from YAML or JSON) into a checked
`Project`; every mistake is a `ProjectError` whose text names the field, the value and what was expected.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier, check_label
from contract.project_output import (
    AT_INTERVAL,
    MESSAGE_CHOICES,
    NEVER,
    ON_CHANGE,
    RECORD_CHOICES,
    ProjectOutput,
    TextAlert,
    parse_classification_output,
    parse_detection_output,
)
from contract.scene_values import SceneError, check_keys, check_unique, listing, mapping, shown

__all__ = [
    "AT_INTERVAL",
    "CLASSIFICATION",
    "DETECTION",
    "FACE",
    "MESSAGE_CHOICES",
    "NEVER",
    "ON_CHANGE",
    "RECORD_CHOICES",
    "TASKS",
    "ModelReference",
    "Project",
    "ProjectError",
    "ProjectOutput",
    "TextAlert",
    "parse_project",
    "project_version",
]

DETECTION, FACE, CLASSIFICATION = "detection", "face", "classification"
TASKS = (DETECTION, FACE, CLASSIFICATION)
FACE_CLASS = "face"
_PATH_MAXIMUM_LENGTH = 512
_STORED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})@([A-Za-z0-9][A-Za-z0-9._-]{0,63})")


class ProjectError(CrowdLensError):
    """Raised when a project cannot be used; the text names the field, the value and what was expected."""


@dataclass(frozen=True)
class ModelReference:
    """The model as the file names it; `name` and `version` are None for a path or a shipped model."""

    text: str
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Project:
    """A checked project; `version` tells two states of its file apart, as a scene's does.

    `classes` are what detection looks for, in the scene's place when there is one; empty leaves it to the
    scene. `scene` is a file, from the project file's folder; on a device the camera's shadow names the scene.
    """

    name: str
    task: str
    model: ModelReference
    version: str
    classes: tuple[str, ...] = ()
    scene: str | None = None
    output: ProjectOutput = field(default_factory=ProjectOutput)

    @property
    def classifies(self) -> bool:
        """Whether a frame gets an answer instead of objects being counted in it."""
        return self.task == CLASSIFICATION


def parse_project(document: object) -> Project:
    """Return the checked project; raises `ProjectError` for the first mistake found."""
    try:
        return _parse(document)
    except (SceneError, InvalidNameError) as error:
        raise ProjectError(str(error)) from error


def project_version(document: Mapping[str, Any]) -> str:
    """Return the version of a project document: its `version`, when it has one, and a digest of its content.

    The digest makes an edit that forgot to raise `version` a version of its own.
    """
    # Labels may be numbers in YAML; JSON makes text of them, and sorting needs one kind.
    canonical = json.dumps(_with_text_keys(document), sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    given = document.get("version")
    if given is None:
        return digest
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise ProjectError(f"version is {given!r}: expected a number or text")
    return f"{check_identifier('version', str(given))[:40]}-{digest}"


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


def _parse(document: object) -> Project:
    fields = mapping("project file", document)
    check_keys(
        "project file", fields, ("project", "task", "model"), ("classes", "scene", "output", "version")
    )
    task = fields["task"]
    if task not in TASKS:
        raise SceneError(f"task is {shown(task)}: expected {', '.join(TASKS[:-1])} or {TASKS[-1]}")
    parse_output = parse_classification_output if task == CLASSIFICATION else parse_detection_output
    return Project(
        name=check_identifier("project", fields["project"]),
        task=task,
        model=_model(fields["model"]),
        version=project_version(fields),
        classes=_classes(task, fields.get("classes")),
        scene=None if fields.get("scene") is None else _path("scene", fields["scene"]),
        output=parse_output({} if fields.get("output") is None else fields["output"]),
    )


def _model(value: object) -> ModelReference:
    text = _path("model", value)
    stored = _STORED.fullmatch(text)
    if stored is not None:
        return ModelReference(text, stored[1], stored[2])
    if "@" in text and "/" not in text:
        raise SceneError(f"model is {shown(text)}: expected name@version, a shipped model's name or a path")
    return ModelReference(text)


def _path(field_name: str, value: object) -> str:
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > _PATH_MAXIMUM_LENGTH
        or not value.isprintable()
    ):
        raise SceneError(
            f"{field_name} is {shown(value)}: expected 1 to {_PATH_MAXIMUM_LENGTH} printable characters"
        )
    return value.strip()


def _classes(task: str, value: object) -> tuple[str, ...]:
    if value is None:
        return (FACE_CLASS,) if task == FACE else ()
    if task == CLASSIFICATION:
        raise SceneError(
            f"classes is {shown(value)}: expected none with task classification; see output.texts"
        )
    names = listing("classes", value)
    if not names:
        raise SceneError("classes is empty: expected at least one class, or no classes to take the scene's")
    labels = tuple(check_label(f"classes[{index}]", name) for index, name in enumerate(names))
    check_unique("classes", labels)
    if task == FACE and labels != (FACE_CLASS,):
        raise SceneError(f"classes is {shown(value)}: expected [{FACE_CLASS}] with task face")
    return labels
