"""Rows of messages that the queue refused: halved until the record to blame stands alone.

A message is refused whole, for one record in it. Its rows are sent again in two halves, each a message of its
own, and so on: after about twice the logarithm of their number all others are through. What is refused alone
waits for a while. A queue that refuses everything makes no storm of this: so many refusals, then a pause.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from edge_components.runtime.spool import SpooledRow

REFUSALS_A_PAUSE = 64
"""Enough to find one record among the most that fit a message, and some more."""


@dataclass(frozen=True)
class _Group:
    """Rows of one refused message, or half of them; tried again from `due_at_seconds` (monotonic) on."""

    row_ids: tuple[int, ...]
    due_at_seconds: float


class RefusedRows:
    """Groups of rows that are to be sent apart from all others.

    `pause_seconds` is how long a refused record is left alone.
    """

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._groups: list[_Group] = []
        self._refusals: list[float] = []

    def refuse(self, row_ids: Sequence[int], now_seconds: float) -> None:
        """Note that a message of these rows was refused at `now_seconds`."""
        known = set(row_ids)
        self._groups = [group for group in self._groups if known.isdisjoint(group.row_ids)]
        since = now_seconds - self._pause_seconds
        self._refusals = [at for at in self._refusals if at > since] + [now_seconds]
        alone = len(row_ids) == 1
        later = now_seconds + self._pause_seconds
        due = later if alone or len(self._refusals) >= REFUSALS_A_PAUSE else now_seconds
        middle = len(row_ids) // 2
        halves = [tuple(row_ids)] if alone else [tuple(row_ids[:middle]), tuple(row_ids[middle:])]
        self._groups += [_Group(half, due) for half in halves]

    def divide(
        self, rows: Sequence[SpooledRow], now_seconds: float
    ) -> tuple[list[SpooledRow], list[list[SpooledRow]]]:
        """Return the rows that were never refused, and the groups to be sent now, each as one message.

        Groups whose time has not come are in neither. Rows that are no longer in the spool are forgotten.
        """
        here = {row.row_id: row for row in rows}
        self._groups = [group for group in self._groups if any(one in here for one in group.row_ids)]
        apart = {one for group in self._groups for one in group.row_ids}
        due = [group for group in self._groups if group.due_at_seconds <= now_seconds]
        groups = [[here[one] for one in group.row_ids if one in here] for group in due]
        return [row for row in rows if row.row_id not in apart], groups

    def accept(self, row_ids: Collection[int]) -> None:
        """Forget rows that the queue took."""
        gone = set(row_ids)
        self._groups = [group for group in self._groups if gone.isdisjoint(group.row_ids)]

    def has_due(self, now_seconds: float) -> bool:
        """Return whether a group may be sent now."""
        return any(group.due_at_seconds <= now_seconds for group in self._groups)
