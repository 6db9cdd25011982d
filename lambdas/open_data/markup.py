"""XML: the element that repeats and holds plain fields is the record, whatever a portal calls it."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

from lambdas.open_data.encoding import BLOCK_BYTES, AsUtf8, detect_encoding
from lambdas.open_data.rows import BadRow, Batch, RefusedFileError, Source
from lambdas.open_data.text_lines import composed

DEEPEST = 50
LONGEST_TEXT = 131_072
_SURVEYED_BYTES = 4 << 20
Record = tuple[int, tuple[str, ...], dict[str, str]]
"""Line, path and fields of an element that holds plain fields."""


class MarkupReader:
    """Reads XML from a seekable stream.

    Declared entities, documents that are not well formed, deep nesting and huge texts raise
    `RefusedFileError`: no entity is ever expanded and nothing outside the file is fetched. What the
    declaration says about the encoding is not believed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoding = detect_encoding(stream)
        self.source = Source("XML", self._encoding.title)
        self._path, names = self._survey()
        self.names: tuple[str, ...] | None = names
        self.width: int | None = len(names)
        self.source.details = {"record": "/".join(self._path)}

    def batches(self) -> Iterator[Batch]:
        """Yield all records, a block of the file at a time."""
        self.source.notes.clear()
        names = self.names or ()
        known = set(names)
        for records in self._records(None):
            batch = Batch()
            for line, path, fields in records:
                if path != self._path:
                    if path[: len(self._path)] == self._path:
                        self.source.notes["nested_fields"] += 1
                    continue
                if unknown := sorted(fields.keys() - known):
                    shown = tuple(f"{name}={value}" for name, value in fields.items())
                    batch.bad.append(BadRow(line, tuple(f"unknown_field:{name}" for name in unknown), shown))
                    continue
                batch.lines.append(line)
                batch.cells.append([fields.get(name, "") for name in names])
            yield batch

    def _survey(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the path of the elements that hold most fields between them, and the fields' names."""
        counts: Counter[tuple[str, ...]] = Counter()
        fields_of: dict[tuple[str, ...], dict[str, None]] = {}
        for records in self._records(_SURVEYED_BYTES):
            for _, path, fields in records:
                if len(fields) > 1:
                    counts[path] += 1
                    fields_of.setdefault(path, {}).update(dict.fromkeys(fields))
        if not counts:
            raise RefusedFileError("the XML holds no element with two or more plain fields: expected records")
        path = max(counts, key=lambda one: counts[one] * len(fields_of[one]))
        return path, tuple(fields_of[path])

    def _records(self, limit_bytes: int | None) -> Iterator[list[Record]]:
        self._stream.seek(self._encoding.mark_bytes)
        name = self._encoding.name
        stream = AsUtf8(self._stream, name) if name.startswith("utf-16") else self._stream
        handler = _Handler("utf-8" if name.startswith("utf-16") else name)
        read = 0
        while block := stream.read(BLOCK_BYTES):
            yield handler.feed(block)
            read += len(block)
            if limit_bytes is not None and read >= limit_bytes:
                return
        yield handler.feed(b"", is_last=True)


@dataclass
class _Element:
    """An element that is still open; `fields` are its attributes and plain children."""

    name: str
    line: int
    fields: dict[str, str]
    has_children: bool = False
    has_fields: bool = False


class _Handler:
    """Collects the elements whose children hold nothing but text."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        # Python gives text to expat as UTF-8, which goes before what the declaration claims.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._open: list[_Element] = []
        self._words: list[str] = []
        self._length = 0
        self._found: list[Record] = []

    def feed(self, block: bytes, *, is_last: bool = False) -> list[Record]:
        """Return the records that end in `block`."""
        self._found = []
        try:
            text = composed(self._decoder.decode(block, final=is_last))
            self._parser.Parse(text.encode("utf-8"), is_last)
        except expat.ExpatError as error:
            raise RefusedFileError(
                f"the XML is not well formed ({error}): expected closed elements"
            ) from error
        except UnicodeDecodeError as error:
            raise RefusedFileError(
                f"the XML is not {error.encoding} throughout ({error.reason}): expected one encoding"
            ) from error
        return self._found

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise RefusedFileError(f"the XML declares the entity {name!r}: expected none, for they can be bombs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise RefusedFileError(f"the XML nests deeper than {DEEPEST} elements: expected a flat table")
        self._open.append(_Element(name.rpartition(":")[2], self._parser.CurrentLineNumber, dict(attributes)))
        self._words, self._length = [], 0

    def _text(self, text: str) -> None:
        self._length += len(text)
        self._check_length(self._length)
        self._words.append(text)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        text = "".join(self._words).strip()
        self._words, self._length = [], 0
        if element.has_children:
            self._finish(element)
        elif element.fields and not text:
            # The fields are attributes: <wifi name="…" lat="…"/>.
            self._finish(element)
        elif self._open:
            self._give(self._open[-1], element, text)

    def _finish(self, element: _Element) -> None:
        if element.has_fields or element.fields:
            path = (*(one.name for one in self._open), element.name)
            self._found.append((element.line, path, element.fields))
        if self._open:
            self._open[-1].has_children = True

    def _give(self, parent: _Element, field: _Element, text: str) -> None:
        """Put a plain element into its parent; of several with one name the texts are joined."""
        parent.has_children = parent.has_fields = True
        for name, value in ((field.name, text), *((f"{field.name}_{k}", v) for k, v in field.fields.items())):
            both = f"{parent.fields[name]}; {value}" if name in parent.fields else value
            self._check_length(len(both))
            parent.fields[name] = both

    def _check_length(self, length: int) -> None:
        if length > LONGEST_TEXT:
            raise RefusedFileError(f"a field of the XML is longer than {LONGEST_TEXT} characters")
