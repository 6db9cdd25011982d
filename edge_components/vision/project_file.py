"""Reads a project from its YAML file, and finds the scene it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from contract.project import Project, ProjectError, parse_project

MAXIMUM_PROJECT_BYTES = 256 * 1024
"""A project written by hand is a kilobyte; more is another file given by mistake."""


def read_project(path: str | Path) -> Project:
    """Return the checked project in the YAML file at `path`; raises `ProjectError` that names the file."""
    path = Path(path)
    try:
        return parse_project(_load(path))
    except ProjectError as error:
        raise ProjectError(f"project file {path}: {error}") from error


@contextmanager
def naming_project(path: Path | str | None) -> Iterator[None]:
    """Put the project file's name before what is found wrong with the project later on."""
    try:
        yield
    except ProjectError as error:
        if path is None:
            raise
        raise ProjectError(f"project file {path}: {error}") from error


def scene_path(project: Project, project_file: str | Path) -> Path | None:
    """Return the scene file that the project names, looked for from the project file's folder."""
    return None if project.scene is None else Path(project_file).parent / project.scene


def local_model(project: Project, project_file: str | Path) -> Path | None:
    """Return the model beside the project file, None when the project names none there."""
    candidate = Path(project_file).parent / project.model.text
    return candidate if candidate.exists() else None


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_PROJECT_BYTES + 1)
    except FileNotFoundError as error:
        raise ProjectError("no such file") from error
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror or error}") from error
    if len(content) > MAXIMUM_PROJECT_BYTES:
        raise ProjectError(f"larger than {MAXIMUM_PROJECT_BYTES // 1024} KiB: expected a project in YAML")
    try:
        return yaml.safe_load(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ProjectError(f"byte {error.start} is not UTF-8: expected YAML text in UTF-8") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        sentence = " ".join(str(error).split())[:160]
        raise ProjectError(f"not valid YAML ({sentence})") from error
