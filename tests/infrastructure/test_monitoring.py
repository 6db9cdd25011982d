"""Everything that can fail silently has an alarm, what they watch exists, and somebody is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from infra.alarms import alarm_metrics, alarms_of
from infra.config import StageConfig, read_config
from infra.node import node_path

pytestmark = pytest.mark.xdist_group("synth")
Template = dict[str, Any]
Make = Callable[..., Template]


def config(**context: object) -> StageConfig:
    return read_config({"stage": "prod", "region": "us-east-1", "account": "111122223333", **context}.get)


@pytest.fixture(scope="module")
def monitoring() -> Make:
    """Return a function from context to the template of the monitoring stack alone; each is made once."""
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App, Environment
    from aws_cdk.assertions import Template as Synthesised

    from infra.stacks.monitoring import MonitoringStack

    made: dict[str, Template] = {}

    def of(**context: object) -> Template:
        key = repr(sorted(context.items()))
        if key not in made:
            found = config(**context)
            where = Environment(account=found.account, region=found.region)
            made[key] = dict(
                Synthesised.from_stack(
                    MonitoringStack(App(), "monitoring", config=found, env=where)
                ).to_json()
            )
        return made[key]

    return of


def of_type(template: Template, kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template["Resources"].values() if one["Type"] == kind]


def test_every_alarm_is_made_as_it_is_described(monitoring: Make) -> None:
    alarms = {alarm["AlarmName"]: alarm for alarm in of_type(monitoring(), "AWS::CloudWatch::Alarm")}
    described = alarms_of(config())
    assert set(alarms) == {f"crowdlens-prod-{alarm.name}" for alarm in described}
    for one in described:
        made = alarms[f"crowdlens-prod-{one.name}"]
        assert made["AlarmDescription"] == one.says
        assert made["Threshold"] == one.threshold
        assert (made["EvaluationPeriods"], made["DatapointsToAlarm"]) == (one.periods, one.breaching)
        assert made["TreatMissingData"] == one.missing.value
        assert made["ComparisonOperator"].startswith("LessThan" if one.is_low else "GreaterThan")


def test_an_alarm_on_several_metrics_adds_them_up(monitoring: Make) -> None:
    (identity,) = (
        alarm
        for alarm in of_type(monitoring(), "AWS::CloudWatch::Alarm")
        if alarm["AlarmName"].endswith("-identity")
    )
    (total,) = (metric for metric in identity["Metrics"] if metric.get("ReturnData", True))
    assert total["Expression"] == "FILL(m0, 0) + FILL(m1, 0) + FILL(m2, 0)"
    namespaces = {
        metric["MetricStat"]["Metric"]["Namespace"]
        for metric in identity["Metrics"]
        if "MetricStat" in metric
    }
    assert namespaces == {"crowdlens-prod"}


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        pytest.param("ingest-dead-letters", "ApproximateNumberOfMessagesVisible", id="dead letters stay"),
        pytest.param("load-age", "ApproximateAgeOfOldestMessage", id="queue age"),
        pytest.param("devices-silent", "devices_silent", id="silent device"),
        pytest.param("clock-offset", "clock_offset_milliseconds", id="clock offset"),
        pytest.param("loader", "messages_failed", id="loader errors"),
        pytest.param("identity", "identity_impostors", id="identity refusals"),
        pytest.param("dead-letters-failed", "dead_letters_failed", id="dead letters failed"),
        pytest.param("reconciliation", "records_missing", id="reconciliation difference"),
        pytest.param("mysql-storage", "FreeStorageSpace", id="database storage"),
        pytest.param("mysql-connections", "DatabaseConnections", id="database connections"),
        pytest.param("lake-writer-errors", "Errors", id="function errors"),
        pytest.param("provisioning", "provisioning_failed", id="devices that cannot come in"),
        pytest.param("throttles", "Throttles", id="throttles"),
    ],
)
def test_what_the_promises_hang_on_is_watched(name: str, metric: str, monitoring: Make) -> None:
    (alarm,) = (
        alarm
        for alarm in of_type(monitoring(), "AWS::CloudWatch::Alarm")
        if alarm["AlarmName"] == f"crowdlens-prod-{name}"
    )
    assert f'"MetricName": "{metric}"' in json.dumps(alarm)


def test_without_mysql_nothing_of_it_is_watched(monitoring: Make) -> None:
    without = json.dumps(monitoring(mysql="off"))
    assert "AWS/RDS" not in without
    assert "rds-loader" not in without
    assert "rds_loader" not in without


def test_an_address_is_told_by_an_encrypted_topic_that_alarms_may_use(monitoring: Make) -> None:
    template = monitoring(alarm_email="watch@example.org")
    (topic,) = of_type(template, "AWS::SNS::Topic")
    (subscription,) = of_type(template, "AWS::SNS::Subscription")
    (key,) = of_type(template, "AWS::KMS::Key")
    assert topic["KmsMasterKeyId"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "watch@example.org")
    assert key["EnableKeyRotation"] is True
    users = [
        statement["Principal"]["Service"]
        for statement in key["KeyPolicy"]["Statement"]
        if "kms:GenerateDataKey*" in statement["Action"]
    ]
    assert sorted(users) == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    for alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == alarm["OKActions"] != []
    told = {
        alarm["AlarmName"]: alarm["InsufficientDataActions"] == alarm["AlarmActions"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm")
        if "InsufficientDataActions" in alarm
    }
    assert told == {"crowdlens-prod-reconciler-idle": True}


def test_without_an_address_there_is_no_topic_to_pay_for_and_prod_is_warned() -> None:
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App
    from aws_cdk.assertions import Annotations, Match

    from infra.stacks.monitoring import MonitoringStack

    stack = MonitoringStack(App(), "monitoring", config=config())
    Annotations.from_stack(stack).has_warning("/monitoring", Match.string_like_regexp("nobody is told"))
    assert stack.topic is None


def test_the_topic_takes_messages_of_this_account_only(monitoring: Make) -> None:
    (policy,) = of_type(monitoring(alarm_email="watch@example.org"), "AWS::SNS::TopicPolicy")
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement["Condition"] == {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            }


def test_the_budget_warns_before_and_when_it_is_spent(monitoring: Make) -> None:
    (budget,) = of_type(monitoring(alarm_email="watch@example.org"), "AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"]["Amount"] > 0
    told = {
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in budget["NotificationsWithSubscribers"]
    }
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}


def test_an_address_may_come_later(monitoring: Make) -> None:
    """Who is told can only be said when a budget is made: the next one must not find its name taken."""
    for context in ({}, {"alarm_email": "watch@example.org"}):
        (budget,) = of_type(monitoring(**context), "AWS::Budgets::Budget")
        assert "BudgetName" not in budget["Budget"]


def test_the_bill_counts_the_metrics_that_are_alarmed_on(monitoring: Make) -> None:
    made = sum(
        max(1, sum("MetricStat" in metric for metric in alarm.get("Metrics", [])))
        for alarm in of_type(monitoring(), "AWS::CloudWatch::Alarm")
    )
    assert made == alarm_metrics(config())


def test_the_dashboard_shows_every_alarm_and_fits_its_grid(monitoring: Make) -> None:
    (dashboard,) = of_type(monitoring(), "AWS::CloudWatch::Dashboard")
    body = dashboard["DashboardBody"]
    text = "".join(part if isinstance(part, str) else "arn" for part in body["Fn::Join"][1])
    widgets = json.loads(text)["widgets"]
    assert len(widgets[0]["properties"]["alarms"]) == len(alarms_of(config()))
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)
    assert len(widgets) > 8
