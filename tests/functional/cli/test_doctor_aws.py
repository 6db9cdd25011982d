"""`crowdlens doctor --aws` against moto; what moto has not is answered by small classes of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from cli.aws_checks.account import BOOTSTRAP_PARAMETER, bootstrap, region_enabled, same_account, stack_states
from cli.aws_checks.names import names_free
from cli.aws_checks.quotas import lambda_concurrency, vpcs
from cli.aws_checks.run import run_aws_checks
from cli.aws_checks.services import dashboards_readers, dashboards_subscription, layers
from cli.aws_checks.situation import Situation
from cli.aws_checks.wanted import Wanted, read_wanted
from cli.checks import Finding
from cli.cloud_assembly import NoAssemblyError
from cli.main import main

REGION, ACCOUNT = "eu-west-1", "123456789012"
LAYER = f"arn:aws:lambda:{REGION}:336392948345:layer:AWSSDKPandas-Python313-Arm64:14"
USER = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:user/default/ada"
GROUP = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/readers"
LAKE = f"crowdlens-dev-lake-{ACCOUNT}"
STORAGE, INGEST, NETWORK = "crowdlens-dev-storage", "crowdlens-dev-ingest", "crowdlens-dev-network"
LAKE_NAME = {"Fn::Join": ["", ["crowdlens-dev-lake-", {"Ref": "AWS::AccountId"}]]}
RESOURCES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    STORAGE: {
        "Lake": ("AWS::S3::Bucket", {"BucketName": LAKE_NAME}),
        "Logs": ("AWS::S3::Bucket", {}),
    },
    INGEST: {
        "Control": ("AWS::DynamoDB::Table", {"TableName": "crowdlens-dev-control"}),
        "Writer": ("AWS::Lambda::Function", {"Layers": [LAYER]}),
        "Compactor": ("AWS::Lambda::Function", {"ReservedConcurrentExecutions": 10}),
        "Source": ("AWS::Lambda::EventSourceMapping", {"ScalingConfig": {"MaximumConcurrency": 50}}),
    },
    NETWORK: {"Vpc": ("AWS::EC2::VPC", {}), "Endpoint": ("AWS::EC2::VPCEndpoint", {})},
    "crowdlens-dev-fleet": {"Policy": ("AWS::IoT::Policy", {})},
    "crowdlens-dev-dashboards": {
        "Board": (
            "AWS::QuickSight::Dashboard",
            {"Permissions": [{"Principal": USER, "Actions": []}, {"Principal": GROUP, "Actions": []}]},
        )
    },
}


@cache
def moto_client(service: str, region: str = REGION) -> Any:
    """A client is slow to make, and all tests need the same."""
    session: Any = boto3.Session("testing", "testing", region_name=region)
    return session.client(service)


class NotThereError(ClientError):
    """What these services answer for something that does not exist."""

    def __init__(self, operation: str, code: str = "ResourceNotFoundException") -> None:
        super().__init__({"Error": {"Code": code, "Message": "not there"}}, operation)


class Lambda:
    """An account with a concurrency limit, and the layers it may read."""

    def __init__(self, total: int = 1000, unreserved: int = 1000, layers: tuple[str, ...] = (LAYER,)) -> None:
        self._limit = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}
        self._layers = layers

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": self._limit}

    def get_layer_version_by_arn(self, *, Arn: str) -> dict[str, Any]:  # noqa: N803
        if Arn not in self._layers:
            raise NotThereError("GetLayerVersionByArn", "AccessDeniedException")
        return {"LayerVersionArn": Arn}


class CloudFormation:
    """Stacks and their states."""

    def __init__(self, **states: str) -> None:
        self._states = states

    def get_paginator(self, operation: str) -> CloudFormation:
        assert operation == "list_stacks"
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        for name, state in self._states.items():
            yield {"StackSummaries": [{"StackName": name, "StackStatus": state}]}


class QuickSight:
    """A subscription, beside moto's users and groups."""

    def __init__(self, edition: str | None = "ENTERPRISE", state: str = "ACCOUNT_CREATED") -> None:
        self._edition, self._state = edition, state
        self._moto = moto_client("quicksight")

    def describe_account_subscription(self, *, AwsAccountId: str) -> dict[str, Any]:  # noqa: N803
        assert AwsAccountId == ACCOUNT
        if self._edition is None:
            error = self._moto.exceptions.ResourceNotFoundException
            raise error({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeAccountSubscription")
        return {"AccountInfo": {"Edition": self._edition, "AccountSubscriptionStatus": self._state}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._moto, name)


Look = Callable[..., dict[str, Finding]]
Check = Callable[[Situation], Finding | None]


def wanted(resources: dict[str, Any], folder: Path) -> Wanted:
    for stack, ones in resources.items():
        document = {name: {"Type": kind, "Properties": values} for name, (kind, values) in ones.items()}
        path = folder / f"{stack}.template.json"
        path.write_text(json.dumps({"Resources": document}), encoding="utf-8")
    artifacts = {
        stack: {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://unknown-account/{REGION}",
            "properties": {"requiresBootstrapStackVersion": 8, "templateFile": f"{stack}.template.json"},
        }
        for stack in resources
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    return read_wanted(folder, "dev")


def clients_with(**replaced: Any) -> Callable[[str, str | None], Any]:
    """Return clients of an account that is ready, but for what is replaced."""
    ready = {"lambda": Lambda(), "cloudformation": CloudFormation(), "quicksight": QuickSight()}
    own = {**ready, **{name.rstrip("_"): client for name, client in replaced.items()}}
    return lambda service, region: own.get(service) or moto_client(service, region or REGION)


@pytest.fixture
def account() -> Iterator[None]:
    """Bootstrapped, with a QuickSight reader and a group."""
    with mock_aws():
        moto_client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="27", Type="String")
        names = {"AwsAccountId": ACCOUNT, "Namespace": "default"}
        quicksight = moto_client("quicksight")
        quicksight.register_user(
            **names, UserName="ada", Email="ada@example.org", IdentityType="QUICKSIGHT", UserRole="READER"
        )
        quicksight.create_group(**names, GroupName="readers")
        yield


@pytest.fixture
def look(account: None, tmp_path: Path) -> Look:
    """Return a function that runs one check, or every check, and returns what was found by name."""

    def run(
        check: Check | None = None, resources: dict[str, Any] = RESOURCES, **replaced: Any
    ) -> dict[str, Finding]:
        clients, read = clients_with(**replaced), wanted(resources, tmp_path)
        if check is None:
            found = run_aws_checks(read, clients)
        else:
            finding = check(Situation(read, ACCOUNT, clients))
            found = [] if finding is None else [finding]
        return {finding.check: finding for finding in found}

    return run


def test_an_account_that_is_ready_lacks_nothing(look: Look) -> None:
    found = look()
    assert {name: finding.remedy for name, finding in found.items() if finding.remedy} == {}
    assert list(found) == [
        "credentials",
        "region",
        "CDK bootstrap",
        "stacks",
        "names",
        "Lambda concurrency",
        "VPCs",
        "layers",
        "IoT Core",
        "QuickSight",
        "QuickSight readers",
    ]
    assert found["names"].found == "2 of 2 are free"
    assert found["stacks"].found == "0 of 5 are there: the others are created"


def test_only_what_the_stacks_need_is_looked_at(look: Look) -> None:
    found = look(resources={STORAGE: RESOURCES[STORAGE]})
    assert list(found) == ["credentials", "region", "CDK bootstrap", "stacks", "names"]


def test_no_bootstrap_is_told_with_the_command(look: Look) -> None:
    moto_client("ssm").delete_parameter(Name=BOOTSTRAP_PARAMETER)
    finding = look(bootstrap)["CDK bootstrap"]
    assert finding.found == "none; expected version 8 or newer"
    assert finding.remedy == f".tools/cdk/cdk bootstrap aws://{ACCOUNT}/{REGION}"
    assert finding.blocks


def test_an_old_bootstrap_is_not_enough(look: Look) -> None:
    client = moto_client("ssm")
    client.put_parameter(Name=BOOTSTRAP_PARAMETER, Value="7", Type="String", Overwrite=True)
    assert look(bootstrap)["CDK bootstrap"].blocks


@pytest.mark.parametrize(
    ("total", "unreserved", "blocks", "remedy"),
    [
        pytest.param(1000, 1000, False, "", id="usual account"),
        pytest.param(110, 110, False, "", id="just enough"),
        pytest.param(109, 109, True, "--desired-value 110", id="one too few"),
        pytest.param(10, 10, True, "--desired-value 110", id="fresh account"),
        pytest.param(1000, 105, True, "--desired-value 1005", id="others reserved the rest"),
    ],
)
def test_concurrency_that_the_stacks_reserve(
    look: Look, total: int, unreserved: int, blocks: bool, remedy: str
) -> None:
    finding = look(lambda_concurrency, lambda_=Lambda(total, unreserved))["Lambda concurrency"]
    assert finding.blocks is blocks
    assert finding.remedy.endswith(remedy)


def test_concurrency_for_a_full_fleet_is_a_hint(look: Look) -> None:
    """Without a reservation a small account deploys; its writer is only held back."""
    resources = {INGEST: {key: value for key, value in RESOURCES[INGEST].items() if key != "Compactor"}}
    finding = look(lambda_concurrency, resources, lambda_=Lambda(10, 10))["Lambda concurrency"]
    assert "a full fleet may ask 50" in finding.found
    assert finding.remedy.endswith("--quota-code L-B99A9384 --desired-value 50")
    assert not finding.blocks


def test_vpcs_are_counted_against_the_quota(look: Look) -> None:
    client = moto_client("ec2")
    there = len(client.describe_vpcs()["Vpcs"])
    for number in range(5 - there):
        client.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    finding = look(vpcs)["VPCs"]
    assert finding.found == "5 of 5; the stacks make 1"
    assert finding.remedy.endswith("--service-code vpc --quota-code L-F678F1CE --desired-value 6")
    assert look(vpcs, cloudformation=CloudFormation(**{NETWORK: "UPDATE_COMPLETE"})) == {}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        pytest.param("bucket", f"bucket {LAKE} (kept by an earlier stage)", id="bucket"),
        pytest.param("table", "table crowdlens-dev-control (kept by an earlier stage)", id="table"),
    ],
)
def test_what_an_earlier_stage_kept_is_in_the_way_of_a_new_one(look: Look, made: str, told: str) -> None:
    if made == "bucket":
        location: Any = {"LocationConstraint": REGION}
        moto_client("s3").create_bucket(Bucket=LAKE, CreateBucketConfiguration=location)
    else:
        client = moto_client("dynamodb")
        client.create_table(
            TableName="crowdlens-dev-control",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    finding = look(names_free)["names"]
    assert (finding.found, finding.blocks) == (told, True)
    states = {STORAGE: "CREATE_COMPLETE", INGEST: "UPDATE_COMPLETE"}
    assert not look(names_free, cloudformation=CloudFormation(**states))["names"].remedy


KEPT: dict[str, tuple[str, dict[str, Any]]] = {
    "database": ("AWS::RDS::DBInstance", {"DBInstanceIdentifier": "crowdlens-dev-mysql"}),
    "workgroup": ("AWS::Athena::WorkGroup", {"Name": "crowdlens-dev"}),
    "log group": ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/lambda/crowdlens-dev-lake-writer"}),
    "role": ("AWS::IAM::Role", {"RoleName": "crowdlens-dev-device"}),
    "data source": ("AWS::QuickSight::DataSource", {"DataSourceId": "crowdlens-dev-source"}),
    "dashboard": ("AWS::QuickSight::Dashboard", {"DashboardId": "crowdlens-dev-operations"}),
}


def make(what: str) -> str:
    """Make what `KEPT` names; return its name."""
    (name,) = KEPT[what][1].values()
    of_account = {"AwsAccountId": ACCOUNT, "Name": name}
    if what == "database":
        moto_client("rds").create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.t4g.micro", Engine="mysql", AllocatedStorage=20
        )
    elif what == "workgroup":
        moto_client("athena").create_work_group(Name=name, Configuration={})
    elif what == "log group":
        moto_client("logs").create_log_group(logGroupName=name)
    elif what == "role":
        moto_client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    elif what == "data source":
        moto_client("quicksight").create_data_source(**of_account, DataSourceId=name, Type="ATHENA")
    else:
        moto_client("quicksight").create_dashboard(**of_account, DashboardId=name)
    return str(name)


