"""How a text table separates and quotes its cells, found from its first lines."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = (",", "\t", ";", "|")
_JUDGED_LINES = 200
_EXCEL_DIRECTIVE = re.compile(r'"?sep=(.)"?\s*', re.I)


@dataclass(frozen=True)
class Dialect:
    """The delimiter and the quote; `skipped_lines` at the start say only that (Excel's sep=;)."""

    delimiter: str
    quote: str = '"'
    skipped_lines: int = 0

    @property
    def title(self) -> str:
        """What the report calls it."""
        names = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
        return names.get(self.delimiter, repr(self.delimiter))


def detect_dialect(lines: Sequence[str]) -> Dialect:
    """Return the dialect of the first `lines` of a file; a comma where nothing speaks for another."""
    directive = _EXCEL_DIRECTIVE.fullmatch(lines[0]) if lines else None
    if directive is not None:
        return Dialect(directive[1], _quote(lines[1:_JUDGED_LINES], directive[1]), skipped_lines=1)
    judged = [line for line in lines[:_JUDGED_LINES] if line.strip()]
    delimiter = max(DELIMITERS, key=lambda one: _score(judged, one))
    return Dialect(delimiter, _quote(judged, delimiter))


def _score(lines: Sequence[str], delimiter: str) -> float:
    """Return how many cells the usual line has beyond the first, times the share of lines that are usual."""
    widths: Counter[int] = Counter()
    # A cell longer than the csv module takes ends the count; the reader tells of it when it comes to it.
    with contextlib.suppress(csv.Error):
        widths.update(len(row) for row in csv.reader(lines, delimiter=delimiter))
    if not widths:
        return 0.0
    width, count = widths.most_common(1)[0]
    return (width - 1) * count / sum(widths.values())


def _quote(lines: Sequence[str], delimiter: str) -> str:
    """Return ' where cells stand between such and none between "."""
    if any('"' in line for line in lines):
        return '"'
    between = re.compile(rf"(?:^|{re.escape(delimiter)})'[^']*'(?={re.escape(delimiter)}|\s*$)")
    found = sum(between.search(line) is not None for line in lines)
    return "'" if lines and 2 * found >= len(lines) else '"'
