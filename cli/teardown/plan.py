"""Steps that take a stage away, and what stays after them, each with the command that removes it for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli.teardown.stacks import Resource, Stack

CDK = ".tools/cdk/cdk"
_BUCKET = "AWS::S3::Bucket"
_EMPTY = (
    '.venv/bin/python -c \'import boto3; boto3.resource("s3").Bucket("{name}").object_versions.delete()\''
)
"""Every version of every object: a bucket that is versioned holds what was deleted from it."""


@dataclass(frozen=True)
class Step:
    """One thing to do, in order."""

    why: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Stays:
    """Something that is still there afterwards."""

    what: str
    name: str
    why: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What to do, what stays, and whether the records are among what stays."""

    steps: tuple[Step, ...]
    stays: tuple[Stays, ...]
    keeps_records: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for a program."""
        return asdict(self)


def make_plan(stacks: Sequence[Stack], *, stage: str, context: str) -> Plan:
    """Return the plan for `stacks` of `stage`; `context` are the ``-c`` options they were deployed with."""
    return Plan(
        tuple(_steps(stacks, f"-c stage={stage}{context}")),
        tuple(_stays(stacks)),
        any(one.stays and "-lake-" in one.name for one in _all(stacks)),
    )


def _all(stacks: Iterable[Stack]) -> list[Resource]:
    return [resource for stack in stacks for resource in stack.resources]


def _steps(stacks: Sequence[Stack], context: str) -> Iterable[Step]:
    protected = [one for one in _all(stacks) if not one.stays and one.properties.get("DeletionProtection")]
    if protected:
        commands = tuple(
            f"aws rds modify-db-instance --db-instance-identifier {one.name} --no-deletion-protection"
            for one in protected
        )
        yield Step("RDS deletes no protected instance", commands)
    going = [one for one in _all(stacks) if one.type == _BUCKET and not one.stays]
    holding = {one.stack for one in going}
    first = [stack.name for stack in stacks if stack.name not in holding]
    if first:
        yield Step("stop what writes", (f"{CDK} destroy {' '.join(first)} {context}",))
    if going:
        yield Step(
            "S3 deletes no bucket that holds anything; THIS DELETES EVERY RECORD OF THE STAGE",
            tuple(_EMPTY.format(name=one.name) for one in going),
        )
    last = [stack.name for stack in stacks if stack.name in holding]
    if last:
        yield Step("remove what is empty now", (f"{CDK} destroy {' '.join(last)} {context}",))


def _stays(stacks: Sequence[Stack]) -> Iterable[Stays]:
    for resource in _all(stacks):
        if resource.stays:
            yield _kept(resource)
        elif resource.policy == "Snapshot":
            yield _snapshot(resource)
    types = {resource.type for resource in _all(stacks)}
    for found, stays in _BESIDE_THE_STACKS:
        if any(kind.startswith(found) for kind in types):
            yield stays


def _kept(resource: Resource) -> Stays:
    what = resource.type.removeprefix("AWS::").replace("::", " ")
    commands = _REMOVED_BY.get(resource.type, _by_cloud_control)(resource)
    return Stays(what, resource.name, "kept by the stack's own word (DeletionPolicy)", tuple(commands))


def _snapshot(resource: Resource) -> Stays:
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
    return [_EMPTY.format(name=resource.name), f"aws s3api delete-bucket --bucket {resource.name}"]


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


def _by_cloud_control(resource: Resource) -> list[str]:
    return [f"aws cloudcontrol delete-resource --type-name {resource.type} --identifier '{resource.name}'"]


_QUICKSIGHT = {
    "AWS::QuickSight::Dashboard": ("dashboard", "dashboard-id"),
    "AWS::QuickSight::DataSet": ("data-set", "data-set-id"),
}
_REMOVED_BY: dict[str, Callable[[Resource], list[str]]] = {
    _BUCKET: _bucket,
    "AWS::DynamoDB::Table": _table,
    "AWS::RDS::DBInstance": _instance,
    "AWS::Athena::WorkGroup": _workgroup,
    "AWS::Logs::LogGroup": _log_group,
    **dict.fromkeys(_QUICKSIGHT, _quicksight),
}

_BESIDE_THE_STACKS: tuple[tuple[str, Stays], ...] = (
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
                _EMPTY.format(name="cdk-hnb659fds-assets-ACCOUNT-REGION"),
                "aws s3api delete-bucket --bucket cdk-hnb659fds-assets-ACCOUNT-REGION",
            ),
        ),
    ),
)
"""What CloudFormation does not list, by the types of resource that bring it about."""
