"""XML: the element that repeats and holds plain fields is the record, whatever a portal calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from lambdas.open_data.encoding import BLOCK_BYTES, AsUtf8, detect_encoding
from lambdas.open_data.markup_records import MarkupHandler, Record, check_fields
from lambdas.open_data.rows import BadRow, Batch, RefusedFileError, Source

TOLD_NAMES = 50
_PIECE_CELLS = 1_000_000
_SURVEYED_BYTES = 4 << 20


class MarkupReader:
    """Reads XML from a seekable stream.

    Declared entities, documents that are not well formed, deep nesting, huge texts, tags and records, and
    more names than a table has raise `RefusedFileError`: no entity is ever expanded, nothing outside the file
    is fetched, and memory is bounded whatever the file holds. What the declaration says about the encoding is
    not believed.
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
        strangers = _Strangers(names)
        piece = max(1, _PIECE_CELLS // max(1, len(names)))
        for records in self._records(None):
            for start in range(0, len(records), piece):
                yield self._batch(records[start : start + piece], names, strangers)

    def _batch(self, records: Sequence[Record], names: Sequence[str], strangers: _Strangers) -> Batch:
        batch = Batch()
        for line, path, fields in records:
            if path != self._path:
                if path[: len(self._path)] == self._path:
                    self.source.notes["nested_fields"] += 1
            elif reasons := strangers.reasons(fields):
                shown = tuple(f"{name}={value}" for name, value in fields.items())
                batch.bad.append(BadRow(line, reasons, shown))
            else:
                batch.lines.append(line)
                batch.cells.append([fields.get(name, "") for name in names])
        return batch

    def _survey(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the path of the elements that hold most fields between them, and the fields' names."""
        counts: Counter[tuple[str, ...]] = Counter()
        fields_of: dict[tuple[str, ...], dict[str, None]] = {}
        for records in self._records(_SURVEYED_BYTES):
            for _, path, fields in records:
                if len(fields) > 1:
                    counts[path] += 1
                    named = fields_of.setdefault(path, {})
                    named.update(dict.fromkeys(fields))
                    check_fields(len(named))
        if not counts:
            raise RefusedFileError("the XML holds no element with two or more plain fields: expected records")
        path = max(counts, key=lambda one: counts[one] * len(fields_of[one]))
        return path, tuple(fields_of[path])

    def _records(self, limit_bytes: int | None) -> Iterator[list[Record]]:
        self._stream.seek(self._encoding.mark_bytes)
        name = self._encoding.name
        stream = AsUtf8(self._stream, name) if name.startswith("utf-16") else self._stream
        handler = MarkupHandler("utf-8" if name.startswith("utf-16") else name)
        read = 0
        while block := stream.read(BLOCK_BYTES):
            yield handler.feed(block)
            read += len(block)
            if limit_bytes is not None and read >= limit_bytes:
                return
        yield handler.feed(b"", is_last=True)


class _Strangers:
    """Fields that the surveyed records lack; only so many are told by name, for each is a reason to count."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._told: set[str] = set()

    def reasons(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        """Return why a record with these fields is no row; nothing when it is one."""
        found: dict[str, None] = {}
        for name in sorted(fields.keys() - self._known):
            if len(self._told) < TOLD_NAMES:
                self._told.add(name)
            found[f"unknown_field:{name}" if name in self._told else "unknown_field"] = None
        return tuple(found)
