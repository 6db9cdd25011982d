"""The document that an editor starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from contract.scene import ASPECT_TOLERANCE, SceneError, parse_scene
from edge_components.vision.default_scene import CAMERA, SITE, system_time_zone
from edge_components.vision.scene_file import read_scene

POINTS = {"zones": "polygon", "lines": "points"}
"""Where a shape of each section keeps its points."""
_TRIANGLE = [[0, 0], [8, 0], [8, 8]]


def new_document(width: int, height: int, *, site: str | None, camera: str | None) -> dict[str, Any]:
    """Return a scene document of `width` x `height` pixels on which nothing is drawn yet."""
    return {
        "site": site or SITE,
        "time_zone": system_time_zone(),
        "camera": camera or CAMERA,
        "frame": {"width": width, "height": height},
        "zones": [],
        "lines": [],
        "ground": [],
        "classes": ["person"],
    }


def existing_document(
    path: Path, width: int, height: int, *, site: str | None, camera: str | None
) -> dict[str, Any]:
    """Return the document in the scene file at `path`, for frames of `width` x `height` pixels.

    A file whose shapes can be shown opens even when a shape is wrong, so that it can be mended by hand.
    Raises `SceneError` for any other mistake, and when the aspect of the frames differs by more than 1 %.
    """
    try:
        read_scene(path)
    except SceneError:
        document = _showable(path)
        if document is None:
            raise
    else:
        document = _load(path)
    frame = document["frame"]
    if abs(width / height / (frame["width"] / frame["height"]) - 1) > ASPECT_TOLERANCE:
        raise SceneError(
            f"scene file {path}: frame is {frame['width']}x{frame['height']} but the source gives "
            f"{width}x{height}: expected the same aspect within 1 %"
        )
    given = {"site": site, "camera": camera}
    complete = {"zones": [], "lines": [], "ground": [], **document}
    return {**complete, **{key: value for key, value in given.items() if value is not None}}


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _showable(path: Path) -> dict[str, Any] | None:
    """Return the document at `path` when all that is wrong with it can be mended by drawing, else None."""
    try:
        document = _load(path)
        parse_scene(_with_good_shapes(document))
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError, RecursionError, SceneError):
        return None
    shown = all(
        _is_point(point)
        for section, points in POINTS.items()
        for entry in document.get(section, [])
        for point in entry[points]
    )
    return document if shown else None


def _with_good_shapes(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with other, valid outlines; raises `KeyError` or `TypeError` when it has none."""
    good = dict(document)
    for section, points in POINTS.items():
        entries = document.get(section, [])
        good[section] = [
            {**entry, points: _TRIANGLE if isinstance(entry[points], list) else None} for entry in entries
        ]
    return good


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in point)
    )
