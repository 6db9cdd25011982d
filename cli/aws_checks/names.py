"""Names that the stacks give: whether something has them already, such as what an earlier stage kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.aws_checks.situation import Situation
from cli.checks import Finding

_NOT_THERE = {
    "404",
    "NoSuchBucket",
    "NoSuchEntity",
    "ResourceNotFoundException",
    "DBInstanceNotFound",
    "DBInstanceNotFoundFault",
}
_ELSEWHERE = {"403", "301", "PermanentRedirect"}
"""A bucket of somebody else's, or of another region of ours."""

_PLANNED = (
    "crowdlens destroy-plan --templates cdk.out says what deletes it, "
    "docs/runbooks/remove_prod.md what takes it in"
)
_DELETED_BY = {
    "log group": "aws logs delete-log-group --log-group-name {name}",
    "role": "unless the stage is in another region, too: aws iam delete-role --role-name {name}",
}
"""Of what a plan seldom names: a function that still ran, and one account-wide name, leave these."""


@dataclass(frozen=True)
class _Named:
    """How one type of resource is named, and the question whether a name is taken.

    `ask` answers whether the name is there, or lets the service's own error say that it is not.
    """

    what: str
    property: str
    ask: Callable[[Situation, str], bool]


@dataclass(frozen=True)
class _Answer:
    """One name; `taken` is empty for a free one, and None where the account does not let us look."""

    what: str
    name: str
    taken: str | None


def names_free(situation: Situation) -> Finding:
    """What stacks that are not there yet would name: CloudFormation cannot create what exists."""
    answers = list(_answers(situation))
    unseen = [f"{one.what} {one.name}" for one in answers if one.taken is None]
    not_told = f"; could not be looked at: {', '.join(unseen)}" if unseen else ""
    taken = [one for one in answers if one.taken]
    if taken:
        found = ", ".join(f"{one.what} {one.name} ({one.taken})" for one in taken)
        return Finding("names", f"{found}{not_told}", _remedy(taken))
    found = f"{len(answers) - len(unseen)} of {len(answers)} are free{not_told}"
    remedy = "allow these calls, or look yourself" if unseen else ""
    return Finding("names", found, remedy, optional=True)


def _remedy(taken: list[_Answer]) -> str:
    own = [_DELETED_BY[one.what].format(name=one.name) for one in taken if one.what in _DELETED_BY]
    return "; ".join([_PLANNED, *own] if len(own) < len(taken) else own)


def _answers(situation: Situation) -> Iterator[_Answer]:
    for kind, named in _NAMED.items():
        for stack, properties in situation.wanted.resources(kind):
            name = situation.wanted.name(properties.get(named.property), situation.account)
            if name is not None and stack not in situation.stacks:
                yield _Answer(named.what, name, _taken(situation, named, name))


def _taken(situation: Situation, named: _Named, name: str) -> str | None:
    from botocore.exceptions import ClientError

    try:
        there = named.ask(situation, name)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in _ELSEWHERE:
            return "not ours"
        return "" if code in _NOT_THERE else None
    return "kept by an earlier stage" if there else ""


def _bucket(situation: Situation, name: str) -> bool:
    return bool(situation.client("s3").head_bucket(Bucket=name))


def _table(situation: Situation, name: str) -> bool:
    return bool(situation.client("dynamodb").describe_table(TableName=name))


def _instance(situation: Situation, name: str) -> bool:
    return bool(situation.client("rds").describe_db_instances(DBInstanceIdentifier=name))


def _workgroup(situation: Situation, name: str) -> bool:
    client = situation.client("athena")
    # GetWorkGroup has no error of its own for one that is not there.
    pages: list[dict[str, Any]] = [client.list_work_groups()]
    while token := pages[-1].get("NextToken"):
        pages.append(client.list_work_groups(NextToken=token))
    return name in [one["Name"] for page in pages for one in page["WorkGroups"]]


def _log_group(situation: Situation, name: str) -> bool:
    pages = situation.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return name in [one["logGroupName"] for page in pages for one in page["logGroups"]]


def _role(situation: Situation, name: str) -> bool:
    return bool(situation.client("iam").get_role(RoleName=name))


def _quicksight(operation: str, parameter: str) -> Callable[[Situation, str], bool]:
    def ask(situation: Situation, name: str) -> bool:
        call = getattr(situation.client("quicksight"), operation)
        return bool(call(AwsAccountId=situation.account, **{parameter: name}))

    return ask


_NAMED = {
    "AWS::S3::Bucket": _Named("bucket", "BucketName", _bucket),
    "AWS::DynamoDB::Table": _Named("table", "TableName", _table),
    "AWS::RDS::DBInstance": _Named("database", "DBInstanceIdentifier", _instance),
    "AWS::Athena::WorkGroup": _Named("workgroup", "Name", _workgroup),
    "AWS::Logs::LogGroup": _Named("log group", "LogGroupName", _log_group),
    "AWS::IAM::Role": _Named("role", "RoleName", _role),
    "AWS::QuickSight::DataSet": _Named(
        "data set", "DataSetId", _quicksight("describe_data_set", "DataSetId")
    ),
    "AWS::QuickSight::DataSource": _Named(
        "data source", "DataSourceId", _quicksight("describe_data_source", "DataSourceId")
    ),
    "AWS::QuickSight::Theme": _Named("theme", "ThemeId", _quicksight("describe_theme", "ThemeId")),
    "AWS::QuickSight::Dashboard": _Named(
        "dashboard", "DashboardId", _quicksight("describe_dashboard", "DashboardId")
    ),
}
