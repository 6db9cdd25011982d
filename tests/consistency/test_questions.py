"""The ten questions are answered in both languages, with pictures whose numbers are the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "pictures" / "questions"
MAXIMUM_BYTES = 60_000
PAGES = {"ko": "questions.ko.md", "en": "questions.md"}
ANSWERS: list[dict[str, Any]] = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
# What the pages say in words: a weekday, a check of every cell, a sum of the shown.
IN_WORDS = re.compile(r"weekday|that differ|cameras shown")


def page(language: str) -> str:
    return (DOCS / PAGES[language]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", PAGES)
def test_every_question_has_a_picture_and_every_picture_a_question(language: str) -> None:
    sections = re.split(r"^## (?=\d)", page(language), flags=re.MULTILINE)[1:]
    assert [int(one.partition(".")[0]) for one in sections] == list(range(1, 11))
    shown = [re.findall(r"\(pictures/questions/(.+?\.webp)\)", one) for one in sections]
    assert [len(names) for names in shown] == [1] * 10
    other = next(one for one in PAGES if one != language)
    there = {path.name for path in FOLDER.glob("*.webp") if f".{other}." not in path.name}
    assert {name for names in shown for name in names} == there


@pytest.mark.parametrize("picture", sorted(FOLDER.glob("*.webp")), ids=lambda path: path.stem)
def test_a_picture_is_small(picture: Path) -> None:
    assert picture.stat().st_size <= MAXIMUM_BYTES


def test_what_is_shown_is_true() -> None:
    checked = {one["question"] for one in ANSWERS if one["true"] is not None}
    assert checked == {1, 2, 3, 4, 5, 6, 7}
    assert [one for one in ANSWERS if one["true"] not in (None, one["shown"])] == []


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize(
    "answer",
    [one for one in ANSWERS if not IN_WORDS.search(one["what"])],
    ids=lambda one: f"{one['question']} {one['what']}",
)
def test_a_page_says_what_the_picture_shows(language: str, answer: dict[str, Any]) -> None:
    section = page(language).split(f"\n## {answer['question']}. ")[1].split("\n## ")[0]
    number = rf"(?<![\d,]){answer['shown']:,}(?![\d,]*\d)"
    assert re.search(number, section), f"{answer['what']} is {answer['shown']:,}"
