"""Compares the sender of a message with the device it names.

The IoT credentials provider names a device's role session after its certificate, so SQS gives the sender
as ``AROA…:<certificate id>``. IAM cannot stop a device from writing another's name into a message for the
queue they share; this can.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lambdas.lake_writer.inbox import Delivery, Readable, Refusal
from lambdas.shared.control_table import ControlTableUnavailableError, control_client
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.registry import Device, DeviceRegistry, DeviceState
from lambdas.shared.registry_cache import RegistryCache
from lambdas.shared.settings import IdentityMode, LakeWriterSettings
from lambdas.shared.sqs import SqsRecord

RECHECK_SECONDS: Final = 10.0
"""Nothing is refused on a record read longer ago: a device just enrolled, or just rotated, is let in."""


class IdentityFault(enum.Enum):
    """What is wrong with a sender; the value stands as `error` in the quarantine document."""

    UNKNOWN_DEVICE = "UnknownDevice"
    IMPOSTOR = "Impostor"
    BLOCKED_DEVICE = "BlockedDevice"


@dataclass(frozen=True)
class Mismatch:
    """Messages of one device whose sender may not speak for it."""

    device: str
    fault: IdentityFault
    sender_id: str | None
    messages: int


@dataclass
class IdentityCheck:
    """What may be written, what goes to quarantine, and what must come again.

    `held` are digests of deliveries that nobody could judge; `stopped` those that are held or refused whole.
    `unchecked` counts messages that were let through unjudged, in mode observe; `problem` says why something
    could not be judged.
    """

    passed: list[Readable] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    mismatches: list[Mismatch] = field(default_factory=list)
    unchecked: int = 0
    problem: str | None = None


def open_gate(settings: LakeWriterSettings) -> IdentityGate | None:
    """Return the gate that `settings` ask for, None without a control table."""
    if settings.control_table is None:
        return None
    client = control_client()
    registry = RegistryCache(DeviceRegistry(settings.control_table, client))
    return IdentityGate(settings.identity_mode, registry, OriginalSenders(settings.control_table, client))


class IdentityGate:
    """Lets messages pass by their senders.

    In mode observe all pass, and what would not is counted. In mode enforce what must not pass is refused,
    and what cannot be judged because the registry does not answer is held: neither lost nor let through.
    """

    def __init__(self, mode: IdentityMode, registry: RegistryCache, originals: OriginalSenders) -> None:
        self._mode = mode
        self._registry = registry
        self._originals = originals

    def check(self, readable: Sequence[Readable]) -> IdentityCheck:
        """Return what becomes of `readable`; raises nothing of its own."""
        senders = self._senders(readable)
        devices = self._registry.look_up({item.message.device for item in readable})
        if self._mode is IdentityMode.ENFORCE:
            self._recheck(readable, devices, _judge(readable, devices, senders))
        judged = _judge(readable, devices, senders)
        check = IdentityCheck(mismatches=_mismatches(judged))
        for item, faults in judged:
            self._sort(item, faults, check)
        if check.unchecked or check.held:
            check.problem = self._registry.problem or "the senders of messages sent back could not be read"
        return check

    def _recheck(
        self, readable: Sequence[Readable], devices: dict[str, Device | None], judged: _Judged
    ) -> None:
        """Read what would be refused again; at once for what an operator just sent back."""
        doubtful = {mismatch.device for mismatch in _mismatches(judged)}
        returned = {item.message.device for item in readable if _was_sent_back(item)}
        for names, age_seconds in ((doubtful - returned, RECHECK_SECONDS), (doubtful & returned, 0.0)):
            for name in names:
                del devices[name]
            devices |= self._registry.look_up(names, maximum_age_seconds=age_seconds, consistent=True)

    def _senders(self, readable: Sequence[Readable]) -> dict[str, frozenset[str]] | None:
        """Return who first sent what was sent back, by digest; None when nobody can say."""
        sent_back = [item.delivery.digest for item in readable if _was_sent_back(item)]
        try:
            return self._originals.look_up(sent_back)
        except ControlTableUnavailableError:
            return None

    def _sort(self, item: Readable, faults: _Faults | None, check: IdentityCheck) -> None:
        delivery = item.delivery
        observing = self._mode is IdentityMode.OBSERVE
        if faults is None and observing:
            check.unchecked += len(delivery.records)
        elif faults is None:
            check.held.add(delivery.digest)
            check.stopped.add(delivery.digest)
            return
        if faults and not observing:
            check.refusals.extend(_refusals(item, faults))
            if len(faults) == len(delivery.records):
                check.stopped.add(delivery.digest)
                return
        check.passed.append(item)


_Faults = list[tuple[SqsRecord, IdentityFault]]
_Judged = list[tuple[Readable, "_Faults | None"]]


def _judge(
    readable: Sequence[Readable],
    devices: Mapping[str, Device | None],
    senders: Mapping[str, frozenset[str]] | None,
) -> _Judged:
    """Return the messages of each delivery that have a wrong sender, None where that cannot be known."""
    judged: _Judged = []
    for item in readable:
        name, digest, records = item.message.device, item.delivery.digest, item.delivery.records
        unknown = name not in devices or (senders is None and _was_sent_back(item))
        if unknown:
            judged.append((item, None))
            continue
        device, faults = devices[name], []
        for record in records:
            vouched = senders.get(digest, frozenset()) if senders and record.was_sent_back else frozenset()
            fault = fault_of(device, [record.sender_id, *vouched])
            if fault is not None:
                # Who sent it back is no news; what it is judged by must stay with it in quarantine.
                sender = min(vouched, default=record.sender_id)
                faults.append((replace(record, sender_id=sender), fault))
        judged.append((item, faults))
    return judged


def _was_sent_back(item: Readable) -> bool:
    return any(record.was_sent_back for record in item.delivery.records)


def fault_of(device: Device | None, sender_ids: Collection[str | None]) -> IdentityFault | None:
    """Return what keeps every one of `sender_ids` from speaking for `device`, None when one may."""
    if device is None:
        return IdentityFault.UNKNOWN_DEVICE
    if device.state is DeviceState.BLOCKED:
        return IdentityFault.BLOCKED_DEVICE
    sessions = {session_name(sender_id) for sender_id in sender_ids}
    return None if sessions & device.certificate_ids else IdentityFault.IMPOSTOR


def session_name(sender_id: str | None) -> str | None:
    """Return the role session's name in an SQS SenderId (``AROA…:<session>``), None when it has none."""
    _, separator, session = (sender_id or "").partition(":")
    return session if separator else None


