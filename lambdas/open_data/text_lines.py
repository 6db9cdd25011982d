"""The lines of a text file, decoded a block at a time."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lambdas.open_data.encoding import BLOCK_BYTES, AsUtf8, Encoding, Readable, decode_line
from lambdas.open_data.rows import BadRow, RefusedFileError

FIRST_BLOCK_BYTES = 1 << 16
"""What a file is, its first lines say: they are read more than once."""
LONGEST_LINE_BYTES = 4 << 20
_MAYBE_IN_PARTS = re.compile("[^\x00-\xff가-힣ㄱ-ㆎ一-鿿、-〠０-ｚ]")
"""All but characters that are whole by themselves: to look for others is faster than to ask of each."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass
class Lines:
    """Lines with their ends; `first` is the number of the first, `bad` those that are no text, by place."""

    first: int
    texts: list[str]
    bad: dict[int, BadRow] = field(default_factory=dict)


def read_lines(stream: BinaryIO, encoding: Encoding, notes: Counter[str]) -> Iterator[Lines]:
    """Yield all lines in blocks; CR LF, LF and CR end a line.

    Lines in the other encoding are read and counted in `notes`; those in none, and those with control
    characters, are bad. Raises `RefusedFileError` for a line that no table has.
    """
    stream.seek(encoding.mark_bytes)
    readable: Readable = stream
    name = encoding.name
    if name.startswith("utf-16"):
        readable, name = AsUtf8(stream, name), "utf-8"
    number = 1
    for block in _blocks(readable):
        lines = _decoded(block, number, name, notes)
        number += len(lines.texts)
        yield lines


def _blocks(stream: Readable) -> Iterator[bytes]:
    """Yield blocks that end where a line ends."""
    rest = b""
    size = FIRST_BLOCK_BYTES
    while block := stream.read(size):
        size = BLOCK_BYTES
        rest += block
        cut = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, -1) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > LONGEST_LINE_BYTES:
            raise RefusedFileError(
                f"a line is longer than {LONGEST_LINE_BYTES >> 20} MiB: expected a table with a line a row"
            )
    if rest:
        yield rest


def _decoded(block: bytes, first: int, name: str, notes: Counter[str]) -> Lines:
    try:
        text = block.decode(name)
    except UnicodeDecodeError:
        return _one_by_one(block, first, name, notes)
    text = composed(text)
    lines = Lines(first, io.StringIO(text, newline="").readlines())
    if _CONTROL.search(text):
        for place, line in enumerate(lines.texts):
            if _CONTROL.search(line):
                lines.bad[place] = _bad(first + place, "control_character", line)
    return lines


def composed(text: str) -> str:
    """Return text with whole Hangul syllables: a Mac writes file names and copies of them in parts.

    Arrow's own utf8_normalize takes syllables apart whatever form it is asked for.
    """
    if _MAYBE_IN_PARTS.search(text) is None or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def _one_by_one(block: bytes, first: int, name: str, notes: Counter[str]) -> Lines:
    lines = Lines(first, [])
    for place, line in enumerate(block.splitlines(keepends=True)):
        read = decode_line(line, name)
        if read is None:
            shown = line.decode(name, "backslashreplace")
            lines.bad[place] = _bad(first + place, "undecodable", shown)
        elif _CONTROL.search(read[0]):
            lines.bad[place] = _bad(first + place, "control_character", read[0])
        elif read[1] != name:
            notes["line_in_other_encoding"] += 1
        lines.texts.append("" if read is None else composed(read[0]))
    return lines


def _bad(line: int, reason: str, text: str) -> BadRow:
    return BadRow(line, (reason,), (text.rstrip("\r\n"),))
