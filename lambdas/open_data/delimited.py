"""CSV and TSV: records out of lines, with quotes that are never closed told from cells of several lines."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from lambdas.open_data.at_once import columns_of
from lambdas.open_data.dialect import detect_dialect
from lambdas.open_data.encoding import detect_encoding
from lambdas.open_data.rows import BadRow, Batch, Source
from lambdas.open_data.text_lines import Lines, read_lines

LONGEST_RECORD_LINES = 50
"""A cell that runs over more lines is a quote that somebody forgot to close."""


class DelimitedReader:
    """Reads a delimited text file from a seekable stream; raises `EncodingError`, `RefusedFileError`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoding = detect_encoding(stream)
        self.names: tuple[str, ...] | None = None
        self.width: int | None = None
        self.source = Source("text", self._encoding.title)
        start = next(read_lines(stream, self._encoding, Counter()), None)
        texts = start.texts if start else []
        self._dialect = detect_dialect(texts)
        self.source.kind = "TSV" if self._dialect.delimiter == "\t" else "CSV"
        self.source.details = {
            "delimiter": self._dialect.title,
            "quote": self._dialect.quote,
            "line_ends": _line_ends(texts),
        }

    def batches(self) -> Iterator[Batch]:
        """Yield all records, a block of the file at a time; each call begins anew."""
        self.source.notes.clear()
        blocks = read_lines(self._stream, self._encoding, self.source.notes)
        held: list[str] = []
        following = next(blocks, None)
        while following is not None:
            block, following = following, next(blocks, None)
            skipped = self._dialect.skipped_lines if block.first == 1 else 0
            first = block.first - len(held)
            batch = Batch()
            held = self._read(
                Lines(
                    first + skipped,
                    held + block.texts[skipped:],
                    {place + len(held) - skipped: bad for place, bad in block.bad.items()},
                ),
                batch,
                is_last=following is None,
            )
            yield batch

    def _read(self, block: Lines, batch: Batch, *, is_last: bool) -> list[str]:
        """Add the records of `block` to `batch`; return the lines of a record that the next block ends."""
        if self.width is not None and block.texts and not block.bad:
            found = columns_of(block.texts, self._dialect)
            if found is not None:
                batch.columns, batch.keys = found
                batch.lines.extend(range(block.first, block.first + len(block.texts)))
                return []
        held: list[str] = []
        start = 0
        for end in (*sorted(block.bad), len(block.texts)):
            is_end = end == len(block.texts)
            held = self._run(
                block.texts[start:end], block.first + start, batch, is_last=is_last or not is_end
            )
            if not is_end:
                batch.bad.append(block.bad[end])
            start = end + 1
        return held

    def _run(self, lines: list[str], first: int, batch: Batch, *, is_last: bool) -> list[str]:
        """Add the records of lines that are all text."""
        rows = self._one_line_each(lines)
        if rows is not None:
            batch.lines.extend(range(first, first + len(rows)))
            batch.cells.extend(rows)
            return []
        start = 0
        while start < len(lines):
            feed = _Feed(lines, start)
            reason = self._records(feed, first, batch)
            if reason is None:
                return []
            if reason == "unclosed_quote" and feed.at_end and not is_last:
                return lines[feed.start :]
            line = lines[feed.start].rstrip("\r\n")
            batch.bad.append(BadRow(first + feed.start, (reason,), (line,)))
            start = feed.start + 1
        return []

    def _one_line_each(self, lines: list[str]) -> list[list[str]] | None:
        """Return the records when every line is one, the common case, at the speed of C."""
        quote = self._dialect.quote
        if not lines or lines[-1].count(quote) % 2:
            return None if lines else []
        try:
            rows = list(self._csv(lines))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _records(self, feed: _Feed, first: int, batch: Batch) -> str | None:
        """Add records until `feed` ends; return why the one that begins at `feed.start` is none."""
        reader = self._csv(feed)
        try:
            for row in reader:
                if feed.next - feed.start > 1 and not self._fits(row):
                    return "unclosed_quote"
                batch.lines.append(first + feed.start)
                batch.cells.append(row)
                feed.start = feed.next
        except _UnclosedError:
            return "unclosed_quote"
        except csv.Error:
            return "cell_too_long"
        return None

    def _fits(self, row: Sequence[str]) -> bool:
        return self.width is None or (len(row) >= self.width and not any(row[self.width :]))

    def _csv(self, lines: Any) -> Any:
        return csv.reader(lines, delimiter=self._dialect.delimiter, quotechar=self._dialect.quote)


class _UnclosedError(Exception):
    """A record goes on where it should have ended."""


class _Feed:
    """Hands lines to the csv module and sees from which line on it is still within one record."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines = lines
        self.start = start
        self.next = start
        self.at_end = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        within = self.next - self.start
        if self.next == len(self._lines):
            if not within:
                raise StopIteration
            self.at_end = True
            raise _UnclosedError
        if within >= LONGEST_RECORD_LINES:
            raise _UnclosedError
        self.next += 1
        return self._lines[self.next - 1]


def _line_ends(lines: Sequence[str]) -> str:
    found = {
        name
        for line in lines
        for name, end in (("CRLF", "\r\n"), ("LF", "\n"), ("CR", "\r"))
        if line.endswith(end) and not (end == "\n" and line.endswith("\r\n"))
    }
    return " and ".join(sorted(found)) or "none"
