"""From a device's alert to people: topic rule, queue, notifier, and the SNS topic that they subscribe to.

Deployed before the ingest stack, whose reconciler reports silent devices to this queue and whose
`dead_letters` empties its dead letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.topics import ALERT_TOPIC_FILTER
from infra.acknowledgements import acknowledge
from infra.config import StageConfig
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from infra.ingest_settings import (
    DEAD_LETTERS,
    NOTIFIER,
    NOTIFIER_SCHEDULE,
    RETENTION_SECONDS,
    alert_rule_queue_name,
)

# The topic says who speaks: a device's policy lets it publish on its own topics alone.
_SELECTED = "SELECT *, topic(2) AS topic_site, topic(3) AS topic_device, topic(4) AS topic_camera"
RULE_SQL = " ".join((_SELECTED, "FROM", f"'{ALERT_TOPIC_FILTER}'"))
NOTIFIER_CONCURRENCY = 2
"""The least there is: one invocation takes a hundred alerts, and the fewer at once, the fewer races."""
RULE_KEYS = ("alert_rule#*",)
"""What the notifier reads of the control table: rules are changed by the command line alone."""
STATE_KEYS = ("alert_state#*", "alert_batch#*", "alert_due")
"""What it reads and writes: no registry, no lease, no account."""


class AlertsStack(Stack):
    """Exposes `topic`, `alerts` (the queue with its dead letters), `rule_errors` and `notifier`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self.alerts = WorkQueue(self, "Alerts", config=config, settings=NOTIFIER)
        self.rule_errors = self._rule_errors()
        self.topic = self._topic()
        self.notifier = self._notifier()
        self._topic_rule()
        CfnOutput(
            self, "TopicArn", value=self.topic.topic_arn, description="For `crowdlens alerts subscribe`"
        )
        CfnOutput(
            self, "QueueUrl", value=self.alerts.queue.queue_url, description="For `crowdlens alerts test`"
        )

    def _rule_errors(self) -> sqs.Queue:
        """What the topic rule could not put into the queue; `dead_letters` keeps it, too."""
        queue = sqs.Queue(
            self,
            "RuleErrors",
            queue_name=alert_rule_queue_name(self._config.prefix),
            retention_period=Duration.seconds(RETENTION_SECONDS),
            visibility_timeout=Duration.seconds(DEAD_LETTERS.visibility_timeout_seconds),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        acknowledge(queue, "SQS3", "It is the dead-letter queue of a topic rule, which cdk-nag does not see")
        return queue

    def _topic(self) -> sns.Topic:
        # With SNS's own key: the notifier alone publishes, by its role, which that key lets in.
        key = kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns")
        return sns.Topic(
            self,
            "Topic",
            topic_name=self._config.alert_topic_name,
            display_name="CrowdLens",
            master_key=key,
            enforce_ssl=True,
        )

    def _notifier(self) -> PythonFunction:
        config = self._config
        notifier = PythonFunction(
            self,
            "Notifier",
            config=config,
            name=NOTIFIER.function_name,
            memory_mebibytes=NOTIFIER.memory_mib,
            timeout_seconds=NOTIFIER.function_timeout_seconds,
            environment={
                "CONTROL_TABLE": config.control_table_name,
                "ALERT_TOPIC_ARN": self.topic.topic_arn,
                **({} if config.map_url is None else {"LIVE_MAP_URL": config.map_url}),
            },
        )
        self._allow_keys(notifier, RULE_KEYS, "Query")
        self._allow_keys(notifier, STATE_KEYS, "GetItem", "PutItem", "DeleteItem", "Query")
        notifier.allow(["sns:Publish"], [self.topic.topic_arn])
        notifier.function.add_event_source(
            sources.SqsEventSource(
                self.alerts.queue,
                batch_size=NOTIFIER.batch_size,
                max_batching_window=Duration.seconds(NOTIFIER.batch_window_seconds),
                report_batch_item_failures=True,
                max_concurrency=NOTIFIER_CONCURRENCY,
            )
        )
        notifier.call_every(NOTIFIER_SCHEDULE.every_seconds, NOTIFIER_SCHEDULE.event)
        return notifier

    def _allow_keys(self, notifier: PythonFunction, keys: Sequence[str], *verbs: str) -> None:
        notifier.role.add_to_policy(
            iam.PolicyStatement(
                actions=[f"dynamodb:{verb}" for verb in verbs],
                resources=[self._arn("dynamodb", f"table/{self._config.control_table_name}")],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}},
            )
        )

    def _topic_rule(self) -> None:
        name = f"{self._config.prefix}-alerts".replace("-", "_")
        role = iam.Role(
            self,
            "RuleRole",
            description="What the topic rule of alerts may do",
            assumed_by=iam.ServicePrincipal(
                "iot.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnEquals": {"aws:SourceArn": self._arn("iot", f"rule/{name}")},
                },
            ),
        )
        queues = (self.alerts.queue, self.rule_errors)
        role.add_to_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues])
        )
        into, errors = (
            iot.CfnTopicRule.ActionProperty(
                sqs=iot.CfnTopicRule.SqsActionProperty(
                    queue_url=queue.queue_url, role_arn=role.role_arn, use_base64=False
                )
            )
            for queue in queues
        )
        rule = iot.CfnTopicRule(
            self,
            "TopicRule",
            rule_name=name,
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=RULE_SQL,
                aws_iot_sql_version="2016-03-23",
                description="Alerts of every device into the notifier's queue",
                actions=[into],
                error_action=errors,
            ),
        )
        rule.node.add_dependency(role)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
