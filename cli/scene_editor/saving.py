"""Puts a drawn scene on disk: the whole new file or the old one, never a half."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.scene_editor.scene_text import canonical, scene_text
from contract.errors import CrowdLensError, DiskFullError
from contract.files import write_whole
from contract.scene import Scene, parse_scene


class SceneSaveError(CrowdLensError):
    """Raised when a scene cannot be written; the file that was there is untouched."""


@dataclass(frozen=True)
class SavedScene:
    """What was written where; `backup` holds the file that was there before, None when there was none."""

    path: Path
    backup: Path | None
    scene: Scene
    text: str


def save_scene(document: Mapping[str, Any], path: Path, *, own_text: str | None = None) -> SavedScene:
    """Write a scene `document` to `path` and return what was written.

    A file of other content than `own_text` (what this editor wrote last) is first kept beside it as
    ``<name>.bak``. Raises `SceneError` for a scene that is not valid, `SceneSaveError` or `DiskFullError`.
    """
    document = canonical(document)
    scene = parse_scene(document)
    text = scene_text(document)
    if parse_scene(yaml.safe_load(text)) != scene:
        raise SceneSaveError(
            f"scene {path}: the text would not read back as it was drawn; nothing is written"
        )
    try:
        backup = _keep(path, own_text, text)
        write_whole(path, text, durable=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"scene {path}: the disk is full; the file that was there is kept") from error
        raise SceneSaveError(f"scene {path} cannot be written: {error.strerror or error}") from error
    return SavedScene(path, backup, scene, text)


def _keep(path: Path, own_text: str | None, new_text: str) -> Path | None:
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        return None
    if before in ((own_text or "").encode(), new_text.encode()):
        return None
    backup = path.with_name(f"{path.name}.bak")
    write_whole(backup, before, durable=True)
    return backup
