"""A batch of the alert queue: read, taken, and which of its messages must come again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.alerts import Alert
from contract.errors import CrowdLensError
from contract.silences import SilenceReport
from lambdas.notifier.batches import BatchName
from lambdas.notifier.inbox import read_message
from lambdas.notifier.notifier import Notifier, Taken
from lambdas.notifier.silences import take_report
from lambdas.notifier.store import Store
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.sqs import SqsRecord


@dataclass
class Lot:
    """What became of the messages; `failed` has a sentence for each that must come again, by message id."""

    told: int = 0
    ignored: int = 0
    due: dict[str, BatchName] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, taken: Taken) -> None:
        """Add what became of some alerts, but for their failures."""
        self.told += taken.told
        self.ignored += taken.ignored
        self.due |= taken.due


def take_lot(store: Store, notifier: Notifier, records: Sequence[SqsRecord]) -> Lot:
    """Take every message; one that nobody can read fails until its queue gives it up, and is seen there."""
    lot = Lot()
    alerts: list[tuple[SqsRecord, Alert]] = []
    for record in records:
        try:
            message = read_message(record.body)
            if isinstance(message, SilenceReport):
                _take_report(store, notifier, message, lot)
            else:
                alerts.append((record, message))
        except CrowdLensError as error:
            lot.failed[record.message_id] = str(error)
    entered_ms = [round(record.sent_at.timestamp() * 1000) for record, _ in alerts]
    taken = notifier.take([alert for _, alert in alerts], entered_ms)
    lot.add(taken)
    lot.failed |= {alerts[position][0].message_id: reason for position, reason in taken.failed.items()}
    return lot


def _take_report(store: Store, notifier: Notifier, report: SilenceReport, lot: Lot) -> None:
    taken = take_report(store, notifier, report)
    lot.add(taken)
    if taken.failed:
        reason = next(iter(taken.failed.values()))
        raise ControlTableUnavailableError(f"{len(taken.failed)} devices were not taken: {reason}")
