"""Takes alerts: decides by the rules when each phase of an event is told, and puts it into that batch.

Of each event one entry tells the start, at most one that it got critical, and at most one the end. Which
batch holds it is written down before it is put there, so an alert that comes twice, or late, or while another
invocation works on the same one, finds the same place. An end or an update without its start (lost, or
overtaken) stands for both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from contract.alerts import CAMERA_FAULT, DEVICE_SILENT, END, TEST, UPDATE, Alert
from lambdas.notifier.batches import KEPT_SECONDS, Batches, BatchName
from lambdas.notifier.cooldown import held_until_ms
from lambdas.notifier.entries import PART_END, PART_RISE, PART_START, Entry, entry_id, entry_of
from lambdas.notifier.gathering import (
    BURST,
    BURST_GROUP_SECONDS,
    LATE,
    WINDOW_PREFIX,
    family_of,
    gather,
    gathering_seconds,
    is_burst,
    is_late,
)
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.rules import CRITICAL, DROP, Options, is_below, severity_of
from lambdas.notifier.site_zones import SiteZones
from lambdas.notifier.store import Document, Key, Store, Stored, change
from lambdas.shared.control_table import ControlTableUnavailableError

HELD_STEP_MS: Final = 300_000
"""What is held is told at whole steps: what ends about the same time makes one message."""
_MOVES: Final = 20
_DROPPED: Final = ""


@dataclass
class Taken:
    """What became of a lot of alerts: `due` batches may be sent now; `failed` are their positions."""

    told: int = 0
    ignored: int = 0
    due: dict[str, BatchName] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Placed:
    """An entry and the batch that is to hold it."""

    position: int
    alert: Alert
    part: str
    options: Options
    entry: Entry
    batch: BatchName

    @property
    def entry_id(self) -> str:
        return entry_id(self.alert, self.part)


class Notifier:
    """Puts alerts into batches; `clock` gives the present in UTC."""

    def __init__(
        self,
        store: Store,
        book: RuleBook,
        clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
    ) -> None:
        self._store = store
        self._book = book
        self._batches = Batches(store)
        self._clock = clock
        self._zones = SiteZones(store)
        self._open: dict[Key, bool] = {}

    def take(self, alerts: Sequence[Alert], entered_ms: Sequence[int] | None = None) -> Taken:
        """Put each of `alerts` where it is told; what could not be written down is in `failed`.

        `entered_ms` says when each came into the cloud's queue.
        """
        taken = Taken()
        self._open.clear()
        waiting: list[_Placed] = []
        for position, alert in enumerate(alerts):
            try:
                placed = self._place(position, alert, None if entered_ms is None else entered_ms[position])
            except ControlTableUnavailableError as error:
                taken.failed[position] = str(error)
                continue
            if placed is None:
                taken.ignored += 1
            else:
                waiting.append(placed)
        for _ in range(_MOVES):
            waiting = self._fill(waiting, taken)
            if not waiting:
                break
        taken.failed |= {
            one.position: "no batch took the alert: expected one that is open" for one in waiting
        }
        return taken

    def _fill(self, waiting: Sequence[_Placed], taken: Taken) -> list[_Placed]:
        """Put entries into their batches, each batch in one write; return those that have to go elsewhere."""
        by_batch: dict[Key, list[_Placed]] = {}
        for one in waiting:
            by_batch.setdefault(one.batch.key, []).append(one)
        moved: list[_Placed] = []
        for together in by_batch.values():
            try:
                moved += self._add(together, taken)
            except ControlTableUnavailableError as error:
                taken.failed |= {one.position: str(error) for one in together}
        return moved

    def _add(self, together: Sequence[_Placed], taken: Taken) -> list[_Placed]:
        batch, now_ms = together[0].batch, self._now_ms()
        refused = self._batches.add(batch, {one.entry_id: one.entry for one in together}, now_ms)
        if batch.due_ms <= now_ms:
            taken.due[batch.due_key.sort] = batch
        taken.told += sum(one.entry_id not in refused for one in together)
        return [self._moved(one) for one in together if one.entry_id in refused]

    def _place(self, position: int, alert: Alert, entered_ms: int | None) -> _Placed | None:
        """Return where `alert` is told, None when it is not told (any more)."""
        options = self._book.options(alert)
        if options.time_zone is not None:
            alert = replace(alert, time_zone=options.time_zone)
        if not options.enabled:
            return None
        self._zones.note(alert)
        stored = self._store.read(event_key(alert))
        known: Mapping[str, Document] = {} if stored is None else stored.document
        part = _part_of(alert, options, known)
        if part is None:
            return None
        late = is_late(alert, self._now_ms(), entered_ms)
        batch = self._noted(alert, part, lambda: self._plan(alert, part, options, known, late=late), stored)
        if batch is None:
            return None
        return _Placed(position, alert, part, options, entry_of(alert, part, options, late=late), batch)

    def _noted(
        self, alert: Alert, part: str, plan: Callable[[], BatchName | None], seen: Stored | None
    ) -> BatchName | None:
        """Write down which batch tells a part of an event, unless it is; return the one that stands."""
        planned: list[BatchName | None] = []

        def note(known: Document | None) -> tuple[Document | None, BatchName | None]:
            document = known or {}
            if part in document:
                return None, _batch_of(alert.site, document[part])
            if not planned:
                planned.append(plan())
            (batch,) = planned
            document[part] = _note_of(batch, alert)
            return document, batch

        expires_at = self._now_ms() // 1000 + KEPT_SECONDS
        batch = change(self._store, event_key(alert), note, expires_at, seen=seen)
        if batch is not None and planned == [batch]:
            # Not stored yet: an end in this very lot joins it all the same.
            self._open[batch.key] = True
        return batch

    def _plan(
        self, alert: Alert, part: str, options: Options, known: Mapping[str, Document], *, late: bool
    ) -> BatchName | None:
        """Return the batch in which to tell a part of an event, None when quiet hours drop it."""
        if part != PART_START:
            before = _told_before(alert.site, known)
            if before is None and part == PART_END:
                return None
            if before is not None and self._joins(part, before, options):
                return before
        name, now_ms = _own_name(alert, part), self._now_ms()
        family = LATE if late else _family(alert)
        seconds = gathering_seconds(family, options.group_seconds) if late or options.group_seconds else 0
        held_ms = None
        if part != PART_END and not late:
            held_ms = held_until_ms(
                self._store, alert, options.cooldown_seconds, now_ms, group_seconds=options.group_seconds
            )
        due_ms = now_ms + seconds * 1000 if held_ms is None else -(-held_ms // HELD_STEP_MS) * HELD_STEP_MS
        over_ms = _quiet_until_ms(alert, options, due_ms)
        if over_ms is not None:
            return None if options.quiet_after == DROP else BatchName(alert.site, f"quiet-{over_ms}", over_ms)
        if held_ms is not None:
            return BatchName(alert.site, f"held-{due_ms}", due_ms)
        if not seconds and alert.kind != TEST and is_burst(self._store, alert.site, name, now_ms):
            family, seconds = BURST, BURST_GROUP_SECONDS
        if seconds:
            return gather(self._store, alert.site, family, seconds, now_ms=now_ms)
        return BatchName(alert.site, name, now_ms)

    def _joins(self, part: str, before: BatchName, options: Options) -> bool:
        """Return whether a part is told with what came before; what got critical waits for nothing long."""
        soon_ms = self._now_ms() + max(options.group_seconds, BURST_GROUP_SECONDS) * 1000
        return (part == PART_END or before.due_ms <= soon_ms) and self._is_open(before)

    def _is_open(self, batch: BatchName) -> bool:
        """Return whether a batch took entries when this lot asked first; one closed since refuses."""
        if batch.key not in self._open:
            self._open[batch.key] = self._batches.is_open(batch.site, batch.name)
        return self._open[batch.key]

    def _moved(self, one: _Placed) -> _Placed:
        """Return the entry with another batch: its own was closed, or is full."""
        old = one.batch
        if old.name.startswith(WINDOW_PREFIX):
            family = family_of(old)
            seconds = gathering_seconds(family, one.options.group_seconds)
            new = gather(self._store, old.site, family, seconds, now_ms=self._now_ms(), refused=old.name)
        else:
            base, _, number = old.name.partition("+")
            new = BatchName(old.site, f"{base}+{int(number or 0) + 1}", max(old.due_ms, self._now_ms()))

        def think(known: Document | None) -> tuple[Document | None, BatchName]:
            document = known or {}
            stands = _batch_of(old.site, document.get(one.part, {}))
            if stands is not None and stands.name != old.name:
                return None, stands
            document[one.part] = _note_of(new, one.alert)
            return document, new

        expires_at = self._now_ms() // 1000 + KEPT_SECONDS
        batch = change(self._store, event_key(one.alert), think, expires_at)
        return _Placed(one.position, one.alert, one.part, one.options, one.entry, batch)

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)


def event_key(alert: Alert) -> Key:
    """Return where it is kept which batches tell the parts of the alert's event."""
    return Key(f"alert_state#{alert.site}", f"event#{alert.device}#{alert.camera or ''}#{alert.event}")


