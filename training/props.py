"""Things that are not people.

Posts, bins, cones, boxes, trees, bushes, benches, cars, bicycles, dogs, signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from training.appearance import cloth_colour, vivid_colour
from training.arrays import Colour, Floats, points, scaled
from training.painter import CIRCLE, Painter

Draw = Callable[[Painter, Floats, np.random.Generator], None]


def _ring(centre: Floats, radius_m: float) -> Floats:
    flat = np.column_stack([CIRCLE * radius_m, np.zeros(len(CIRCLE))])
    return np.asarray(centre + flat, dtype=np.float64)


def _up(metres: float) -> Floats:
    return points([0.0, 0.0, metres])


def cylinder(
    painter: Painter, foot_m: Floats, radius_m: float, height_m: float, colour: Colour, *, top: float = 1.0
) -> None:
    """Draw a standing cylinder, or a cone where `top` shrinks its upper ring."""
    upper = _ring(foot_m + _up(height_m), radius_m * top)
    painter.hull(np.vstack([_ring(foot_m, radius_m), upper]), colour)
    lit = foot_m + points([painter.light * radius_m * 0.4, 0.0, 0.0])
    strip = np.vstack([_ring(lit, radius_m * 0.4), _ring(lit + _up(height_m * 0.98), radius_m * 0.4 * top)])
    painter.hull(strip, scaled(colour, 1.15))
    painter.hull(upper, scaled(colour, 1.25))


def box(painter: Painter, foot_m: Floats, size_m: Floats, yaw_radians: float, colour: Colour) -> None:
    """Draw a standing box of size (length, depth, height) in metres, faces shaded by direction."""
    along = points([math.cos(yaw_radians), math.sin(yaw_radians), 0.0])
    across = points([-along[1], along[0], 0.0])
    faces: list[tuple[float, Floats, float]] = []
    for normal, other, reach, half in ((along, across, 0, 1), (across, along, 1, 0)):
        for sign in (-1.0, 1.0):
            centre = foot_m + normal * sign * size_m[reach] / 2
            low = [centre + other * side * size_m[half] / 2 for side in (-1, 1)]
            corners = np.stack([low[0], low[1], low[1] + _up(size_m[2]), low[0] + _up(size_m[2])])
            shade = 0.85 + 0.25 * float(normal[0] * sign) * painter.light
            faces.append((-float(centre[1]), corners, shade))
    for _, corners, shade in sorted(faces, key=lambda face: face[0]):
        painter.hull(corners, scaled(colour, shade))
    if painter.camera.height_m > foot_m[2] + size_m[2]:
        flat = [
            foot_m + along * i * size_m[0] / 2 + across * j * size_m[1] / 2 + _up(size_m[2])
            for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        painter.hull(np.stack(flat), scaled(colour, 1.2))


def draw_post(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a bollard, a post or a lamp."""
    tall = float(generator.choice([0.6, 0.9, 1.1, 1.7, 2.4, 4.5, 6.0]))
    colour = cloth_colour(generator)
    cylinder(painter, foot, generator.uniform(0.04, 0.14 if tall < 2 else 0.09), tall, colour)
    if tall < 1.5 and generator.uniform() < 0.5:
        painter.ball(foot + _up(tall), generator.uniform(0.08, 0.17), scaled(colour, 1.1))
    if tall > 2 and generator.uniform() < 0.6:
        plate = foot + _up(tall * generator.uniform(0.7, 0.95))
        half = generator.uniform(0.2, 0.45)
        corners = [
            plate + points([i * half, -0.05, j * half * 0.8]) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        painter.hull(np.stack(corners), vivid_colour(generator))
    if tall > 4:
        arm = foot + _up(tall) + points([generator.choice([-1.0, 1.0]) * 0.9, 0.0, 0.15])
        painter.capsule(foot + _up(tall), arm, 0.05, 0.1, colour)


def draw_bin(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a litter bin or a barrel."""
    colour = cloth_colour(generator)
    tall = generator.uniform(0.7, 1.3)
    cylinder(painter, foot, generator.uniform(0.2, 0.36), tall, colour, top=generator.uniform(0.85, 1.15))
    if generator.uniform() < 0.5:
        painter.ball(foot + _up(tall), 0.25, scaled(colour, 0.6), tall=0.4)


def draw_cone(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a traffic cone."""
    orange = (30.0, generator.uniform(80, 150), 240.0)
    cylinder(painter, foot, 0.22, 0.75, orange, top=0.15)
    cylinder(painter, foot + _up(0.3), 0.14, 0.15, (230.0, 230.0, 230.0), top=0.8)


def draw_cabinet(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a street cabinet, a kiosk or an advertising column about as tall as a person."""
    size = points([generator.uniform(0.35, 1.6), generator.uniform(0.25, 0.8), generator.uniform(0.8, 2.3)])
    colour = cloth_colour(generator)
    box(painter, foot, size, generator.uniform(0, math.pi), colour)
    if generator.uniform() < 0.4:
        painter.ball(foot + _up(size[2] * 0.75) - points([0, size[1] / 2, 0]), 0.16, vivid_colour(generator))


def draw_tree(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a tree, sometimes bare."""
    trunk = generator.uniform(1.2, 2.8)
    bark = scaled((52.0, 66.0, 84.0), generator.uniform(0.5, 1.4))
    lean = points([generator.normal(0, 0.15), 0.0, trunk])
    painter.capsule(foot, foot + lean, generator.uniform(0.08, 0.22), 0.07, bark)
    crown = generator.uniform(0.9, 2.2)
    for _ in range(int(generator.integers(3, 8))):
        twig = generator.normal(0, 0.6, 3) * crown
        painter.capsule(
            foot + lean, foot + lean + points([twig[0], twig[1], abs(twig[2]) + 0.6]), 0.05, 0.02, bark
        )
    if generator.uniform() < 0.25:
        return
    leaf = (generator.uniform(25, 70), generator.uniform(70, 130), generator.uniform(50, 120))
    count = int(generator.integers(120, 260))
    for index in range(count):
        offset = generator.normal(0, 0.40, 3) * crown
        shade = 0.55 + 0.6 * index / count
        painter.ball(
            foot + lean + points([offset[0], offset[1], offset[2] * 0.8 + crown * 0.7]),
            crown * generator.uniform(0.04, 0.16),
            scaled(leaf, shade + generator.normal(0, 0.1)),
        )


def draw_bush(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a bush, or a planter with one."""
    tall = generator.uniform(0.4, 1.5)
    leaf = (generator.uniform(25, 70), generator.uniform(70, 130), generator.uniform(50, 120))
    if generator.uniform() < 0.3:
        cylinder(painter, foot, 0.4, 0.45, cloth_colour(generator), top=1.1)
    count = int(generator.integers(90, 200))
    for index in range(count):
        offset = generator.normal(0, 0.36, 3) * tall
        centre = foot + points([offset[0], offset[1], abs(offset[2]) + 0.1])
        painter.ball(centre, tall * generator.uniform(0.05, 0.14), scaled(leaf, 0.5 + 0.6 * index / count))


def draw_bench(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a bench with a back rest."""
    yaw = generator.uniform(0, math.pi)
    colour = scaled((60.0, 84.0, 120.0), generator.uniform(0.4, 1.4))
    long = generator.uniform(1.2, 2.2)
    side = points([math.cos(yaw), math.sin(yaw), 0.0])
    back = points([-side[1], side[0], 0.0]) * 0.25
    for end in (-0.42, 0.42):
        box(painter, foot + side * long * end, points([0.08, 0.4, 0.42]), yaw, scaled(colour, 0.6))
    box(painter, foot + _up(0.42), points([long, 0.42, 0.06]), yaw, colour)
    box(painter, foot + back + _up(0.48), points([long, 0.06, 0.4]), yaw, scaled(colour, 0.9))


def draw_car(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a car or a van of two boxes with windows and wheels."""
    yaw = float(generator.choice([0.0, math.pi / 2])) + generator.normal(0, 0.15)
    colour = cloth_colour(generator) if generator.uniform() < 0.6 else (200.0, 200.0, 200.0)
    van = generator.uniform() < 0.3
    along = points([math.cos(yaw), math.sin(yaw), 0.0])
    across = points([-along[1], along[0], 0.0])
    box(painter, foot + _up(0.3), points([4.2, 1.75, 1.5 if van else 0.62]), yaw, colour)
    cabin = foot - along * (0.0 if van else 0.3) + _up(0.92)
    if not van:
        box(
            painter,
            cabin,
            points([2.3, 1.6, 0.52]),
            yaw,
            scaled((70.0, 60.0, 52.0), generator.uniform(0.5, 1.5)),
        )
        box(painter, cabin + _up(0.5), points([1.9, 1.5, 0.06]), yaw, colour)
    near = -1.0 if across[1] > 0 else 1.0
    for end in (-1.35, 1.35):
        hub = foot + along * end + across * near * 0.9 + _up(0.32)
        wheel = hub + CIRCLE[:, :1] * along * 0.32 + CIRCLE[:, 1:] * _up(0.32)
        painter.hull(wheel, (26.0, 26.0, 26.0))
        painter.hull(hub + (wheel - hub) * 0.5, (150.0, 150.0, 150.0))


def draw_bicycle(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a parked bicycle."""
    yaw = generator.uniform(0, math.pi)
    along = points([math.cos(yaw), math.sin(yaw), 0.0])
    colour = vivid_colour(generator)
    hubs = [foot + along * end + _up(0.34) for end in (-0.52, 0.52)]
    for hub in hubs:
        rim = hub + CIRCLE[:, :1] * along * 0.33 + CIRCLE[:, 1:] * _up(0.33)
        for index in range(len(rim)):
            painter.capsule(rim[index - 1], rim[index], 0.02, 0.02, (34.0, 34.0, 34.0))
    saddle, bars, crank = foot - along * 0.2 + _up(0.92), foot + along * 0.42 + _up(1.0), foot + _up(0.32)
    for start, end in ((hubs[0], saddle), (saddle, crank), (crank, bars), (bars, hubs[1]), (saddle, bars)):
        painter.capsule(start, end, 0.022, 0.022, colour)
    painter.capsule(saddle - along * 0.1, saddle + along * 0.12, 0.05, 0.03, (30.0, 30.0, 30.0))


def draw_dog(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a standing dog."""
    yaw = generator.uniform(0, 2 * math.pi)
    along = points([math.cos(yaw), math.sin(yaw), 0.0])
    across = points([-along[1], along[0], 0.0])
    size = generator.uniform(0.6, 1.2)
    colour = scaled((60.0, 84.0, 120.0), generator.uniform(0.25, 1.8))
    for end in (-0.28, 0.28):
        for side in (-0.07, 0.07):
            hip = foot + (along * end + across * side + _up(0.35)) * size
            paw = foot + (along * (end + generator.normal(0, 0.07)) + across * side) * size
            painter.capsule(hip, paw, 0.05 * size, 0.03 * size, scaled(colour, 0.85))
    painter.capsule(
        foot + (along * -0.3 + _up(0.42)) * size, foot + (along * 0.3 + _up(0.45)) * size, 0.12, 0.13, colour
    )
    painter.capsule(
        foot + (along * 0.38 + _up(0.62)) * size, foot + (along * 0.52 + _up(0.58)) * size, 0.09, 0.05, colour
    )
    painter.capsule(
        foot + (along * -0.34 + _up(0.48)) * size,
        foot + (along * -0.55 + _up(0.62)) * size,
        0.03,
        0.015,
        colour,
    )


def draw_tripod(painter: Painter, foot: Floats, generator: np.random.Generator) -> None:
    """Draw a tripod or an easel."""
    colour = scaled((40.0, 40.0, 40.0), generator.uniform(0.5, 3.0))
    top = foot + _up(generator.uniform(1.2, 1.7))
    for angle in (0.3, 2.4, 4.5):
        leg = foot + points([math.cos(angle) * 0.4, math.sin(angle) * 0.4, 0.0])
        painter.capsule(top, leg, 0.03, 0.02, colour)
    painter.ball(top + _up(0.08), 0.1, colour)


# Kind: how often, and the half width and height in metres of the space it may need.
PROPS: dict[str, tuple[Draw, float, float, float]] = {
    "post": (draw_post, 4.0, 1.2, 6.6),
    "bin": (draw_bin, 2.0, 0.6, 1.8),
    "cone": (draw_cone, 1.0, 0.4, 1.0),
    "cabinet": (draw_cabinet, 2.0, 1.3, 2.6),
    "tree": (draw_tree, 2.5, 4.5, 8.5),
    "bush": (draw_bush, 2.0, 2.4, 3.0),
    "bench": (draw_bench, 1.5, 1.5, 1.3),
    "car": (draw_car, 1.6, 3.0, 2.4),
    "bicycle": (draw_bicycle, 1.6, 1.2, 1.4),
    "dog": (draw_dog, 1.3, 1.0, 1.3),
    "tripod": (draw_tripod, 0.8, 0.7, 2.2),
}
