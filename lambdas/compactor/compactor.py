"""Runs over the lake: finds what there is to do and does it, one table and day after the other.

Safe at any instant, killed anywhere, and twice at once: nothing is replaced, and nothing goes before an
object that holds its rows has been there longer than any query takes (docs/decisions/0009-compaction.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from contract.lake import (
    compacted_day_prefix,
    covers_day_prefix,
    covers_prefix,
    raw_day_prefix,
    raw_prefix,
)
from contract.tables import TABLES
from lambdas.compactor.covers import CoverError, Covers, decode_cover
from lambdas.compactor.day_run import DayRun
from lambdas.compactor.encoding import EncodingError
from lambdas.compactor.piece import FoldError
from lambdas.compactor.plan import DayState
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import ObjectStore
from lambdas.shared.lake_store import LakeObjectMissingError
from lambdas.shared.leases import LeaseLostError, Leases


@dataclass(frozen=True)
class Piece:
    """A unit of work: a table and day, or with `bucket` only the merging of that camera bucket."""

    table: str
    day: str
    bucket: int | None = None

    @property
    def name(self) -> str:
        """The name of its lease."""
        name = f"compact/{self.table}/{self.day}"
        return name if self.bucket is None else f"{name}/{self.bucket}"


class Compactor:
    """Compacts one lake.

    `has_time` says whether another piece may be begun. With `dispatch` the merges of a day are handed to it,
    as pieces of their own, instead of being done.
    """

    def __init__(
        self,
        store: ObjectStore,
        leases: Leases,
        rules: CompactionRules | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        has_time: Callable[[], bool] = lambda: True,
        dispatch: Callable[[Piece], None] | None = None,
    ) -> None:
        self._store = store
        self._leases = leases
        self._rules = rules or CompactionRules()
        self._clock = clock
        self._has_time = has_time
        self._dispatch = dispatch

    def pieces(self, tables: Collection[str] = tuple(TABLES)) -> list[Piece]:
        """Return the days with raw objects or open covers; a day that is done costs nothing to pass by."""
        return [
            Piece(table, day)
            for table in tables
            for day in sorted({*self._store.days(raw_prefix(table)), *self._store.days(covers_prefix(table))})
        ]

    def run(self, pieces: Collection[Piece]) -> Report:
        """Do `pieces` while there is time and return what was done.

        A piece that fails by itself is named in the report and stops no other. Raises `LakeStoreError` or
        `ControlTableUnavailableError`, with which all would fail: what was done by then stays done.
        """
        report = Report()
        for piece in pieces:
            if not self._has_time():
                report.pieces_left += 1
                continue
            try:
                self._run_piece(piece, report)
            except (CoverError, EncodingError, FoldError) as error:
                report.failed[piece.name] = str(error)
        return report

    def state(self, table: str, day: str) -> DayState:
        """Return the objects of a table and day, the covers read before what they rest on."""
        covers = Covers()
        for item in self._store.listing(covers_day_prefix(table, day)):
            # One that went since it was listed was another's to take away, and needed by nobody.
            with suppress(LakeObjectMissingError):
                covers.add(decode_cover(self._store.get(item.key, item.etag), item.key), item)
        compacted = self._store.listing(compacted_day_prefix(table, day))
        return DayState(table, day, self._store.listing(raw_day_prefix(table, day)), compacted, covers)

    def _run_piece(self, piece: Piece, report: Report) -> None:
        lease = self._leases.take(piece.name, self._rules.lease_seconds)
        if lease is None:
            report.pieces_busy += 1
            return
        try:
            report.pieces += 1
            state = self.state(piece.table, piece.day)
            run = DayRun(self._store, self._leases, lease, state, report, self._rules, self._clock)
            self._do(run, piece)
        except LeaseLostError:
            report.pieces_lost += 1
        finally:
            self._leases.release(lease)

    def _do(self, run: DayRun, piece: Piece) -> None:
        if piece.bucket is not None:
            run.merge(self._has_time, piece.bucket)
            return
        run.fold(self._has_time)
        if self._dispatch is None:
            run.merge(self._has_time)
        else:
            for bucket in run.buckets_to_merge():
                self._dispatch(Piece(piece.table, piece.day, bucket))
        run.retire()
