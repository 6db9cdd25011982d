"""Long arrays of numbers stay text until they become arrow arrays.

JSON's own reader would make a Python object of every number, which takes longer than all the rest of a batch.
An array is only left as text when its grammar is seen to be JSON's, so that nothing is read here that
`json.loads` refuses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.outline import refuse_constant

MINIMUM_BYTES = 128
"""A shorter array is read by `json.loads` in less time than it takes to cut it out."""
MINIMUM_BODY_BYTES = 4096
"""The same for a body: looking for arrays takes a while even where there is none."""
INTEGER_LIMITS = np.iinfo(np.int64)
_DIGITS = b"0123456789"
_LETTERS_OF_REALS = (b".", b"e", b"E", b"n", b"u", b"l")
_PLACEHOLDER = b"NaN"
"""Python reads it where a value may stand and asks us what it means; JSON does not have it."""


class UnreadableNumbersError(ValueError):
    """Raised when text is no array of the numbers asked for; the slow reader finds the words."""


class NumberReader:
    """Reads number texts, and counts them: those that nobody reads must be looked at too."""

    def __init__(self) -> None:
        self.texts_read = 0

    def whole_numbers(self, texts: Sequence[bytes], counts: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the numbers of all `texts`, one after the other; `counts` are those expected of each.

        Raises `UnreadableNumbersError` when there are more or fewer, or one is real, null or beyond 64 bits.
        """
        self.texts_read += len(texts)
        joined = b",".join(texts)
        if any(letter in joined for letter in _LETTERS_OF_REALS):
            raise UnreadableNumbersError("expected whole numbers")
        numbers = np.fromstring(joined.decode("ascii"), np.int64, sep=",")
        # A number beyond 64 bits is read as the nearest limit.
        if numbers.max() == INTEGER_LIMITS.max or numbers.min() == INTEGER_LIMITS.min:
            raise UnreadableNumbersError("expected whole numbers of 64 bits")
        if [one.count(b",") + 1 for one in texts] != list(counts) or len(numbers) != sum(counts):
            raise UnreadableNumbersError("expected as many numbers as rows")
        return numbers

    def numbers(self, texts: Sequence[bytes], counts: Sequence[int], kind: Any) -> Any:
        """Return the numbers of all `texts`, one after the other, as an arrow array of `kind` with its nulls.

        `counts` are those expected of each. Raises ValueError when there are more or fewer, or one does not
        fit (arrow's errors are of it).
        """
        self.texts_read += len(texts)
        lists: Any = pc.split_pattern(pa.array(texts, pa.string()), ",")
        if np.diff(lists.offsets.to_numpy()).tolist() != list(counts):
            raise UnreadableNumbersError("expected as many numbers as rows")
        numbers = lists.values
        if any(b"n" in text for text in texts):
            is_null: Any = pc.equal(numbers, pa.scalar("null"))
            numbers = pc.if_else(is_null, pa.scalar(None, pa.string()), numbers)
        return numbers.cast(kind)


def check_json(text: bytes) -> None:
    """Raise ValueError when a number text is no JSON: its grammar was only looked at so far as it matters."""
    json.loads(b"[" + text + b"]", parse_constant=refuse_constant)


def first_number(text: bytes) -> int | None:
    """Return the first number of a number text when it is whole, else None."""
    head = text[: text.find(b",")]
    return int(head) if head.removeprefix(b"-").isdigit() and len(head) < 20 else None


