"""Which encoding the bytes of a file are in, found by reading them: labels are not believed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from contract.errors import CrowdLensError

BLOCK_BYTES = 1 << 20
_JUDGED_LINES = 2_000
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HANJA = re.compile("[一-鿿]")
_HANGUL = re.compile("[가-힣]")


class EncodingError(CrowdLensError):
    """Raised when a file is neither UTF-8, UTF-16 with its mark, nor CP949 (which holds EUC-KR)."""


@dataclass(frozen=True)
class Encoding:
    """The codec that reads most lines of a file, and how many bytes its mark takes at the start."""

    name: str
    mark_bytes: int = 0

    @property
    def title(self) -> str:
        """What the report calls it."""
        names = {"utf-8": "UTF-8", "cp949": "CP949 / EUC-KR"}
        return names.get(self.name, "UTF-16") + (" with BOM" if self.mark_bytes else "")


class Readable(Protocol):
    """Whatever hands out bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most about `size` bytes, none at the end."""
        ...


def detect_encoding(stream: BinaryIO) -> Encoding:
    """Return the encoding of a seekable stream, which is left at its start.

    All of it is read in blocks: valid UTF-8 to the last byte is UTF-8. Otherwise the lines that are not ASCII
    are judged from the first block that is not UTF-8. Raises `EncodingError` when too few can be read.
    """
    stream.seek(0)
    start = stream.read(4)
    stream.seek(0)
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return Encoding(name, len(mark))
    block = _first_block_not_utf8(stream)
    stream.seek(0)
    if block is None:
        return Encoding("utf-8")
    return Encoding(_judge(block))


def _first_block_not_utf8(stream: BinaryIO) -> bytes | None:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    while block := stream.read(BLOCK_BYTES):
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return block
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        stream.seek(-min(stream.tell(), BLOCK_BYTES), 1)
        return stream.read(BLOCK_BYTES)
    return None


def _judge(block: bytes) -> str:
    # The first and last line may be cut by the block's ends.
    lines = [line for line in block.splitlines()[1:-1] or [block] if not line.isascii()][:_JUDGED_LINES]
    readable = {name: sum(_reads(line, name) for line in lines) for name in ("utf-8", "cp949")}
    best = max(readable, key=lambda name: readable[name])
    if 2 * readable[best] < len(lines):
        raise EncodingError(
            f"the text is neither UTF-8 nor CP949/EUC-KR: of {len(lines)} lines with letters beyond ASCII "
            f"{readable[best]} can be read; expected one of these encodings"
        )
    return best


def _reads(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def decode_line(line: bytes, encoding: str) -> tuple[str, str] | None:
    """Return the text of one line and the codec that read it, None when none does.

    In a file put together of several, single lines are in the other encoding. Valid UTF-8 that spells Hangul
    is no accident; CP949 is believed only where it spells everyday Hangul, for broken UTF-8 reads as rare
    Chinese characters there.
    """
    utf8 = _decoded(line, "utf-8")
    if encoding == "utf-8":
        other = _decoded(line, "cp949") if utf8 is None else None
        if other is not None and _HANGUL.search(other) and not _HANJA.search(other) and _everyday(other):
            return other, "cp949"
        return None if utf8 is None else (utf8, "utf-8")
    if utf8 is not None and _HANGUL.search(utf8):
        return utf8, "utf-8"
    own = _decoded(line, encoding)
    return None if own is None else (own, encoding)


def _decoded(line: bytes, name: str) -> str | None:
    try:
        return line.decode(name)
    except UnicodeDecodeError:
        return None


def _everyday(text: str) -> bool:
    try:
        text.encode("euc_kr")
    except UnicodeEncodeError:
        return False
    return True


class AsUtf8:
    """Hands out the bytes of a UTF-16 stream as UTF-8, block by block."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, none at the end."""
        block = self._stream.read(size)
        return self._decoder.decode(block, final=not block).encode("utf-8", "replace")
