"""MySQL and its functions: isolated, by IAM and TLS only, its schema in place before anything loads."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from contract.mysql import DATABASE, LOADER_ACCOUNT
from infra.bundles import ROOT
from infra.certificates import RDS_AUTHORITY, RDS_ROOTS_FILE, RDS_ROOTS_IN_BUNDLE, rds_regions
from infra.stacks.database import loaders
from lambdas.database_setup.settings import database_setup_settings
from lambdas.migrations.accounts import PRIVILEGES
from lambdas.shared.settings import MySQLAuthentication, migration_settings, rds_loader_settings
from tests.infrastructure.reading import (
    Templates,
    allowed,
    environment_of,
    function_of,
    properties,
    resources,
    stack_of,
    text_of,
)

pytestmark = pytest.mark.xdist_group("synth")


def test_the_instance_is_encrypted_backed_up_and_reached_from_nowhere_else(templates: Templates) -> None:
    (instance,) = properties(templates, "AWS::RDS::DBInstance")
    assert instance["EngineVersion"].startswith("8.4.")
    assert instance["StorageEncrypted"] is True
    assert instance["PubliclyAccessible"] is False
    assert instance["EnableIAMDatabaseAuthentication"] is True
    assert instance["ManageMasterUserPassword"] is True
    assert instance["BackupRetentionPeriod"] >= 1
    assert instance["DatabaseInsightsMode"] == "standard"
    assert instance["CACertificateIdentifier"] == RDS_AUTHORITY
    assert instance["DBName"] == DATABASE
    assert len(instance["MasterUsername"]) <= 16


def test_rows_come_by_load_data_and_connections_by_tls(templates: Templates) -> None:
    (group,) = properties(templates, "AWS::RDS::DBParameterGroup")
    assert group["Family"] == "mysql8.4"
    assert group["Parameters"]["local_infile"] == "1"
    assert group["Parameters"]["require_secure_transport"] == "1"


def test_logs_that_rds_writes_expire(templates: Templates) -> None:
    (instance,) = resources(templates, "AWS::RDS::DBInstance")
    groups = {
        text_of(group["LogGroupName"]).rpartition("/")[2]
        for group in properties(templates, "AWS::Logs::LogGroup")
        if text_of(group["LogGroupName"]).startswith(
            f"/aws/rds/instance/{instance['Properties']['DBInstanceIdentifier']}/"
        )
    }
    assert groups == set(instance["Properties"]["EnableCloudwatchLogsExports"])
    assert sum("Logs" in one for one in instance["DependsOn"]) == len(groups)


def test_dev_is_small_and_prod_is_safe(synthesise: Callable[[str], Templates]) -> None:
    (dev,), (prod,) = (properties(synthesise(name), "AWS::RDS::DBInstance") for name in ("dev", "prod"))
    assert (dev["DBInstanceClass"], dev["MultiAZ"], dev["DeletionProtection"]) == (
        "db.t4g.micro",
        False,
        False,
    )
    assert (prod["MultiAZ"], prod["DeletionProtection"], prod["DeleteAutomatedBackups"]) == (
        True,
        True,
        False,
    )
    # RDS for MySQL refuses query statistics on the smallest classes.
    assert (dev["EnablePerformanceInsights"], prod["EnablePerformanceInsights"]) == (False, True)


def test_the_loader_may_read_the_lake_and_log_in_as_one_account(templates: Templates) -> None:
    found = allowed(templates, "rds-loader")
    by_action: dict[str, set[str]] = {}
    for action, resource in found:
        by_action.setdefault(action, set()).add(resource.rpartition(":")[2].partition("-ap-northeast-2")[2])
    assert {action for action in by_action if not action.startswith(("sqs:", "ec2:"))} == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "rds-db:connect",
    }
    assert by_action["s3:GetObject"] == {"/raw/*", "/compacted/*", "/covers/*"}
    (login,) = (resource for action, resource in found if action == "rds-db:connect")
    assert login.endswith(f".DbiResourceId}}/{LOADER_ACCOUNT}")


def test_only_the_function_outside_reads_the_secret(templates: Templates) -> None:
    readers = {
        function["FunctionName"].split("-", 2)[2]
        for function in properties(templates, "AWS::Lambda::Function")
        if any(
            action.startswith("secretsmanager:")
            for action, _ in allowed(templates, function["FunctionName"].split("-", 2)[2])
        )
    }
    assert readers == {"database-setup"}
    secret, invoke = sorted(allowed(templates, "database-setup"), reverse=True)
    assert secret[0] == "secretsmanager:GetSecretValue"
    assert secret[1].endswith(".MasterUserSecret.SecretArn}")
    assert invoke[0] == "lambda:InvokeFunction"
    assert invoke[1].startswith("${Migrations")
    assert "VpcConfig" not in function_of(templates, "database-setup")
    assert "VpcConfig" in function_of(templates, "migrations")


def test_every_function_understands_what_it_is_told(templates: Templates) -> None:
    loader = rds_loader_settings(environment_of(templates, "rds-loader")).mysql
    assert (loader.user, loader.authentication) == (LOADER_ACCOUNT, MySQLAuthentication.IAM)
    assert (loader.ca_file, loader.require_tls) == (RDS_ROOTS_FILE, True)
    assert LOADER_ACCOUNT in PRIVILEGES
    migrations = migration_settings(environment_of(templates, "migrations")).mysql
    assert (migrations.database, migrations.host) == (loader.database, loader.host)
    setup = database_setup_settings(environment_of(templates, "database-setup"))
    assert setup.migrations_function == function_of(templates, "migrations")["FunctionName"]


def test_the_schema_is_there_before_anything_loads(templates: Templates) -> None:
    database = stack_of(templates, "database")["Resources"]
    ((name, schema),) = ((n, r) for n, r in database.items() if r["Type"] == "Custom::MySqlSchema")
    (loader,) = (
        r
        for r in database.values()
        if r["Type"] == "AWS::Lambda::Function" and r["Properties"]["FunctionName"].endswith("-rds-loader")
    )
    assert name in loader["DependsOn"]
    waits_for = {database[one]["Type"] for one in schema["DependsOn"]}
    assert {"AWS::RDS::DBInstance", "AWS::Lambda::Function", "AWS::IAM::Policy"} <= waits_for
    # Another content of the function is another property: CloudFormation calls again.
    assert schema["Properties"]["migrations"].startswith("migrations-")
    service = int(schema["Properties"]["ServiceTimeout"])
    assert service >= function_of(templates, "database-setup")["Timeout"]


def test_maintenance_is_scheduled_on_the_loader_itself(templates: Templates) -> None:
    (rule,) = properties({"x-database": stack_of(templates, "database")}, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    (target,) = rule["Targets"]
    assert json.loads(target["Input"]) == {"task": "maintain"}
    assert "RdsLoader" in text_of(target["Arn"])


@pytest.mark.parametrize(
    ("cameras", "expected"),
    [
        pytest.param(1, 2, id="the least there is"),
        pytest.param(1_000, 2, id="a thousand"),
        pytest.param(1_001, 3, id="one more"),
        pytest.param(10_000, 10, id="the most"),
    ],
)
def test_loaders_grow_with_the_cameras(cameras: int, expected: int) -> None:
    assert loaders(cameras) == expected


def test_the_vpc_leads_nowhere_but_to_the_lake(templates: Templates) -> None:
    kinds = {one["Type"] for one in stack_of(templates, "network")["Resources"].values()}
    assert not kinds & {"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::Route"}
    subnets = properties(templates, "AWS::EC2::Subnet")
    assert len(subnets) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    assert all("Fn::GetAZs" in json.dumps(subnet["AvailabilityZone"]) for subnet in subnets)
    (endpoint,) = properties(templates, "AWS::EC2::VPCEndpoint")
    assert text_of(endpoint["ServiceName"]).endswith(".s3")
    by_breadth = {len(one["Action"]): one for one in endpoint["PolicyDocument"]["Statement"]}
    photos, lake, exported = by_breadth[2], by_breadth[3], by_breadth[len("s3:PutObject")]
    assert len(endpoint["PolicyDocument"]["Statement"]) == 3
    assert set(lake["Action"]) == {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
    assert all("-lake-" in text_of(resource) for resource in lake["Resource"])
    # What the map's editors write: photos, and the places for Athena.
    assert set(photos["Action"]) == {"s3:GetObject", "s3:PutObject"}
    assert "-photos-" in text_of(photos["Resource"])
    assert exported["Action"] == "s3:PutObject"
    assert text_of(exported["Resource"]).endswith("/places/*")


def test_mysql_lets_only_our_functions_in(synthesise: Callable[[str], Templates]) -> None:
    (rule,) = properties(synthesise("dev"), "AWS::EC2::SecurityGroupIngress")
    assert (rule["FromPort"], rule["ToPort"]) == (3306, 3306)
    assert rule["SourceSecurityGroupId"]["Fn::GetAtt"][0].startswith("Functions")
    assert rule["GroupId"]["Fn::GetAtt"][0].startswith("Database")
    assert not any(
        "SecurityGroupIngress" in group for group in properties(synthesise("dev"), "AWS::EC2::SecurityGroup")
    )


def test_the_proxy_comes_by_choice_with_tls_and_iam_only(synthesise: Callable[[str], Templates]) -> None:
    assert not properties(synthesise("dev"), "AWS::RDS::DBProxy")
    (proxy,) = properties(synthesise("prod"), "AWS::RDS::DBProxy")
    assert (proxy["RequireTLS"], proxy["DefaultAuthScheme"]) == (True, "IAM_AUTH")
    assert "Auth" not in proxy


def test_mysql_off_leaves_no_network_and_no_database(synthesise: Callable[[str], Templates]) -> None:
    templates = synthesise("without mysql")
    assert not [name for name in templates if name.endswith(("-network", "-database"))]
    assert not list(resources(templates, "AWS::EC2::VPC"))


def test_no_stack_holds_the_storage_stack_fast(templates: Templates) -> None:
    """An exported value cannot go while another stack imports it: `mysql=off` would deadlock."""
    assert "Outputs" not in stack_of(templates, "storage")


def test_the_roots_of_rds_are_whole_and_of_their_regions() -> None:
    roots = x509.load_pem_x509_certificates((ROOT / RDS_ROOTS_IN_BUNDLE).read_bytes())
    names = [root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for root in roots]
    assert names == [f"Amazon RDS {region} Root CA RSA2048 G1" for region in rds_regions()]
    for root in roots:
        root.verify_directly_issued_by(root)
        assert root.not_valid_after_utc.year >= 2061
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
