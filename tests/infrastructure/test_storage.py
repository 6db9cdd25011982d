"""The buckets and the load queue: private, kept, announced."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.reading import Templates, properties, resources, stack_of, text_of

pytestmark = pytest.mark.xdist_group("synth")


def test_buckets_are_private_encrypted_and_tls_only(templates: Templates) -> None:
    buckets = list(properties(templates, "AWS::S3::Bucket"))
    assert len(buckets) >= 4
    for bucket in buckets:
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["BucketEncryption"]
    policies = properties(templates, "AWS::S3::BucketPolicy")
    assert len(policies) == len(buckets)
    for policy in policies:
        denials = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert any("aws:SecureTransport" in json.dumps(statement) for statement in denials)


def lake_of(templates: Templates) -> dict[str, Any]:
    (lake,) = (
        bucket
        for bucket in resources(templates, "AWS::S3::Bucket")
        if "-lake-" in text_of(bucket["Properties"].get("BucketName", ""))
    )
    return lake


def test_only_raw_objects_are_announced_to_the_load_queue(templates: Templates) -> None:
    lake = lake_of(templates)
    (rule,) = lake["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert rule["Event"] == "s3:ObjectCreated:*"
    assert rule["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "raw/"}]


def test_the_load_queue_lets_the_lake_in_before_the_lake_is_made(templates: Templates) -> None:
    """S3 sends a test message when the bucket is made, and refuses to make it when that fails."""
    lake = lake_of(templates)
    (rule,) = lake["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    queue = rule["Queue"]["Fn::GetAtt"][0]
    storage = stack_of(templates, "storage")
    ((policy, statement),) = (
        (name, statement)
        for name, resource in storage["Resources"].items()
        if resource["Type"] == "AWS::SQS::QueuePolicy"
        and resource["Properties"]["Queues"] == [{"Ref": queue}]
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    )
    assert policy in lake["DependsOn"]
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    # The bucket's ARN by its name: a reference to the bucket would make it wait for its own permission.
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert text_of(source) == "arn:${AWS::Partition}:s3:::" + text_of(lake["Properties"]["BucketName"])


def test_nothing_is_announced_where_nobody_listens(synthesise: Callable[[str], Templates]) -> None:
    """Notifications that no loader takes would lie in the queue for two weeks and raise an alarm."""
    assert "NotificationConfiguration" not in lake_of(synthesise("without mysql"))["Properties"]


def rules_of(templates: Templates) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = lake_of(templates)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return rules


def test_no_raw_object_ever_expires(templates: Templates) -> None:
    """The lake is the record, and nothing holds the rows of a raw object but that object."""
    reaching = [
        rule
        for rule in rules_of(templates)
        if "raw/".startswith(rule.get("Prefix", "")) or rule.get("Prefix", "").startswith("raw/")
    ]
    assert reaching  # the rule for old versions of everything
    for rule in reaching:
        assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & set(rule)


def test_what_was_hidden_can_be_read_for_longer_than_a_message_waits(templates: Templates) -> None:
    """docs/decisions/0009: SQS keeps a load message for 14 days, and it may be read by version."""
    (rule,) = (rule for rule in rules_of(templates) if rule["Id"] == "old-versions")
    (load,) = (
        queue for queue in properties(templates, "AWS::SQS::Queue") if queue["QueueName"].endswith("-load")
    )
    kept_seconds = rule["NoncurrentVersionExpiration"]["NoncurrentDays"] * 24 * 3600
    assert kept_seconds > load["MessageRetentionPeriod"]
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1


def test_answers_of_athena_expire_with_their_versions(templates: Templates) -> None:
    (workgroup,) = properties(templates, "AWS::Athena::WorkGroup")
    results = workgroup["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"]
    (rule,) = (rule for rule in rules_of(templates) if rule["Id"] == "athena-results")
    assert text_of(results).endswith("/" + rule["Prefix"])
    assert (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == (7, 7)


def test_no_upload_that_was_given_up_is_paid_for(templates: Templates) -> None:
    for bucket in properties(templates, "AWS::S3::Bucket"):
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule and "Prefix" not in rule for rule in rules)


@pytest.mark.parametrize(
    ("stage", "policies"), [("dev", {"Delete"}), ("prod", {"Retain", "RetainExceptOnCreate"})]
)
@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::RDS::DBInstance"])
def test_data_outlives_its_stack_in_prod_only(
    kind: str, stage: str, policies: set[str], synthesise: Callable[[str], Templates]
) -> None:
    found = {resource["DeletionPolicy"] for resource in resources(synthesise(stage), kind)}
    assert found
    assert found <= policies
