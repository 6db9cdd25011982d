"""Generated crowds: people on a square, whose motion is not only straight.

They walk alone or in groups to places of their own choice, stop, turn back, hurry, keep clear of each other
(Helbing and Molnar, "Social force model for pedestrian dynamics", 1995) and leave and enter the picture. The
camera hangs over the square's edge; far people are small and hidden behind near ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 1920, 1080
FRAMES_PER_SECOND = 15.0
FOCAL_PX, HORIZON_PX = 1200.0, 150.0
NEAREST_METRES = 8.0
_STEPS_PER_FRAME = 2


@dataclass(frozen=True)
class Density:
    """How many people are in the picture at once, how far away the square ends, for how many frames."""

    name: str
    people: int
    farthest_metres: float
    frames: int


@dataclass(frozen=True)
class Camera:
    """A pinhole `height_metres` over the ground whose picture's rows are lines of equal distance."""

    height_metres: float

    def boxes(self, places: np.ndarray, bodies: np.ndarray, widths: np.ndarray) -> np.ndarray:
        """Return boxes (N, 4) of people at `places` (N, 2: aside, away), of body heights (N,) in metres."""
        scale = FOCAL_PX / places[:, 1]
        x, foot = WIDTH / 2 + scale * places[:, 0], HORIZON_PX + scale * self.height_metres
        half, height = 0.5 * scale * bodies * widths, scale * bodies
        return np.column_stack((x - half, foot - height, x + half, foot))


class Crowd:
    """People who walk; `step` moves them on by one frame. `places` (N, 2) are metres aside and away."""

    def __init__(self, density: Density, random: np.random.Generator) -> None:
        self._random, self._farthest = random, density.farthest_metres
        # The square is wider than the picture: some of its people are outside.
        self.count = max(4, round(density.people * 1.15))
        self._groups = self._make_groups()
        leaders = self._somewhere(self.count)
        self._goals = self._somewhere(self.count)[self._groups]
        self.places = leaders[self._groups] + random.normal(0, 0.7, (self.count, 2))
        self._offsets = random.normal(0, 0.5, (self.count, 2))
        own_speeds = np.clip(random.normal(1.3, 0.25, self.count), 0.6, 2.0)
        own_speeds[random.random(self.count) < 0.05] = 2.6
        self._speeds = own_speeds[self._groups]
        self._velocities = random.normal(0, 0.5, (self.count, 2))
        self._standing_until = np.zeros(self.count)
        self._seconds = 0.0
        self.bodies = np.clip(random.normal(1.70, 0.09, self.count), 1.1, 1.95)
        self._phases = random.uniform(0, 6.28, self.count)

    def _make_groups(self) -> np.ndarray:
        sizes = self._random.choice([1, 2, 3, 4, 6], self.count, p=[0.5, 0.25, 0.12, 0.08, 0.05])
        return np.repeat(np.arange(self.count), sizes)[: self.count]

    def _somewhere(self, count: int) -> np.ndarray:
        """Return places on the square, which widens with the distance as the picture does."""
        away = np.sqrt(self._random.uniform(NEAREST_METRES**2, self._farthest**2, count))
        half = 0.8 * away + 5.0
        return np.column_stack((self._random.uniform(-1, 1, count) * half, away))

    @property
    def widths(self) -> np.ndarray:
        """How wide the boxes are, as a share of the height: legs and arms swing while one walks."""
        pace = np.hypot(*self._velocities.T)
        swing = np.minimum(pace, 1.5) * np.sin(11.0 * self._seconds + self._phases)
        return 0.40 + 0.05 * swing

    def step(self) -> None:
        """Let a frame's time pass."""
        self._change_minds(1.0 / FRAMES_PER_SECOND)
        for _ in range(_STEPS_PER_FRAME):
            self._walk(1.0 / FRAMES_PER_SECOND / _STEPS_PER_FRAME)

    def _change_minds(self, seconds: float) -> None:
        """Whole groups stop, go on, turn to another goal, or turn on their heel."""
        self._seconds += seconds
        chance = self._random.random((3, self.count))[:, self._groups]
        standing = self._standing_until > self._seconds
        stops = ~standing & (chance[0] < seconds / 20.0)
        lasts = self._random.uniform(1.5, 7.0, self.count)[self._groups]
        self._standing_until[stops] = self._seconds + lasts[stops]
        arrived = np.hypot(*(self._goals - self.places).T) < 1.5
        anew = np.isin(self._groups, self._groups[arrived]) | (chance[1] < seconds / 15.0)
        self._goals[anew] = self._somewhere(self.count)[self._groups][anew]
        back = chance[2] < seconds / 40.0
        self._goals[back] = (self.places - 6.0 * self._velocities)[back]

    def _walk(self, seconds: float) -> None:
        towards = self._goals + self._offsets - self.places
        towards /= np.maximum(np.hypot(*towards.T), 0.01)[:, None]
        moving = (self._standing_until <= self._seconds)[:, None]
        wanted = np.where(moving, self._speeds[:, None] * towards, 0.0)
        force = (wanted - self._velocities) / 0.5 + self._avoidance()
        force += self._random.normal(0, 0.6, force.shape)
        self._velocities += force * seconds
        pace = np.maximum(np.hypot(*self._velocities.T), 1e-6)
        self._velocities *= np.minimum(1.0, 1.3 * np.maximum(self._speeds, 1.0) / pace)[:, None]
        self.places += self._velocities * seconds
        # The square ends before the camera and far away.
        self.places[:, 1] = np.clip(self.places[:, 1], NEAREST_METRES - 2.0, self._farthest + 2.0)

    def _avoidance(self) -> np.ndarray:
        """Return the push of everybody on everybody, stronger for what is ahead, weaker within a group."""
        between = self.places[:, None] - self.places[None]
        distance = np.hypot(between[..., 0], between[..., 1]) + 1e-6
        push = 2.2 * np.exp((0.6 - distance) / 0.35)
        push[self._groups[:, None] == self._groups[None]] *= 0.5
        ahead = -(between * self._velocities[:, None]).sum(axis=2) > 0
        push *= np.where(ahead, 1.0, 0.4)
        np.fill_diagonal(push, 0.0)
        pushed: np.ndarray = (np.minimum(push / distance, 8.0)[..., None] * between).sum(axis=1)
        return pushed
