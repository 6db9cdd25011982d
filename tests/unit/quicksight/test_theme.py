"""The palette stays apart for eyes that lack one kind of cone, and can be read.

Simulated after Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency" (2009), severity 1.0, on linear sRGB; distances are CIE76 in CIELAB under D65.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest

from quicksight.theme import (
    BLANK_CELL_COLOR,
    DANGER_TEXT,
    DATA_COLORS,
    GOOD_TEXT,
    HEAT_COLORS,
    INK,
    INK_SOFT,
    SURFACE,
    WARNING_TEXT,
    theme_configuration,
)

Array = npt.NDArray[np.float64]
EYES: dict[str, Array] = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_D65 = np.array([0.95047, 1.0, 1.08883])
EVERY_EYE = pytest.mark.parametrize("eyes", EYES)


def linear(color: str) -> Array:
    """Return red, green and blue of ``#RRGGBB`` as shares of light."""
    parts = np.array([int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def seen(color: str, eyes: str) -> Array:
    """Return L*, a* and b* of a colour as such eyes see it."""
    xyz = _TO_XYZ @ np.clip(EYES[eyes] @ linear(color), 0, 1) / _D65
    bent = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * bent[1] - 16, 500 * (bent[0] - bent[1]), 200 * (bent[1] - bent[2])])


def apart(one: str, other: str, eyes: str) -> float:
    return float(np.linalg.norm(seen(one, eyes) - seen(other, eyes)))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, bright = sorted(float(weights @ linear(color)) for color in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def gradient() -> list[str]:
    """Return 41 colours along the scale of a heat map."""
    made = []
    for start, end in pairwise(HEAT_COLORS):
        for share in np.linspace(0, 1, 21):
            pairs = [(int(start[at : at + 2], 16), int(end[at : at + 2], 16)) for at in (1, 3, 5)]
            made.append("#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs))
    return list(dict.fromkeys(made))


@EVERY_EYE
def test_any_two_colours_of_data_stay_apart(eyes: str) -> None:
    nearest = min(apart(one, other, eyes) for one, other in combinations(DATA_COLORS, 2))
    assert nearest > 15, nearest


@EVERY_EYE
def test_more_is_darker_along_the_whole_heat_map(eyes: str) -> None:
    lightness = [float(seen(color, eyes)[0]) for color in gradient()]
    assert all(light > dark for light, dark in pairwise(lightness))
    assert lightness[0] - lightness[-1] > 60


@EVERY_EYE
def test_no_value_of_the_heat_map_looks_like_no_data(eyes: str) -> None:
    assert min(apart(BLANK_CELL_COLOR, color, eyes) for color in gradient()) > 15


def test_the_simulation_itself_sees_what_is_known() -> None:
    # Red and green of equal lightness, the textbook case, fall together for two kinds of eyes only.
    red, green = "#B46A50", "#7F8C3F"
    assert apart(red, green, "deuteranopia") < 15 < apart(red, green, "normal")
    assert apart("#0000FF", "#FFFF00", "deuteranopia") > 100


@pytest.mark.parametrize("text", [INK, INK_SOFT, GOOD_TEXT, WARNING_TEXT, DANGER_TEXT])
def test_text_can_be_read_on_white(text: str) -> None:
    assert contrast(text, SURFACE) >= 4.5


def test_marks_of_the_first_series_can_be_seen_on_white() -> None:
    # WCAG 2.2 asks 3:1 of graphics; the brighter colours of later series rest on markers and patterns too.
    assert [color for color in DATA_COLORS[:4] if contrast(color, SURFACE) < 3] == []


def test_the_theme_carries_the_tested_colours() -> None:
    palette = theme_configuration()["DataColorPalette"]
    assert palette["Colors"] == list(DATA_COLORS)
    assert palette["MinMaxGradient"] == [HEAT_COLORS[0], HEAT_COLORS[-1]]
    assert palette["EmptyFillColor"] == BLANK_CELL_COLOR
