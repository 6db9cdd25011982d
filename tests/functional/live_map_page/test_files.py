"""The page's files hold together: what they import is announced, what they say is said in both languages."""

from __future__ import annotations

import json
import re

import pytest

from tests.functional.live_map_page.fake_api import STATIC

MODULES = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.js")}
INDEX = (STATIC / "index.html").read_text("utf-8")
OUTLINE = json.loads((STATIC / "outline.json").read_text("utf-8"))
SAID = dict(
    re.findall(r"^  (\w+): \[(.*?)\],$", MODULES["messages.js"] + MODULES["messages_editor.js"], re.M | re.S)
)


def reached_from(name: str) -> set[str]:
    """Return the modules that one imports before it runs, itself among them."""
    found, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += re.findall(r'^(?:import|\} from) .*?"\./([\w.]+)";$', MODULES[one], re.M)
    return found


def test_the_first_view_is_announced_and_nothing_else() -> None:
    announced = set(re.findall(r'rel="modulepreload" href="([\w.]+)"', INDEX))
    assert announced == reached_from("main.js")
    assert set(MODULES) == reached_from("main.js") | reached_from("editor.js")


def test_the_page_can_live_under_a_strict_policy() -> None:
    assert not re.search(r"<style|style=|<script(?![^>]*src=)| on\w+=", INDEX)
    assert not re.search(r"https?://", INDEX.replace("http://www.w3.org", ""))
    for name, source in MODULES.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source
        ), name


def test_each_sentence_is_there_in_two_languages_with_the_same_values() -> None:
    assert len(SAID) > 100
    for key, pair in SAID.items():
        sentences = re.findall(r'"((?:[^"\\]|\\.)*)"', pair)
        assert len(sentences) == 2, key
        values = [sorted(re.findall(r"\{(\w+)\}", sentence)) for sentence in sentences]
        assert values[0] == values[1], key


def test_each_sentence_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r'data-(?:text|label)="(\w+)"', INDEX))
    for source in MODULES.values():
        asked |= set(re.findall(r'(?<!\.)\btext\("(\w+)"', source))
    assert asked <= set(SAID)


@pytest.mark.parametrize("layer", ["world", "korea"])
def test_the_outline_has_no_line_across_the_map(layer: str) -> None:
    scale = OUTLINE[layer]["scale"]
    for steps in [*OUTLINE[layer]["land"], *OUTLINE[layer]["borders"]]:
        y = steps[1] / scale
        for dx, dy in zip(steps[2::2], steps[3::2], strict=True):
            y += dy / scale
            assert abs(dx / scale) < 60 or y <= -85  # only the pole is that wide
