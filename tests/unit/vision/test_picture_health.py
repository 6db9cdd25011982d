"""Faults of the picture on generated streets; bench_camera_health.py measures delays, over hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from contract.records import check_record
from edge_components.vision import picture_health
from edge_components.vision.camera_health import CameraHealth
from edge_components.vision.sources import Frame, SourceInfo

WIDTH, HEIGHT, RATE = 320, 180, 2.0
Way = Callable[["Street", float], np.ndarray]


class Street:
    """A view larger than the frame, with people who walk through it."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        view = np.full((HEIGHT + 120, WIDTH + 200), 130.0)
        for _ in range(80):
            x, y = self.random.integers(0, (WIDTH + 200, HEIGHT + 120))
            w, h = self.random.integers(6, (80, 60))
            view[y : y + h, x : x + w] = self.random.uniform(30, 225)
        self._view = view
        self.ramp = np.linspace(-1, 1, WIDTH)[None, :]

    def still(self, seconds: float, shift: int = 0) -> np.ndarray:
        picture = self._view[60 : 60 + HEIGHT, 100 + shift : 100 + shift + WIDTH].copy()
        for k in range(6):
            left = int((40 * k + (15 + 4 * k) * seconds) % WIDTH)
            picture[20 + 20 * k : 65 + 20 * k, left : left + 14] = 40 + 30 * k
        return picture

    def frame(self, picture: np.ndarray, light: Any = 1.0, noise: float = 2.0) -> np.ndarray:
        noisy = picture * light + self.random.normal(0, noise, (HEIGHT, WIDTH))
        return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def healthy(street: Street, seconds: float) -> np.ndarray:
    return street.frame(street.still(seconds))


def moved(pixels: int) -> Way:
    return lambda street, seconds: street.frame(street.still(seconds, pixels))


def blurred(street: Street, seconds: float) -> np.ndarray:
    return street.frame(cv2.GaussianBlur(street.still(seconds), (0, 0), 4.0))


def covered(street: Street, seconds: float) -> np.ndarray:
    return street.frame(90 + 25 * street.ramp * np.ones((HEIGHT, 1)))


def lit_from_the_side(street: Street, seconds: float) -> np.ndarray:
    return street.frame(street.still(seconds), 0.22 + 0.2 * np.clip(street.ramp, 0, 1), 4.0)


def rain(street: Street, seconds: float) -> np.ndarray:
    picture = 0.65 * street.still(seconds) + 45
    for x, y in street.random.integers(0, (WIDTH, HEIGHT - 15), (120, 2)):
        picture[y : y + 12, x] += 45
    return street.frame(picture, noise=5.0)


def lorry(street: Street, seconds: float) -> np.ndarray:
    picture, left = street.still(seconds), int(-210 + (seconds % 60) / 6 * 530)
    picture[20:165, max(0, left) : max(0, left + 210)] = 205
    return street.frame(picture)


def dusk(street: Street, seconds: float) -> np.ndarray:
    light = 0.2 + 0.8 * max(0.0, 1 - seconds / 500)
    return street.frame(street.still(seconds), light, 2 + 5 * (1 - light))


def shaken(street: Street, seconds: float) -> np.ndarray:
    return street.frame(street.still(seconds, int(street.random.integers(-3, 4))))


def states(replays: Any, ways: list[tuple[float, Way]], seed: int = 1) -> Iterator[tuple[str, float]]:
    """Yield the states that follow when each way lasts its seconds."""
    scene = replays.make_scene(lines=[{"name": "gate", "points": [[9, 9], [99, 9]]}])
    health, street, index = (
        CameraHealth(scene, SourceInfo(WIDTH, HEIGHT, RATE, None, live=True)),
        Street(seed),
        0,
    )
    for seconds, way in ways:
        for _ in range(round(seconds * RATE)):
            now = index / RATE
            for record in health.observe(Frame(way(street, now), index, now), round(1000 * now), "synced"):
                check_record(record)
                yield str(record.values["state"]), now
            index += 1


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("fault", "state", "delay_seconds"),
    [
        pytest.param(blurred, "blurred", 8, id="out of focus"),
        pytest.param(covered, "covered", 6, id="a hand on the lens"),
        pytest.param(moved(12), "moved", 8, id="turned by 4 % of the width"),
        pytest.param(moved(70), "moved", 8, id="turned far"),
        pytest.param(
            lambda street, t: street.frame(street.still(t) + 190), "over_exposed", 3, id="too bright"
        ),
        pytest.param(lambda street, t: street.frame(street.still(t), 0.02), "dark", 3, id="too dark"),
    ],
)
def test_a_fault_is_named_in_time_and_over_when_it_is_over(
    replays: Any, fault: Way, state: str, delay_seconds: float, seed: int
) -> None:
    found = list(states(replays, [(60, healthy), (40, fault), (20, healthy)], seed))
    assert [name for name, _ in found] == ["ok", state, "ok"]
    assert found[1][1] == pytest.approx(60 + delay_seconds, abs=1.5)
    assert found[2][1] == pytest.approx(100 + 3, abs=1.5)


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param([(600, dusk)], id="nightfall in eight minutes"),
        pytest.param([(120, healthy), (120, lit_from_the_side), (120, healthy)], id="lights off and on"),
        pytest.param([(60, healthy), (300, rain), (60, healthy)], id="rain comes and goes"),
        pytest.param([(240, lorry)], id="a lorry a minute"),
        pytest.param([(240, shaken)], id="a mast in the wind"),
        pytest.param([(60, healthy), (5, covered), (60, healthy)], id="a hand for five seconds"),
    ],
)
def test_what_is_no_fault_raises_nothing(replays: Any, ways: list[tuple[float, Way]]) -> None:
    assert [name for name, _ in states(replays, ways)] == ["ok"]


def test_a_camera_that_stays_turned_stays_moved(replays: Any) -> None:
    found = list(states(replays, [(60, healthy), (400, moved(40))]))
    assert [name for name, _ in found] == ["ok", "moved"]


def test_most_frames_are_not_looked_at(replays: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, really = [], picture_health.look_at

    def counted(image: np.ndarray, bright_level: int) -> picture_health.Look:
        looks.append(1)
        return really(image, bright_level)

    monkeypatch.setattr(picture_health, "look_at", counted)
    watched = picture_health.PictureHealth(picture_health.PictureHealthSettings())
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for index in range(500):
        watched.observe(picture, index / 25)
    assert len(looks) <= 41
