"""Known bugs of the stations behind the first ones: full disks, unknown time, dead letters, compaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from cli.quarantine import sending
from edge_components.publisher.turn import Turn
from edge_components.runtime.spool import drops, restamp, spool
from lambdas.compactor import folding, piece
from lambdas.dead_letters import copier
from lambdas.lake_writer.writer import LakeWriter

if TYPE_CHECKING:
    from tests.chaos.schedule import Schedule


def _patched(owner: Any, name: str, replacement: Any) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(mock.patch.object(owner, name, replacement))
    return stack


def _without(owner: Any, name: str, condition: str) -> ExitStack:
    statement = getattr(owner, name)
    changed = statement.replace(condition, "")
    assert changed != statement, f"{name} has no {condition!r} any more"
    return _patched(owner, name, changed)


def refusals_are_forgotten(_: Schedule) -> ExitStack:
    """What a full disk refuses is an error for its maker and nothing else (ours, until a review)."""
    return _patched(spool, "note_refused", lambda *_: None)


def restamp_moves_what_was_sent(_: Schedule) -> ExitStack:
    """Records that the queue may have are moved to the true time, too."""
    return _without(restamp, "_UNSYNCED", "AND row_id NOT IN claims")


def unsent_stays_in_1970(_: Schedule) -> ExitStack:
    """What was read for a send that never left keeps the time it was read with (ours, until a review)."""
    return _patched(Turn, "unsent", property(lambda _: []))


def sent_is_given_back(_: Schedule) -> ExitStack:
    """What got no answer is taken for unsent."""
    return _patched(Turn, "may_be_taken", lambda *_: None)


def drop_takes_what_was_sent(_: Schedule) -> ExitStack:
    """A full spool drops records that the queue may have, and declares them."""
    return _without(drops, "_VICTIMS", "AND row_id NOT IN claims")


def redrive_removes_first(_: Schedule) -> ExitStack:
    """A dead letter goes from quarantine before its queue has taken it."""
    send = sending.SendBack._send_batch

    def hasty(self: Any, pool: Any, url: str, batch: list[Any], result: Any) -> None:
        for letter in batch:
            self._place.remove(letter.key)
        send(self, pool, url, batch, result)

    return _patched(sending.SendBack, "_send_batch", hasty)


def dead_letters_are_deleted_uncopied(_: Schedule) -> ExitStack:
    """A dead letter that S3 refused is reported as copied."""
    put = copier._put

    def careless(*given: Any) -> None:
        put(*given)

    return _patched(copier, "_put", careless)


def failures_of_a_batch_are_forgotten(_: Schedule) -> ExitStack:
    """Only the first message that could not be written comes again."""
    write = LakeWriter.write

    def forgetful(self: LakeWriter, records: Any) -> Any:
        result = write(self, records)
        del result.failed_message_ids[1:]
        return result

    return _patched(LakeWriter, "write", forgetful)


def fold_loses_a_row(_: Schedule) -> ExitStack:
    """The compactor counts a row as a duplicate that is none."""
    fold = folding.fold

    def lossy(parts: Any, buckets: int) -> Any:
        folded = fold(parts, buckets)
        first = folded.buckets[0] if folded.buckets else None
        if first is None or first.data.num_rows < 4:
            return folded
        shorter = replace(first, data=first.data.slice(1))
        return replace(folded, buckets=[shorter, *folded.buckets[1:]], duplicates=folded.duplicates + 1)

    return _patched(piece, "fold", lossy)


LATER_MUTANTS: dict[str, Callable[[Schedule], ExitStack]] = {
    plant.__name__: plant
    for plant in (
        refusals_are_forgotten,
        restamp_moves_what_was_sent,
        unsent_stays_in_1970,
        sent_is_given_back,
        drop_takes_what_was_sent,
        redrive_removes_first,
        dead_letters_are_deleted_uncopied,
        failures_of_a_batch_are_forgotten,
        fold_loses_a_row,
    )
}
