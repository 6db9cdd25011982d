"""The lake bucket, and the queue that hears of every raw object in it.

The bucket is encrypted, TLS only, private and versioned. The lake is the record, so raw objects never expire:
nothing holds their rows but they.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from infra.config import StageConfig
from infra.constructs.work_queue import WorkQueue
from infra.ingest_settings import RDS_LOADER

ATHENA_RESULTS_PREFIX = "athena-results/"
_RESULT_DAYS = 7


class StorageStack(Stack):
    """Exposes `lake` (the record of everything counted), `load` (work for `rds_loader`) and `access_logs`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        removal = RemovalPolicy.RETAIN if config.keep_data else RemovalPolicy.DESTROY
        self.access_logs = _bucket(
            self,
            "AccessLogs",
            removal_policy=removal,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(config.log_retention_days))],
        )
        lake_name = config.lake_bucket_name(Aws.ACCOUNT_ID)
        self.lake = _bucket(
            self,
            "Lake",
            bucket_name=lake_name,
            removal_policy=removal,
            versioned=True,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="lake/",
            lifecycle_rules=[
                # A query can be asked again: its answer need not be kept.
                s3.LifecycleRule(
                    id="athena-results",
                    prefix=ATHENA_RESULTS_PREFIX,
                    expiration=Duration.days(_RESULT_DAYS),
                    noncurrent_version_expiration=Duration.days(_RESULT_DAYS),
                ),
                s3.LifecycleRule(id="quarantine", prefix=QUARANTINE_PREFIX, expiration=Duration.days(400)),
                s3.LifecycleRule(
                    id="old-versions",
                    noncurrent_version_expiration=Duration.days(7),
                    expired_object_delete_marker=True,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
            ],
        )
        self.load = WorkQueue(self, "Load", config=config, settings=RDS_LOADER)
        self._announce_raw_objects(lake_name)

    def _announce_raw_objects(self, lake_name: str) -> None:
        """Send an event of each raw object to the load queue, without CDK's custom-resource function."""
        permission = self.load.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                resources=[self.load.queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{lake_name}"},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        bucket = self.lake.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101 - tells the type checker what CDK promises
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.load.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=RAW_PREFIX)]
                        )
                    ),
                )
            ]
        )
        # S3 sends a test message when the bucket is made: the permission must be there before.
        if permission.policy_dependable is None:
            raise RuntimeError("the load queue's policy was not made: S3 could not send its test message")
        self.lake.node.add_dependency(permission.policy_dependable)


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
