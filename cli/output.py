"""What the command line prints and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contract.files import write_whole


def say(text: str = "") -> None:
    """Print a line for a person to standard error, so that standard output stays for programs."""
    print(text, file=sys.stderr, flush=True)


def write_progress(text: str) -> None:
    """Write to standard error at once and as it is: a line of progress may replace the one before."""
    sys.stderr.write(text)
    sys.stderr.flush()


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a document for a program to standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document so that a reader sees the old file or the whole new one, never a half."""
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as aligned plain text, one line a row."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def printable(text: str) -> str:
    """Return what a stranger wrote as a terminal may show it: no control codes, nothing it cannot hold."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
