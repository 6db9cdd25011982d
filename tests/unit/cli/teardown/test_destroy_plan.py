"""The end of a stage: the order, what has to be emptied before, and what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from cli.teardown.plan import Plan, make_plan
from cli.teardown.stacks import NoStacksError, stacks_of_account, stacks_of_folder

LAKE_NAME = {"Fn::Join": ["", ["crowdlens-dev-lake-", {"Ref": "AWS::AccountId"}, "-eu-west-1"]]}
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a template of resources by logical id: (type, policy, properties)."""

    artifacts: dict[str, Any] = {}

    def template(stack: str, **resources: tuple[str, str | None, dict[str, Any]]) -> None:
        document = {
            name: {"Type": kind, "Properties": properties, **({"DeletionPolicy": policy} if policy else {})}
            for name, (kind, policy, properties) in resources.items()
        }
        file_name = f"{stack}.template.json"
        (tmp_path / file_name).write_text(json.dumps({"Resources": document}), encoding="utf-8")
        artifacts[stack] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/eu-west-1",
            "properties": {"templateFile": file_name},
        }
        (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")

    return template


def plan_of(folder: Path, stage: str = "dev") -> Plan:
    return make_plan(stacks_of_folder(folder, stage))


def deletion(stack: str) -> str:
    name = f"--stack-name {stack}"
    return f"aws cloudformation delete-stack {name} && aws cloudformation wait stack-delete-complete {name}"


def test_buckets_are_emptied_between_what_writes_and_their_own_stack(tmp_path: Path, write: Write) -> None:
    write("crowdlens-dev-storage", Lake=("AWS::S3::Bucket", "Delete", {"BucketName": LAKE_NAME}))
    write("crowdlens-dev-ingest", Queue=("AWS::SQS::Queue", None, {}))
    write("crowdlens-prod-ingest", Queue=("AWS::SQS::Queue", None, {}))
    plan = plan_of(tmp_path)
    first, second, third = (step.commands for step in plan.steps)
    assert first == (deletion("crowdlens-dev-ingest"),)
    assert second == (
        '.venv/bin/python -c \'import boto3; boto3.resource("s3")'
        '.Bucket("crowdlens-dev-lake-<AccountId>-eu-west-1").object_versions.delete()\'',
    )
    assert third == (deletion("crowdlens-dev-storage"),)
    assert not plan.keeps_records


def test_kept_buckets_are_not_emptied_and_are_told_of(tmp_path: Path, write: Write) -> None:
    lake = {"BucketName": "crowdlens-prod-lake-1-eu-west-1"}
    write("crowdlens-prod-storage", Lake=("AWS::S3::Bucket", "RetainExceptOnCreate", lake))
    plan = plan_of(tmp_path, "prod")
    assert [step.commands for step in plan.steps] == [(deletion("crowdlens-prod-storage"),)]
    assert plan.stays[0].name == lake["BucketName"]
    assert plan.stays[0].commands[-1] == f"aws s3api delete-bucket --bucket {lake['BucketName']}"
    assert plan.keeps_records


def test_a_stack_goes_before_those_that_it_needs_and_an_unknown_one_first(
    tmp_path: Path, write: Write
) -> None:
    for name in ("network", "ingest", "database", "web", "components", "fleet", "storage", "analytics"):
        write(f"crowdlens-dev-{name}", Topic=("AWS::SNS::Topic", None, {}))
    (step,) = plan_of(tmp_path).steps
    order = ("web", "components", "fleet", "database", "network", "analytics", "ingest", "storage")
    assert step.commands == tuple(deletion(f"crowdlens-dev-{name}") for name in order)


def test_the_bucket_of_access_logs_is_emptied_after_those_that_write_into_it(
    tmp_path: Path, write: Write
) -> None:
    lake = {"BucketName": "lake", "LoggingConfiguration": {"DestinationBucketName": {"Ref": "AccessLogs"}}}
    write(
        "crowdlens-dev-storage",
        AccessLogs=("AWS::S3::Bucket", "Delete", {"BucketName": "logs"}),
        Lake=("AWS::S3::Bucket", "Delete", lake),
    )
    emptied = plan_of(tmp_path).steps[0].commands
    assert ['"lake"' in one for one in emptied] == [True, False]
    assert '"logs"' in emptied[1]


def test_certificates_come_off_a_policy_before_its_stack_goes(tmp_path: Path, write: Write) -> None:
    write("crowdlens-dev-fleet", Claim=("AWS::IoT::Policy", None, {"PolicyName": "crowdlens-dev-claim"}))
    first, second = (step.commands for step in plan_of(tmp_path).steps)
    assert first == (
        "for target in $(aws iot list-targets-for-policy --policy-name crowdlens-dev-claim"
        " --query 'targets[]' --output text);"
        ' do aws iot detach-policy --policy-name crowdlens-dev-claim --target "$target"; done',
    )
    assert second == (deletion("crowdlens-dev-fleet"),)


def test_a_kept_database_keeps_its_network_and_is_removed_before_what_it_uses(
    tmp_path: Path, write: Write
) -> None:
    write("crowdlens-prod-network", Vpc=("AWS::EC2::VPC", None, {}))
    write(
        "crowdlens-prod-database",
        Parameters=("AWS::RDS::DBParameterGroup", "RetainExceptOnCreate", {"DBParameterGroupName": "p"}),
        Subnets=("AWS::RDS::DBSubnetGroup", "RetainExceptOnCreate", {"DBSubnetGroupName": "s"}),
        MySql=("AWS::RDS::DBInstance", "RetainExceptOnCreate", {"DBInstanceIdentifier": "m"}),
    )
    plan = plan_of(tmp_path, "prod")
    assert [step.commands for step in plan.steps] == [(deletion("crowdlens-prod-database"),)]
    assert [stays.commands[0] for stays in plan.stays[:4]] == [
        "aws rds delete-db-instance --db-instance-identifier m --skip-final-snapshot"
        " --delete-automated-backups",
        "aws rds delete-db-parameter-group --db-parameter-group-name p",
        "aws rds delete-db-subnet-group --db-subnet-group-name s",
        deletion("crowdlens-prod-network"),
    ]
    assert plan.stays[0].commands[-1] == "aws rds wait db-instance-deleted --db-instance-identifier m"


def test_a_database_that_goes_lets_its_network_go(tmp_path: Path, write: Write) -> None:
    write("crowdlens-dev-network", Vpc=("AWS::EC2::VPC", None, {}))
    write("crowdlens-dev-database", MySql=("AWS::RDS::DBInstance", "Delete", {"DBInstanceIdentifier": "m"}))
    (step,) = plan_of(tmp_path).steps
    assert step.commands == (deletion("crowdlens-dev-database"), deletion("crowdlens-dev-network"))


@pytest.mark.parametrize(
    ("resource", "what", "command"),
    [
        pytest.param(
            ("AWS::DynamoDB::Table", "Retain", {"TableName": "t", "DeletionProtectionEnabled": True}),
            "DynamoDB Table",
            "aws dynamodb update-table --table-name t --no-deletion-protection-enabled",
            id="protected table",
        ),
        pytest.param(
            ("AWS::DynamoDB::Table", "Retain", {"TableName": "t"}),
            "DynamoDB Table",
            "aws dynamodb delete-table --table-name t",
            id="table",
        ),
        pytest.param(
            ("AWS::RDS::DBInstance", "Retain", {"DBInstanceIdentifier": "m", "DeletionProtection": True}),
            "RDS DBInstance",
            "aws rds modify-db-instance --db-instance-identifier m --no-deletion-protection "
            "--apply-immediately",
            id="protected database",
        ),
        pytest.param(
            ("AWS::RDS::DBInstance", None, {"DBInstanceIdentifier": "m"}),
            "RDS snapshot",
            "aws rds describe-db-snapshots --snapshot-type manual --query "
            "\"DBSnapshots[?DBInstanceIdentifier=='m'].DBSnapshotIdentifier\"",
            id="database without a policy is a snapshot",
        ),
        pytest.param(
            ("AWS::Athena::WorkGroup", "Retain", {"Name": "w"}),
            "Athena WorkGroup",
            "aws athena delete-work-group --work-group w --recursive-delete-option",
            id="workgroup",
        ),
        pytest.param(
            ("AWS::QuickSight::Dashboard", "Retain", {"DashboardId": "operations", "Name": "운영"}),
            "QuickSight Dashboard",
            "aws quicksight delete-dashboard --aws-account-id ACCOUNT --dashboard-id 'operations'",
            id="dashboard",
        ),
        pytest.param(
            ("AWS::Logs::LogGroup", "Retain", {"LogGroupName": "/aws/x"}),
            "Logs LogGroup",
            "aws logs delete-log-group --log-group-name /aws/x",
            id="log group",
        ),
        pytest.param(
            ("AWS::KMS::Key", "Retain", {}),
            "KMS Key",
            "aws cloudcontrol delete-resource --type-name AWS::KMS::Key --identifier '<Kept>'",
            id="any other type",
        ),
    ],
)
def test_what_stays_is_named_with_what_removes_it(
    tmp_path: Path,
    write: Write,
    resource: tuple[str, str | None, dict[str, Any]],
    what: str,
    command: str,
) -> None:
    write("crowdlens-dev-x", Kept=resource)
    stays = plan_of(tmp_path).stays[0]
    assert (stays.what, stays.commands[0]) == (what, command)


@pytest.mark.parametrize(
    ("kind", "beside"),
    [
        pytest.param("AWS::IoT::Policy", "IoT things and certificates", id="devices"),
        pytest.param("AWS::QuickSight::Dashboard", "QuickSight subscription", id="dashboards"),
        pytest.param("AWS::DynamoDB::Table", "DynamoDB backup", id="point-in-time recovery"),
        pytest.param("AWS::SQS::Queue", "CDK bootstrap", id="anything"),
    ],
)
def test_what_no_stack_made_is_told_of_where_it_can_be(
    tmp_path: Path, write: Write, kind: str, beside: str
) -> None:
    write("crowdlens-dev-x", One=(kind, "Delete", {}))
    assert beside in [stays.what for stays in plan_of(tmp_path).stays]
    write("crowdlens-dev-x", One=("AWS::SNS::Topic", "Delete", {}))
    assert [stays.what for stays in plan_of(tmp_path).stays] == ["CDK bootstrap"]


class CloudFormation:
    """One deployed stack and one that is gone; a resource of it was never made."""

    def get_paginator(self, operation: str) -> CloudFormation:
        self._operation = operation
        return self

    def paginate(self, **arguments: str) -> list[dict[str, Any]]:
        if self._operation == "list_stacks":
            names = ("crowdlens-dev-x", "crowdlens-dev-gone", "crowdlens-devel-x", "other")
            states = ("UPDATE_COMPLETE", "DELETE_COMPLETE", "CREATE_COMPLETE", "CREATE_COMPLETE")
            pairs = zip(names, states, strict=True)
            return [{"StackSummaries": [{"StackName": name, "StackStatus": state} for name, state in pairs]}]
        assert arguments == {"StackName": "crowdlens-dev-x"}
        made = {"LogicalResourceId": "Logs", "PhysicalResourceId": "x-logs-1a2b", "ResourceStatus": "OK"}
        gone = {"LogicalResourceId": "Old", "PhysicalResourceId": "y", "ResourceStatus": "DELETE_COMPLETE"}
        return [{"StackResourceSummaries": [made]}, {"StackResourceSummaries": [gone]}]

    def get_template(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        kinds = {name: {"Type": "AWS::S3::Bucket"} for name in ("Logs", "Old", "NeverMade")}
        return {"TemplateBody": {"Resources": kinds}}


def test_a_deployed_stack_is_planned_by_its_physical_names() -> None:
    (stack,) = stacks_of_account(CloudFormation(), "crowdlens-dev")
    assert [(resource.stack, resource.name) for resource in stack.resources] == [
        ("crowdlens-dev-x", "x-logs-1a2b")
    ]


def test_the_template_of_an_earlier_synth_is_no_stack(tmp_path: Path, write: Write) -> None:
    write("crowdlens-dev-x", Topic=("AWS::SNS::Topic", None, {}))
    (tmp_path / "crowdlens-dev-old.template.json").write_text('{"Resources": {}}', encoding="utf-8")
    assert [stack.name for stack in stacks_of_folder(tmp_path, "dev")] == ["crowdlens-dev-x"]


def test_no_stack_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoStacksError, match="no stack crowdlens-prod-… is in this account and region"):
        stacks_of_account(CloudFormation(), "crowdlens-prod")
    assert main(["destroy-plan", "--templates", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"crowdlens destroy-plan: {tmp_path} holds no assembly of stacks crowdlens-dev-")
    assert said.count("\n") == 1


def test_the_command_prints_steps_and_what_stays(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("crowdlens-dev-storage", Lake=("AWS::S3::Bucket", "Delete", {"BucketName": "crowdlens-dev-lake-1"}))
    assert main(["destroy-plan", "--templates", str(tmp_path), "--region", "eu-west-1"]) == 0
    said = capsys.readouterr().out
    assert "export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1" in said
    assert "2. S3 deletes no bucket that holds anything" in said
    assert deletion("crowdlens-dev-storage") in said
    assert said.endswith("The records are DELETED with the lake bucket.\n")
    assert main(["destroy-plan", "--templates", str(tmp_path), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"steps", "stays", "keeps_records"}
