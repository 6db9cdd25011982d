"""What the classes of a scene mean to the tracker and to the detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.scene import Scene, SceneError

Integers = npt.NDArray[np.int64]

_LIKENED_CLASSES = frozenset({"car", "truck", "bus", "van"})
"""One and the same vehicle is often called two of these from frame to frame."""


def anchor_shares(scene: Scene) -> list[float] | None:
    """Return how far down its box an object of each class is; None when all are on their foot."""
    if not scene.centred_classes:
        return None
    return [0.5 if name in scene.centred_classes else 1.0 for name in scene.classes]


def class_groups(scene: Scene) -> list[int]:
    """Return the group of each class: those that detectors take for one another are in one."""
    likened = [name for name in scene.classes if name in _LIKENED_CLASSES]
    return [scene.classes.index(likened[0] if name in likened else name) for name in scene.classes]


def class_positions(scene: Scene, labels: Sequence[str]) -> Integers:
    """Return for each class id of the detector its position among the scene's classes, -1 for none.

    Raises `SceneError` for a class of the scene that is none of the detector's `labels`.
    """
    for name in scene.classes:
        if name not in labels:
            shown = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
            raise SceneError(
                f"classes has {name!r}, which the detector does not know: expected one of {shown}"
            )
    return np.array([scene.classes.index(name) if name in scene.classes else -1 for name in labels], np.int64)