@pytest.mark.parametrize("what", KEPT)
def test_every_other_name_that_outlives_a_stage_is_looked_for(look: Look, what: str) -> None:
    resources = {"crowdlens-dev-x": {"Kept": KEPT[what]}}
    assert look(names_free, resources)["names"].found == "1 of 1 are free"
    name = make(what)
    finding = look(names_free, resources)["names"]
    assert (finding.found, finding.blocks) == (f"{what} {name} (kept by an earlier stage)", True)


def test_a_kept_log_group_comes_with_its_own_command(look: Look) -> None:
    name = make("log group")
    resources = {"crowdlens-dev-x": {"Kept": KEPT["log group"]}}
    assert look(names_free, resources)["names"].remedy == (
        f"aws logs delete-log-group --log-group-name {name}"
    )


def test_a_name_that_nobody_may_look_at_hides_no_other(look: Look) -> None:
    class Refusing:
        def describe_dashboard(self, **arguments: str) -> None:
            raise NotThereError("DescribeDashboard", "AccessDeniedException")

    make("workgroup")
    board, group = KEPT["dashboard"], KEPT["workgroup"]
    resources = {"crowdlens-dev-x": {"Board": board, "Group": group}}
    finding = look(names_free, resources, quicksight=Refusing())["names"]
    assert finding.found == (
        "workgroup crowdlens-dev (kept by an earlier stage); "
        "could not be looked at: dashboard crowdlens-dev-operations"
    )
    finding = look(names_free, {"crowdlens-dev-x": {"Board": board}}, quicksight=Refusing())["names"]
    assert finding.found.startswith("0 of 1 are free; could not be looked at")
    assert not finding.blocks


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        pytest.param("ROLLBACK_COMPLETE", "aws cloudformation delete-stack", id="never made"),
        pytest.param("REVIEW_IN_PROGRESS", "aws cloudformation delete-stack", id="only looked at"),
        pytest.param("DELETE_FAILED", "remove what aws cloudformation describe-stack-events", id="half gone"),
        pytest.param(
            "UPDATE_ROLLBACK_FAILED", "mend what aws cloudformation describe-stack-events", id="no way back"
        ),
        pytest.param("UPDATE_FAILED", "mend what aws cloudformation describe-stack-events", id="paused"),
        pytest.param(
            "UPDATE_ROLLBACK_IN_PROGRESS", "wait until CloudFormation has done with", id="going back"
        ),
        pytest.param("DELETE_IN_PROGRESS", "wait until CloudFormation has done with", id="being deleted"),
        pytest.param(
            "IMPORT_ROLLBACK_FAILED", "aws cloudformation describe-stack-events", id="one without a recipe"
        ),
    ],
)
def test_a_stack_that_cannot_be_updated_is_told(look: Look, state: str, remedy: str) -> None:
    finding = look(stack_states, cloudformation=CloudFormation(**{STORAGE: state}))["stacks"]
    assert finding.found == f"{STORAGE} is {state}"
    assert finding.remedy.startswith(remedy)
    assert STORAGE in finding.remedy
    assert finding.blocks


