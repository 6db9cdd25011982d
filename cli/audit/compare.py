"""Puts each stretch of a hand count beside what the run counted in it, and says how large the error is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cli.audit.counted import MISSING, SUSPECT, Counted
from cli.audit.hand_file import HandCountError, HandRow, Subject, by_subject
from cli.audit.intervals import (
    Interval,
    Pairs,
    absolute_error_interval,
    error_interval,
    ratio,
)


class Run(Protocol):
    """What a run counted: the lake of it, or its totals."""

    @property
    def subjects(self) -> set[Subject]:
        """Lines and zones that the run knows."""
        ...

    @property
    def time_zone(self) -> str:
        """IANA zone of the site."""
        ...

    def in_stretch(self, subject: Subject, start_ms: int, end_ms: int) -> Counted:
        """Return the crossings of a line and direction in [start, end)."""
        ...

    def at_instant(self, zone: str, at_ms: int) -> Counted:
        """Return the people in a zone."""
        ...


@dataclass(frozen=True)
class Stretch:
    """A counted row of the hand count and what the run says of it."""

    row: HandRow
    counted: Counted

    @property
    def by_hand(self) -> float:
        """The count by hand."""
        return float(self.row.count or 0)

    @property
    def value(self) -> float:
        """The count of the run; 0 where nothing was analysed."""
        return self.counted.value or 0.0

    @property
    def difference(self) -> float:
        """Counted less by hand."""
        return self.value - self.by_hand


@dataclass(frozen=True)
class Audit:
    """The comparison of one subject.

    `used` go into the figures. `suspect` were counted while the camera was not healthy, `missing` not
    analysed at all; both stand apart. `waiting` rows are not counted by hand yet. `drawn` says that the rows
    are a random sample, and `drawn_from` how many stretches it was drawn from.
    """

    subject: Subject
    used: tuple[Stretch, ...]
    suspect: tuple[Stretch, ...]
    missing: tuple[Stretch, ...]
    waiting: int
    pairs: Pairs
    drawn: bool
    drawn_from: float
    empty_strata: tuple[str, ...]

    @property
    def counted(self) -> float:
        """What the run counted in the stretches used."""
        return float(self.pairs.counted.sum())

    @property
    def by_hand(self) -> float:
        """What was counted by hand in them."""
        return float(self.pairs.hand.sum())

    @property
    def minutes(self) -> float:
        """Length of the stretches used; 0 for instants."""
        return sum(one.row.end_ms - one.row.start_ms for one in self.used) / 60_000

    @cached_property
    def error(self) -> float:
        """Signed error as a share of the hand count, weighted; NaN when nobody was there by hand."""
        return ratio(self.pairs.differences, self.pairs)

    @cached_property
    def error_interval(self) -> Interval:
        """Where the signed error lies, 95 % sure."""
        return error_interval(self.pairs)

    @cached_property
    def absolute_error(self) -> float:
        """Sum of the differences' sizes as a share of the hand count, weighted."""
        return ratio(np.abs(self.pairs.differences), self.pairs)

    @cached_property
    def absolute_error_interval(self) -> Interval:
        """Where the absolute error lies, 95 % sure."""
        return absolute_error_interval(self.pairs)

    @property
    def mean_absolute_error(self) -> float:
        """Mean size of the difference in a stretch, not weighted; NaN without stretches."""
        return float(np.abs(self.pairs.differences).mean()) if self.used else math.nan

    def within(self, maximum_percent: float) -> bool:
        """Whether the whole interval of the signed error lies within ± `maximum_percent`."""
        limits = self.error_interval
        return -maximum_percent / 100 <= limits.low and limits.high <= maximum_percent / 100


def compare(rows: list[HandRow], run: Run) -> list[Audit]:
    """Return the comparison of every subject of the hand count, lines first.

    Raises `HandCountError` for a line or zone that the run does not know.
    """
    _check_subjects(rows, run)
    return [_audit(subject, mine, run) for subject, mine in by_subject(rows).items()]


def _check_subjects(rows: list[HandRow], run: Run) -> None:
    known = run.subjects
    zones = {subject.name for subject in known if not subject.is_line}
    for row in rows:
        # A line that nobody crossed is in no record, so an unknown line may be right, if its count is zero.
        if row.subject not in known and not row.subject.is_line:
            names = ", ".join(sorted(zones)) or "none"
            raise HandCountError(
                f"hand count, line {row.number}: zone is {row.subject.name!r}: the run's zones are {names}"
            )


def _audit(subject: Subject, rows: Sequence[HandRow], run: Run) -> Audit:
    stretches = [Stretch(row, _counted(subject, row, run)) for row in rows if row.count is not None]
    suspect = tuple(one for one in stretches if one.counted.state == SUSPECT)
    missing = tuple(one for one in stretches if one.counted.state == MISSING)
    used = tuple(one for one in stretches if one.counted.state not in (SUSPECT, MISSING))
    pairs, empty = _pairs(rows, used)
    return Audit(
        subject,
        used,
        suspect,
        missing,
        len(rows) - len(stretches),
        pairs,
        drawn=rows[0].weight is not None,
        drawn_from=sum(row.weight or math.inf for row in rows),
        empty_strata=empty,
    )


def _counted(subject: Subject, row: HandRow, run: Run) -> Counted:
    if subject.is_line:
        return run.in_stretch(subject, row.start_ms, row.end_ms)
    return run.at_instant(subject.name, row.start_ms)


def _pairs(rows: Sequence[HandRow], used: Sequence[Stretch]) -> tuple[Pairs, tuple[str, ...]]:
    """Return the pairs, and the strata of which no stretch can be used.

    A stratum stands for the sum of the weights drawn in it, whatever became of its rows: what is not counted
    yet, or suspect, is taken to be like the rest of its stratum.
    """
    weighted = rows[0].weight is not None
    # Without weights, strata are but remarks.
    layers = [row.stratum if weighted else "" for row in rows]
    mine = [one.row.stratum if weighted else "" for one in used]
    sizes = dict.fromkeys(layers, 0.0)
    for layer, row in zip(layers, rows, strict=True):
        sizes[layer] += math.inf if row.weight is None else row.weight
    left = {name: mine.count(name) for name in sizes}
    names = [name for name in sizes if left[name]]
    weights = [sizes[name] / left[name] if weighted else 1.0 for name in mine]
    pairs = Pairs(
        np.array([one.value for one in used], np.float64),
        np.array([one.by_hand for one in used], np.float64),
        np.array(weights, np.float64),
        np.array([names.index(name) for name in mine], np.int64),
        tuple(sizes[name] for name in names),
    )
    return pairs, tuple(name for name in sizes if not left[name] and used)
