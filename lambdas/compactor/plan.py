"""What there is to do for a table and day: raw objects to fold, compacted ones to merge, what may go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from contract.lake import CompactedObject, LakeKeyError, parse_compacted_key, parse_raw_key
from lambdas.compactor.covers import Cover, Covers
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import Listed

MAXIMUM_BUCKETS = 1024
_Identity = tuple[str, str]


@dataclass
class DayState:
    """The objects of one table and UTC day, as they were listed; kept current by whoever writes."""

    table: str
    day: str
    raw: list[Listed]
    compacted: list[Listed]
    covers: Covers

    def covered(self) -> set[_Identity]:
        """Return the versions whose rows are proved to be in other objects."""
        holding = self.covers.holding(self.compacted)
        return {item.identity for cover in holding for item in cover.inputs}

    def uncovered_raw(self) -> list[Listed]:
        """Return the raw objects to fold, those that arrived first first."""
        covered = self.covered()
        waiting = [item for item in self.raw if _identity(item) not in covered and _is_raw(item.key)]
        return sorted(waiting, key=lambda item: (item.last_modified, item.key))

    def live(self) -> dict[tuple[int, int], list[Listed]]:
        """Return the compacted objects that no cover replaces, by bucket and number of buckets."""
        covered = self.covered()
        found: dict[tuple[int, int], list[Listed]] = {}
        for item in self.compacted:
            described = described_object(item)
            if described is not None and _identity(item) not in covered:
                found.setdefault((described.bucket, described.buckets), []).append(item)
        return found


def described_object(item: Listed) -> CompactedObject | None:
    """Return what the key of a compacted object says, None for a stranger."""
    try:
        return parse_compacted_key(item.key)
    except LakeKeyError:
        return None


def bucket_count(state: DayState, bytes_of_days_before: int, rules: CompactionRules) -> int:
    """Return into how many camera buckets the day is split: a power of two.

    A day keeps the number it began with. Otherwise its size is taken to be that of the biggest day before,
    or of its own raw objects, which compress to less.
    """
    begun = [described.buckets for item in state.compacted if (described := described_object(item))]
    if begun:
        return max(begun)
    size = max(bytes_of_days_before, sum(item.size for item in state.raw))
    buckets = 1
    while buckets < MAXIMUM_BUCKETS and size > buckets * rules.target_bytes:
        buckets *= 2
    return buckets


def due_merges(state: DayState, now: datetime, rules: CompactionRules) -> Iterator[list[Listed]]:
    """Yield, for each bucket where it is time, the live objects to merge: the smallest that fit a piece.

    An object of half a piece or more is full and stays as it is.
    """
    for _, items in sorted(state.live().items()):
        sizes = {item.key: parse_compacted_key(item.key).rows for item in items}
        small = sorted(
            (item for item in items if 2 * sizes[item.key] < rules.piece_rows),
            key=lambda item: (sizes[item.key], item.key),
        )
        if len(small) < rules.merge_at and not _has_settled(small, now, rules):
            continue
        chosen = _fitting(small, sizes, rules.piece_rows)
        if len(chosen) > 1:
            yield chosen


@dataclass(frozen=True)
class Retirement:
    """Objects that nobody needs to see any more, and covers that have done their work."""

    objects: list[Listed]
    covers: list[Cover]


def retirement(state: DayState, now: datetime, rules: CompactionRules) -> Retirement:
    """Return what may go: inputs of covers that hold, once no query from before the cover can run any more.

    Raw objects stay `raw_keep` after their arrival. A cover goes when nothing needs its proof: all its
    inputs are gone, and no other cover rests on one of them.
    """
    listed = {_identity(item): item for item in (*state.raw, *state.compacted)}
    holding = state.covers.holding(state.compacted)
    ripe = [
        cover for cover in holding if now - state.covers.manifest(cover).last_modified >= rules.reader_grace
    ]
    old_enough = now - rules.raw_keep
    going = {
        identity: listed[identity]
        for identity in (item.identity for cover in ripe for item in cover.inputs)
        if identity in listed and (not _is_raw(identity[0]) or listed[identity].last_modified <= old_enough)
    }
    left = set(listed) - set(going)
    rested_on = {item.identity for cover in state.covers for item in cover.outputs}
    done = [
        cover
        for cover in ripe
        if not any(item.identity in left or item.identity in rested_on for item in cover.inputs)
    ]
    return Retirement(list(going.values()), done)


def broken_covers(state: DayState) -> list[Cover]:
    """Return the covers that prove nothing: an output is gone that no cover replaced. Their inputs stay."""
    holding = {cover.key for cover in state.covers.holding(state.compacted)}
    return [cover for cover in state.covers if cover.key not in holding]


def _has_settled(items: list[Listed], now: datetime, rules: CompactionRules) -> bool:
    return len(items) > 1 and now - max(item.last_modified for item in items) >= rules.settle


def _fitting(items: Iterable[Listed], sizes: dict[str, int], limit: int) -> list[Listed]:
    chosen: list[Listed] = []
    rows = 0
    for item in items:
        rows += sizes[item.key]
        if rows > limit:
            break
        chosen.append(item)
    return chosen


def _identity(item: Listed) -> _Identity:
    return item.key, item.etag


def _is_raw(key: str) -> bool:
    try:
        parse_raw_key(key)
    except LakeKeyError:
        return False
    return True