def _part_of(alert: Alert, options: Options, known: Mapping[str, Document]) -> str | None:
    """Return which part of its event an alert tells, None for what is told already or need not be."""
    start = known.get(PART_START)
    if start is None:
        return None if alert.kind != TEST and _is_minor(alert, options) else PART_START
    if alert.phase == END and start["phase"] != END:
        return PART_END if options.recovery else None
    if alert.phase == UPDATE and start["phase"] != END and _rises(alert, start):
        return PART_RISE if PART_RISE in known or PART_END not in known else None
    return PART_START if alert.phase == start["phase"] else None


def _rises(alert: Alert, start: Document) -> bool:
    return severity_of(alert) == CRITICAL and start.get("severity", CRITICAL) != CRITICAL


def _told_before(site: str, known: Mapping[str, Document]) -> BatchName | None:
    """Return the batch that told the event last, None when quiet hours dropped it."""
    return _batch_of(site, known.get(PART_RISE, {})) or _batch_of(site, known[PART_START])


def _quiet_until_ms(alert: Alert, options: Options, due_ms: int) -> int | None:
    """Return when the quiet hours in which `alert` would be told are over; None when none hold."""
    if options.quiet_hours is None or not is_below(severity_of(alert), options.quiet_except):
        return None
    over = options.quiet_hours.over_at(datetime.fromtimestamp(due_ms / 1000, tz=UTC), alert.time_zone)
    return None if over is None else round(over.timestamp() * 1000)


def _is_minor(alert: Alert, options: Options) -> bool:
    return is_below(severity_of(alert), options.minimum_severity)


def _own_name(alert: Alert, part: str) -> str:
    return f"now-{hashlib.sha256(entry_id(alert, part).encode()).hexdigest()[:24]}"


def _family(alert: Alert) -> str:
    return {CAMERA_FAULT: "cameras", DEVICE_SILENT: "devices"}.get(alert.kind, "events")


def _note_of(batch: BatchName | None, alert: Alert) -> Document:
    where = {"batch": _DROPPED} if batch is None else {"batch": batch.name, "due_ms": batch.due_ms}
    return {**where, "phase": alert.phase, "severity": severity_of(alert)}


def _batch_of(site: str, document: Mapping[str, object]) -> BatchName | None:
    name = document.get("batch")
    return BatchName(site, str(name), int(str(document["due_ms"]))) if name else None
