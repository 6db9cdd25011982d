"""Who may send for whom: devices that are enrolled late or change their certificate, and an impostor."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contract.envelope import encode_message
from contract.lake import QUARANTINE_PREFIX
from contract.records import StoredRecord
from lambdas.lake_writer.identity import IdentityGate
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.quarantine import Quarantined, QuarantineKind
from lambdas.shared.registry import DeviceRegistry
from lambdas.shared.registry_cache import RegistryCache
from lambdas.shared.settings import IdentityMode
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE
from tests.chaos.plan import IdentityPlan
from tests.chaos.simulated_device import SITE, Device
from tests.chaos.simulated_dynamodb import DynamoDb
from tests.chaos.simulated_records import VALUES
from tests.chaos.simulated_s3 import S3
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import START_SECONDS, World

CONTROL = "control"
INSIDER = "device-9"


def certificate_of(name: str) -> str:
    """Return the certificate id of `name`."""
    return hashlib.sha256(name.encode()).hexdigest()


def sender_id(name: str) -> str:
    """Return how SQS names a sender whose session is `name`."""
    return f"AROASIMULATED:{name}"


@dataclass
class _Change:
    at: float
    device: str
    certificate: str
    is_successor: bool
    done: bool = False


class Fleet:
    """The registry, what an operator has to change in it, and the certificates that devices use."""

    def __init__(self, world: World, dynamodb: DynamoDb, plans: Sequence[IdentityPlan]) -> None:
        self._world = world
        self._dynamodb = dynamodb
        self._plans = {f"device-{number}": plan for number, plan in enumerate(plans, start=1)}
        self._changes = [change for name, plan in self._plans.items() for change in _changes(name, plan)]
        self._changes.append(_Change(START_SECONDS, INSIDER, certificate_of(INSIDER), is_successor=False))

    def registry(self) -> DeviceRegistry:
        """Return the registry as a fresh process has it."""
        return DeviceRegistry(CONTROL, self._dynamodb)

    def originals(self) -> OriginalSenders:
        """Return the senders of what was sent back."""
        return OriginalSenders(CONTROL, self._dynamodb)

    def gate(self) -> IdentityGate:
        """Return the gate of a fresh `lake_writer`."""
        return IdentityGate(IdentityMode.ENFORCE, RegistryCache(self.registry()), self.originals())

    def sender_of(self, device: str) -> str:
        """Return how SQS names `device` now."""
        rotates_at = self._plans[device].rotates_after_seconds
        has_rotated = rotates_at is not None and self._world.now >= START_SECONDS + rotates_at
        return sender_id(certificate_of(_successor(device) if has_rotated else device))

    def work(self) -> None:
        """Do what is due in the registry; raises `ControlTableUnavailableError`, then it is done again."""
        registry = self.registry()
        for change in self._changes:
            if change.done or change.at > self._world.now:
                continue
            if change.is_successor:
                registry.add_certificate(change.device, change.certificate)
            else:
                registry.enrol(change.device, SITE, change.certificate)
            change.done = True
            self._world.note(f"enrolled {change.device} with {change.certificate[:8]}")


def _successor(device: str) -> str:
    return f"{device} after its rotation"


def _changes(name: str, plan: IdentityPlan) -> list[_Change]:
    enrolled_at = START_SECONDS + plan.enrolled_after_seconds
    changes = [_Change(enrolled_at, name, certificate_of(name), is_successor=False)]
    if plan.rotates_after_seconds is not None:
        due = START_SECONDS + plan.rotates_after_seconds + plan.successor_known_after_seconds
        successor = certificate_of(_successor(name))
        changes.append(_Change(max(enrolled_at, due), name, successor, is_successor=True))
    return changes


@dataclass
class Impostor:
    """Somebody with credentials for the shared queue who writes messages in the name of other devices."""

    world: World
    devices: Sequence[Device]
    queue: Queue
    sender: str
    forged: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._client = Sqs(
            self.world, [self.queue], sender="impostor", path="network", sender_id=lambda: self.sender
        )

    def run(self) -> None:
        """Send now and then, until the storm is over."""
        dice = self.world.dice("impostor")
        while not self.world.calm:
            self.world.sleep(dice.uniform(0.5, 4.0))
            try:
                self._send()
            except (BotoCoreError, ClientError) as error:
                self.world.note(f"the impostor failed {type(error).__name__}")
        while True:
            self.world.sleep(3600.0)

    def _send(self) -> None:
        dice = self.world.dice("impostor")
        body = self._copied() if dice.random() < 0.3 else self._invented()
        if body is None:
            return
        # Anybody may claim that an operator sends a message back.
        claims = {SENT_BACK_ATTRIBUTE: {"DataType": "String", "StringValue": "identity"}}
        entry: dict[str, Any] = {"Id": "0", "MessageBody": body}
        if dice.random() < 0.4:
            entry["MessageAttributes"] = claims
        self._client.send_message_batch(QueueUrl=self.queue.url, Entries=[entry])

    def _copied(self) -> str | None:
        """Return a message of a device as it lies in the queue."""
        bodies = [copy.body for copy in self.queue.copies]
        body = self.world.dice("impostor").choice(bodies) if bodies else None
        if body is not None and body not in self.forged:
            self.repeated.add(body)
        return body

    def _invented(self) -> str:
        """Return a message with a record that a device made, changed, or with one that it never made."""
        dice = self.world.dice("impostor")
        device = dice.choice(list(self.devices))
        made = [attempt for attempt in device.attempts.values() if attempt.stored is not None]
        marker = 1_000_000 + dice.randrange(1_000_000)
        if made and dice.random() < 0.5:
            stored = dice.choice(made).stored
            assert stored is not None
            record = replace(stored.record, values=VALUES[stored.record.table](marker))
            forgery = replace(stored, record=record)
        else:
            record = device.record("line_crossings", marker)
            forgery = StoredRecord(record, dice.randbytes(6).hex(), "plaza-1/line_crossings", 1)
        body = encode_message(SITE, device.name, [forgery])
        self.forged.add(body)
        return body


def find_identity_problems(world: World, s3: S3, ingest: Queue, impostor: Impostor | None) -> list[str]:
    """Return what quarantine lacks of the impostor's messages, and what else is in it."""
    kept = [
        Quarantined.from_bytes(stored.body, key)
        for key, stored in s3.objects.items()
        if key.startswith(QUARANTINE_PREFIX)
    ]
    forged = impostor.forged if impostor else set()
    repeated = impostor.repeated if impostor else set()
    problems = [
        f"quarantine keeps a message of {one.device} ({one.kind.value}: {one.reason})"
        for one in kept
        if one.kind is not QuarantineKind.IDENTITY or one.body not in forged | repeated
    ]
    accepted = {one.body for one in ingest.taken if impostor and one.sender == impostor.sender}
    bodies = {one.body for one in kept}
    world.seen["messages of an impostor in quarantine"] += len(kept)
    problems += [
        f"a message of an impostor is not in quarantine: {body[:200]}"
        for body in (accepted & forged) - bodies
    ]
    return problems
