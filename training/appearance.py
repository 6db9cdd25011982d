"""How one person looks: proportions, clothes, hair, things carried; drawn at random from wide ranges."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from training.arrays import Colour, scaled

# Sampled from memory of street clothes: mostly dark and muted, some pale, few vivid. Blue, green, red.
MUTED: tuple[Colour, ...] = (
    (28, 26, 26),
    (44, 40, 38),
    (60, 44, 30),
    (82, 58, 40),
    (40, 52, 74),
    (70, 82, 96),
    (96, 96, 98),
    (130, 128, 126),
    (52, 66, 50),
    (60, 60, 92),
    (36, 30, 62),
    (110, 84, 58),
    (140, 116, 84),
    (88, 120, 150),
    (34, 44, 36),
)
PALE: tuple[Colour, ...] = (
    (232, 232, 230),
    (205, 208, 206),
    (190, 205, 214),
    (214, 200, 186),
    (170, 196, 216),
    (225, 215, 200),
)
SKIN: tuple[Colour, ...] = (
    (148, 176, 222),
    (126, 158, 208),
    (108, 142, 196),
    (92, 124, 180),
    (70, 100, 152),
    (52, 74, 116),
    (38, 52, 84),
)
HAIR: tuple[Colour, ...] = (
    (22, 20, 20),
    (26, 28, 36),
    (34, 46, 66),
    (50, 80, 118),
    (90, 140, 180),
    (150, 150, 152),
    (200, 200, 202),
)


@dataclass(frozen=True)
class Appearance:
    """Fixed looks of one person; lengths are shares of the body height unless a unit is named."""

    height_m: float
    girth: float
    shoulder: float
    skin: Colour
    hair: Colour
    upper: Colour
    upper_second: Colour
    stripes: int
    lower: Colour
    shoes: Colour
    bag_colour: Colour
    hat_colour: Colour
    sleeve: float
    coat_to: float
    coat_flare: float
    leg_cover: float
    hair_style: str
    hat: str
    bag: str
    arm_pose: str
    fold_seed: int


def vivid_colour(generator: np.random.Generator) -> Colour:
    """Return a saturated colour."""
    red, green, blue = colorsys.hsv_to_rgb(
        generator.uniform(), generator.uniform(0.45, 0.95), generator.uniform(0.35, 0.95)
    )
    return blue * 255, green * 255, red * 255


def cloth_colour(generator: np.random.Generator) -> Colour:
    """Return a colour as clothes have: muted in two thirds of cases, else pale or vivid."""
    draw = generator.uniform()
    if draw < 0.25:
        return vivid_colour(generator)
    palette = PALE if draw < 0.42 else MUTED
    chosen = palette[int(generator.integers(len(palette)))]
    tint = generator.normal(0, 9, 3)
    return scaled(
        (chosen[0] + tint[0], chosen[1] + tint[1], chosen[2] + tint[2]), generator.uniform(0.75, 1.2)
    )


def _pick(generator: np.random.Generator, table: dict[str, float]) -> str:
    shares = np.array(list(table.values()))
    return list(table)[int(generator.choice(len(table), p=shares / shares.sum()))]


def random_appearance(generator: np.random.Generator) -> Appearance:
    """Draw the looks of one person: adults mostly, children in about one of eight cases."""
    child = generator.uniform() < 0.12
    height_m = (
        generator.uniform(1.05, 1.5) if child else float(np.clip(generator.normal(1.70, 0.09), 1.48, 1.95))
    )
    coat = generator.uniform() < 0.38
    skirt = not coat and generator.uniform() < 0.14
    upper = cloth_colour(generator)
    lower = cloth_colour(generator)
    skin = SKIN[int(generator.integers(len(SKIN)))]
    return Appearance(
        height_m=height_m,
        girth=generator.uniform(0.86, 1.28),
        shoulder=generator.uniform(0.9, 1.12),
        skin=scaled(skin, generator.uniform(0.85, 1.12)),
        hair=scaled(HAIR[int(generator.integers(len(HAIR)))], generator.uniform(0.8, 1.25)),
        upper=upper,
        upper_second=cloth_colour(generator),
        stripes=int(generator.integers(2, 9)) if generator.uniform() < 0.22 else 0,
        lower=upper if generator.uniform() < 0.08 else lower,
        shoes=cloth_colour(generator) if generator.uniform() < 0.4 else scaled(MUTED[0], 1.0),
        bag_colour=cloth_colour(generator),
        hat_colour=cloth_colour(generator),
        sleeve=1.0 if coat or generator.uniform() < 0.6 else generator.uniform(0.2, 0.5),
        coat_to=generator.uniform(0.28, 0.47) if coat or skirt else 0.49,
        coat_flare=generator.uniform(1.0, 1.5) if skirt else generator.uniform(0.95, 1.2),
        leg_cover=generator.uniform(0.0, 0.5) if skirt or generator.uniform() < 0.15 else 1.0,
        hair_style=_pick(generator, {"short": 6, "long": 3, "bald": 0.6, "bun": 1}),
        hat=_pick(generator, {"none": 7, "cap": 1, "beanie": 1, "brim": 0.7, "hood": 1}),
        bag=_pick(generator, {"none": 5, "backpack": 2, "shoulder": 1.5, "hand": 1.5}),
        arm_pose=_pick(generator, {"swing": 7, "pockets": 1.3, "phone": 1.2, "folded": 0.6}),
        fold_seed=int(generator.integers(1 << 31)),
    )
