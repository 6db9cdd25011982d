"""Reads a scene from its YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from contract.scene import Scene, SceneError, parse_scene

MAXIMUM_SCENE_BYTES = 256 * 1024
"""A scene drawn by hand is a few kilobytes; more is another file given by mistake."""


def read_scene(path: str | Path) -> Scene:
    """Return the checked scene in the YAML file at `path`; raises `SceneError` that names the file."""
    path = Path(path)
    try:
        return parse_scene(_load(path))
    except SceneError as error:
        raise SceneError(f"scene file {path}: {error}") from error


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_SCENE_BYTES + 1)
    except FileNotFoundError as error:
        raise SceneError("no such file") from error
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror or error}") from error
    return yaml_document(content)


def parse_scene_text(content: bytes) -> Scene:
    """Return the checked scene in `content`, YAML text; raises `SceneError`."""
    return parse_scene(yaml_document(content))


def yaml_document(content: bytes) -> object:
    """Return what the YAML text `content` says; raises `SceneError`."""
    if len(content) > MAXIMUM_SCENE_BYTES:
        raise SceneError(f"larger than {MAXIMUM_SCENE_BYTES // 1024} KiB: expected a scene in YAML")
    try:
        return yaml.safe_load(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SceneError(f"byte {error.start} is not UTF-8: expected YAML text in UTF-8") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SceneError(_yaml_sentence(error)) from error


def _yaml_sentence(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: not valid YAML ({error.problem})"
    return f"not valid YAML ({' '.join(str(error).split())[:120]})"


@contextmanager
def naming(path: Path | str | None) -> Iterator[None]:
    """Put the scene file's name before what is found wrong with the scene later on."""
    try:
        yield
    except SceneError as error:
        if path is None:
            raise
        raise SceneError(f"scene file {path}: {error}") from error
