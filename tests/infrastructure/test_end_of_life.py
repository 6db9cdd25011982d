"""No template has anything past its end, and the list itself finds what it should."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.end_of_life import (
    ENDED_MYSQL,
    ENDED_RUNTIMES,
    ENDED_SERVICES,
    SUPPORTED_MYSQL,
    SUPPORTED_RUNTIMES,
    find_ended,
)

pytestmark = pytest.mark.xdist_group("synth")
Templates = dict[str, dict[str, Any]]
EVERY_ENTRY = (*ENDED_SERVICES, *ENDED_RUNTIMES, *SUPPORTED_RUNTIMES, *ENDED_MYSQL, *SUPPORTED_MYSQL)
LAST_LOOKED = date(2026, 11, 21)


def test_no_template_has_anything_past_its_end(templates: Templates) -> None:
    assert find_ended(templates) == []


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        pytest.param({"Type": "AWS::Panorama::Package"}, "AWS Panorama ended on 2026-05-31", id="service"),
        pytest.param({"Type": "AWS::Greengrass::Group"}, "Version 1 ended on 2026-10-07", id="Greengrass v1"),
        pytest.param({"Type": "AWS::Timestream::Table"}, "LiveAnalytics", id="closed to new customers"),
        pytest.param(
            {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyDocument": {"Statement": [{"Action": "qldb:SendCommand"}]}},
            },
            "Amazon QLDB ended",
            id="an action",
        ),
        pytest.param(
            {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Principal": {"Service": "deeplens.amazonaws.com"}}
                },
            },
            "AWS DeepLens ended",
            id="a service as principal",
        ),
        pytest.param(
            {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs18.x"}},
            "runtime nodejs18.x ended on 2025-09-01",
            id="runtime",
        ),
        pytest.param(
            {"Type": "AWS::Lambda::LayerVersion", "Properties": {"CompatibleRuntimes": ["python3.9"]}},
            "runtime python3.9 ended",
            id="runtime of a layer",
        ),
        pytest.param(
            {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "cobol85"}},
            "is in no list",
            id="a runtime that nobody looked up",
        ),
        pytest.param(
            {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "mysql", "EngineVersion": "8.0.45"}},
            "mysql 8.0.45 ended on 2026-07-31",
            id="engine",
        ),
        pytest.param(
            {"Type": "AWS::RDS::DBParameterGroup", "Properties": {"Family": "mysql5.7"}},
            "parameter family 5.7 ended",
            id="parameter family",
        ),
        pytest.param(
            {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {"EngineVersion": "8.4.6", "EnablePerformanceInsights": True},
            },
            "Performance Insights without Database Insights",
            id="Performance Insights",
        ),
    ],
)
def test_what_ended_is_found(resource: dict[str, Any], sentence: str) -> None:
    (finding,) = find_ended({"stack": {"Resources": {"Thing": resource}}})
    assert (finding.stack, finding.logical_id) == ("stack", "Thing")
    assert sentence in finding.says


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({"Type": "AWS::GreengrassV2::ComponentVersion"}, id="Greengrass v2"),
        pytest.param({"Type": "AWS::Timestream::InfluxDBInstance"}, id="Timestream for InfluxDB"),
        pytest.param(
            {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13"}}, id="runtime"
        ),
        pytest.param({"Type": "AWS::WAFv2::WebACL"}, id="WAF"),
    ],
)
def test_what_lives_on_is_not_found(resource: dict[str, Any]) -> None:
    assert find_ended({"stack": {"Resources": {"Thing": resource}}}) == []


def test_every_entry_has_a_date_and_a_page_of_aws() -> None:
    for entry in EVERY_ENTRY:
        assert entry.ends > date(2020, 1, 1)
        assert urlsplit(entry.source).hostname in ("docs.aws.amazon.com", "aws.amazon.com")


def test_what_is_called_supported_was_so_when_the_list_was_last_looked_through() -> None:
    assert all(version.ends > LAST_LOOKED for version in (*SUPPORTED_RUNTIMES, *SUPPORTED_MYSQL))
    assert all(version.ends <= LAST_LOOKED for version in (*ENDED_RUNTIMES, *ENDED_MYSQL, *ENDED_SERVICES))
