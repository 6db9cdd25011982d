"""What may be told of a pipeline: it may hold a password anywhere, also where an element's name belongs."""

from __future__ import annotations

import re
from collections.abc import Callable

HIDDEN = "…"
_MAXIMUM_NAME_CHARACTERS = 40
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_KIND = re.compile(
    r"(?:src|dec|enc|decoder|encoder|parse|pay|mux|bin|conv|convert|filter|scale|rate|queue|identity|tee|crop|"
    r"box|flip|overlay|upload|download|buffer|selector|compositor|sink)\d*$|^(?:video|image|application)$"
)
"""How names of elements end, and how the caps between them begin."""
_QUOTED = re.compile(r'"([^"]*)"')
_ADDRESS = re.compile(r"\S*(?:://|@)\S*")
_LINK = re.compile(r"(?<=could not link )(\S+?) to ([^\s,]+)(.*)")
_SET = re.compile(r'set property "([a-z][a-z0-9-]*)" in element')


def is_telling_name(word: str) -> bool:
    """Return whether a word is an element's name, or looks like one, for people to find their mistake."""
    return bool(len(word) <= _MAXIMUM_NAME_CHARACTERS and _NAME.fullmatch(word) and _KIND.search(word))


def told(message: str, has_element: Callable[[str], bool]) -> str:
    """Return GStreamer's message without what it repeats of the pipeline but names of elements."""

    def name(word: str) -> str:
        kind = word.rstrip("0123456789")
        known = is_telling_name(word) or any(
            _NAME.fullmatch(one) and has_element(one) for one in (word, kind)
        )
        return word if known else HIDDEN

    # Which property of a known element was refused helps; it exists, so it is no secret.
    kept = {found.group(1) for found in _SET.finditer(message)}
    message = _LINK.sub(
        lambda found: (
            f"{name(found.group(1))} to {name(found.group(2))}{', caps do not fit' if found.group(3) else ''}"
        ),
        message,
    )
    message = _QUOTED.sub(
        lambda found: f'"{found.group(1) if found.group(1) in kept else name(found.group(1))}"', message
    )
    return _ADDRESS.sub(HIDDEN, message)
