"""A person at work: enrols devices, sends dead letters back, releases what may be let in now."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from cli.quarantine.places import BucketQuarantine, Selection, select
from cli.quarantine.release import judge
from cli.quarantine.sending import QueueDirectory, SendBack
from contract.errors import CrowdLensError
from lambdas.shared.quarantine import QuarantineKind
from tests.chaos.simulated_identity import Fleet
from tests.chaos.simulated_s3 import BUCKET, S3
from tests.chaos.simulated_sqs import Sqs
from tests.chaos.world import World


class Operator:
    """Does what `crowdlens devices enrol`, `redrive` and `quarantine release` do."""

    def __init__(self, world: World, s3: S3, sqs: Sqs, fleet: Fleet) -> None:
        self._world, self._sqs, self._fleet = world, sqs, fleet
        self._place = BucketQuarantine(s3, BUCKET)  # type: ignore[arg-type]

    def run(self) -> None:
        """Work now and then, in bad weather as well."""
        while True:
            try:
                self.work()
            except (BotoCoreError, ClientError, CrowdLensError) as error:
                self._world.note(f"the operator failed {type(error).__name__}: {error}")
            self._world.sleep(self._world.dice("operator").uniform(2.0, 12.0))

    def work(self) -> int:
        """Change what is due in the registry, send back what may go; return how many messages."""
        self._fleet.work()
        return self._redrive() + self._release()

    def _redrive(self) -> int:
        letters = select(self._place, Selection(kind=QuarantineKind.DEAD_LETTER))
        sent = self._sender().send(letters).sent.total()
        self._world.seen["dead letters sent back"] += sent
        return sent

    def _release(self) -> int:
        letters = select(self._place, Selection(kind=QuarantineKind.IDENTITY))
        judged = judge(self._fleet.registry(), self._fleet.originals(), letters)
        sent = self._sender().send(letter for letter, fault in judged if fault is None).sent.total()
        self._world.seen["messages released from quarantine"] += sent
        return sent

    def _sender(self) -> SendBack:
        queues = QueueDirectory(lambda _: self._sqs)  # type: ignore[arg-type,return-value]
        return SendBack(self._place, queues, self._fleet.originals())
