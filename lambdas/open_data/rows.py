"""What every reader hands on: records with the line they begin in, and the lines that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contract.errors import CrowdLensError

KEY_SEPARATOR = "\x1f"
"""No cell has it: a line with a control character is no row."""
KEY_ENDS = f"{KEY_SEPARATOR} \t\r\n"


class RefusedFileError(CrowdLensError):
    """Raised when a file as a whole is not, or not safely, what can be read; one sentence says why."""


@dataclass(frozen=True)
class BadRow:
    """A row kept in quarantine: the line it begins in (from 1), why, and what it was."""

    line: int
    reasons: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass
class Batch:
    """Records in the order of the file; `lines[i]` is where `cells[i]` begins.

    A reader that has the records by column gives them in `columns` (dictionary arrays of text) with their
    `keys` instead of `cells`: that is faster, and means the same.
    """

    lines: list[int] = field(default_factory=list)
    cells: list[Sequence[str]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    columns: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def row_key(cells: Sequence[str]) -> str:
    """Return what is equal for equal rows, whatever empty cells and spaces stand at their ends."""
    return KEY_SEPARATOR.join(cells).rstrip(KEY_ENDS)


@dataclass
class Source:
    """What a reader learnt about its file, for the report."""

    kind: str
    encoding: str
    details: dict[str, str] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """One format. A new one (XLSX, JSON, a zip of files) is another class with these members.

    `names` is the header where the format has one of its own; otherwise the header is looked for among the
    first records. `width`, once known, lets a reader tell a run-on record from a long one, and give columns.
    """

    source: Source
    names: tuple[str, ...] | None
    width: int | None

    def batches(self) -> Iterator[Batch]:
        """Yield all records in pieces of bounded size; raises `RefusedFileError`."""
        ...