@pytest.mark.parametrize(
    ("state", "last_words"),
    [
        pytest.param("UPDATE_FAILED", f"rollback-stack --stack-name {STORAGE}", id="paused"),
        pytest.param(
            "UPDATE_ROLLBACK_FAILED", f"continue-update-rollback --stack-name {STORAGE}", id="no way back"
        ),
        pytest.param("DELETE_FAILED", f"delete-stack --stack-name {STORAGE}", id="half gone"),
        pytest.param("ROLLBACK_FAILED", f"delete-stack --stack-name {STORAGE}", id="half made"),
    ],
)
def test_a_mended_stack_goes_on_where_it_stood(look: Look, state: str, last_words: str) -> None:
    finding = look(stack_states, cloudformation=CloudFormation(**{STORAGE: state}))["stacks"]
    assert finding.remedy.endswith(f", then aws cloudformation {last_words}")


@pytest.mark.parametrize("state", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_that_stands_is_fine(look: Look, state: str) -> None:
    finding = look(stack_states, cloudformation=CloudFormation(**{STORAGE: state}))["stacks"]
    assert not finding.remedy
    assert finding.found.startswith("1 of 5")


def test_the_template_of_an_earlier_synth_asks_for_nothing(look: Look, tmp_path: Path) -> None:
    left = {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {}}}}
    (tmp_path / "crowdlens-dev-old.template.json").write_text(json.dumps(left), encoding="utf-8")
    resources = {STORAGE: RESOURCES[STORAGE]}
    assert look(vpcs, resources) == {}
    assert look(stack_states, resources)["stacks"].found.startswith("0 of 1 are there")


