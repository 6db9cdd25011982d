"""A pinhole camera above a flat ground, the geometry shared by everything that is rendered.

World axes: x to the right, y forward along the ground, z up, in metres; the camera stands above the origin
and looks along +y, tilted downwards. Image axes: x right, y down, in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training.arrays import Floats, points

NEAREST_DEPTH_M = 0.3
"""Points nearer than this, or behind the camera, are pushed to this depth so that projection stays finite."""


@dataclass(frozen=True)
class GroundCamera:
    """A camera at `height_m` over the ground, tilted down by `tilt_radians` from the horizontal."""

    width: int
    height: int
    focal_pixels: float
    height_m: float
    tilt_radians: float

    @property
    def horizon_row(self) -> float:
        """Image row, in pixels, where the ground vanishes; may lie outside the frame."""
        return self.height / 2 - self.focal_pixels * math.tan(self.tilt_radians)

    def project(self, world_m: Floats) -> tuple[Floats, Floats]:
        """Project world points (N, 3) to pixels (N, 2) and depths in metres (N,)."""
        cosine, sine = math.cos(self.tilt_radians), math.sin(self.tilt_radians)
        above = world_m[:, 2] - self.height_m
        depth = np.maximum(world_m[:, 1] * cosine - above * sine, NEAREST_DEPTH_M)
        down = -world_m[:, 1] * sine - above * cosine
        horizontal = self.width / 2 + self.focal_pixels * world_m[:, 0] / depth
        vertical = self.height / 2 + self.focal_pixels * down / depth
        return np.stack([horizontal, vertical], axis=1), depth

    def project_ground(self, ground_m: Floats) -> Floats:
        """Project ground points of shape (N, 2) to pixels of shape (N, 2)."""
        pixels, _ = self.project(np.column_stack([ground_m, np.zeros(len(ground_m))]))
        return pixels

    def ground_from_image(self, pixels: Floats) -> Floats:
        """Return the ground points (N, 2) in metres seen at pixels (N, 2).

        Rows above the horizon give NaN.
        """
        cosine, sine = math.cos(self.tilt_radians), math.sin(self.tilt_radians)
        right = (pixels[:, 0] - self.width / 2) / self.focal_pixels
        down = (pixels[:, 1] - self.height / 2) / self.focal_pixels
        fall = sine + down * cosine
        range_m = np.where(fall > 1e-6, self.height_m / np.maximum(fall, 1e-6), np.nan)
        return np.column_stack([right * range_m, (cosine - down * sine) * range_m])

    def pixels_per_metre(self, ground_m: Floats) -> float:
        """Return the image scale at one ground point (2,), in pixels per metre across the line of sight."""
        _, depth = self.project(points([[ground_m[0], ground_m[1], 0.0]]))
        return float(self.focal_pixels / depth[0])

    def plane_homography(self, origin_m: Floats, across_m: Floats, along_m: Floats) -> Floats:
        """Return the 3x3 homography from (a, b) to the pixel of origin + a * across + b * along.

        All three arguments have shape (3,). Only the part of the plane in front of the camera maps sensibly.
        """
        cosine, sine = math.cos(self.tilt_radians), math.sin(self.tilt_radians)
        rotation = points([[1.0, 0.0, 0.0], [0, -sine, -cosine], [0, cosine, -sine]])
        centre = points([0.0, 0.0, self.height_m])
        intrinsics = points(
            [
                [self.focal_pixels, 0.0, self.width / 2],
                [0.0, self.focal_pixels, self.height / 2],
                [0.0, 0.0, 1.0],
            ]
        )
        plane = np.stack([across_m, along_m, origin_m - centre], axis=1)
        return np.asarray(intrinsics @ rotation @ plane, dtype=np.float64)
