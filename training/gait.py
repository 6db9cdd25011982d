"""The skeleton of a walking person.

Joint positions in the world from place, heading, gait phase and speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training.appearance import Appearance
from training.arrays import Floats, points

HIP, KNEE, ANKLE, SHOULDER, NECK, HEAD = 0.525, 0.285, 0.045, 0.815, 0.86, 0.928
UPPER_ARM, FOREARM = 0.172, 0.16


@dataclass(frozen=True)
class Stance:
    """Where and how a person is at one moment: metres, radians, metres per second."""

    x_m: float
    y_m: float
    heading_radians: float
    phase_radians: float
    speed_metres_per_second: float


@dataclass(frozen=True)
class Skeleton:
    """Joints as world points (3,); `legs` and `arms` hold left then right, each (joints, 3)."""

    forward: Floats
    left: Floats
    base: Floats
    lift_m: float
    lean_m: float
    legs: tuple[Floats, Floats]
    arms: tuple[Floats, Floats]

    def at(self, forward_m: float, left_m: float, up_m: float) -> Floats:
        """Return the world point at body coordinates (forward, left, up) in metres."""
        return self.base + self.forward * forward_m + self.left * left_m + points([0, 0, up_m + self.lift_m])


def stride_length_m(speed_metres_per_second: float, height_m: float) -> float:
    """Return the length of two steps.

    It grows with the square root of the speed (1.4 m at 1.4 m/s for 1.75 m).
    """
    return 1.42 * math.sqrt(max(speed_metres_per_second, 0.05) / 1.4) * height_m / 1.75


def phase_rate(speed_metres_per_second: float, height_m: float) -> float:
    """Return the gait's angular rate in radians per second at a speed."""
    return 2 * math.pi * speed_metres_per_second / stride_length_m(speed_metres_per_second, height_m)


def _leg(hip: Floats, forward: Floats, height_m: float, *, phase: float, swing: float) -> Floats:
    thigh = swing * math.cos(phase)
    bend = 0.06 + (0.25 + 1.5 * swing) * max(0.0, -math.sin(phase)) ** 1.3 * (1.0 if swing > 0.05 else 0.0)
    down = points([0.0, 0.0, -1.0])
    shin = thigh - bend
    knee = hip + height_m * (HIP - KNEE) * (forward * math.sin(thigh) + down * math.cos(thigh))
    ankle = knee + height_m * (KNEE - ANKLE) * (forward * math.sin(shin) + down * math.cos(shin))
    pitch = min(0.35, max(-0.9, shin * 1.1)) if swing > 0.05 else 0.0
    toe = ankle + height_m * (
        forward * 0.105 * math.cos(pitch) + points([0, 0, 0.105 * math.sin(pitch) - 0.028])
    )
    return np.stack([hip, knee, ankle, toe])


def _arm(
    shoulder: Floats,
    forward: Floats,
    inward: Floats,
    height_m: float,
    *,
    swing: float,
    bend: float,
    fold: float,
) -> Floats:
    down = points([0.0, 0.0, -1.0])
    elbow = shoulder + height_m * UPPER_ARM * (
        forward * math.sin(swing) + down * math.cos(swing) - inward * 0.12
    )
    lower = swing + bend
    direction = forward * math.sin(lower) * (1 - fold) + down * math.cos(lower) + inward * fold
    wrist = elbow + height_m * FOREARM * direction / float(np.linalg.norm(direction))
    return np.stack([shoulder, elbow, wrist])


def _arm_angles(pose: str, swing: float, phase: float, side: int) -> tuple[float, float, float]:
    moving = -0.75 * swing * math.cos(phase)
    if pose == "pockets":
        return moving * 0.25 - 0.15, 0.35, 0.2
    if pose == "phone" and side == 0:
        return 0.25, 1.75, 0.25
    if pose == "folded":
        return 0.15, 1.45, 0.75
    return moving, 0.22 + 0.45 * max(0.0, moving) + 0.25 * swing, 0.0


def skeleton_of(appearance: Appearance, stance: Stance) -> Skeleton:
    """Return the joints of a person; the lower foot always rests on the ground."""
    height_m = appearance.height_m
    speed = stance.speed_metres_per_second
    forward = points([math.cos(stance.heading_radians), math.sin(stance.heading_radians), 0.0])
    left = points([-forward[1], forward[0], 0.0])
    base = points([stance.x_m, stance.y_m, 0.0])
    half_step = stride_length_m(speed, height_m) / 4 if speed > 0.15 else 0.0
    swing = math.asin(min(0.85, half_step / (HIP * height_m)))
    legs, arms = [], []
    lean_m = height_m * (0.01 + 0.035 * max(0.0, speed - 1.2))
    for side, sign in enumerate((1.0, -1.0)):
        phase = stance.phase_radians + (0.0 if side == 0 else math.pi)
        stand = 0.0 if swing else 0.012 * sign
        hip = base + left * sign * height_m * 0.05 + forward * stand + points([0, 0, HIP * height_m])
        legs.append(_leg(hip, forward, height_m, phase=phase, swing=swing))
        shoulder_side = sign * height_m * 0.118 * appearance.shoulder
        shoulder = base + left * shoulder_side + forward * lean_m + points([0, 0, SHOULDER * height_m])
        arm_swing, bend, fold = _arm_angles(appearance.arm_pose, swing, phase, side)
        arms.append(_arm(shoulder, forward, -left * sign, height_m, swing=arm_swing, bend=bend, fold=fold))
    lowest = min(float(leg[2:, 2].min()) for leg in legs)
    lift = points([0.0, 0.0, 0.012 * height_m - lowest])
    raised_legs = (legs[0] + lift, legs[1] + lift)
    return Skeleton(
        forward, left, base, float(lift[2]), lean_m, raised_legs, (arms[0] + lift, arms[1] + lift)
    )
