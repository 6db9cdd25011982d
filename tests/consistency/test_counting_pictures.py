"""The pictures of docs/counting.md are those that the rules of the code draw, and each is shown there."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
PICTURES: dict[str, Callable[[], str]] = runpy.run_path(str(FOLDER / "counting_pictures.py"))["PICTURES"]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_the_rules_draw_it(name: str) -> None:
    shown = (FOLDER / name).read_text(encoding="utf-8")
    assert shown == PICTURES[name](), "run python docs/pictures/counting_pictures.py and look at the picture"
    assert len(shown.encode()) < 20_000
    assert f"(pictures/{name})" in (ROOT / "docs" / "counting.md").read_text(encoding="utf-8")
