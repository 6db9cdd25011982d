"""Procedural surfaces seen from straight above or in front: ground coverings and house fronts."""

from __future__ import annotations

import cv2
import numpy as np

from training.arrays import Colour, Floats32, Image, as_image, points, scaled

GROUND_TONES: tuple[Colour, ...] = (
    (120, 122, 124),
    (150, 152, 152),
    (92, 94, 96),
    (170, 176, 182),
    (110, 128, 144),
    (128, 140, 160),
    (70, 72, 74),
    (140, 150, 150),
    (160, 160, 150),
)
GRASS_TONES: tuple[Colour, ...] = ((46, 88, 72), (52, 104, 84), (60, 98, 96), (40, 74, 62), (70, 120, 118))
WALL_TONES: tuple[Colour, ...] = (
    (90, 108, 138),
    (70, 86, 130),
    (170, 178, 186),
    (200, 206, 210),
    (120, 124, 130),
    (80, 84, 90),
    (110, 140, 170),
    (150, 140, 128),
    (60, 70, 96),
    (190, 196, 178),
)


def fractal_noise(
    generator: np.random.Generator, rows: int, columns: int, *, coarsest_pixels: float, octaves: int = 4
) -> Floats32:
    """Return smooth noise of shape (rows, columns), mean near 0 and spread near 1."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        cell = max(1.0, coarsest_pixels / 2**octave)
        grid = generator.normal(0, 1, (max(2, int(rows / cell) + 2), max(2, int(columns / cell) + 2)))
        layer = cv2.resize(grid.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR)
        total += layer * np.float32(0.62**octave)
    return np.asarray(total / 1.25, dtype=np.float32)


def tinted_noise(
    generator: np.random.Generator,
    rows: int,
    columns: int,
    colour: Colour,
    *,
    contrast: float,
    coarsest: float,
) -> Image:
    """Return a picture (rows, columns, 3) of a colour broken up by noise.

    `contrast` is the relative spread.
    """
    noise = fractal_noise(generator, rows, columns, coarsest_pixels=coarsest, octaves=5)
    grain = generator.normal(0, 0.6, (rows, columns)).astype(np.float32)
    gain = 1.0 + contrast * (noise + grain)
    return as_image(gain[:, :, None] * np.asarray(colour, np.float32))


def draw_tiles(picture: Image, generator: np.random.Generator, pixels_per_metre: float) -> None:
    """Draw the joints of paving slabs, and shade single slabs, on a top view."""
    across = generator.uniform(0.3, 1.6) * pixels_per_metre
    along = across * generator.choice([0.5, 1.0, 1.0, 2.0])
    joint = scaled(tuple(float(v) for v in picture.mean(axis=(0, 1))), generator.uniform(0.6, 1.2))  # type: ignore[arg-type]
    rows, columns = picture.shape[:2]
    for _ in range(int(generator.integers(0, 200))):
        column = int(generator.integers(0, max(1, int(columns / across)))) * across
        row = int(generator.integers(0, max(1, int(rows / along)))) * along
        area = picture[int(row) : int(row + along), int(column) : int(column + across)]
        area[:] = as_image(area * generator.uniform(0.82, 1.15))
    for column in np.arange(0, columns, across):
        cv2.line(picture, (int(column), 0), (int(column), rows), joint, 1)
    for row in np.arange(0, rows, along):
        cv2.line(picture, (0, int(row)), (columns, int(row)), joint, 1)


def draw_stains(picture: Image, generator: np.random.Generator) -> None:
    """Draw patches, drain covers, cracks and litter on a top view."""
    rows, columns = picture.shape[:2]
    for _ in range(int(generator.integers(2, 14))):
        centre = (int(generator.integers(columns)), int(generator.integers(rows)))
        axes = (int(generator.integers(4, 60)), int(generator.integers(4, 60)))
        layer = picture.copy()
        tone = scaled(tuple(float(v) for v in picture[centre[1], centre[0]]), generator.uniform(0.55, 1.35))  # type: ignore[arg-type]
        cv2.ellipse(layer, centre, axes, float(generator.uniform(0, 180)), 0, 360, tone, -1)
        cv2.addWeighted(layer, 0.6, picture, 0.4, 0, dst=picture)
    for _ in range(int(generator.integers(0, 9))):
        walk = np.cumsum(generator.normal(0, 14, (14, 2)), axis=0) + generator.uniform(0, 1, 2) * [
            columns,
            rows,
        ]
        cv2.polylines(picture, [walk.astype(np.int32)], False, (60.0, 60.0, 60.0), 1, cv2.LINE_AA)
    for _ in range(int(generator.integers(0, 12))):
        spot = (int(generator.integers(columns)), int(generator.integers(rows)))
        colour = tuple(float(v) for v in generator.integers(20, 250, 3))
        cv2.circle(picture, spot, int(generator.integers(1, 5)), colour, -1)


def draw_markings(picture: Image, generator: np.random.Generator, pixels_per_metre: float) -> None:
    """Draw a zebra crossing, lane lines or a coloured lane on a top view."""
    rows, columns = picture.shape[:2]
    paint = (225.0, 228.0, 228.0) if generator.uniform() < 0.75 else (60.0, 190.0, 225.0)
    row = int(generator.uniform(0.1, 0.8) * rows)
    band = int(generator.uniform(2.0, 4.5) * pixels_per_metre)
    if generator.uniform() < 0.5:
        step = int(pixels_per_metre)
        for column in range(0, columns, step):
            cv2.rectangle(picture, (column, row), (column + step // 2, row + band), paint, -1)
        return
    for line in (row, row + band):
        dashed = generator.uniform() < 0.5
        for column in range(0, columns, int(4 * pixels_per_metre)):
            reach = int((2 if dashed else 4) * pixels_per_metre)
            cv2.line(
                picture, (column, line), (column + reach, line), paint, max(1, int(0.12 * pixels_per_metre))
            )


def ground_texture(
    generator: np.random.Generator, width_m: float, depth_m: float, pixels_per_metre: float, *, grass: bool
) -> Image:
    """Return a top view of the ground, row 0 farthest.

    A covering, perhaps a second one beside it, marks and stains.
    """
    rows, columns = int(depth_m * pixels_per_metre), int(width_m * pixels_per_metre)
    tone = scaled(GROUND_TONES[int(generator.integers(len(GROUND_TONES)))], generator.uniform(0.75, 1.2))
    contrast = generator.uniform(0.02, 0.09)
    picture = tinted_noise(
        generator, rows, columns, tone, contrast=contrast, coarsest=generator.uniform(40, 300)
    )
    if generator.uniform() < 0.55:
        draw_tiles(picture, generator, pixels_per_metre)
    if generator.uniform() < 0.35:
        draw_markings(picture, generator, pixels_per_metre)
    if grass:
        _lay_grass(picture, generator)
    draw_stains(picture, generator)
    return picture


def _lay_grass(picture: Image, generator: np.random.Generator) -> None:
    rows, columns = picture.shape[:2]
    tone = scaled(GRASS_TONES[int(generator.integers(len(GRASS_TONES)))], generator.uniform(0.7, 1.3))
    green = tinted_noise(generator, rows, columns, tone, contrast=generator.uniform(0.06, 0.16), coarsest=120)
    mask = np.zeros((rows, columns), np.uint8)
    for _ in range(int(generator.integers(1, 4))):
        centre = generator.uniform(0, 1, 2) * [columns, rows]
        blob = centre + generator.normal(0, 0.3, (7, 2)) * [columns, rows]
        cv2.fillConvexPoly(mask, cv2.convexHull(blob.astype(np.int32).reshape(-1, 1, 2)), (255.0,))
    edge = scaled(tuple(float(v) for v in picture.mean(axis=(0, 1))), 1.25)  # type: ignore[arg-type]
    picture[mask > 0] = green[mask > 0]
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, outlines, -1, edge, int(generator.integers(1, 5)), cv2.LINE_AA)


def _draw_windows(picture: Image, generator: np.random.Generator, pixels_per_metre: float) -> None:
    rows, columns = picture.shape[:2]
    storey = generator.uniform(2.8, 3.6) * pixels_per_metre
    pitch = generator.uniform(1.6, 4.5) * pixels_per_metre
    wide, tall = pitch * generator.uniform(0.35, 0.8), storey * generator.uniform(0.35, 0.7)
    glass = scaled((120.0, 105.0, 90.0), generator.uniform(0.3, 1.6))
    frame = scaled((200.0, 200.0, 200.0), generator.uniform(0.2, 1.2))
    for base in np.arange(rows, 0, -storey):
        for column in np.arange(pitch * 0.2, columns, pitch):
            top_left = (int(column), int(base - storey * 0.25 - tall))
            bottom_right = (int(column + wide), int(base - storey * 0.25))
            cv2.rectangle(picture, top_left, bottom_right, scaled(glass, generator.uniform(0.7, 1.3)), -1)
            cv2.rectangle(picture, top_left, bottom_right, frame, 2)


def _draw_doors(picture: Image, generator: np.random.Generator, pixels_per_metre: float) -> None:
    rows, columns = picture.shape[:2]
    for _ in range(int(generator.integers(0, 4))):
        column = int(generator.integers(columns))
        tone = tuple(float(v) for v in generator.integers(20, 200, 3))
        size = (int(generator.uniform(0.9, 3.0) * pixels_per_metre), int(2.2 * pixels_per_metre))
        cv2.rectangle(picture, (column, rows - size[1]), (column + size[0], rows), tone, -1)
        cv2.rectangle(picture, (column, rows - size[1]), (column + size[0], rows), (40.0, 40.0, 40.0), 2)


def facade_texture(
    generator: np.random.Generator, width_m: float, height_m: float, pixels_per_metre: float
) -> Image:
    """Return the front of a house: wall covering, windows, doors, a shop band."""
    rows, columns = max(8, int(height_m * pixels_per_metre)), max(8, int(width_m * pixels_per_metre))
    tone = scaled(WALL_TONES[int(generator.integers(len(WALL_TONES)))], generator.uniform(0.7, 1.15))
    picture = tinted_noise(
        generator, rows, columns, tone, contrast=generator.uniform(0.02, 0.07), coarsest=90
    )
    course = generator.uniform(0.12, 0.5) * pixels_per_metre
    if generator.uniform() < 0.5:
        for row in np.arange(0, rows, max(2.0, course)):
            cv2.line(picture, (0, int(row)), (columns, int(row)), scaled(tone, 1.15), 1)
    if generator.uniform() < 0.8:
        _draw_windows(picture, generator, pixels_per_metre)
    _draw_doors(picture, generator, pixels_per_metre)
    if generator.uniform() < 0.3:
        band = tuple(float(v) for v in generator.integers(20, 240, 3))
        top = rows - int(generator.uniform(2.4, 3.4) * pixels_per_metre)
        cv2.rectangle(picture, (0, top), (columns, top + int(0.6 * pixels_per_metre)), band, -1)
    return picture


def confusing_texture(generator: np.random.Generator, rows: int, columns: int) -> Image:
    """Return an abstract picture of gradients, noise and random shapes, to teach what is not a person."""
    colour: Colour = tuple(float(v) for v in generator.integers(30, 220, 3))  # type: ignore[assignment]
    picture = tinted_noise(
        generator,
        rows,
        columns,
        colour,
        contrast=generator.uniform(0.03, 0.2),
        coarsest=generator.uniform(20, 200),
    )
    for _ in range(int(generator.integers(4, 40))):
        tone = tuple(float(v) for v in generator.integers(10, 245, 3))
        corner = generator.uniform(0, 1, 2) * [columns, rows]
        kind = generator.uniform()
        if kind < 0.35:
            size = generator.lognormal(2.8, 0.8, 2)
            cv2.rectangle(
                picture, corner.astype(int).tolist(), (corner + size).astype(int).tolist(), tone, -1
            )
        elif kind < 0.6:
            shape = corner + generator.normal(0, 25, (int(generator.integers(3, 8)), 2))
            cv2.fillPoly(picture, [shape.astype(np.int32)], tone, cv2.LINE_AA)
        elif kind < 0.8:
            axes = np.maximum(generator.lognormal(2.4, 0.7, 2), 1).astype(int)
            cv2.ellipse(picture, corner.astype(int).tolist(), axes.tolist(), 0, 0, 360, tone, -1, cv2.LINE_AA)
        else:
            end = corner + generator.normal(0, 90, 2)
            width = int(generator.integers(1, 7))
            cv2.line(picture, corner.astype(int).tolist(), end.astype(int).tolist(), tone, width, cv2.LINE_AA)
    return picture


def warp(
    texture: Image, corners_pixels: list[tuple[float, float]], width: int, height: int
) -> tuple[Image, Image]:
    """Stretch a texture onto four image corners (top-left, clockwise); return the picture and its mask."""
    rows, columns = texture.shape[:2]
    source = np.asarray([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, points(corners_pixels).astype(np.float32))
    picture = cv2.warpPerspective(texture, matrix, (width, height), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((rows, columns), 255, np.uint8), matrix, (width, height))
    return np.asarray(picture, dtype=np.uint8), np.asarray(mask, dtype=np.uint8)
