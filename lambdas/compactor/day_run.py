"""The work of one table and day under a lease: fold, merge, and take away what is covered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from contract.lake import compacted_day_prefix, compacted_prefix, parse_compacted_key
from lambdas.compactor.covers import Cover
from lambdas.compactor.piece import Inputs, PieceWork
from lambdas.compactor.plan import DayState, broken_covers, bucket_count, due_merges, retirement
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import Listed, ObjectStore
from lambdas.shared.leases import Lease, Leases

COVER_CONTENT_TYPE = "application/json"
_DAYS_BEFORE = 3


@dataclass
class DayRun:
    """Works on `state` under `lease`, renewed before each step that others build on.

    Raises `LeaseLostError` when another has taken the lease over, `LakeStoreError` when S3 fails.
    """

    store: ObjectStore
    leases: Leases
    lease: Lease
    state: DayState
    report: Report
    rules: CompactionRules
    clock: Callable[[], datetime]

    def fold(self, has_time: Callable[[], bool]) -> None:
        """Fold the raw objects that no cover names, a piece at a time, the oldest first."""
        waiting = self.state.uncovered_raw()
        buckets = self._bucket_count() if waiting else 1
        work = self._work()
        while waiting and has_time():
            inputs = work.read(waiting[: self.rules.piece_objects], self.rules.piece_rows)
            settled = {version.key for version in inputs.versions} | self.report.skipped.keys()
            waiting = [item for item in waiting if item.key not in settled]
            self.report.objects_folded += len(inputs.versions)
            self._replace(work, inputs, buckets)
        self.report.pieces_left += bool(waiting)

    def buckets_to_merge(self) -> list[int]:
        """Return the camera buckets in which it is time to merge."""
        merges = due_merges(self.state, self.clock(), self.rules)
        return sorted({parse_compacted_key(items[0].key).bucket for items in merges})

    def merge(self, has_time: Callable[[], bool], bucket: int | None = None) -> None:
        """Merge the objects of each camera bucket in which it is time, or only of one."""
        work = self._work()
        for items in list(due_merges(self.state, self.clock(), self.rules)):
            described = parse_compacted_key(items[0].key)
            if bucket not in (None, described.bucket):
                continue
            if not has_time():
                self.report.pieces_left += 1
                return
            # More than a piece's rows is never chosen: all are read.
            inputs = work.read(items, self.rules.piece_rows + 1)
            self.report.objects_merged += len(inputs.versions)
            self._replace(work, inputs, described.buckets)

    def retire(self) -> None:
        """Take what is covered from the readers' sight, and covers that have done their work."""
        self.report.covers_broken += len(broken_covers(self.state))
        going = retirement(self.state, self.clock(), self.rules)
        if going.objects or going.covers:
            self._renew()
            self.report.objects_retired += self.store.delete(going.objects)
            self.store.delete([self.state.covers.manifest(cover) for cover in going.covers])

    def _replace(self, work: PieceWork, inputs: Inputs, buckets: int) -> None:
        """Write what replaces `inputs`, and then the proof: without it the outputs are mere copies."""
        if not inputs.versions:
            return
        # Reading may have taken long, and so may writing: who lost the lease meanwhile stops here.
        self._renew()
        cover = work.write(inputs, buckets)
        self._renew()
        body = cover.encode()
        etag = self.store.put_new(cover.key, body, COVER_CONTENT_TYPE)
        self._remember(cover, Listed(cover.key, etag, len(body), self.clock()))

    def _remember(self, cover: Cover, manifest: Listed) -> None:
        self.state.covers.add(cover, manifest)
        known = {item.key for item in self.state.compacted}
        self.state.compacted += [
            Listed(item.key, item.etag, 0, manifest.last_modified)
            for item in cover.outputs
            if item.key not in known
        ]

    def _renew(self) -> None:
        self.lease = self.leases.renew(self.lease)

    def _work(self) -> PieceWork:
        return PieceWork(self.store, self.state.table, self.state.day, self.report)

    def _bucket_count(self) -> int:
        """Return the number of camera buckets, from the biggest of the last days: the best guess."""
        table, day = self.state.table, self.state.day
        before = [other for other in self.store.days(compacted_prefix(table)) if other < day]
        sizes = [
            sum(item.size for item in self.store.listing(compacted_day_prefix(table, other)))
            for other in before[-_DAYS_BEFORE:]
        ]
        return bucket_count(self.state, max(sizes, default=0), self.rules)
