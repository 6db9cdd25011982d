"""Rules about what a reader sees: titles in both languages, and words where there is no data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quicksight.label import SEPARATOR
from quicksight.linter.findings import Finding, Linted, find

_KOREAN = re.compile("[가-힣]")
LEAST_ALT_TEXT = 16


def visuals_have_texts(linted: Linted) -> Iterator[Finding]:
    """Every visual has a title and subtitle in both languages, and a text for those who do not see it."""
    for place, _, body in linted.visuals():
        for part in ("Title", "Subtitle"):
            text = body.get(part, {}).get("FormatText", {}).get("PlainText", "")
            if not _in_both_languages(text):
                yield Finding("titles", place, f"{part.lower()} is {text!r}: expected English · 한국어")
        if len(body.get("VisualContentAltText", "")) < LEAST_ALT_TEXT:
            yield Finding("titles", place, "there is no alternative text: expected a sentence")


def names_are_in_both_languages(linted: Linted) -> Iterator[Finding]:
    """Sheets, controls and fields are named in both languages."""
    for sheet in linted.sheets:
        for part in ("Name", "Description"):
            if not _in_both_languages(sheet.get(part, "")):
                text = f"{part.lower()} is {sheet.get(part, '')!r}: expected English · 한국어"
                yield Finding("titles", f"{linted.name}/{sheet['SheetId']}", text)
    for place, body in linted.controls():
        if not _in_both_languages(body.get("Title", "")):
            yield Finding("titles", place, f"title is {body.get('Title', '')!r}: expected English · 한국어")


def nothing_is_never_zero(linted: Linted) -> Iterator[Finding]:
    """There is a message for a visual without data, and words for each number that is missing."""
    message = linted.definition.get("Options", {}).get("VisualMessages", {}).get("NoDataMessage", {})
    for part in ("Title", "Description"):
        text = message.get(part, "")
        if not message.get("Enabled") or not _KOREAN.search(text) or not re.search("[A-Za-z]", text):
            yield Finding("empty-state", linted.name, f"the message without data lacks its {part.lower()}")
    for place, kind, body in linted.visuals():
        for measure in find(body, "NumericalMeasureField"):
            if not any(find(measure, "NullString")):
                text = f"a missing {measure['Column']['ColumnName']!r} has no words: expected a NullString"
                yield Finding("empty-state", place, text)
        if kind == "LineChartVisual" and "SHOW_AS_BLANK" not in set(find(body, "TreatmentOption")):
            yield Finding("empty-state", place, "time without data is not left blank")
        if kind == "HeatMapVisual" and not any(find(body, "NullValueColor")):
            yield Finding("empty-state", place, "a cell without data has no colour of its own")


def _in_both_languages(text: str) -> bool:
    english, _, korean = text.partition(SEPARATOR)
    return re.search("[A-Za-z]", english) is not None and _KOREAN.search(korean) is not None
