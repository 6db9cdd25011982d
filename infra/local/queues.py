"""Make the lake bucket, the control table, the queues with their dead letters, and the notification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from contract.lake import RAW_PREFIX
from infra.ingest_settings import RETENTION_SECONDS, QueueFunction
from lambdas.shared.control_table import EXPIRY_ATTRIBUTE, PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


@dataclass(frozen=True)
class Queue:
    """A queue and the one that takes its dead letters."""

    url: str
    arn: str
    dead_letter_url: str
    dead_letter_arn: str


@dataclass(frozen=True)
class QueueDepth:
    """How many messages a queue holds: waiting, being worked on, and given up."""

    waiting: int
    in_flight: int
    dead_letters: int

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to do."""
        return self.waiting == 0 and self.in_flight == 0


def make_queue(client: SQSClient, function: QueueFunction, *, visibility_timeout_seconds: int) -> Queue:
    """Make the function's queue and its dead-letter queue."""
    times: dict[QueueAttributeNameType, str] = {
        "MessageRetentionPeriod": str(RETENTION_SECONDS),
        "VisibilityTimeout": str(visibility_timeout_seconds),
    }
    dead_letters = client.create_queue(QueueName=function.dead_letter_queue_name, Attributes=times)
    dead_letter_url = dead_letters["QueueUrl"]
    dead_letter_arn = _arn(client, dead_letter_url)
    redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": function.maximum_receives}
    url = client.create_queue(
        QueueName=function.queue_name, Attributes={**times, "RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    return Queue(url, _arn(client, url), dead_letter_url, dead_letter_arn)


def _arn(client: SQSClient, url: str) -> str:
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def make_bucket(client: S3Client, bucket: str, region: str) -> None:
    """Make the lake bucket, versioned as in AWS: what the compactor takes away can still be read."""
    location = cast("BucketLocationConstraintType", region)
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": location})
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def make_control_table(client: Any, table: str) -> None:
    """Make the DynamoDB table that `lambdas.shared.control_table` describes."""
    keys = ((PARTITION_KEY, "HASH"), (SORT_KEY, "RANGE"))
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    client.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE},
    )


def notify_of_raw_objects(s3: S3Client, sqs: SQSClient, bucket: str, queue: Queue) -> None:
    """Have the bucket tell `queue` of every object made under ``raw/``; a s3:TestEvent comes first."""
    notify_of_objects(s3, sqs, bucket, RAW_PREFIX, queue)


def notify_of_objects(s3: S3Client, sqs: SQSClient, bucket: str, prefix: str, queue: Queue) -> None:
    """Have the bucket tell `queue` of every object made under `prefix`; a s3:TestEvent comes first."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": json.dumps(policy)})
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": queue.arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                }
            ]
        },
    )


def queue_depth(client: SQSClient, queue: Queue) -> QueueDepth:
    """Return how much the queue holds now."""
    counts = [_counts(client, url) for url in (queue.url, queue.dead_letter_url)]
    return QueueDepth(counts[0][0], counts[0][1], sum(counts[1]))


def _counts(client: SQSClient, url: str) -> tuple[int, int]:
    attributes = client.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    waiting = int(attributes["ApproximateNumberOfMessages"]) + int(
        attributes["ApproximateNumberOfMessagesDelayed"]
    )
    return waiting, int(attributes["ApproximateNumberOfMessagesNotVisible"])