def load_document(body: str, content: bytes) -> tuple[Any, list[bytes]]:
    """Return the JSON value of `body`, with number texts in it, and those texts.

    A number text is the bytes between the brackets of a long array of numbers; JSON has no other bytes.
    `content` is `body` in UTF-8. Raises ValueError or RecursionError when it is no JSON.
    """
    pieces, texts = _cut(content) if len(content) >= MINIMUM_BODY_BYTES else ([], [])
    skeleton = _PLACEHOLDER.join(pieces)
    if not texts or skeleton.count(_PLACEHOLDER) != len(texts) or b"Infinity" in skeleton:
        return json.loads(body, parse_constant=refuse_constant), []
    rest = iter(texts)
    # Called with the constant's name, which `next` returns when there is no text left: there always is one.
    document = json.loads(skeleton.decode("utf-8"), parse_constant=partial(next, rest))
    if next(rest, None) is not None:
        # One of them was no array but a part of some text.
        return json.loads(body, parse_constant=refuse_constant), []
    return document, texts


def _cut(content: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the pieces of `content` around its long arrays of numbers, and those arrays.

    There is none when one of them breaks the grammar: the message is then read the slow way.
    """
    classes = np.frombuffer(content.translate(_CLASSES), np.uint8)
    # An array has nothing but letters of numbers between its brackets.
    others = np.flatnonzero(classes > _LAST_OF_NUMBERS)
    letters = classes[others]
    is_array = (letters[:-1] == _OPENING) & (letters[1:] == _CLOSING) & (np.diff(others) > MINIMUM_BYTES)
    starts, ends = others[:-1][is_array], others[1:][is_array]
    mistakes = _mistakes(np.frombuffer(content, np.uint8), classes)
    if (np.searchsorted(mistakes, starts) != np.searchsorted(mistakes, ends)).any():
        return [content], []
    pieces, texts, done = [], [], 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        pieces.append(content[done:start])
        texts.append(content[start + 1 : end])
        done = end + 1
    return [*pieces, content[done:]], texts


def _mistakes(letters: npt.NDArray[np.uint8], classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return where a pair of letters breaks the grammar of numbers, or three do with a zero in the middle.

    Outside of arrays of numbers it means nothing.
    """
    broken = classes[:-1] & (classes[1:] >> 4)
    before, zero, behind = letters[:-2], letters[1:-1] == ord("0"), letters[2:]
    is_leading = ((before == ord(",")) | (before == ord("["))) & ((behind - ord("0")) < 10)
    # Behind a minus, also a zero alone: -0 is whole, but no -0.0.
    is_leading |= (before == ord("-")) & (behind != ord("."))
    broken[:-1] |= is_leading & zero
    return np.flatnonzero(broken != 0)


# Neighbours break the grammar where the low four bits of the left and the high four bits of the right letter
# have one in common.
_NO_DIGIT_BEHIND, _NO_POINT_BEHIND, _NO_MINUS_BEHIND, _NO_COMMA_BEHIND = 1, 2, 4, 8
_NO_DIGIT, _POINT, _MINUS, _COMMA = 16, 32, 64, 128
_LETTER_CLASSES: dict[bytes, int] = {
    _DIGITS: _NO_MINUS_BEHIND,
    b".": _NO_DIGIT_BEHIND | _NO_DIGIT | _POINT,
    b"-": _NO_DIGIT_BEHIND | _NO_POINT_BEHIND | _NO_DIGIT | _MINUS,
    b"eEnul": _NO_POINT_BEHIND | _NO_DIGIT,
    b",": _NO_POINT_BEHIND | _NO_COMMA_BEHIND | _NO_DIGIT | _COMMA,
}
_LAST_OF_NUMBERS = max(_LETTER_CLASSES.values())
# A bracket is a comma to the number beside it; the rest makes it, and all other letters, the highest classes.
_OPENING = _NO_POINT_BEHIND | _NO_COMMA_BEHIND | 0xF0
_CLOSING = _NO_DIGIT | _COMMA | 0x0F
_OTHER = 0xF0


def _class_table() -> bytes:
    classes = [_OTHER] * 256
    classes[ord("[")], classes[ord("]")] = _OPENING, _CLOSING
    for letters, kind in _LETTER_CLASSES.items():
        for letter in letters:
            classes[letter] = kind
    return bytes(classes)


_CLASSES = _class_table()
