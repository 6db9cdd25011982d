"""Draws one articulated person from a skeleton and an appearance: limbs, trunk, head, clothes and bags."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.appearance import Appearance
from training.arrays import Floats, points, scaled
from training.gait import HEAD, NECK, Skeleton, Stance, skeleton_of
from training.painter import CIRCLE, Painter

# Trunk slices from the neck to the crotch: height, half width, half depth, as shares of the body height.
TRUNK = points(
    [
        [0.852, 0.045, 0.040],
        [0.825, 0.112, 0.055],
        [0.760, 0.112, 0.070],
        [0.680, 0.100, 0.068],
        [0.600, 0.092, 0.064],
        [0.530, 0.098, 0.070],
        [0.490, 0.094, 0.068],
    ]
)
Part = tuple[float, Callable[[], None]]


def _slice(skeleton: Skeleton, height_m: float, up: float, half_width: float, half_depth: float) -> Floats:
    lean = skeleton.lean_m * max(0.0, (up - 0.5) / 0.35)
    centre = skeleton.at(lean, 0.0, up * height_m)
    across = skeleton.left * half_width * height_m
    along = skeleton.forward * half_depth * height_m
    return centre + CIRCLE[:, :1] * across + CIRCLE[:, 1:] * along


def _trunk_profile(appearance: Appearance) -> Floats:
    profile = TRUNK.copy()
    profile[:, 1:] *= appearance.girth
    profile[1:3, 1] *= appearance.shoulder / max(1.0, appearance.girth**0.5)
    if appearance.coat_to < 0.48:
        hem = profile[-1].copy()
        hem[0] = appearance.coat_to
        hem[1:] *= appearance.coat_flare
        profile = np.vstack([profile, hem])
    return profile


def _draw_trunk(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> None:
    profile = _trunk_profile(appearance)
    skirt = appearance.coat_to < 0.48 and appearance.leg_cover < 1.0
    steps = np.linspace(0, len(profile) - 1, 2 * len(profile) - 1)
    rows = np.stack(
        [np.interp(steps, np.arange(len(profile)), profile[:, column]) for column in range(3)], axis=1
    )
    for index in range(len(rows) - 2, -1, -1):
        striped = appearance.stripes and index % max(2, 10 // appearance.stripes) == 0
        colour = appearance.upper_second if striped else appearance.upper
        if skirt and rows[index, 0] <= 0.57:
            colour = appearance.lower
        rings = [_slice(skeleton, appearance.height_m, *rows[row]) for row in (index, index + 1)]
        painter.hull(np.vstack(rings), colour)
    if painter.flatten is None:
        _light_trunk(painter, skeleton, appearance)


def _light_trunk(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> None:
    """Lay a paler band on the lit side and, in front of an open coat, a strip of the shirt below."""
    height_m = appearance.height_m
    upper = skeleton.at(skeleton.lean_m, 0.0, 0.80 * height_m)
    lower = skeleton.at(0.0, 0.0, 0.56 * height_m)
    shift = points([painter.light * 0.045 * height_m, 0.0, 0.0])
    radius = 0.04 * height_m * appearance.girth
    painter.capsule(upper + shift, lower + shift, radius, radius, scaled(appearance.upper, 1.13))
    towards_camera = -float(skeleton.forward[1])
    if appearance.coat_to < 0.40 and appearance.leg_cover == 1.0 and towards_camera > 0.3:
        front = skeleton.forward * 0.07 * height_m
        painter.capsule(
            upper + front, lower + front, 0.02 * height_m, 0.012 * height_m, appearance.upper_second
        )


def _draw_leg(painter: Painter, appearance: Appearance, joints: Floats, shade: float) -> None:
    hip, knee, ankle, toe = joints
    unit = appearance.height_m * appearance.girth**0.6
    cloth = scaled(appearance.lower, shade)
    skin = scaled(appearance.skin, shade * 0.95)
    covered = appearance.leg_cover
    heel = ankle + points([0, 0, -0.018 * appearance.height_m])
    painter.capsule(heel, toe, 0.024 * unit, 0.017 * unit, scaled(appearance.shoes, shade))
    painter.capsule(knee, ankle, 0.034 * unit, 0.023 * unit, cloth if covered >= 1.0 else skin)
    if covered >= 1.0:
        painter.capsule(hip, knee, 0.054 * unit, 0.037 * unit, cloth)
        return
    painter.capsule(hip, knee, 0.052 * unit, 0.034 * unit, skin)
    painter.capsule(hip, hip + (knee - hip) * max(0.3, covered * 2), 0.056 * unit, 0.046 * unit, cloth)


def _draw_arm(painter: Painter, appearance: Appearance, joints: Floats, shade: float) -> None:
    shoulder, elbow, wrist = joints
    unit = appearance.height_m * appearance.girth**0.5
    cloth, skin = scaled(appearance.upper, shade), scaled(appearance.skin, shade)
    hand = (
        wrist + (wrist - elbow) / max(1e-6, float(np.linalg.norm(wrist - elbow))) * 0.03 * appearance.height_m
    )
    painter.capsule(wrist, hand, 0.019 * unit, 0.017 * unit, skin)
    painter.capsule(elbow, wrist, 0.025 * unit, 0.020 * unit, cloth if appearance.sleeve >= 1.0 else skin)
    painter.capsule(shoulder, elbow, 0.036 * unit, 0.028 * unit, cloth if appearance.sleeve >= 0.5 else skin)
    if appearance.sleeve < 0.5:
        cuff = shoulder + (elbow - shoulder) * (0.35 + appearance.sleeve)
        painter.capsule(shoulder, cuff, 0.037 * unit, 0.034 * unit, cloth)


def _draw_hat(painter: Painter, skeleton: Skeleton, appearance: Appearance, centre: Floats) -> None:
    radius = 0.062 * appearance.height_m
    crown = centre + points([0, 0, radius * 0.42])
    if appearance.hat == "brim":
        ring = (
            crown
            + CIRCLE[:, :1] * skeleton.left * radius * 1.9
            + CIRCLE[:, 1:] * skeleton.forward * radius * 1.9
        )
        painter.hull(ring, scaled(appearance.hat_colour, 0.85))
        painter.ball(crown + points([0, 0, radius * 0.35]), radius * 0.95, appearance.hat_colour, tall=0.8)
        return
    painter.ball(crown, radius * 1.02, appearance.hat_colour, tall=0.82)
    if appearance.hat == "cap":
        visor = crown + skeleton.forward * radius * 1.15 - points([0, 0, radius * 0.15])
        painter.ball(visor, radius * 0.62, scaled(appearance.hat_colour, 0.8), tall=0.45)


def _draw_head(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> None:
    height_m = appearance.height_m
    radius = 0.060 * height_m * (1.0 + 0.35 * max(0.0, 1.5 - height_m))
    neck = skeleton.at(skeleton.lean_m, 0.0, (NECK - 0.02) * height_m)
    centre = skeleton.at(skeleton.lean_m * 1.3 + 0.012 * height_m, 0.0, HEAD * height_m)
    backward, rise = skeleton.forward * -radius, points([0, 0, radius])
    painter.capsule(neck, centre, 0.033 * height_m, 0.03 * height_m, scaled(appearance.skin, 0.88))
    hood = appearance.hat == "hood"
    hair = appearance.upper if hood else appearance.hair
    face_seen = -float(skeleton.forward[1]) > -0.55
    if appearance.hair_style == "long" and not hood:
        painter.capsule(
            centre + backward * 0.45, centre + backward * 0.6 - rise * 1.7, radius, radius * 0.8, hair
        )
    if appearance.hair_style == "bald" and not hood:
        hair = appearance.skin
    painter.ball(centre + backward * 0.12 + rise * 0.12, radius * (1.16 if hood else 1.04), hair, tall=1.16)
    if face_seen:
        face = centre - backward * 0.42 - rise * 0.18
        painter.ball(face, radius * 0.80, appearance.skin, tall=1.12)
        if painter.flatten is None:
            painter.ball(
                face - backward * 0.2 + rise * 0.22, radius * 0.5, scaled(appearance.skin, 0.80), tall=0.35
            )
    if appearance.hair_style == "bun" and not hood:
        painter.ball(centre + backward * 0.9 + rise * 0.5, radius * 0.42, hair)
    if appearance.hat in {"cap", "beanie", "brim"}:
        _draw_hat(painter, skeleton, appearance, centre)


def _draw_backpack(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> None:
    height_m = appearance.height_m
    rings = []
    for up, depth in ((0.815, 0.03), (0.72, 0.055), (0.60, 0.05)):
        centre = skeleton.at(-0.085 * height_m, 0.0, up * height_m)
        rings.append(
            centre
            + CIRCLE[:, :1] * skeleton.left * 0.085 * height_m
            + CIRCLE[:, 1:] * skeleton.forward * depth * height_m
        )
    painter.hull(np.vstack(rings), appearance.bag_colour)
    pocket = skeleton.at(-0.12 * height_m, 0.0, 0.65 * height_m)
    painter.ball(pocket, 0.05 * height_m, scaled(appearance.bag_colour, 0.8), tall=0.6)


def _draw_bag(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> None:
    height_m = appearance.height_m
    if appearance.bag == "shoulder":
        top = skeleton.at(0.02 * height_m, 0.05 * height_m, 0.82 * height_m)
        bottom = skeleton.at(0.0, -0.125 * height_m, 0.53 * height_m)
        painter.capsule(top, bottom, 0.008 * height_m, 0.008 * height_m, scaled(appearance.bag_colour, 0.7))
        low = bottom - points([0, 0, 0.05 * height_m])
    else:
        low = skeleton.arms[1][2] - points([0, 0, 0.13 * height_m])
        handle = skeleton.arms[1][2]
        painter.capsule(handle, low, 0.008 * height_m, 0.012 * height_m, scaled(appearance.bag_colour, 0.7))
    for offset in (-0.05, 0.05):
        start = low + skeleton.forward * offset * height_m
        painter.capsule(
            start,
            start + points([0, 0, 0.06 * height_m]),
            0.03 * height_m,
            0.022 * height_m,
            appearance.bag_colour,
        )


def _parts(painter: Painter, skeleton: Skeleton, appearance: Appearance) -> list[Part]:
    """Return drawing steps with a distance from the camera, so that nearer parts can be drawn later."""
    parts: list[Part] = [(float(skeleton.base[1]), lambda: _draw_trunk(painter, skeleton, appearance))]
    for side in (0, 1):
        leg, arm = skeleton.legs[side], skeleton.arms[side]
        shade = (1.04, 0.9)[side]
        leg_depth = float(leg[1:3, 1].mean()) + 0.25
        parts.append((leg_depth, lambda leg=leg, shade=shade: _draw_leg(painter, appearance, leg, shade)))  # type: ignore[misc]
        arm_depth = float(arm[:, 1].mean()) - 0.02
        parts.append((arm_depth, lambda arm=arm, shade=shade: _draw_arm(painter, appearance, arm, shade)))  # type: ignore[misc]
    if appearance.bag == "backpack":
        depth = float(skeleton.base[1] - skeleton.forward[1] * 0.2)
        parts.append((depth, lambda: _draw_backpack(painter, skeleton, appearance)))
    elif appearance.bag != "none":
        depth = float(skeleton.at(0.0, -0.2, 0.0)[1]) - 0.03
        parts.append((depth, lambda: _draw_bag(painter, skeleton, appearance)))
    parts.append((float(skeleton.base[1]) - 0.01, lambda: _draw_head(painter, skeleton, appearance)))
    return sorted(parts, key=lambda part: -part[0])


def draw_figure(painter: Painter, appearance: Appearance, stance: Stance) -> None:
    """Draw a person on a painter's canvas, farther parts first."""
    for _, draw in _parts(painter, skeleton_of(appearance, stance), appearance):
        draw()
