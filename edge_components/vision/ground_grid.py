"""The metre grid of a scene's ground in its picture: the quickest check of a calibration by eye."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from contract.scene import Scene, SceneError
from edge_components.runtime.counting.ground import Ground
from edge_components.runtime.counting.located import ground_of
from edge_components.vision.sources.frames import Image

Floats = npt.NDArray[np.float64]

_STEPS_M = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_LINES_A_SIDE = 14
_MARGIN_SHARE = 0.25
_SAMPLES_A_LINE = 60
_COLOURS = ((80, 220, 80), (240, 170, 60))
"""Of lines of one x and of one y, BGR."""
_PAIR_COLOUR = (40, 40, 230)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class GridLine:
    """A part of a grid line that is in the picture: all its `points` (S, 2) have x or y `value_m`."""

    axis: str
    value_m: float
    points: Floats


@dataclass(frozen=True)
class GroundGrid:
    """Grid lines `step_m` apart; `residual_m` is None where the ground was not fitted to spare pairs."""

    step_m: float
    residual_m: float | None
    lines: list[GridLine]


def ground_grid(scene: Scene) -> GroundGrid:
    """Return the grid of a scene in pixels of its frame.

    Raises `SceneError` when the scene has no ground or a degenerate one.
    """
    ground = ground_of(scene)
    if ground is None:
        raise SceneError("the scene has no ground and no position: expected one of them to draw a metre grid")
    low, high = _extent(scene, ground)
    extent_m = float((high - low).max())
    step = next((step for step in _STEPS_M if extent_m / step <= _LINES_A_SIDE), extent_m / _LINES_A_SIDE)
    lines = [
        GridLine(axis, value, run)
        for axis, value, world in _world_lines(low, high, step)
        for run in _visible_runs(world, ground, scene)
    ]
    return GroundGrid(step, ground.residual_m if len(scene.ground) > 4 else None, lines)


def draw_ground_grid(image: Image, scene: Scene) -> Image:
    """Return a copy of `image` (h, w, 3 BGR) with the metre grid, its numbers and the scene's pairs.

    Raises `SceneError` when the scene has no ground, a degenerate one or another aspect than the image.
    """
    height, width = image.shape[:2]
    scene = scene.scaled_to(width, height)
    grid = ground_grid(scene)
    drawn: Image = image.copy()
    scale = max(0.35, width / 1600)
    for line in grid.lines:
        colour = _COLOURS["xy".index(line.axis)]
        cv2.polylines(drawn, [np.round(line.points).astype(np.int32)], False, colour, 1, cv2.LINE_AA)
    for line in grid.lines:
        _number(drawn, line, scale)
    for pair in scene.ground:
        centre = round(pair.image[0]), round(pair.image[1])
        cv2.circle(drawn, centre, max(3, round(6 * scale)), _PAIR_COLOUR, cv2.FILLED, cv2.LINE_AA)
    text = f"grid {grid.step_m:g} m" + (
        "" if grid.residual_m is None else f", residual {grid.residual_m:.2f} m"
    )
    _write(drawn, text, (4, height - 6), scale * 1.3, (255, 255, 255))
    return drawn


def _extent(scene: Scene, ground: Ground) -> tuple[Floats, Floats]:
    """Return the corners of the world to draw: around the pairs, or what most of the picture shows."""
    if scene.ground:
        world = np.array([point.world_m for point in scene.ground], np.float64)
        margin = _MARGIN_SHARE * (world.max(axis=0) - world.min(axis=0))
        return world.min(axis=0) - margin, world.max(axis=0) + margin
    columns, rows = np.meshgrid(np.linspace(0, scene.frame_width, 9), np.linspace(0, scene.frame_height, 40))
    places = ground.project(np.column_stack((columns.ravel(), rows.ravel())))
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        raise SceneError("position shows no ground: expected a camera that looks down farther")
    distances = np.hypot(places[:, 0], places[:, 1])
    # The few rows below the horizon hold most of the distance: they would make the grid useless nearby.
    near = places[distances <= np.quantile(distances, 0.75)]
    return near.min(axis=0), near.max(axis=0)


def _world_lines(low: Floats, high: Floats, step: float) -> Iterator[tuple[str, float, Floats]]:
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], high[1 - axis], _SAMPLES_A_LINE)
        for value in np.arange(np.ceil(low[axis] / step), np.floor(high[axis] / step) + 1) * step:
            fixed = np.full_like(along, value)
            world = np.column_stack((fixed, along) if axis == 0 else (along, fixed))
            yield "xy"[axis], float(value), world


def _visible_runs(world: Floats, ground: Ground, scene: Scene) -> Iterator[Floats]:
    """Yield the parts of a world line that lie inside the frame, in front of the camera."""
    homogeneous = np.column_stack((world, np.ones(len(world)))) @ np.linalg.inv(ground.matrix).T
    image = homogeneous[:, :2] / homogeneous[:, 2:]
    # What lies behind the camera projects into the picture too; there the depth is negative.
    depth = image @ ground.matrix[2, :2] + ground.matrix[2, 2]
    inside = ((image >= 0) & (image <= [scene.frame_width, scene.frame_height])).all(axis=1) & (depth > 0)
    ends = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(np.int8), [0]))))
    for first, end in zip(ends[::2], ends[1::2], strict=True):
        if end - first > 1:
            yield image[first:end]


def _number(image: Image, line: GridLine, scale: float) -> None:
    x, y = line.points[0] if line.axis == "x" else line.points[len(line.points) // 2]
    _write(image, f"{line.axis} {line.value_m:g}", (x + 2, y - 2), scale, _COLOURS["xy".index(line.axis)])


def _write(
    image: Image, text: str, corner: tuple[float, float], scale: float, colour: tuple[int, int, int]
) -> None:
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    x = int(min(max(corner[0], 0), image.shape[1] - width - 1))
    y = int(min(max(corner[1], height + 1), image.shape[0] - 2))
    cv2.putText(image, text, (x, y), _FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, text, (x, y), _FONT, scale, colour, 1, cv2.LINE_AA)
