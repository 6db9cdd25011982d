"""The look of every dashboard: a colour-blind-safe palette and quiet surfaces.

The data colours are those of Okabe and Ito, "Color Universal Design" (2008), which stay apart for the common
kinds of colour blindness. Black is left out (it is the text), and yellow comes last: it is weak on white.
"""

from __future__ import annotations

from typing import Any

BLUE = "#0072B2"
VERMILION = "#D55E00"
BLUISH_GREEN = "#009E73"
REDDISH_PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
YELLOW = "#F0E442"

DATA_COLORS = (BLUE, VERMILION, BLUISH_GREEN, REDDISH_PURPLE, ORANGE, SKY_BLUE, YELLOW)
"""In the order in which series take them."""

HEAT_COLORS = ("#FFE08A", "#3D9BD1", "#06305A")
"""From little to much, each darker than the one before, so that lightness alone tells them apart."""
NO_DATA_COLOR = "#C3C7CE"
"""Of what is silent or old; among the colours of a heat map it would be taken for a value."""

INK = "#16202C"
INK_SOFT = "#4A5868"
SURFACE = "#FFFFFF"
BLANK_CELL_COLOR = SURFACE
"""Of a heat map's cell without data: lighter than any value, so that no colour blindness mixes them up."""
BACKGROUND = "#F3F5F9"
LINE = "#D9DFE8"
GRID = "#E6EAF0"
# Text on white or on tinted grounds has at least 4.5:1, which the bright data colours do not reach.
GOOD_TEXT = "#00664B"
WARNING_TEXT = "#8A4B00"
DANGER_TEXT = "#A83E00"

THEME_ID = "crowdlens-theme"
THEME_NAME = "CrowdLens"
BASE_THEME_ID = "CLASSIC"
FONT_FAMILIES = ("Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic")


def theme_configuration() -> dict[str, Any]:
    """Return the `Configuration` of QuickSight's CreateTheme."""
    return {
        "DataColorPalette": {
            "Colors": list(DATA_COLORS),
            "MinMaxGradient": [HEAT_COLORS[0], HEAT_COLORS[-1]],
            "EmptyFillColor": BLANK_CELL_COLOR,
        },
        "UIColorPalette": _interface_colors(),
        "Sheet": {
            "Background": {"Color": BACKGROUND},
            "Tile": {"Border": {"Show": True, "Color": LINE}},
            "TileLayout": {"Gutter": {"Show": True}, "Margin": {"Show": True}},
        },
        "Typography": {"FontFamilies": [{"FontFamily": family} for family in FONT_FAMILIES]},
    }


def _interface_colors() -> dict[str, str]:
    return {
        "PrimaryForeground": INK,
        "PrimaryBackground": SURFACE,
        "SecondaryForeground": INK_SOFT,
        "SecondaryBackground": BACKGROUND,
        "Accent": BLUE,
        "AccentForeground": SURFACE,
        "Danger": DANGER_TEXT,
        "DangerForeground": SURFACE,
        "Warning": ORANGE,
        "WarningForeground": INK,
        "Success": GOOD_TEXT,
        "SuccessForeground": SURFACE,
        "Dimension": BLUE,
        "DimensionForeground": SURFACE,
        "Measure": BLUISH_GREEN,
        "MeasureForeground": INK,
    }
