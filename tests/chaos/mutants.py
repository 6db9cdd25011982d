"""Known bugs to plant: a simulation that has never failed proves nothing.

Each is a mistake that a system of this kind has been shipped with somewhere. `MUTANTS` maps its name to what
plants it in a schedule; `close` takes it out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from contract.records import StoredRecord
from edge_components.publisher.sender import QueueSender, SendResult
from edge_components.runtime.spool import drops, restamp, spool
from edge_components.runtime.spool.rows import prepare
from lambdas.lake_writer import identity, quarantine, writer
from lambdas.rds_loader import bulk, ledger, live, repository
from lambdas.reconciler import account
from lambdas.reconciler.ledger import LedgerReader
from lambdas.reconciler.loads import LoadQueue
from lambdas.shared.lake_store import LakeStore, LakeStoreError
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.sqs import sqs_records
from tests.chaos.later_mutants import LATER_MUTANTS
from tests.chaos.simulated_cloud import Event, QueueFunction
from tests.chaos.simulated_identity import certificate_of, sender_id

if TYPE_CHECKING:
    from tests.chaos.schedule import Schedule

Plant = Callable[["Schedule"], ExitStack]


def _patched(owner: Any, name: str, replacement: Any) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(mock.patch.object(owner, name, replacement))
    return stack


def _silent_announcements() -> ExitStack:
    return _patched(LoadQueue, "announce", lambda *_: None)


def acknowledge_before_send(_: Schedule) -> ExitStack:
    """The publisher takes a batch for accepted because it was sent."""
    send = QueueSender.send

    def hopeful(self: QueueSender, messages: Sequence[Any]) -> SendResult:
        send(self, messages)
        return SendResult(list(range(len(messages))))

    return _patched(QueueSender, "send", hopeful)


def delete_before_put(schedule: Schedule) -> ExitStack:
    """The ingest message is deleted first, and then written to the lake."""
    return _deleted_first(schedule, "lake_writer")


def acknowledge_before_commit(schedule: Schedule) -> ExitStack:
    """The notification is deleted first, and then its object loaded."""
    stack = _deleted_first(schedule, "rds_loader")
    # The reconciler would mend this one: what is shown is that MySQL lacks rows without it.
    stack.enter_context(_silent_announcements())
    return stack


def _deleted_first(schedule: Schedule, name: str) -> ExitStack:
    def eager(function: QueueFunction, handle: Callable[[Event], Event], event: Event) -> Event:
        schedule.cloud.delete(function.queue, event["Records"])
        return handle(event)

    schedule.cloud.handlers[name] = eager
    return ExitStack()


def put_errors_ignored(_: Schedule) -> ExitStack:
    """S3's refusal is logged and the message is taken for done."""
    put = LakeStore.put

    def careless(self: LakeStore, key: str, body: bytes, **options: Any) -> None:
        try:
            put(self, key, body, **options)
        except LakeStoreError:
            return

    return _patched(LakeStore, "put", careless)


def increment(_: Schedule) -> ExitStack:
    """MySQL adds to its counts where it should know a record by its id."""
    upsert = bulk.upsert_rows

    def adding(cursor: Any, table: Any, data: Any) -> None:
        if table.name == "zone_counts":
            names = ", ".join(f"'{one}'" for one in data.column("record_id").to_pylist())
            cursor.execute(f"UPDATE zone_counts SET entries = entries + 1 WHERE record_id IN ({names})")  # noqa: S608
        upsert(cursor, table, data)

    return _patched(repository, "upsert_rows", adding)


def ledger_outside_the_transaction(_: Schedule) -> ExitStack:
    """The ledger says that an object is loaded before its rows are committed."""
    claim = ledger.claim

    def committed(cursor: Any, entry: Any) -> bool:
        new = claim(cursor, entry)
        cursor.connection.commit()
        return new

    return _patched(repository, "claim", committed)


def deduplicate_by_time_window(schedule: Schedule) -> ExitStack:
    """A message is remembered when it comes, and one like it is left out for the next five minutes."""
    seen: dict[str, float] = {}

    def forgetful(function: QueueFunction, handle: Callable[[Event], Event], event: Event) -> Event:
        now = schedule.world.now
        fresh = []
        for record, parsed in zip(event["Records"], sqs_records(event), strict=True):
            digest = hashlib.sha256(parsed.body.encode()).hexdigest()
            if now - seen.get(digest, 0.0) > 300.0:
                fresh.append(record)
            seen[digest] = now
        return handle({"Records": fresh})

    schedule.cloud.handlers["lake_writer"] = forgetful
    return ExitStack()


def told_before_commit(_: Schedule) -> ExitStack:
    """The spool says that records are stored, and stores them with the next ones."""
    append = spool.Spool.append
    late: dict[int, list[Any]] = {}

    def lazy(self: spool.Spool, records: Sequence[Any]) -> list[Any]:
        waiting = late.setdefault(id(self), [])
        if not waiting:
            waiting.extend(records)
            next_numbers: dict[str, int] = {}
            told = []
            with self._database.snapshot() as connection:
                for record in records:
                    stream = prepare(record).stream
                    row = connection.execute(
                        "SELECT last_sequence FROM streams JOIN epochs USING (epoch_id) "
                        "WHERE stream = ? AND epoch = ?",
                        (stream, self.epoch),
                    ).fetchone()
                    next_numbers[stream] = next_numbers.get(stream, row[0] if row else 0) + 1
                    told.append(StoredRecord(record, self.epoch, stream, next_numbers[stream]))
            return told
        both = append(self, [*waiting, *records])
        count = len(waiting)
        waiting.clear()
        return both[count:]

    return _patched(spool.Spool, "append", lazy)


