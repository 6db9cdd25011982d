"""Public data: announced from the inbox alone, taken in one file at a time, switched off without a trace."""

from __future__ import annotations

from typing import Any

import pytest

from infra.access.intrinsics import Place
from infra.access.policy import Decision, Request, decide
from infra.access.stage import StageAccess
from infra.alarms import alarms_of, functions_of
from infra.bundles import stage_function
from infra.config import read_config
from infra.ingest_settings import OPEN_DATA
from infra.lake_prefixes import OPEN_DATA_INBOX_PREFIX, OPEN_DATA_PREFIXES, OPEN_DATA_PROFILES_PREFIX
from infra.stacks.open_data import LARGEST_BYTES
from infra.watching import graphs_of
from lambdas.open_data import places
from lambdas.open_data.settings import DEFAULT_LARGEST_BYTES, open_data_settings
from tests.infrastructure.reading import (
    Templates,
    environment_of,
    function_of,
    properties,
    resources,
    stack_of,
    text_of,
)

pytestmark = pytest.mark.xdist_group("synth")


def inbox_of(templates: Templates) -> dict[str, Any]:
    (inbox,) = (
        bucket
        for bucket in resources(templates, "AWS::S3::Bucket")
        if "-inbox-" in text_of(bucket["Properties"].get("BucketName", ""))
    )
    return inbox


def test_files_of_the_inbox_are_announced_and_profiles_are_not(templates: Templates) -> None:
    (rule,) = inbox_of(templates)["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert rule["Event"] == "s3:ObjectCreated:*"
    assert rule["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "inbox/"}]
    assert rule["Queue"]["Fn::GetAtt"][0].startswith("OpenDataQueue")


def test_the_queue_lets_the_inbox_in_before_the_inbox_is_made(templates: Templates) -> None:
    """S3 sends a test message when the notification is made, and refuses to make it when that fails."""
    inbox = inbox_of(templates)
    policies = {
        name: resource["Properties"]
        for name, resource in stack_of(templates, "storage")["Resources"].items()
        if resource["Type"] == "AWS::SQS::QueuePolicy" and name in inbox["DependsOn"]
    }
    (policy,) = policies.values()
    (statement,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow")
    assert statement["Action"] == "sqs:SendMessage"
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert text_of(source).endswith(":::" + text_of(inbox["Properties"]["BucketName"]))


@pytest.mark.parametrize(
    ("bucket", "account", "expected"),
    [
        pytest.param("inbox", "123456789012", Decision.ALLOWED, id="the inbox"),
        pytest.param("lake", "123456789012", Decision.NOT_ALLOWED, id="the lake"),
        pytest.param("inbox", "999988887777", Decision.NOT_ALLOWED, id="of another account"),
    ],
)
def test_only_the_inbox_announces_files(
    bucket: str, account: str, expected: Decision, synthesise: Any
) -> None:
    place = Place("123456789012", "ap-northeast-2")
    told = Request(
        "sqs:SendMessage",
        "arn:aws:sqs:ap-northeast-2:123456789012:crowdlens-prod-open-data",
        "s3.amazonaws.com",
        {
            "aws:SourceArn": f"arn:aws:s3:::crowdlens-prod-{bucket}-123456789012-ap-northeast-2",
            "aws:SourceAccount": account,
        },
    )
    access = StageAccess(synthesise("prod"), place)
    assert decide(access.statements_on(told.resource), told) is expected


def test_profiles_are_kept_and_only_taken_in_files_go(templates: Templates) -> None:
    rules = inbox_of(templates)["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule]
    assert expiring == ["inbox/"]


def test_a_file_has_an_invocation_and_a_disk_of_its_own(templates: Templates) -> None:
    function = function_of(templates, "open-data")
    (mapping,) = (
        one
        for one in properties(templates, "AWS::Lambda::EventSourceMapping")
        if text_of(one["EventSourceArn"]).endswith("-open-data")
    )
    assert mapping["BatchSize"] == 1
    assert function["Timeout"] == 900
    environment = environment_of(templates, "open-data")
    largest = open_data_settings(environment).largest_bytes
    assert largest == LARGEST_BYTES == DEFAULT_LARGEST_BYTES
    assert function["EphemeralStorage"]["Size"] * 2**20 > 2 * largest


def test_prefixes_are_those_of_the_function() -> None:
    assert (places.INBOX_PREFIX, places.PROFILES_PREFIX) == (
        OPEN_DATA_INBOX_PREFIX,
        OPEN_DATA_PROFILES_PREFIX,
    )
    assert OPEN_DATA_PREFIXES == (
        places.DATA_PREFIX,
        places.QUARANTINE_PREFIX,
        places.REPORTS_PREFIX,
        places.PROPOSALS_PREFIX,
    )


def test_switched_off_nothing_is_made_announced_or_watched() -> None:
    context = {"stage": "dev", "region": "ap-northeast-2", "open_data": "off"}
    config = read_config(context.get)
    assert "open_data" not in functions_of(config)
    assert not [alarm for alarm in alarms_of(config) if alarm.name.startswith("open-data")]
    assert not [graph for graph in graphs_of(config) if "Public data" in graph.title]


def test_switched_off_the_queue_stays_and_hears_nothing(templates_without: Templates) -> None:
    assert not [name for name in templates_without if name.endswith("-open-data")]
    assert "NotificationConfiguration" not in inbox_of(templates_without)["Properties"]
    queues = {queue["QueueName"] for queue in properties(templates_without, "AWS::SQS::Queue")}
    assert {OPEN_DATA.named("crowdlens-dev").queue_name} <= queues
    sources = [
        text_of(one["EventSourceArn"])
        for one in properties(templates_without, "AWS::Lambda::EventSourceMapping")
    ]
    assert not [source for source in sources if "open-data" in source]


@pytest.fixture
def templates_without(synthesise: Any) -> Templates:
    found: Templates = synthesise("without mysql")
    return found


def test_the_bundle_reads_yaml_without_its_compiled_part(tmp_path: Any) -> None:
    bundle = stage_function("open_data", libraries=["yaml"], build_folder=tmp_path)
    assert (bundle / "yaml" / "loader.py").is_file()
    assert not list(bundle.rglob("*.so"))
    assert sorted(path.name for path in (bundle / "lambdas/open_data/profiles").iterdir()) == [
        "free_wifi.yaml"
    ]
