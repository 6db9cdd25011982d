"""From a device's message to the lake, and what looks after it there.

`lake_writer` empties the ingest queue; `compactor` folds what it wrote; `reconciler` shows that nothing is
missing; `dead_letters` keeps what none could handle. They share the DynamoDB table `control`.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.lake import COMPACTED_PREFIX, COVERS_PREFIX, QUARANTINE_PREFIX, RAW_PREFIX
from infra.acknowledgements import acknowledge_wildcard
from infra.config import StageConfig
from infra.constructs.python_function import PythonFunction, function_arn
from infra.constructs.removal import removal_policy
from infra.constructs.work_queue import WorkQueue, queue_arn
from infra.ingest_settings import (
    COMPACTOR,
    DEAD_LETTERS,
    NOTIFIER,
    OPEN_DATA,
    RDS_LOADER,
    RECONCILER,
    alert_rule_queue_name,
    ingest_profile,
)
from infra.lake_prefixes import RECORD_PREFIXES
from infra.layers import pandas_layer_arn

LAKE_WRITER_CONCURRENCY = 50
"""10,000 cameras send about 2,000 messages a second; one invocation takes 200 of them in under 5 s."""
COMPACTOR_CONCURRENCY = 10
"""18 pieces an hour at 10,000 cameras, 27 s each: ten at once catch up with a day in less than an hour."""
DEAD_LETTERS_CONCURRENCY = 2
"""The least there is: dead letters are few, and an outage that makes many should not take the account."""
PARTITION_KEY, SORT_KEY, EXPIRY_ATTRIBUTE = "pk", "sk", "expires_at"


class IngestStack(Stack):
    """Exposes what devices send to and what handles it.

    `ingest` (the queue devices send to, with its dead letters), `control` (the table of device registry,
    leases and accounts), and the functions `lake_writer`, `compactor`, `reconciler` and `dead_letters`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self._lake_name = config.lake_bucket_name(Aws.ACCOUNT_ID)
        self._pandas = lambda_.LayerVersion.from_layer_version_arn(
            self, "PandasLayer", pandas_layer_arn(config.region)
        )
        self._profile = ingest_profile(config.profile)
        self.ingest = WorkQueue(self, "Ingest", config=config, settings=self._profile.lake_writer)
        self.control = self._control_table()
        self.lake_writer = self._lake_writer()
        self.compactor = self._compactor()
        self.reconciler = self._reconciler()
        self.dead_letters = self._dead_letters()

    def _control_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Control",
            table_name=self._config.control_table_name,
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=SORT_KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=EXPIRY_ATTRIBUTE,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._config.keep_data,
            removal_policy=removal_policy(self._config),
        )

    def _lake_writer(self) -> PythonFunction:
        settings = self._profile.lake_writer
        writer = PythonFunction(
            self,
            "LakeWriter",
            config=self._config,
            name=settings.function_name,
            memory_mebibytes=settings.memory_mib,
            timeout_seconds=settings.function_timeout_seconds,
            environment={
                "LAKE_BUCKET": self._lake_name,
                "CONTROL_TABLE": self.control.table_name,
                "IDENTITY_MODE": self._config.identity_mode,
            },
            layers=[self._pandas],
        )
        # It only ever adds objects: a writer that cannot read or delete cannot lose what is there.
        self._allow_objects(writer, ["s3:PutObject"], (RAW_PREFIX, QUARANTINE_PREFIX))
        writer.allow(["dynamodb:BatchGetItem"], [self.control.table_arn])
        writer.function.add_event_source(
            sources.SqsEventSource(
                self.ingest.queue,
                batch_size=settings.batch_size,
                max_batching_window=Duration.seconds(settings.batch_window_seconds),
                report_batch_item_failures=True,
                max_concurrency=LAKE_WRITER_CONCURRENCY,
            )
        )
        return writer

    def _compactor(self) -> PythonFunction:
        own_name = self._config.function_name(COMPACTOR.function_name)
        fans_out = self._config.reserves_concurrency
        compactor = PythonFunction(
            self,
            "Compactor",
            config=self._config,
            name=COMPACTOR.function_name,
            memory_mebibytes=COMPACTOR.memory_mib,
            timeout_seconds=COMPACTOR.function_timeout_seconds,
            environment={
                "LAKE_BUCKET": self._lake_name,
                "CONTROL_TABLE": self.control.table_name,
                # Where nothing is reserved, a day's worth of pieces would take every execution there is.
                **({"COMPACTOR_FAN_OUT_FUNCTION": own_name} if fans_out else {}),
            },
            layers=[self._pandas],
            reserved_concurrency=COMPACTOR_CONCURRENCY,
        )
        self._allow_reading(compactor, RECORD_PREFIXES)
        self._allow_objects(compactor, ["s3:PutObject"], (COMPACTED_PREFIX, COVERS_PREFIX))
        # Never DeleteObjectVersion: what it hides can be brought back for as long as old versions are kept.
        self._allow_objects(compactor, ["s3:DeleteObject"], RECORD_PREFIXES)
        compactor.allow(["dynamodb:UpdateItem"], [self.control.table_arn])
        if fans_out:
            compactor.allow(["lambda:InvokeFunction"], [function_arn(own_name)])
        _give_up_late_calls(compactor)
        compactor.call_every(COMPACTOR.every_seconds, COMPACTOR.event)
        return compactor

    def _reconciler(self) -> PythonFunction:
        loader_name = self._config.function_name(RDS_LOADER.function_name)
        load_queue = RDS_LOADER.named(self._config.prefix).queue_name
        alert_queue = NOTIFIER.named(self._config.prefix).queue_name
        reconciler = PythonFunction(
            self,
            "Reconciler",
            config=self._config,
            name=RECONCILER.function_name,
            memory_mebibytes=RECONCILER.memory_mib,
            timeout_seconds=RECONCILER.function_timeout_seconds,
            environment={
                "LAKE_BUCKET": self._lake_name,
                "CONTROL_TABLE": self.control.table_name,
                **({} if self._config.mysql is None else self._asking_mysql(loader_name, load_queue)),
                **({"ALERT_QUEUE_URL": _queue_url(alert_queue)} if self._config.alerts else {}),
            },
            libraries=["pymysql"],
            layers=[self._pandas],
        )
        self._allow_reading(reconciler, RECORD_PREFIXES)
        reconciler.allow(
            [f"dynamodb:{verb}" for verb in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")],
            [self.control.table_arn],
        )
        if self._config.mysql is not None:
            reconciler.allow(["sqs:SendMessage"], [queue_arn(load_queue)])
            reconciler.allow(["lambda:InvokeFunction"], [function_arn(loader_name)])
        if self._config.alerts:
            reconciler.allow(["sqs:SendMessage"], [queue_arn(alert_queue)])
        _give_up_late_calls(reconciler)
        reconciler.call_every(RECONCILER.every_seconds, RECONCILER.event)
        return reconciler

    def _asking_mysql(self, loader_name: str, load_queue: str) -> dict[str, str]:
        """Return the settings for MySQL's half.

        Inside the VPC the load queue could only be reached through an interface endpoint, at a price by the
        hour; so the reconciler stays outside and asks `rds_loader` what the ledger knows.
        """
        return {
            "LOADER_FUNCTION": loader_name,
            "LOAD_QUEUE_URL": _queue_url(load_queue),
        }

    def _dead_letters(self) -> PythonFunction:
        keeper = PythonFunction(
            self,
            "DeadLetters",
            config=self._config,
            name=DEAD_LETTERS.function_name,
            memory_mebibytes=DEAD_LETTERS.memory_mib,
            timeout_seconds=DEAD_LETTERS.function_timeout_seconds,
            environment={"LAKE_BUCKET": self._lake_name},
        )
        self._allow_objects(keeper, ["s3:PutObject"], (QUARANTINE_PREFIX,))
        queues: list[sqs.IQueue] = [self.ingest.dead_letter_queue]
        if self._config.mysql is not None:
            # By its name: a reference between the stacks would forbid the storage stack to change it.
            load = RDS_LOADER.named(self._config.prefix).dead_letter_queue_name
            queues.append(sqs.Queue.from_queue_arn(self, "LoadDeadLetters", queue_arn(load)))
        if self._config.open_data:
            files = OPEN_DATA.named(self._config.prefix).dead_letter_queue_name
            queues.append(sqs.Queue.from_queue_arn(self, "OpenDataDeadLetters", queue_arn(files)))
        if self._config.alerts:
            prefix = self._config.prefix
            alerts = NOTIFIER.named(prefix).dead_letter_queue_name
            queues.append(sqs.Queue.from_queue_arn(self, "AlertsDeadLetters", queue_arn(alerts)))
            never_came = queue_arn(alert_rule_queue_name(prefix))
            queues.append(sqs.Queue.from_queue_arn(self, "AlertRuleDeadLetters", never_came))
        for queue in queues:
            keeper.function.add_event_source(
                sources.SqsEventSource(
                    queue,
                    batch_size=DEAD_LETTERS.batch_size,
                    report_batch_item_failures=True,
                    max_concurrency=DEAD_LETTERS_CONCURRENCY,
                )
            )
        return keeper

    def _allow_reading(self, function: PythonFunction, prefixes: tuple[str, ...]) -> None:
        self._allow_objects(function, ["s3:GetObject"], prefixes)
        # Of the whole bucket: with a condition on the prefix, S3 would answer "denied" for an object that is
        # gone, and the function has to know the one from the other.
        function.allow(["s3:ListBucket"], [self._lake_arn("")])

    def _allow_objects(self, function: PythonFunction, actions: list[str], prefixes: tuple[str, ...]) -> None:
        function.allow(actions, [self._lake_arn(f"/{prefix}*") for prefix in prefixes])
        for prefix in prefixes:
            acknowledge_wildcard(
                function,
                self._config.lake_arn("<AWS::Partition>", "<AWS::AccountId>", f"/{prefix}*"),
                f"{function.name} works on the objects below {prefix}, whose names are made as it goes",
            )

    def _lake_arn(self, path: str) -> str:
        return self._config.lake_arn(Aws.PARTITION, Aws.ACCOUNT_ID, path)


def _queue_url(name: str) -> str:
    """Return the URL of the queue called `name`, known before it is made."""
    return f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{name}"


def _give_up_late_calls(function: PythonFunction) -> None:
    """Drop a call that could not begin within an hour: a schedule makes the same call again by then."""
    function.function.configure_async_invoke(max_event_age=Duration.hours(1), retry_attempts=1)
