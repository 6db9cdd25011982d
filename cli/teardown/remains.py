"""What outlives the stacks of a stage, each with the commands that remove it for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.teardown.stacks import Resource

BUCKET, INSTANCE = "AWS::S3::Bucket", "AWS::RDS::DBInstance"


@dataclass(frozen=True)
class Stays:
    """Something that is still there afterwards."""

    what: str
    name: str
    why: str
    commands: tuple[str, ...]


def empty(bucket: str) -> str:
    """Return what deletes every object and every version: deleted objects are still there as versions."""
    script = f'import boto3; boto3.resource("s3").Bucket("{bucket}").object_versions.delete()'
    return f".venv/bin/python -c '{script}'"


def delete_stack(name: str) -> str:
    """Return what deletes a deployed stack and waits: unlike `cdk destroy` it needs no context."""
    return (
        f"aws cloudformation delete-stack --stack-name {name}"
        f" && aws cloudformation wait stack-delete-complete --stack-name {name}"
    )


def kept(resource: Resource) -> Stays:
    """Return what is told of a resource that outlives its stack."""
    what = resource.type.removeprefix("AWS::").replace("::", " ")
    commands = _REMOVED_BY.get(resource.type, _by_cloud_control)(resource)
    return Stays(what, resource.name, "kept by the stack's own word (DeletionPolicy)", tuple(commands))


def snapshot(resource: Resource) -> Stays:
    """Return what is told of an instance that leaves a snapshot behind."""
    return Stays(
        "RDS snapshot",
        f"of {resource.name}",
        "CloudFormation takes one before it deletes the instance",
        (
            "aws rds describe-db-snapshots --snapshot-type manual --query "
            f"\"DBSnapshots[?DBInstanceIdentifier=='{resource.name}'].DBSnapshotIdentifier\"",
            "aws rds delete-db-snapshot --db-snapshot-identifier SNAPSHOT",
        ),
    )


def _bucket(resource: Resource) -> list[str]:
    return [empty(resource.name), f"aws s3api delete-bucket --bucket {resource.name}"]


def _table(resource: Resource) -> list[str]:
    name = resource.name
    unprotect = f"aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled"
    delete = f"aws dynamodb delete-table --table-name {name}"
    return [unprotect, delete] if resource.properties.get("DeletionProtectionEnabled") else [delete]


def _instance(resource: Resource) -> list[str]:
    name = resource.name
    commands = [
        f"aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection"
        " --apply-immediately",
        f"aws rds delete-db-instance --db-instance-identifier {name} --skip-final-snapshot"
        " --delete-automated-backups",
        f"aws rds wait db-instance-deleted --db-instance-identifier {name}",
    ]
    return commands if resource.properties.get("DeletionProtection") else commands[1:]


def _workgroup(resource: Resource) -> list[str]:
    return [f"aws athena delete-work-group --work-group {resource.name} --recursive-delete-option"]


def _log_group(resource: Resource) -> list[str]:
    return [f"aws logs delete-log-group --log-group-name {resource.name}"]


def _quicksight(resource: Resource) -> list[str]:
    kind, option = _QUICKSIGHT[resource.type]
    # CloudFormation's physical id is account|id.
    account, _, own_id = resource.name.rpartition("|")
    return [f"aws quicksight delete-{kind} --aws-account-id {account or 'ACCOUNT'} --{option} '{own_id}'"]


def _rds(resource: Resource) -> list[str]:
    kind = _RDS[resource.type]
    return [f"aws rds delete-{kind} --{kind}-name {resource.name}"]


def _by_cloud_control(resource: Resource) -> list[str]:
    return [f"aws cloudcontrol delete-resource --type-name {resource.type} --identifier '{resource.name}'"]


_QUICKSIGHT = {
    "AWS::QuickSight::Dashboard": ("dashboard", "dashboard-id"),
    "AWS::QuickSight::DataSet": ("data-set", "data-set-id"),
    "AWS::QuickSight::DataSource": ("data-source", "data-source-id"),
    "AWS::QuickSight::Theme": ("theme", "theme-id"),
}
_RDS = {
    "AWS::RDS::DBParameterGroup": "db-parameter-group",
    "AWS::RDS::DBSubnetGroup": "db-subnet-group",
}
_REMOVED_BY: dict[str, Callable[[Resource], list[str]]] = {
    BUCKET: _bucket,
    "AWS::DynamoDB::Table": _table,
    INSTANCE: _instance,
    "AWS::Athena::WorkGroup": _workgroup,
    "AWS::Logs::LogGroup": _log_group,
    **dict.fromkeys(_QUICKSIGHT, _quicksight),
    **dict.fromkeys(_RDS, _rds),
}

BESIDE_THE_STACKS: tuple[tuple[str, Stays], ...] = (
    (
        "AWS::IoT::",
        Stays(
            "IoT things and certificates",
            "one of each a device",
            "devices made them when they joined",
            (
                "aws iot list-things --query 'things[].thingName'",
                "aws iot list-thing-principals --thing-name THING",
                "aws iot detach-thing-principal --thing-name THING --principal CERTIFICATE_ARN",
                "aws iot update-certificate --certificate-id CERTIFICATE --new-status INACTIVE",
                "aws iot delete-certificate --certificate-id CERTIFICATE --force-delete",
                "aws iot delete-thing --thing-name THING",
            ),
        ),
    ),
    (
        "AWS::GreengrassV2::",
        Stays(
            "Greengrass core devices",
            "one a device",
            "devices registered themselves",
            (
                "aws greengrassv2 list-core-devices --query 'coreDevices[].coreDeviceThingName'",
                "aws greengrassv2 delete-core-device --core-device-thing-name THING",
            ),
        ),
    ),
    (
        "AWS::DynamoDB::Table",
        Stays(
            "DynamoDB backup",
            "of each table that is deleted",
            "point-in-time recovery leaves one for 35 days, free of charge",
            ("aws dynamodb list-backups --backup-type SYSTEM",),
        ),
    ),
    (
        "AWS::QuickSight::",
        Stays(
            "QuickSight subscription",
            "of the account",
            "no stack made it, and other dashboards may need it",
            ("aws quicksight delete-account-subscription --aws-account-id ACCOUNT",),
        ),
    ),
    (
        "AWS::Lambda::Function",
        Stays(
            "CloudWatch metrics",
            "of the stage, its functions and queues",
            "nobody can delete them: they expire after 15 months, free of charge",
            (),
        ),
    ),
    (
        "AWS::",
        Stays(
            "CDK bootstrap",
            "CDKToolkit, and the bucket of bundles and templates",
            "one for all CDK applications of the account and region: look whether another needs it",
            (
                "aws cloudformation delete-stack --stack-name CDKToolkit",
                empty("cdk-hnb659fds-assets-ACCOUNT-REGION"),
                "aws s3api delete-bucket --bucket cdk-hnb659fds-assets-ACCOUNT-REGION",
            ),
        ),
    ),
)
"""What CloudFormation does not list, by the types of resource that bring it about."""
