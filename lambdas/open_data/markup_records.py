"""Elements of XML as records, in memory that has a bound whatever the file holds."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from xml.parsers import expat

from lambdas.open_data.rows import RefusedFileError
from lambdas.open_data.text_lines import composed

DEEPEST = 50
LONGEST_TEXT = 131_072
MOST_FIELDS = 1_000
MOST_NAMES = 10_000
"""Of elements and attributes: the parser keeps every name that it has met until the file ends."""
LONGEST_NAME = 200
LONGEST_RECORD = 512 * 1024
"""In characters, names and texts together; so many may be in memory some hundred times."""
LONGEST_TAG = 2 << 20
"""In bytes: the parser gathers a tag, comment or declaration in memory before it tells of it."""
Record = tuple[int, tuple[str, ...], dict[str, str]]
"""Line, path and fields of an element that holds plain fields."""


@dataclass
class _Element:
    """An element that is still open; `fields` are its attributes and plain children."""

    name: str
    line: int
    fields: dict[str, str]
    has_children: bool = False
    has_fields: bool = False
    length: int = 0


class MarkupHandler:
    """Collects the elements whose children hold nothing but text.

    Raises `RefusedFileError` for what is not well formed, and before anything in the file takes more memory
    than the constants above allow.
    """

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        # Python gives text to expat as UTF-8, which goes before what the declaration claims.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        # A default declared once and given to each element would make gigabytes of a few letters.
        self._parser.specified_attributes = True
        self._parser.AttlistDeclHandler = self._declare
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._open: list[_Element] = []
        self._words: list[str] = []
        self._length = 0
        self._found: list[Record] = []
        self._names: set[str] = set()
        self._fed_bytes = 0

    def feed(self, block: bytes, *, is_last: bool = False) -> list[Record]:
        """Return the records that end in `block`."""
        self._found = []
        try:
            content = composed(self._decoder.decode(block, final=is_last)).encode("utf-8")
            self._parser.Parse(content, is_last)
        except expat.ExpatError as error:
            raise RefusedFileError(
                f"the XML is not well formed ({error}): expected closed elements"
            ) from error
        except UnicodeDecodeError as error:
            raise RefusedFileError(
                f"the XML is not {error.encoding} throughout ({error.reason}): expected one encoding"
            ) from error
        self._fed_bytes += len(content)
        self._check_waiting()
        return self._found

    def _check_waiting(self) -> None:
        """Refuse a tag that has not ended, before the parser gathers more of it."""
        read = self._parser.CurrentByteIndex
        if read >= 0 and self._fed_bytes - read > LONGEST_TAG:
            raise RefusedFileError(f"a tag or comment of the XML is longer than {LONGEST_TAG} bytes")

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise RefusedFileError(f"the XML declares the entity {name!r}: expected none, for they can be bombs")

    def _declare(self, element: str, attribute: str, *_: object) -> None:
        self._meet(f"{element} {attribute}")

    def _meet(self, name: str) -> None:
        if name in self._names:
            return
        if len(name) > LONGEST_NAME:
            raise RefusedFileError(f"a name in the XML is longer than {LONGEST_NAME} characters")
        self._names.add(name)
        if len(self._names) > MOST_NAMES:
            raise RefusedFileError(f"the XML has more than {MOST_NAMES} different names: expected a table's")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise RefusedFileError(f"the XML nests deeper than {DEEPEST} elements: expected a flat table")
        self._meet(name)
        element = _Element(name.rpartition(":")[2], self._parser.CurrentLineNumber, dict(attributes))
        for attribute, value in attributes.items():
            self._meet(attribute)
            _check_text(len(value))
            _grow(element, len(attribute) + len(value))
        self._open.append(element)
        self._words, self._length = [], 0

    def _text(self, text: str) -> None:
        self._length += len(text)
        _check_text(self._length)
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
            is_new = name not in parent.fields
            both = value if is_new else f"{parent.fields[name]}; {value}"
            _check_text(len(both))
            parent.fields[name] = both
            _grow(parent, len(value) + (len(name) if is_new else len("; ")))


def _grow(element: _Element, length: int) -> None:
    """Count what a field adds to its record."""
    check_fields(len(element.fields))
    element.length += length
    if element.length > LONGEST_RECORD:
        raise RefusedFileError(f"a record of the XML is longer than {LONGEST_RECORD} characters")


def check_fields(number: int) -> None:
    """Raise `RefusedFileError` when one record, or the header of all, has more fields than a table has."""
    if number > MOST_FIELDS:
        raise RefusedFileError(f"a record of the XML has more than {MOST_FIELDS} fields: expected a table's")


def _check_text(length: int) -> None:
    if length > LONGEST_TEXT:
        raise RefusedFileError(f"a field of the XML is longer than {LONGEST_TEXT} characters")
