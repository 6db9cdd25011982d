"""What every kind of chart shares: letters, margins, and names that are shown as they are."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from quicksight.preview.querying import Value
from quicksight.preview.specs import FieldSpec
from quicksight.preview.values import naive_local, written
from quicksight.theme import INK

FONT_STACK = (
    '-apple-system, BlinkMacSystemFont, "Segoe UI", "Apple SD Gothic Neo", "Malgun Gothic", '
    '"Noto Sans KR", "Noto Sans CJK KR", sans-serif'
)
NAME_LETTERS = 12
LONG_NAME_LETTERS = 28
"""Beside bars that lie close to each other, where a name has one line."""
UPRIGHT_NAMES = 4
"""Up to this many names stand side by side without being turned."""
NAME_LINES = 3
"""Of a name at an axis; the table below the chart has all of it."""


def base_layout() -> dict[str, Any]:
    """Return the layout that all charts begin with."""
    return {
        "template": "none",
        "font": {"family": FONT_STACK, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 44, "r": 16, "t": 8, "b": 36},
        "autosize": True,
    }


def category_text(value: Value, field: FieldSpec, zone: ZoneInfo) -> str:
    """Return a category as plotly takes it: a local time without its zone, or text shown as it is."""
    return naive_local(value, zone) if isinstance(value, datetime) else literal(written(value, field, zone))


def literal(text: str) -> str:
    """Return `text` so that plotly, which reads some HTML in names, shows it as it is."""
    return html.escape(text, quote=False)


def on_short_lines(name: str, letters: int = NAME_LETTERS) -> str:
    """Return a name at an axis on a few lines of so many letters; of long lines there is one."""
    lines = textwrap.wrap(name, letters)
    if letters > NAME_LETTERS and len(lines) > 1:
        return literal(_shortened(name, letters))
    if len(lines) > NAME_LINES:
        lines = [*lines[: NAME_LINES - 1], lines[NAME_LINES - 1][: NAME_LETTERS - 1] + "…"]
    return "<br>".join(literal(line) for line in lines)


def is_slanted(names: Collection[str]) -> bool:
    """Return whether the names below columns stand on a slant: many, and too long to be beside each other."""
    return len(names) > UPRIGHT_NAMES and max(map(len, names)) > NAME_LETTERS


def _shortened(name: str, letters: int) -> str:
    """Return so many letters of a name; of a path the end, for that is what tells places apart."""
    parts = name.split(" / ")
    while len(parts) > 1 and len(" / ".join(["…", *parts])) > letters:
        parts.pop(0)
    kept = " / ".join(parts)
    return "… / " + kept if len(kept) <= letters else kept[: letters - 1] + "…"
