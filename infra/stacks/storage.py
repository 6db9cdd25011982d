"""The buckets, and the queues that hear of every raw object in the lake and of every file in the inbox.

Every bucket is encrypted, TLS only and private, and versioned but for the access logs, which nobody writes
twice. The lake is the record, so raw objects never
expire: nothing holds their rows but they, until the compactor has proved otherwise and hides them itself.

Keys: S3, SQS and DynamoDB encrypt with keys of their own. A customer key would cost a dollar a month and a
request to KMS for each object and message, and whoever may read here could use it as well; what reads what
is decided by the policies. It is worth it where a law asks for a key that the customer can withdraw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from infra.config import StageConfig
from infra.constructs.removal import removal_policy
from infra.constructs.work_queue import WorkQueue
from infra.ingest_settings import OPEN_DATA, ingest_profile
from infra.lake_prefixes import OPEN_DATA_INBOX_PREFIX

ATHENA_RESULTS_PREFIX = "athena-results/"
_RESULT_DAYS = 7
_QUARANTINE_DAYS = 400
"""A refused message can still be released after a year."""
_NONCURRENT_DAYS = 15
"""SQS keeps a load message for 14 days, and `rds_loader` can read the version that its message names."""
_ARTIFACT_DAYS = 90
"""A device that was away for a quarter may still fetch the version that it was told of."""
_INBOX_DAYS = 90


class StorageStack(Stack):
    """Exposes the buckets and the queue that everything else names.

    `lake` (the record of everything counted), `artifacts` (what devices fetch: component artifacts, models,
    scenes), `inbox` (open-data files to take in), `access_logs` of all three, `load` (work for `rds_loader`)
    and `open_data` (work for the function of that name).
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._removal = removal_policy(config)
        self.access_logs = _bucket(
            self,
            "AccessLogs",
            removal_policy=self._removal,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(config.log_retention_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        lake_name = config.lake_bucket_name(Aws.ACCOUNT_ID)
        self.lake = self._logged_bucket("Lake", lake_name, _lake_rules())
        artifacts_name = config.artifacts_bucket_name(Aws.ACCOUNT_ID)
        self.artifacts = self._logged_bucket("Artifacts", artifacts_name, [_old_versions(_ARTIFACT_DAYS)])
        # What was taken in stands in the lake: the file itself may go after its quarter.
        taken_in = s3.LifecycleRule(
            id="taken-in", prefix=OPEN_DATA_INBOX_PREFIX, expiration=Duration.days(_INBOX_DAYS)
        )
        inbox_name = config.inbox_bucket_name(Aws.ACCOUNT_ID)
        self.inbox = self._logged_bucket("Inbox", inbox_name, [taken_in, _old_versions(_NONCURRENT_DAYS)])
        self.load = WorkQueue(self, "Load", config=config, settings=ingest_profile(config.profile).rds_loader)
        self.open_data = WorkQueue(self, "OpenData", config=config, settings=OPEN_DATA)
        # Where nobody would empty the queue, nothing is announced.
        if config.mysql is not None:
            _announce(self.lake, config.lake_arn(Aws.PARTITION, Aws.ACCOUNT_ID), RAW_PREFIX, self.load)
        if config.open_data:
            inbox = config.inbox_arn(Aws.PARTITION, Aws.ACCOUNT_ID)
            _announce(self.inbox, inbox, OPEN_DATA_INBOX_PREFIX, self.open_data)

    def _logged_bucket(
        self, construct_id: str, name: str, lifecycle_rules: Sequence[s3.LifecycleRule]
    ) -> s3.Bucket:
        return _bucket(
            self,
            construct_id,
            bucket_name=name,
            removal_policy=self._removal,
            versioned=True,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=list(lifecycle_rules),
        )


def _announce(bucket: s3.Bucket, bucket_arn: str, prefix: str, queue: WorkQueue) -> None:
    """Send an event of each object below `prefix` to the queue, without CDK's custom-resource function.

    `bucket_arn` is made of the bucket's name: a reference would have the bucket wait for its own permission.
    """
    permission = queue.queue.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            resources=[queue.queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": bucket_arn},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
    )
    made = bucket.node.default_child
    assert isinstance(made, s3.CfnBucket)  # noqa: S101 - tells the type checker what CDK promises
    rule = s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)
    made.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[
            s3.CfnBucket.QueueConfigurationProperty(
                event="s3:ObjectCreated:*",
                queue=queue.queue.queue_arn,
                filter=s3.CfnBucket.NotificationFilterProperty(
                    s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[rule])
                ),
            )
        ]
    )
    # S3 sends a test message when the bucket is made: the permission must be there before.
    if permission.policy_dependable is None:
        raise RuntimeError("the queue's policy was not made: S3 could not send its test message")
    bucket.node.add_dependency(permission.policy_dependable)


def _lake_rules() -> list[s3.LifecycleRule]:
    """Return the retention of docs/decisions/0009: no current object of raw/ or compacted/ ever expires."""
    return [
        # A query can be asked again: its answer need not be kept.
        s3.LifecycleRule(
            id="athena-results",
            prefix=ATHENA_RESULTS_PREFIX,
            expiration=Duration.days(_RESULT_DAYS),
            noncurrent_version_expiration=Duration.days(_RESULT_DAYS),
        ),
        s3.LifecycleRule(
            id="quarantine", prefix=QUARANTINE_PREFIX, expiration=Duration.days(_QUARANTINE_DAYS)
        ),
        _old_versions(_NONCURRENT_DAYS),
    ]


def _old_versions(days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="old-versions",
        noncurrent_version_expiration=Duration.days(days),
        expired_object_delete_marker=True,
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )


def _bucket(scope: Construct, construct_id: str, **properties: Any) -> s3.Bucket:
    return s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        **properties,
    )
