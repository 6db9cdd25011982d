"""The way of an alert in AWS: who may put it there and tell it, and that it is never in the clear."""

from __future__ import annotations

from typing import Any

import pytest

from contract.topics import ALERT_TOPIC_FILTER
from infra.ingest_settings import NOTIFIER, NOTIFIER_SCHEDULE
from infra.stacks.alerts import RULE_KEYS, STATE_KEYS
from lambdas.notifier.batches import BATCH_PREFIX, DUE_PARTITION
from lambdas.notifier.handler import SEND
from lambdas.notifier.inbox import TOPIC_FIELDS
from lambdas.notifier.rules import RULE_PREFIX
from lambdas.notifier.settings import notifier_settings
from tests.infrastructure.reading import (
    Templates,
    allowed,
    environment_of,
    function_of,
    properties,
    stack_of,
    statements_of,
    text_of,
)

pytestmark = pytest.mark.xdist_group("synth")


def alerts(templates: Templates, kind: str) -> list[dict[str, Any]]:
    return properties({"x-alerts": stack_of(templates, "alerts")}, kind)


def test_the_rule_takes_every_alert_and_says_whose_topic_it_came_by(templates: Templates) -> None:
    (rule,) = alerts(templates, "AWS::IoT::TopicRule")
    payload = rule["TopicRulePayload"]
    assert payload["Sql"].endswith(f" FROM '{ALERT_TOPIC_FILTER}'")
    parts = ALERT_TOPIC_FILTER.split("/")
    assert parts[1:4] == ["+", "+", "+"]
    for number, name in enumerate(TOPIC_FIELDS, start=2):
        assert f"topic({number}) AS {name}" in payload["Sql"]
    (action,) = payload["Actions"]
    assert text_of(action["Sqs"]["QueueUrl"]) == "${AlertsQueue8B32A74D}"
    assert text_of(payload["ErrorAction"]["Sqs"]["QueueUrl"]) == "${RuleErrors5B59A54D}"
    assert action["Sqs"]["UseBase64"] is False


def test_aws_iot_may_put_alerts_into_two_queues_and_no_more(templates: Templates) -> None:
    stack = stack_of(templates, "alerts")["Resources"]
    (role,) = [
        one["Properties"]
        for one in stack.values()
        if one["Type"] == "AWS::IAM::Role" and "iot.amazonaws.com" in str(one["Properties"])
    ]
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert text_of(condition["ArnEquals"]["aws:SourceArn"]).endswith("_alerts")
    (policy,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in stack.items()
        if one["Type"] == "AWS::IAM::Policy" and name.startswith("RuleRole")
    ]
    assert [statement["Action"] for statement in policy] == ["sqs:SendMessage"]
    assert len(policy[0]["Resource"]) == 2


def test_the_notifier_publishes_to_its_topic_and_reads_its_keys(templates: Templates) -> None:
    own = {(action, resource) for action, resource in allowed(templates, "notifier") if "sqs:" not in action}
    table = {resource for action, resource in own if action.startswith("dynamodb:")}
    assert {action for action, _ in own} == {
        "sns:Publish", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query",
    }  # fmt: skip
    assert len(table) == 1
    assert table.pop().endswith("-control")
    keys = {
        tuple(one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]): one["Action"]
        for one in statements_of(templates, "notifier")
        if "dynamodb:" in str(one["Action"])
    }
    assert set(keys) == {RULE_KEYS, STATE_KEYS}
    assert keys[RULE_KEYS] == "dynamodb:Query", "rules are read alone"
    assert RULE_PREFIX.startswith(RULE_KEYS[0].removesuffix("*"))
    for used in (BATCH_PREFIX, DUE_PARTITION, "alert_state#seoul-1", "alert_state#seoul-1#silent"):
        assert any(used.startswith(key.removesuffix("*")) for key in STATE_KEYS)


def test_the_notifier_understands_what_it_is_told(templates: Templates) -> None:
    settings = notifier_settings(environment_of(templates, "notifier"))
    assert settings.control_table.endswith("-control")
    assert settings.languages == ("ko", "en")
    assert function_of(templates, "notifier")["Timeout"] == NOTIFIER.function_timeout_seconds
    (rule,) = alerts(templates, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"][0]["Input"] == '{"task":"send"}'
    assert dict(NOTIFIER_SCHEDULE.event) == {"task": SEND}


def test_the_topic_is_encrypted_and_takes_nothing_in_the_clear(templates: Templates) -> None:
    (topic,) = alerts(templates, "AWS::SNS::Topic")
    assert text_of(topic["KmsMasterKeyId"]).endswith("alias/aws/sns")
    (policy,) = alerts(templates, "AWS::SNS::TopicPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
