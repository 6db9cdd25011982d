"""Alarms and the bill against all templates of a stage: what is there is watched, what costs is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.alarms import DEPLOYING_FUNCTIONS, alarms_of, functions_of
from infra.config import StageConfig, read_config
from infra.cost.measured import Assumptions
from infra.cost.standing import quantities

pytestmark = pytest.mark.xdist_group("synth")
Templates = dict[str, dict[str, Any]]
CONTEXTS: dict[str, dict[str, str]] = {
    "dev": {"stage": "dev", "region": "ap-northeast-2"},
    "prod": {
        "stage": "prod",
        "region": "ap-northeast-2",
        "account": "123456789012",
        "mysql_proxy": "on",
        "alarm_email": "ops@example.org",
        "quicksight_principal": "arn:aws:quicksight:ap-northeast-2:123456789012:group/default/crowdlens",
    },
    "without mysql": {"stage": "dev", "region": "ap-northeast-2", "mysql": "off", "open_data": "off"},
}
EVERY_STAGE = pytest.mark.parametrize("name", CONTEXTS)


def config(name: str) -> StageConfig:
    return read_config(CONTEXTS[name].get)


def of_type(templates: Templates, kind: str) -> list[dict[str, Any]]:
    return [
        resource.get("Properties", {})
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == kind
    ]


def watched(name: str, namespace: str, dimension: str) -> set[str]:
    return {
        dict(metric.dimensions)[dimension]
        for alarm in alarms_of(config(name))
        for metric in alarm.metrics
        if metric.namespace == namespace and dimension in dict(metric.dimensions)
    }


@EVERY_STAGE
def test_every_function_has_an_alarm_or_a_deployment_that_fails_with_it(
    name: str, synthesise: Callable[[str], Templates]
) -> None:
    functions = {one["FunctionName"] for one in of_type(synthesise(name), "AWS::Lambda::Function")}
    deploying = {config(name).function_name(one) for one in DEPLOYING_FUNCTIONS}
    assert functions - deploying == watched(name, "AWS/Lambda", "FunctionName")
    assert functions == {config(name).function_name(one) for one in functions_of(config(name))}


@EVERY_STAGE
def test_every_queue_that_is_read_has_an_alarm(name: str, synthesise: Callable[[str], Templates]) -> None:
    queues = {one["QueueName"] for one in of_type(synthesise(name), "AWS::SQS::Queue")}
    assert watched(name, "AWS/SQS", "QueueName") <= queues
    nobody_reads = [
        name
        for name, is_on in (("-load", config(name).mysql), ("-open-data", config(name).open_data))
        if not is_on
    ]
    read_ones = {queue for queue in queues if not any(unread in queue for unread in nobody_reads)}
    assert watched(name, "AWS/SQS", "QueueName") == read_ones


@EVERY_STAGE
def test_the_database_that_is_watched_is_the_one_that_is_made(
    name: str, synthesise: Callable[[str], Templates]
) -> None:
    made = {one["DBInstanceIdentifier"] for one in of_type(synthesise(name), "AWS::RDS::DBInstance")}
    assert made == watched(name, "AWS/RDS", "DBInstanceIdentifier")
    assert made <= {config(name).mysql_identifier}


@EVERY_STAGE
def test_functions_send_their_metrics_where_alarms_look(
    name: str, synthesise: Callable[[str], Templates]
) -> None:
    spaces = {
        one["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
        for one in of_type(synthesise(name), "AWS::Lambda::Function")
    }
    own = {
        metric.namespace
        for alarm in alarms_of(config(name))
        for metric in alarm.metrics
        if not metric.namespace.startswith("AWS/")
    }
    assert spaces == own


@EVERY_STAGE
def test_the_bill_counts_what_stands(name: str, synthesise: Callable[[str], Templates]) -> None:
    templates, found = synthesise(name), quantities(config(name), Assumptions())
    hours = 365 / 12 * 24
    instances = of_type(templates, "AWS::RDS::DBInstance")
    copies = {one["DBInstanceIdentifier"]: 2 if one["MultiAZ"] else 1 for one in instances}
    assert found.get("kms_key_month", 0) == len(of_type(templates, "AWS::KMS::Key"))
    assert found.get("secret_month", 0) == len(of_type(templates, "AWS::SecretsManager::Secret")) + sum(
        bool(one.get("ManageMasterUserPassword")) for one in instances
    )
    for one in instances:
        times = copies[one["DBInstanceIdentifier"]]
        assert found[one["DBInstanceClass"]] == pytest.approx(times * hours)
        assert found["rds_gb_month"] == times * int(one["AllocatedStorage"])
    assert found.get("rds_proxy_vcpu_hour", 0) == pytest.approx(
        2 * hours * len(of_type(templates, "AWS::RDS::DBProxy"))
    )
    assert ("rds_gb_month" in found) is bool(instances)


@EVERY_STAGE
def test_nothing_stands_that_costs_by_the_hour_and_is_not_counted(
    name: str, synthesise: Callable[[str], Templates]
) -> None:
    kinds = {
        resource["Type"]
        for template in synthesise(name).values()
        for resource in template["Resources"].values()
    }
    by_the_hour = {
        "AWS::EC2::NatGateway",
        "AWS::EC2::Instance",
        "AWS::EC2::EIP",
        "AWS::ECS::Service",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElastiCache::CacheCluster",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::Kinesis::Stream",
    }
    assert not kinds & by_the_hour
    endpoints = of_type(synthesise(name), "AWS::EC2::VPCEndpoint")
    assert all(one.get("VpcEndpointType", "Gateway") == "Gateway" for one in endpoints)


@EVERY_STAGE
def test_schedules_are_as_often_as_the_bill_reckons(
    name: str, synthesise: Callable[[str], Templates]
) -> None:
    rules = [one for one in of_type(synthesise(name), "AWS::Events::Rule") if "ScheduleExpression" in one]
    runs = 0.0
    for rule in rules:
        number, unit = rule["ScheduleExpression"].removeprefix("rate(").removesuffix(")").split()
        runs += 365 / 12 * 24 * 60 / (int(number) * {"minute": 1, "hour": 60}[unit.removesuffix("s")])
    assert quantities(config(name), Assumptions())["lambda_request"] == pytest.approx(runs)
