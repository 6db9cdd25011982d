"""Takes alerts: decides by the rules when each phase of an event is told, and puts it into that batch.

Of each event one entry tells the start and at most one the end. Which batch holds it is written down before
it is put there, so an alert that comes twice, or late, or while another invocation works on the same one,
finds the same place. An end or an update without its start (lost, or overtaken) stands for both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from contract.alerts import CAMERA_FAULT, DEVICE_SILENT, END, START, TEST, Alert
from lambdas.notifier.batches import KEPT_SECONDS, Batches, BatchName
from lambdas.notifier.cooldown import held_until_ms
from lambdas.notifier.entries import PART_END, PART_START, Entry, entry_id, entry_of
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.rules import DROP, Options, is_below, severity_of
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

    def take(self, alerts: Sequence[Alert]) -> Taken:
        """Put each of `alerts` where it is told; what could not be written down is in `failed`."""
        taken = Taken()
        self._open.clear()
        waiting: list[_Placed] = []
        for position, alert in enumerate(alerts):
            try:
                placed = self._place(position, alert)
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

    def _place(self, position: int, alert: Alert) -> _Placed | None:
        """Return where `alert` is told, None when it is not told (any more)."""
        options = self._book.options(alert)
        if options.time_zone is not None:
            alert = replace(alert, time_zone=options.time_zone)
        if not options.enabled:
            return None
        self._zones.note(alert)
        stored = self._store.read(_event_key(alert))
        known: Mapping[str, Document] = {} if stored is None else stored.document
        if PART_START not in known and alert.kind != TEST and _is_minor(alert, options):
            return None
        told_by = known.get(PART_START, {}).get("phase", alert.phase)
        is_end = alert.phase == END and told_by != END
        if alert.phase not in (START, told_by) and not is_end:
            # An update of what is told.
            return None
        part = PART_END if is_end else PART_START
        if part == PART_END and not options.recovery:
            return None
        batch = self._noted(alert, part, lambda: self._plan(alert, part, options, known), stored)
        if batch is None:
            return None
        return _Placed(position, alert, part, options, entry_of(alert, part, options), batch)

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
            document[part] = {**_as_document(batch), "phase": alert.phase}
            return document, batch

        expires_at = self._now_ms() // 1000 + KEPT_SECONDS
        return change(self._store, _event_key(alert), note, expires_at, seen=seen)

    def _plan(
        self, alert: Alert, part: str, options: Options, known: Mapping[str, Document]
    ) -> BatchName | None:
        """Return the batch in which to tell a part of an event, None when quiet hours drop it."""
        now_ms = self._now_ms()
        if part == PART_END:
            start = _batch_of(alert.site, known[PART_START])
            if start is None:
                return None
            if self._is_open(start):
                return start
            held_ms = None
        else:
            held_ms = held_until_ms(
                self._store, alert, options.cooldown_seconds, now_ms, group_seconds=options.group_seconds
            )
        if held_ms is not None:
            due_ms = -(-held_ms // HELD_STEP_MS) * HELD_STEP_MS
            batch = BatchName(alert.site, f"held-{due_ms}", due_ms)
        else:
            batch = BatchName(alert.site, _own_name(alert, part), now_ms + options.group_seconds * 1000)
        return self._after_quiet_hours(alert, options, batch, grouped=held_ms is None)

    def _is_open(self, batch: BatchName) -> bool:
        """Return whether a batch took entries when this lot asked first; one closed since refuses."""
        if batch.key not in self._open:
            self._open[batch.key] = self._batches.is_open(batch.site, batch.name)
        return self._open[batch.key]

    def _after_quiet_hours(
        self, alert: Alert, options: Options, batch: BatchName, *, grouped: bool
    ) -> BatchName | None:
        if options.quiet_hours is not None and is_below(severity_of(alert), options.quiet_except):
            moment = datetime.fromtimestamp(batch.due_ms / 1000, tz=UTC)
            over = options.quiet_hours.over_at(moment, alert.time_zone)
            if over is not None:
                if options.quiet_after == DROP:
                    return None
                over_ms = round(over.timestamp() * 1000)
                return BatchName(alert.site, f"quiet-{over_ms}", over_ms)
        if grouped and options.group_seconds:
            return self._window(alert, options.group_seconds, frozenset())
        return batch

    def _window(self, alert: Alert, seconds: int, refused: frozenset[str]) -> BatchName:
        """Return the batch that gathers what comes now; it begins with the first that comes."""
        now_ms, family = self._now_ms(), _family(alert)

        def think(known: Document | None) -> tuple[Document | None, BatchName]:
            if known is not None and now_ms < known["due_ms"] and known["batch"] not in refused:
                return None, BatchName(alert.site, known["batch"], known["due_ms"])
            number = 0 if known is None else known["number"] + 1
            new = BatchName(alert.site, f"window-{family}-{now_ms}-{number}", now_ms + seconds * 1000)
            return {"batch": new.name, "due_ms": new.due_ms, "number": number}, new

        key = Key(f"alert_state#{alert.site}", f"window#{family}")
        return change(self._store, key, think, now_ms // 1000 + KEPT_SECONDS)

    def _moved(self, one: _Placed) -> _Placed:
        """Return the entry with another batch: its own was closed, or is full."""
        old = one.batch
        if old.name.startswith("window-"):
            new = self._window(one.alert, max(1, one.options.group_seconds), frozenset((old.name,)))
        else:
            base, _, number = old.name.partition("+")
            new = BatchName(old.site, f"{base}+{int(number or 0) + 1}", max(old.due_ms, self._now_ms()))

        def think(known: Document | None) -> tuple[Document | None, BatchName]:
            document = known or {}
            stands = _batch_of(old.site, document.get(one.part, {}))
            if stands is not None and stands.name != old.name:
                return None, stands
            document[one.part] = {**_as_document(new), "phase": one.alert.phase}
            return document, new

        expires_at = self._now_ms() // 1000 + KEPT_SECONDS
        batch = change(self._store, _event_key(one.alert), think, expires_at)
        return _Placed(one.position, one.alert, one.part, one.options, one.entry, batch)

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)


def _event_key(alert: Alert) -> Key:
    return Key(f"alert_state#{alert.site}", f"event#{alert.device}#{alert.camera or ''}#{alert.event}")


def _is_minor(alert: Alert, options: Options) -> bool:
    return is_below(severity_of(alert), options.minimum_severity)


def _own_name(alert: Alert, part: str) -> str:
    return f"now-{hashlib.sha256(entry_id(alert, part).encode()).hexdigest()[:24]}"


def _family(alert: Alert) -> str:
    return {CAMERA_FAULT: "cameras", DEVICE_SILENT: "devices"}.get(alert.kind, "events")


def _as_document(batch: BatchName | None) -> Document:
    return {"batch": _DROPPED} if batch is None else {"batch": batch.name, "due_ms": batch.due_ms}


def _batch_of(site: str, document: Mapping[str, object]) -> BatchName | None:
    name = document.get("batch")
    return BatchName(site, str(name), int(str(document["due_ms"]))) if name else None
