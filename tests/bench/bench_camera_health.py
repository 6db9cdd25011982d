"""How soon camera faults are noticed, how often there are false alarms, and what watching costs.

The pictures are generated: a street with walls, windows, kerbs and walkers, under light that changes, with
sensor noise. Seconds are simulated; a row gives what a camera of 640x360 would have reported. Run it with
``python tests/bench/bench_camera_health.py``; ``--hours`` sets the length of the runs without faults.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
import numpy.typing as npt

from contract.scene import parse_scene
from edge_components.vision.camera_health import CameraHealth
from edge_components.vision.sources import Frame, SourceInfo

WIDTH, HEIGHT, RATE = 640, 360, 2.0
FAULT_AT_SECONDS = 120.0
Picture = npt.NDArray[np.float32]
VTEST = Path(__file__).resolve().parents[3] / "shared/data/media/vtest.avi"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


class Street:
    """A still view, larger than the frame so that the camera can turn, and walkers on it."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        tall, wide = HEIGHT + 240, WIDTH + 400
        view: Picture = np.full((tall, wide), 120.0, np.float32)
        view[: tall // 2] = 150.0
        for _ in range(90):
            x, y = random.integers(0, wide), random.integers(0, tall)
            w, h = random.integers(10, 160), random.integers(8, 110)
            view[y : y + h, x : x + w] = random.uniform(30, 225)
        texture = cv2.GaussianBlur(random.normal(0, 1, (tall, wide)).astype(np.float32), (0, 0), 1.5)
        self._view: Picture = np.asarray(view + 9.0 * texture / texture.std(), np.float32)
        self._random = random
        self.kept: npt.NDArray[np.uint8] | None = None
        self._noise = [random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32) for _ in range(12)]
        ramp = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :] * np.ones((HEIGHT, 1), np.float32)
        self.ramp = ramp
        self._walkers = random.uniform([0, 90, 20], [WIDTH, HEIGHT, 70], (14, 3))

    def still(self, shift: tuple[int, int] = (0, 0), place: tuple[int, int] = (200, 120)) -> Picture:
        """Return the view with walkers, moved by `shift` pixels."""
        x, y = place[0] + shift[0], place[1] + shift[1]
        picture = self._view[y : y + HEIGHT, x : x + WIDTH].copy()
        self._walkers[:, 0] = (self._walkers[:, 0] + self._walkers[:, 2] / RATE) % WIDTH
        for left, foot, speed in self._walkers.astype(int):
            picture[max(0, foot - 80) : foot, left : left + 28] = 60 + speed
        return picture

    def seen(
        self, picture: Picture, light: float | Picture = 1.0, noise: float = 2.0
    ) -> npt.NDArray[np.uint8]:
        """Return the frame that a sensor makes of the view under a light."""
        noisy = picture * light + noise * self._noise[int(self._random.integers(12))]
        return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


Maker = Callable[[Street, float], npt.NDArray[np.uint8]]


