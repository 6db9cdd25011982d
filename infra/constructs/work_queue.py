"""A queue with its dead-letter queue, as `infra.ingest_settings` describes them."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import StageConfig
from infra.ingest_settings import DEAD_LETTERS, RETENTION_SECONDS, QueueFunction


class WorkQueue(Construct):
    """Exposes `queue` and `dead_letter_queue`; both encrypted and TLS only."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: StageConfig, settings: QueueFunction
    ) -> None:
        super().__init__(scope, construct_id)
        named = settings.named(config.prefix)
        self.dead_letter_queue = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=named.dead_letter_queue_name,
            retention_period=Duration.seconds(RETENTION_SECONDS),
            visibility_timeout=Duration.seconds(DEAD_LETTERS.visibility_timeout_seconds),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=named.queue_name,
            retention_period=Duration.seconds(RETENTION_SECONDS),
            visibility_timeout=Duration.seconds(settings.visibility_timeout_seconds),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=settings.maximum_receives
            ),
        )


def queue_arn(name: str) -> str:
    """Return the ARN of the queue called `name`, known before it is made."""
    return f"arn:{Aws.PARTITION}:sqs:{Aws.REGION}:{Aws.ACCOUNT_ID}:{name}"
