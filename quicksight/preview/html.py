"""HTML that is escaped by construction: only `element` and `join` make markup, everything else is text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

VOID_ELEMENTS = frozenset({"img", "meta", "link", "br", "input"})
_HANGUL = re.compile(
    r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3][\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3\s\d,.()/]*"
)


class Html(str):
    """Text that is already markup."""

    __slots__ = ()


def element(name: str, attributes: Mapping[str, str | int | bool | None], *children: str) -> Html:
    """Return `<name …>children</name>`; children that are not `Html` are escaped.

    An attribute of None or False is left out, True stands alone.
    """
    opening = f"<{name}{_attributes(attributes)}>"
    if name in VOID_ELEMENTS:
        return Html(opening)
    return Html(f"{opening}{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Return the children one after the other, escaped where they are plain text."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children))


def spoken(text: str) -> Html:
    """Return `text` with its Korean runs marked as Korean, so that a screen reader switches voice."""
    parts: list[str] = []
    position = 0
    for match in _HANGUL.finditer(text):
        parts.append(text[position : match.start()])
        parts.append(element("span", {"lang": "ko"}, match[0].rstrip()))
        parts.append(match[0][len(match[0].rstrip()) :])
        position = match.end()
    return join([*parts, text[position:]])


def label(text: str) -> Html:
    """Return an "English · 한국어" text with the Korean half set apart as secondary."""
    english, separator, korean = text.partition(" · ")
    if not separator or not _HANGUL.search(korean):
        return spoken(text)
    return join([english, " ", element("span", {"lang": "ko", "class": "ko"}, korean)])


def _attributes(attributes: Mapping[str, str | int | bool | None]) -> str:
    parts = []
    for name, value in attributes.items():
        if value is True:
            parts.append(f" {name}")
        elif value is not None and value is not False:
            parts.append(f' {name}="{html.escape(str(value))}"')
    return "".join(parts)
