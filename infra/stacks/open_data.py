"""Public data as it comes: a file dropped into the inbox becomes rows, a quarantine and a report in the lake.

The inbox bucket, its queue and what announces files to it are the storage stack's, the tables the analytics
stack's: this one can be switched off (`open_data=off`) without losing either.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgements import acknowledge_wildcard
from infra.config import StageConfig
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import queue_arn
from infra.ingest_settings import OPEN_DATA
from infra.lake_prefixes import OPEN_DATA_INBOX_PREFIX, OPEN_DATA_PREFIXES, OPEN_DATA_PROFILES_PREFIX
from infra.layers import pandas_layer_arn

LARGEST_BYTES = 2 * 1024**3
"""Of a file: at 30,000 rows a second, a third of the measured pace, twice that fits 15 minutes."""
_DISK_MEBIBYTES = 5 * 1024
"""The file, its parquet, and its quarantine when every row is bad."""
_FILES_AT_ONCE = 2
"""The least that an event source can be told: nobody waits for public data."""


class OpenDataStack(Stack):
    """Exposes the function `open_data`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self.open_data = self._function()
        self._allow_inbox()
        # It only ever adds: what it loaded wrongly is replaced by loading again, and old versions are kept.
        self._allow_objects(["s3:PutObject"], "lake", OPEN_DATA_PREFIXES)
        self.open_data.function.add_event_source(
            sources.SqsEventSource(
                # By its name: a reference would keep the storage stack from changing while this one goes.
                sqs.Queue.from_queue_arn(self, "Files", queue_arn(OPEN_DATA.named(config.prefix).queue_name)),
                batch_size=OPEN_DATA.batch_size,
                report_batch_item_failures=True,
                max_concurrency=_FILES_AT_ONCE,
            )
        )

    def _function(self) -> PythonFunction:
        layer = lambda_.LayerVersion.from_layer_version_arn(
            self, "PandasLayer", pandas_layer_arn(self._config.region)
        )
        return PythonFunction(
            self,
            "OpenData",
            config=self._config,
            name=OPEN_DATA.function_name,
            memory_mebibytes=OPEN_DATA.memory_mib,
            timeout_seconds=OPEN_DATA.function_timeout_seconds,
            environment={
                "LAKE_BUCKET": self._config.lake_bucket_name(Aws.ACCOUNT_ID),
                "OPEN_DATA_LARGEST_BYTES": str(LARGEST_BYTES),
            },
            libraries=["yaml"],
            layers=[layer],
            disk_mebibytes=_DISK_MEBIBYTES,
        )

    def _allow_inbox(self) -> None:
        self._allow_objects(["s3:GetObject"], "inbox", (OPEN_DATA_INBOX_PREFIX, OPEN_DATA_PROFILES_PREFIX))
        # Of the whole bucket: it tells a file that is gone from one that is denied, and profiles are listed.
        self.open_data.allow(["s3:ListBucket"], [self._arn("inbox", Aws.PARTITION, Aws.ACCOUNT_ID)])

    def _allow_objects(self, actions: list[str], bucket: str, prefixes: tuple[str, ...]) -> None:
        arn = self._arn(bucket, Aws.PARTITION, Aws.ACCOUNT_ID)
        self.open_data.allow(actions, [f"{arn}/{prefix}*" for prefix in prefixes])
        for prefix in prefixes:
            acknowledge_wildcard(
                self.open_data,
                f"{self._arn(bucket, '<AWS::Partition>', '<AWS::AccountId>')}/{prefix}*",
                f"{self.open_data.name} works on the objects below {prefix}, whose names nobody knows yet",
            )

    def _arn(self, bucket: str, partition: str, account: str) -> str:
        of_bucket = {"lake": self._config.lake_arn, "inbox": self._config.inbox_arn}[bucket]
        return of_bucket(partition, account)