def test_a_layer_that_cannot_be_read_is_told(look: Look) -> None:
    finding = look(layers, lambda_=Lambda(layers=()))["layers"]
    assert finding.found == f"{LAYER}: AccessDeniedException"
    assert finding.blocks


@pytest.mark.parametrize(
    ("quicksight", "told"),
    [
        pytest.param({"edition": None}, "the account has no subscription", id="none"),
        pytest.param({"edition": "STANDARD"}, "STANDARD, ACCOUNT_CREATED", id="wrong edition"),
        pytest.param({"state": "UNSUBSCRIBED"}, "ENTERPRISE, UNSUBSCRIBED", id="ended"),
    ],
)
def test_dashboards_need_a_subscription(look: Look, quicksight: dict[str, Any], told: str) -> None:
    finding = look(dashboards_subscription, quicksight=QuickSight(**quicksight))["QuickSight"]
    assert (finding.found, finding.blocks) == (told, True)


def test_readers_must_exist(look: Look) -> None:
    client = moto_client("quicksight")
    client.delete_user(AwsAccountId=ACCOUNT, Namespace="default", UserName="ada")
    assert look(dashboards_readers)["QuickSight readers"].found == f"{USER} does not exist"
    client.delete_group(AwsAccountId=ACCOUNT, Namespace="default", GroupName="readers")
    assert look(dashboards_readers)["QuickSight readers"].found == f"{GROUP}, {USER} does not exist"


