"""What tells somebody: alarms, where they go, one CloudWatch dashboard, and a budget."""

from __future__ import annotations

from typing import Any

from aws_cdk import Annotations, Aws, Duration, RemovalPolicy, Stack, aws_budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.alarms import Alarm, Missing, alarms_of
from infra.config import StageConfig
from infra.cost.budget import budget_usd
from infra.metrics import Metric
from infra.watching import Graph, graphs_of

_OPERATORS = cloudwatch.ComparisonOperator
_HALF, _WIDTH, _HEIGHT = 12, 24, 6
"""CloudWatch's grid is 24 columns wide."""
_SENDERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
_FORECAST_PERCENT, _SPENT_PERCENT = 100, 80


class MonitoringStack(Stack):
    """Exposes `alarms` by name, and `topic`, which is None when nobody's address was given.

    Alarms name what they watch instead of referring to it: no stack has to wait for this one, or it for them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.topic = self._topic(config.prefix, config.alarm_email) if config.alarm_email else None
        if self.topic is None and config.keep_data:
            Annotations.of(self).add_warning_v2(
                "crowdlens:alarm_email", "nobody is told of an alarm: give -c alarm_email=ADDRESS"
            )
        self.alarms = {alarm.name: self._alarm(config, alarm) for alarm in alarms_of(config)}
        self._dashboard(config)
        self._budget(config)

    def _topic(self, prefix: str, address: str) -> sns.Topic:
        # CloudWatch may not use the key that AWS manages for SNS, so the topic has one of its own:
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        key = kms.Key(
            self,
            "TopicKey",
            description=f"Alarms of {prefix} on their way",
            enable_key_rotation=True,
            # What it encrypts is delivered within minutes: nothing is lost with it.
            removal_policy=RemovalPolicy.DESTROY,
            pending_window=Duration.days(7),
        )
        topic = sns.Topic(self, "Topic", topic_name=f"{prefix}-alarms", master_key=key, enforce_ssl=True)
        topic.add_subscription(subscriptions.EmailSubscription(address))
        for service in _SENDERS:
            _let_publish(topic, key, service)
        return topic

    def _alarm(self, config: StageConfig, alarm: Alarm) -> cloudwatch.Alarm:
        made = cloudwatch.Alarm(
            self,
            f"Alarm-{alarm.name}",
            alarm_name=f"{config.prefix}-{alarm.name}",
            alarm_description=alarm.says,
            metric=_expression(alarm.metrics, alarm.period_seconds),
            threshold=alarm.threshold,
            comparison_operator=_OPERATORS.LESS_THAN_THRESHOLD
            if alarm.is_low
            else _OPERATORS.GREATER_THAN_THRESHOLD,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.breaching,
            treat_missing_data=cloudwatch.TreatMissingData[_MISSING[alarm.missing.value]],
        )
        if self.topic is not None:
            made.add_alarm_action(actions.SnsAction(self.topic))
            made.add_ok_action(actions.SnsAction(self.topic))
            if alarm.missing is Missing.TOLD:
                made.add_insufficient_data_action(actions.SnsAction(self.topic))
        return made

    def _dashboard(self, config: StageConfig) -> None:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=config.prefix)
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms", alarms=list(self.alarms.values()), width=_WIDTH, height=_HEIGHT
            )
        )
        dashboard.add_widgets(*(_widget(graph) for graph in graphs_of(config)))

    def _budget(self, config: StageConfig) -> None:
        # Of the whole account: filtered by our tag it would count nothing, and be silent, until somebody
        # activates the tag for cost allocation by hand. CloudFormation names it: who is told can only be set
        # when a budget is made, so a later address makes another one, which a fixed name would forbid.
        aws_budgets.CfnBudget(
            self,
            "Budget",
            budget=aws_budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=aws_budgets.CfnBudget.SpendProperty(
                    amount=config.monthly_budget_usd or budget_usd(config), unit="USD"
                ),
            ),
            notifications_with_subscribers=self._notifications() if self.topic is not None else None,
        )

    def _notifications(self) -> list[aws_budgets.CfnBudget.NotificationWithSubscribersProperty]:
        assert self.topic is not None  # noqa: S101 - tells the type checker what the caller looked at
        topic = aws_budgets.CfnBudget.SubscriberProperty(
            address=self.topic.topic_arn, subscription_type="SNS"
        )
        return [
            aws_budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=aws_budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[topic],
            )
            for kind, percent in (("ACTUAL", _SPENT_PERCENT), ("FORECASTED", _FORECAST_PERCENT))
        ]


_MISSING = {"notBreaching": "NOT_BREACHING", "missing": "MISSING", "ignore": "IGNORE"}


def _let_publish(topic: sns.Topic, key: kms.Key, service: str) -> None:
    """Let `service` publish to the topic, encrypted, for alarms and budgets of this account."""
    principal = iam.ServicePrincipal(service)
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[principal],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
    # Not every service names the account where SNS asks for the key; what it may publish to is said above.
    key.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            principals=[principal],
            # In a key's policy, "*" is the key itself.
            resources=["*"],
        )
    )


def _metric(metric: Metric, period_seconds: int) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions_map=dict(metric.dimensions) or None,
        statistic=metric.statistic,
        period=Duration.seconds(period_seconds),
    )


def _expression(metrics: tuple[Metric, ...], period_seconds: int) -> cloudwatch.IMetric:
    """Return one metric as it is, several as their sum, a missing one taken as none."""
    if len(metrics) == 1:
        return _metric(metrics[0], period_seconds)
    named: dict[str, cloudwatch.IMetric] = {
        f"m{number}": _metric(one, period_seconds) for number, one in enumerate(metrics)
    }
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in named),
        using_metrics=named,
        label=" + ".join(one.name for one in metrics),
        period=Duration.seconds(period_seconds),
    )


def _widget(graph: Graph) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=[_metric(metric, graph.period_seconds) for metric in graph.metrics],
        width=_HALF,
        height=_HEIGHT,
    )
