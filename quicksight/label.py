"""Texts that a reader sees, always in English and Korean."""

from __future__ import annotations

from dataclasses import dataclass

SEPARATOR = " · "


@dataclass(frozen=True)
class Label:
    """One text in both languages; `str()` gives both, as a dashboard shows them."""

    english: str
    korean: str

    def __str__(self) -> str:
        return f"{self.english}{SEPARATOR}{self.korean}"


NO_DATA = Label("no data", "데이터 없음")
"""What stands where a number is missing, so that nothing measured never reads as zero."""