def test_what_aws_refuses_to_show_is_a_hint_and_no_end(look: Look) -> None:
    class Refusing:
        def get_account_settings(self) -> None:
            raise NotThereError("GetAccountSettings", "AccessDeniedException")

        def get_layer_version_by_arn(self, *, Arn: str) -> None:  # noqa: N803
            raise NotThereError("GetLayerVersionByArn", "AccessDeniedException")

    found = look(lambda_=Refusing())
    assert found["lambda concurrency"].found == (
        "could not be looked at: GetAccountSettings AccessDeniedException"
    )
    assert not found["lambda concurrency"].blocks
    assert "QuickSight readers" in found


def test_templates_of_another_account_are_told(tmp_path: Path) -> None:
    read = wanted(RESOURCES, tmp_path)
    other = Wanted("999999999999", read.region, read.templates, read.bootstrap_version)
    finding = same_account(Situation(other, ACCOUNT, clients_with()))
    assert finding is not None
    assert finding.found == f"{ACCOUNT}; the templates are for 999999999999"
    assert finding.blocks


def test_a_region_that_is_none_is_told(account: None) -> None:
    other = Wanted(None, "eu-nowhere-1", {}, 6)
    finding = region_enabled(Situation(other, ACCOUNT, lambda service, _: moto_client(service)))
    assert (finding.found, finding.blocks) == ("eu-nowhere-1: no region of AWS", True)


def test_without_credentials_nothing_else_is_asked(tmp_path: Path) -> None:
    class Sts:
        def get_caller_identity(self) -> None:
            raise NoCredentialsError

    def clients(service: str, region: str | None) -> Any:
        assert service == "sts"
        return Sts()

    (finding,) = run_aws_checks(wanted(RESOURCES, tmp_path), clients)
    assert (finding.check, finding.found) == ("credentials", "Unable to locate credentials")
    assert finding.blocks


def test_the_root_user_is_a_hint(tmp_path: Path) -> None:
    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Arn": f"arn:aws:iam::{ACCOUNT}:root", "Account": ACCOUNT}

    def clients(service: str, region: str | None) -> Any:
        if service == "sts":
            return Sts()
        raise NotThereError(service)

    first = run_aws_checks(wanted(RESOURCES, tmp_path), clients)[0]
    assert first.remedy == "use a role or a user instead of the root user"
    assert not first.blocks


def test_a_folder_without_templates_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NoAssemblyError):
        read_wanted(tmp_path, "dev")
    assert main(["doctor", "--aws", "--stage", "prod", "--templates", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"crowdlens doctor: {tmp_path} holds no assembly of stacks crowdlens-prod-…: "
        "expected what `.tools/cdk/cdk synth --quiet -c stage=prod …` leaves there\n"
    )


def test_the_command_prints_a_table_and_fails_when_something_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = wanted(RESOURCES, tmp_path)
    findings = [Finding("region", REGION), Finding("CDK bootstrap", "none", "make one")]

    def run(of: Wanted, clients: Callable[[str, str | None], Any]) -> list[Finding]:
        assert of == read
        assert clients("sts", None).meta.region_name == REGION
        return findings

    monkeypatch.setattr("cli.aws_checks.run.run_aws_checks", run)
    assert main(["doctor", "--aws", "--templates", str(tmp_path)]) == 1
    assert "MISSING  CDK bootstrap  none       make one" in capsys.readouterr().out
    assert main(["doctor", "--aws", "--templates", str(tmp_path), "--json"]) == 1
    assert [one["ok"] for one in json.loads(capsys.readouterr().out)] == [True, False]
    findings.pop()
    assert main(["doctor", "--aws", "--templates", str(tmp_path)]) == 0
