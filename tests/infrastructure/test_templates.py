"""What matters in the templates: nothing lost, nothing open, nothing wider than needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.tables import TABLES
from infra.config import ConfigError, read_config
from infra.ingest_settings import LAKE_WRITER

pytestmark = pytest.mark.xdist_group("synth")
Templates = dict[str, dict[str, Any]]


def resources(templates: Templates, kind: str) -> Iterator[dict[str, Any]]:
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == kind:
                yield resource


def properties(templates: Templates, kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources(templates, kind)]


def test_every_work_queue_hands_what_fails_to_a_dead_letter_queue(templates: Templates) -> None:
    queues = properties(templates, "AWS::SQS::Queue")
    working = [queue for queue in queues if not queue["QueueName"].endswith("dead-letters")]
    assert len(working) == 2
    for queue in working:
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
    assert all(queue["MessageRetentionPeriod"] == 14 * 24 * 3600 for queue in queues)
    assert all(queue["SqsManagedSseEnabled"] for queue in queues)


def test_the_writer_reports_partial_failures_and_its_time_outs_fit(templates: Templates) -> None:
    (mapping,) = properties(templates, "AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == LAKE_WRITER.batch_size
    (function,) = properties(templates, "AWS::Lambda::Function")
    (ingest,) = (
        queue for queue in properties(templates, "AWS::SQS::Queue") if queue["QueueName"].endswith("-ingest")
    )
    window = mapping["MaximumBatchingWindowInSeconds"]
    assert ingest["VisibilityTimeout"] >= 6 * function["Timeout"] + window


def test_functions_run_on_arm64_python_3_13_with_logs_that_expire(templates: Templates) -> None:
    for function in properties(templates, "AWS::Lambda::Function"):
        assert (function["Architectures"], function["Runtime"]) == (["arm64"], "python3.13")
        assert "LogGroup" in function["LoggingConfig"]
    assert all(group["RetentionInDays"] for group in properties(templates, "AWS::Logs::LogGroup"))


def test_the_lake_writer_may_only_add_objects(templates: Templates) -> None:
    statements = [
        statement
        for policy in properties(templates, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    actions = {
        action
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("s3:")
    }
    assert actions == {"s3:PutObject"}
    assert all(statement["Resource"] != "*" for statement in statements)


def test_buckets_are_private_encrypted_and_tls_only(templates: Templates) -> None:
    for bucket in properties(templates, "AWS::S3::Bucket"):
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["BucketEncryption"]
    denials = [
        statement
        for policy in properties(templates, "AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]
    assert any("aws:SecureTransport" in json.dumps(statement) for statement in denials)


def lake_of(templates: Templates) -> dict[str, Any]:
    (lake,) = (
        bucket
        for bucket in resources(templates, "AWS::S3::Bucket")
        if "NotificationConfiguration" in bucket["Properties"]
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
    (storage,) = (template for name, template in templates.items() if name.endswith("-storage"))
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


def text_of(value: Any) -> str:
    """Return text or a join of texts and references as one text, references in ``${}``."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return "${" + str(value["Ref"]) + "}"
    if "Fn::ImportValue" in value:
        return "${" + str(value["Fn::ImportValue"]) + "}"
    separator, parts = value["Fn::Join"]
    return str(separator).join(text_of(part) for part in parts)


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


def test_answers_of_athena_expire_with_their_versions(templates: Templates) -> None:
    (workgroup,) = properties(templates, "AWS::Athena::WorkGroup")
    results = workgroup["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"]
    (rule,) = (rule for rule in rules_of(templates) if rule["Id"] == "athena-results")
    assert text_of(results).endswith("/" + rule["Prefix"])
    assert (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == (7, 7)


@pytest.mark.parametrize(("stage", "policy"), [("dev", "Delete"), ("prod", "RetainExceptOnCreate")])
def test_data_outlives_its_stack_in_prod_only(
    stage: str, policy: str, synthesise: Callable[[str], Templates]
) -> None:
    kept = {bucket["DeletionPolicy"] for bucket in resources(synthesise(stage), "AWS::S3::Bucket")}
    assert kept <= {policy, "Retain"} if stage == "prod" else kept == {policy}


def test_glue_knows_every_column_of_the_contract(templates: Templates) -> None:
    tables = {
        table["TableInput"]["Name"]: table["TableInput"]
        for table in properties(templates, "AWS::Glue::Table")
    }
    assert set(tables) == set(TABLES)
    for name, table in TABLES.items():
        columns = [
            (column["Name"], column["Type"]) for column in tables[name]["StorageDescriptor"]["Columns"]
        ]
        assert columns == [(column.name, column.glue_type) for column in table.columns]
        assert tables[name]["Parameters"]["projection.enabled"] == "true"
        assert tables[name]["PartitionKeys"] == [{"Name": "day", "Type": "string"}]


def test_queries_are_bounded_in_bytes(templates: Templates) -> None:
    (workgroup,) = properties(templates, "AWS::Athena::WorkGroup")
    settings = workgroup["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] >= 10 * 1024**3


def test_cfn_lint_finds_nothing(templates: Templates, tmp_path: Path) -> None:
    for name, template in templates.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("cfn-lint"),
            "--region",
            "ap-northeast-2",
            # A DependsOn beside a reference to the same resource: CDK writes both, and it is harmless.
            "--ignore-checks",
            "W3005",
            "--",
            *tmp_path.glob("*.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "")


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        pytest.param(
            {"stage": "production"}, "stage is 'production': expected one of dev, prod", id="unknown stage"
        ),
        pytest.param(
            {"region": "seoul"}, "region is 'seoul': expected a name like ap-northeast-2", id="no region"
        ),
        pytest.param({"account": "12"}, "account is '12': expected 12 digits", id="short account"),
    ],
)
def test_a_wrong_context_value_is_told_in_one_sentence(context: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({"region": "ap-northeast-2", **context}.get)
    assert str(caught.value) == sentence
