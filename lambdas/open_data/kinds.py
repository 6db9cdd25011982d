"""What kind of file this is, by its bytes and not by its name, and the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from lambdas.open_data.delimited import DelimitedReader
from lambdas.open_data.markup import MarkupReader
from lambdas.open_data.rows import Reader, RefusedFileError

READERS: Mapping[str, Callable[[BinaryIO], Reader]] = {"text": DelimitedReader, "xml": MarkupReader}
"""A format is read when it stands here: XLSX, JSON and zip need a class of `rows.Reader` and a line."""
_LOOKED_AT_BYTES = 65_536
_MAGIC = (
    (b"PK\x03\x04", "zip", "a zip archive or an Excel workbook (XLSX)"),
    (b"\xd0\xcf\x11\xe0", "xls", "an old Excel or Hangul document"),
    (b"\x1f\x8b", "gzip", "compressed with gzip"),
    (b"%PDF", "pdf", "a PDF"),
    (b"PAR1", "parquet", "parquet already"),
    (b"\x89PNG", "png", "a picture"),
    (b"\xff\xd8\xff", "jpeg", "a picture"),
    (b"\x7fELF", "elf", "a program"),
    (b"MZ", "exe", "a program"),
    (b"SQLite format 3", "sqlite", "a database"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x1a")


def kind_of(stream: BinaryIO) -> str:
    """Return a key of `READERS`, or raise `RefusedFileError` saying what the file is instead."""
    stream.seek(0)
    start = stream.read(_LOOKED_AT_BYTES)
    stream.seek(0)
    if not start.strip():
        raise RefusedFileError("the file is empty: expected a table")
    for magic, kind, title in _MAGIC:
        if start.startswith(magic) and (kind != "exe" or b"\x00" in start):
            if kind in READERS:
                return kind
            raise RefusedFileError(
                f"the file is {title}: expected CSV, TSV or XML (in Excel: save as CSV UTF-8)"
            )
    if start.startswith(_UTF16_MARKS):
        text = start[: len(start) // 2 * 2].decode("utf-16", "replace")
        return "xml" if text.lstrip().startswith("<") else "text"
    _refuse_binary(start)
    shown = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if shown.startswith((b"{", b"[{", b"[[")) and "json" not in READERS:
        raise RefusedFileError("the file is JSON: expected CSV, TSV or XML")
    return "xml" if shown.startswith(b"<") else "text"


def open_reader(stream: BinaryIO) -> Reader:
    """Return the reader of a seekable stream; raises `RefusedFileError` or `EncodingError`."""
    kind = kind_of(stream)
    return READERS[kind](stream)


def _refuse_binary(start: bytes) -> None:
    """A stray control character spoils one row; a file full of them is no text."""
    found = len(start) - len(start.translate(None, _CONTROL))
    if found > max(8, len(start) // 200):
        raise RefusedFileError(
            f"the file is binary: {found} of its first {len(start)} bytes are control codes; expected text"
        )