def healthy(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """A quiet afternoon."""
    return street.seen(street.still())


def day_and_night(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """Day and night once in four hours: six times as fast as the Sun; at night lamps and noise."""
    day = 0.5 + 0.5 * np.cos(2 * np.pi * seconds / 14_400)
    lamps = (0.25 * np.exp(-((street.ramp - 0.3) ** 2) / 0.08)).astype(np.float32)
    sun = 1.0 + 0.25 * street.ramp * np.float32(np.sin(2 * np.pi * seconds / 14_400))
    light = sun * np.float32(day) + (1 - np.float32(day)) * (0.14 + lamps)
    return street.seen(street.still(), light, 2.0 + 6.0 * (1 - day))


def rain(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """Streaks all over the picture, less contrast, more noise, ten minutes in twenty."""
    picture = street.still()
    if seconds % 1200 < 600:
        picture = 0.65 * picture + 45
        random = np.random.default_rng(round(seconds * 1000))
        for x, y in random.integers(0, [WIDTH, HEIGHT - 30], (250, 2)):
            picture[y : y + 22, x] += 45
        return street.seen(picture, noise=5.0)
    return street.seen(picture)


def lights(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """Indoor lights that are switched every ten minutes; without them light comes from one side."""
    if seconds % 1200 < 600:
        return street.seen(street.still())
    return street.seen(street.still(), (0.22 + 0.2 * np.clip(street.ramp, 0, 1)).astype(np.float32), 4.0)


def lorry(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """A lorry that hides up to two thirds of the picture passes every minute, for seven seconds."""
    picture, phase = street.still(), seconds % 60
    if phase < 7:
        left = int(-430 + phase / 7 * (WIDTH + 430))
        picture[40:330, max(0, left) : max(0, left + 430)] = 205
        picture[90:120, max(0, left + 20) : max(0, left + 410)] = 60
    return street.seen(picture)


def shaking(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """A mast in the wind: the picture jumps by up to six pixels."""
    shift = np.random.default_rng(round(seconds * 1000)).integers(-6, 7, 2)
    return street.seen(street.still((int(shift[0]), int(shift[1]))))


def after(fault: Maker) -> Maker:
    """A fault that begins after two healthy minutes."""

    def make(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
        return healthy(street, seconds) if seconds < FAULT_AT_SECONDS else fault(street, seconds)

    return make


def frozen(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """The same picture again and again."""
    if street.kept is None:
        street.kept = healthy(street, seconds)
    return street.kept


def blurred(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """Out of focus: a Gaussian of 4 pixels before the sensor."""
    return street.seen(cv2.GaussianBlur(street.still(), (0, 0), 4.0).astype(np.float32))


def covered(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """A hand or a bag on the lens: light from one side, no edges."""
    return street.seen(np.asarray(90 + 25 * street.ramp, np.float32))


def moved_by(pixels: int) -> Maker:
    """The camera is turned by so many pixels."""
    return lambda street, seconds: street.seen(street.still((pixels, pixels // 3)))


def elsewhere(street: Street, seconds: float) -> npt.NDArray[np.uint8]:
    """The camera looks at another part of the street altogether."""
    return street.seen(street.still(place=(0, 0))[:, ::-1].copy())


FAULTS: dict[str, tuple[str, Maker]] = {
    "the picture freezes": ("frozen", frozen),
    "no light at all": ("dark", lambda street, _: street.seen(street.still(), 0.02)),
    "a lamp into the lens": ("over_exposed", lambda street, _: street.seen(street.still() + 170)),
    "out of focus by 4 px": ("blurred", blurred),
    "a hand on the lens": ("covered", covered),
    "turned by 20 px (3 %)": ("moved", moved_by(20)),
    "turned by 90 px (14 %)": ("moved", moved_by(90)),
    "turned away": ("moved", elsewhere),
}
QUIET: dict[str, Maker] = {
    "a quiet afternoon": healthy,
    "day and night in 4 h": day_and_night,
    "rain, on and off": rain,
    "lights on and off every 10 min": lights,
    "a lorry every minute": lorry,
    "a mast in the wind, 6 px": shaking,
}


@dataclass(frozen=True)
class Change:
    """A state reported at a time, in seconds."""

    seconds: float
    state: str


def watch(frames: Iterator[tuple[float, npt.NDArray[np.uint8]]], rate: float) -> list[Change]:
    """Return the changes of state that a live camera with these frames reports."""
    first_seconds, first = next(frames)
    height, width = first.shape[:2]
    scene = parse_scene(
        {
            "site": "bench",
            "time_zone": "UTC",
            "camera": "street",
            "frame": {"width": width, "height": height},
            "lines": [{"name": "gate", "points": [[9, 9], [width - 9, 9]]}],
            "classes": ["person"],
        }
    )
    health = CameraHealth(scene, SourceInfo(width, height, rate, None, live=True))
    changes = []
    for index, (seconds, image) in enumerate(chain([(first_seconds, first)], frames)):
        records = health.observe(Frame(image, index, seconds), round(seconds * 1000), "synced")
        changes += [Change(seconds, str(record.values["state"])) for record in records]
    return changes


def frames_of(
    make: Maker, duration_seconds: float, seed: int
) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield the frames of a maker at `RATE` a second."""
    street = Street(seed)
    for index in range(round(duration_seconds * RATE)):
        yield index / RATE, make(street, index / RATE)


def print_faults(seeds: int) -> None:
    """Print how many faults were noticed as what they are, and after how long."""
    _say(f"| fault | state | noticed, of {seeds} | delay, s (median, most) | named otherwise |")
    _say("| --- | --- | --- | --- | --- |")
    for name, (expected, fault) in FAULTS.items():
        delays, others = [], []
        for seed in range(seeds):
            changes = watch(frames_of(after(fault), FAULT_AT_SECONDS + 60, seed), RATE)
            found = [change for change in changes if change.state != "ok"]
            if found and found[0].state == expected and found[0].seconds >= FAULT_AT_SECONDS:
                delays.append(found[0].seconds - FAULT_AT_SECONDS)
            others += [change.state for change in found if change.state != expected]
        shown = f"{np.median(delays):.1f}, {max(delays):.1f}" if delays else "-"
        _say(f"| {name} | {expected} | {len(delays)} | {shown} | {', '.join(sorted(set(others))) or '-'} |")


def print_false_alarms(hours: float, seeds: int) -> None:
    """Print the false alarms of runs in which nothing is wrong with the camera."""
    _say("\n| what happens | simulated hours | false alarms | an hour | states |")
    _say("| --- | --- | --- | --- | --- |")
    for name, make in QUIET.items():
        alarms = [
            change.state
            for seed in range(100, 100 + seeds)
            for change in watch(frames_of(make, hours * 3600, seed), RATE)
            if change.state != "ok"
        ]
        total = hours * seeds
        states = ", ".join(sorted(set(alarms))) or "-"
        _say(f"| {name} | {total:g} | {len(alarms)} | {len(alarms) / total:.2f} | {states} |")


def print_clip() -> None:
    """Print what a real clip raises, where it is there."""
    if not VTEST.exists():
        return

    def frames() -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        capture = cv2.VideoCapture(str(VTEST))
        index = 0
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield index / 10, image.astype(np.uint8)
            index += 1

    states = [change.state for change in watch(frames(), 10.0)]
    _say(f"\nvtest.avi (real, 80 s): {', '.join(states)}")


def print_cost() -> None:
    """Print what watching costs a frame at 640x360 and 25 frames a second."""
    street = Street(1)
    images = [healthy(street, 0.0) for _ in range(25)]
    health = CameraHealth(
        parse_scene(
            {
                "site": "bench",
                "time_zone": "UTC",
                "camera": "street",
                "frame": {"width": WIDTH, "height": HEIGHT},
                "lines": [{"name": "gate", "points": [[9, 9], [99, 9]]}],
                "classes": ["person"],
            }
        ),
        SourceInfo(WIDTH, HEIGHT, 25, None, live=True),
    )
    spent = []
    for index in range(1500):
        frame = Frame(images[index % 25], index, index / 25)
        started = time.perf_counter()
        health.observe(frame, 40 * index, "synced")
        spent.append(1000 * (time.perf_counter() - started))
    mean, worst = float(np.mean(spent)), float(np.quantile(spent, 0.99))
    _say(f"\ncost at {WIDTH}x{HEIGHT}, 25 frames/s: {mean:.3f} ms a frame on average, p99 {worst:.2f} ms")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=4.0, help="length of each run without faults")
    parser.add_argument("--seeds", type=int, default=1, help="streets")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print_faults(max(5, arguments.seeds))
    print_false_alarms(arguments.hours, arguments.seeds)
    print_clip()
    print_cost()


if __name__ == "__main__":
    main()