def _mismatches(judged: _Judged) -> list[Mismatch]:
    """Return one entry for each device, fault and sender."""
    messages: dict[tuple[str, IdentityFault, str | None], int] = {}
    for item, faults in judged:
        for record, fault in faults or ():
            key = (item.message.device, fault, record.sender_id)
            messages[key] = messages.get(key, 0) + 1
    return [Mismatch(*key, count) for key, count in messages.items()]


def _refusals(item: Readable, faults: _Faults) -> Iterator[Refusal]:
    for record, fault in faults:
        yield Refusal(
            Delivery(item.delivery.digest, (record,)),
            fault.value,
            reason_for(item.message.device, fault, record.sender_id),
        )


def reason_for(device: str, fault: IdentityFault, sender_id: str | None) -> str:
    """Return the sentence that says what is wrong with the sender of a message."""
    sender = repr(str(sender_id)[:128])
    if fault is IdentityFault.UNKNOWN_DEVICE:
        return f"device {device} is not registered, its sender is {sender}: expected an enrolled device"
    if fault is IdentityFault.BLOCKED_DEVICE:
        return f"device {device} is blocked, its sender is {sender}: expected an active device"
    return (
        f"the sender of a message of device {device} is {sender}: expected a session named after one of the "
        "device's certificates"
    )
