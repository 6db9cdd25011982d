"""Names that the stacks give: whether something has them already, such as what an earlier stage kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.aws_checks.situation import Situation
from cli.checks import Finding


def names_free(situation: Situation) -> Finding:
    """Buckets and tables of stacks that are not there yet: CloudFormation cannot create what exists."""
    named = list(_names(situation))
    taken = [f"{kind} {name} ({why})" for kind, name, why in named if why]
    if taken:
        remedy = "import it (.tools/cdk/cdk import), or delete it: crowdlens destroy-plan says how"
        return Finding("names", ", ".join(taken), remedy)
    return Finding("names", f"{len(named)} names of buckets and tables are free")


def _names(situation: Situation) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and why it is taken (empty when it is not)."""
    for kind, key, look in (
        ("AWS::S3::Bucket", "BucketName", _bucket_taken),
        ("AWS::DynamoDB::Table", "TableName", _table_taken),
    ):
        for stack, properties in situation.wanted.resources(kind):
            name = situation.wanted.name(properties.get(key), situation.account)
            if name is not None and stack not in situation.stacks:
                yield kind.rpartition("::")[2].lower(), name, look(situation, name)


def _bucket_taken(situation: Situation, name: str) -> str:
    from botocore.exceptions import ClientError

    try:
        situation.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        return "" if code in {"404", "NoSuchBucket"} else "not ours"
    return "kept by an earlier stage"


def _table_taken(situation: Situation, name: str) -> str:
    client: Any = situation.client("dynamodb")
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return ""
    return "kept by an earlier stage"
