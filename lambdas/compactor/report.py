"""What a run of the compactor did."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass
class Report:
    """Counts of one run; `skipped` names each object left alone, `failed` each piece, with a sentence why.

    `rows_read` = `rows_written` + `duplicates`. `pieces_busy` were another's, `pieces_lost` were taken over
    by another, `pieces_left` wait for the next run. `covers_broken` should be 0: an object that replaced
    others has gone from the bucket by another hand.
    """

    pieces: int = 0
    pieces_busy: int = 0
    pieces_lost: int = 0
    pieces_left: int = 0
    objects_folded: int = 0
    objects_merged: int = 0
    objects_written: int = 0
    objects_retired: int = 0
    rows_read: int = 0
    rows_written: int = 0
    duplicates: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    covers_broken: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return every count by name, with how many objects were skipped and how many pieces failed."""
        named = {"skipped", "failed"}
        numbers = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in named}
        return {**numbers, "objects_skipped": len(self.skipped), "pieces_failed": len(self.failed)}
