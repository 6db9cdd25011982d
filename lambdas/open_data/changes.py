"""What was repaired on the way: how often, and the first examples, for the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

EXAMPLES = 10


@dataclass(frozen=True)
class Change:
    """One repair: the line, the column, what stood there and what stands there now."""

    line: int
    column: str
    before: str
    after: str


@dataclass
class Changes:
    """Counts of repairs by code, with a few examples of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Change]] = field(default_factory=dict)

    def add(self, code: str, change: Change, count: int = 1) -> None:
        """Count a repair made `count` times, and keep it as an example while there are few."""
        self.counts[code] += count
        kept = self.examples.setdefault(code, [])
        if len(kept) < EXAMPLES:
            kept.append(change)
