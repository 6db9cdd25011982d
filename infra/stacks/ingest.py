"""From a device's message to a lake object: the ingest queue, `lake_writer`."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from infra.config import StageConfig
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from infra.ingest_settings import LAKE_WRITER

PANDAS_LAYER_PARAMETER = "/aws/service/aws-sdk-pandas/3.16.1/py3.13/arm64/layer-arn"
"""AWS publishes the ARN of its AWSSDKPandas layer, which brings pyarrow, per region under this name."""
LAKE_WRITER_CONCURRENCY = 50
"""10,000 cameras send about 2,000 messages a second; one invocation takes 200 of them in under 5 s."""

WRITTEN_PREFIXES = (RAW_PREFIX, QUARANTINE_PREFIX)


class IngestStack(Stack):
    """Exposes `ingest` (the queue devices send to, with its dead letters) and `lake_writer`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.ingest = WorkQueue(self, "Ingest", config=config, settings=LAKE_WRITER)
        self.lake_writer = self._lake_writer(config)

    def _lake_writer(self, config: StageConfig) -> PythonFunction:
        lake_name = config.lake_bucket_name(Aws.ACCOUNT_ID)
        layer = lambda_.LayerVersion.from_layer_version_arn(
            self,
            "PandasLayer",
            ssm.StringParameter.value_for_string_parameter(self, PANDAS_LAYER_PARAMETER),
        )
        writer = PythonFunction(
            self,
            "LakeWriter",
            config=config,
            name=LAKE_WRITER.function_name,
            memory_mebibytes=LAKE_WRITER.memory_mib,
            timeout_seconds=LAKE_WRITER.function_timeout_seconds,
            environment={"LAKE_BUCKET": lake_name},
            layers=[layer],
        )
        # It only ever adds objects: a writer that cannot read or delete cannot lose what is there.
        writer.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[f"arn:{Aws.PARTITION}:s3:::{lake_name}/{prefix}*" for prefix in WRITTEN_PREFIXES],
            )
        )
        writer.function.add_event_source(
            sources.SqsEventSource(
                self.ingest.queue,
                batch_size=LAKE_WRITER.batch_size,
                max_batching_window=Duration.seconds(LAKE_WRITER.batch_window_seconds),
                report_batch_item_failures=True,
                max_concurrency=LAKE_WRITER_CONCURRENCY,
            )
        )
        return writer