def drop_without_a_gap(_: Schedule) -> ExitStack:
    """A full spool makes room and tells nobody."""
    return _patched(drops, "_note_range", lambda *_: None)


def forget_dropped_gaps(_: Schedule) -> ExitStack:
    """A full spool drops a `gaps` record, and with it what that declared (ours, until this simulation)."""
    return _patched(drops, "note_again", lambda *_: None)


def forget_dropped_ledgers(_: Schedule) -> ExitStack:
    """A full spool drops a `stream_ledger` record and never reports its counts again (ours, as well)."""
    return _patched(drops, "report_again", lambda *_: None)


def number_again(_: Schedule) -> ExitStack:
    """Numbers are given when records are sent, not when they are made."""
    read = spool.Spool.read

    def renumbered(self: spool.Spool, **options: Any) -> Any:
        return [
            replace(row, stored=replace(row.stored, sequence=number))
            for number, row in enumerate(read(self, **options), start=1)
        ]

    return _patched(spool.Spool, "read", renumbered)


def live_state_goes_back(_: Schedule) -> ExitStack:
    """The last object to arrive sets the live state, whenever it happened."""
    names = [column.name for column in live.COLUMNS]
    listed = ", ".join(f"`{name}`" for name in names)
    updates = ", ".join(f"`{name}` = VALUES(`{name}`)" for name in names if name not in live.KEY)

    def statement(rows: str) -> str:
        return f"INSERT INTO zone_live ({listed}) {rows} ON DUPLICATE KEY UPDATE {updates}"

    return _patched(live, "_upsert", statement)


def unsynced_times_stay(_: Schedule) -> ExitStack:
    """Records of a device that booted in 1970 are called restamped and keep their times."""
    shift = restamp.shift_unsynced

    def relabel(connection: Any, epoch: Any, _: int, *rest: Any) -> Any:
        return shift(connection, epoch, 0, *rest)

    return _patched(spool, "shift_unsynced", relabel)


def lost_notifications_stay_lost(_: Schedule) -> ExitStack:
    """The reconciler notes that it announces an object again, and does not."""
    return _silent_announcements()


def losses_are_overlooked(_: Schedule) -> ExitStack:
    """The reconciler waits for what is not there, however long it has been away."""
    return _patched(account, "_overdue", lambda *_: 0)


def any_ledger_row_holds(_: Schedule) -> ExitStack:
    """The reconciler believes the ledger row that it happens to read last."""
    add = LedgerReader.add

    def forgetful(self: LedgerReader, rows: Any, *, recent: bool) -> None:
        for candidate in self._found.values():
            candidate.sequence = 0
        add(self, rows, recent=recent)

    return _patched(LedgerReader, "add", forgetful)


def impostors_are_let_in(_: Schedule) -> ExitStack:
    """Any enrolled sender may write in the name of any enrolled device."""
    judge = identity.fault_of

    def trusting(device: Any, sender_ids: Any) -> Any:
        fault = judge(device, sender_ids)
        return None if fault is identity.IdentityFault.IMPOSTOR else fault

    return _patched(identity, "fault_of", trusting)


def claims_are_believed(_: Schedule) -> ExitStack:
    """A message is taken for one that an operator sent back because it says so."""

    def trusting(self: OriginalSenders, digests: Sequence[str]) -> dict[str, frozenset[str]]:
        senders = [sender_id(certificate_of(name)) for name in ("device-1", "device-2")]
        return dict.fromkeys(digests, frozenset(senders))

    return _patched(OriginalSenders, "look_up", trusting)


def unjudged_messages_are_done(_: Schedule) -> ExitStack:
    """What nobody could judge, because the registry did not answer, is taken for done."""
    check = identity.IdentityGate.check

    def careless(self: identity.IdentityGate, readable: Sequence[Any]) -> Any:
        checked = check(self, readable)
        checked.held.clear()
        return checked

    return _patched(identity.IdentityGate, "check", careless)


def strangers_are_dropped(_: Schedule) -> ExitStack:
    """A message of a device that is not enrolled yet is refused, and not kept."""
    keep = quarantine.quarantine_objects

    def wasteful(refusal: Any) -> Any:
        return [] if refusal.error == identity.IdentityFault.UNKNOWN_DEVICE.value else keep(refusal)

    return _patched(writer, "quarantine_objects", wasteful)


MUTANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        acknowledge_before_send,
        acknowledge_before_commit,
        delete_before_put,
        put_errors_ignored,
        increment,
        ledger_outside_the_transaction,
        deduplicate_by_time_window,
        told_before_commit,
        drop_without_a_gap,
        forget_dropped_gaps,
        forget_dropped_ledgers,
        number_again,
        live_state_goes_back,
        unsynced_times_stay,
        lost_notifications_stay_lost,
        losses_are_overlooked,
        any_ledger_row_holds,
        impostors_are_let_in,
        claims_are_believed,
        unjudged_messages_are_done,
        strangers_are_dropped,
    )
} | LATER_MUTANTS
