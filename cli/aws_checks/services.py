"""Services that the stacks build on and that an account may lack: layers, IoT, QuickSight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.aws_checks.situation import Situation
from cli.checks import Finding

_QUICKSIGHT_READY = "ACCOUNT_CREATED"


def layers(situation: Situation) -> Finding | None:
    """AWS's managed layers, as pinned in the templates."""
    arns = sorted(
        {
            layer
            for _, properties in situation.wanted.resources("AWS::Lambda::Function")
            for layer in properties.get("Layers", [])
            if isinstance(layer, str)
        }
    )
    if not arns:
        return None
    from botocore.exceptions import ClientError

    client = situation.client("lambda")
    for arn in arns:
        try:
            client.get_layer_version_by_arn(Arn=arn)
        except ClientError as error:
            why = error.response["Error"]["Code"]
            return Finding("layers", f"{arn}: {why}", "pin another version in infra/layers.py")
    return Finding("layers", ", ".join(arn.partition(":layer:")[2] for arn in arns))


def iot_endpoint(situation: Situation) -> Finding | None:
    """IoT Core in the region: devices send to its endpoint."""
    if not situation.wanted.has("AWS::IoT::"):
        return None
    answer = situation.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
    return Finding("IoT Core", answer["endpointAddress"])


def dashboards_subscription(situation: Situation) -> Finding | None:
    """A QuickSight subscription, which no API call of a stack can make."""
    if not situation.wanted.has("AWS::QuickSight::"):
        return None
    remedy = "subscribe in the QuickSight console (Enterprise), or deploy with -c dashboards=off"
    client = situation.client("quicksight")
    try:
        answer = client.describe_account_subscription(AwsAccountId=situation.account)
    except client.exceptions.ResourceNotFoundException:
        return Finding("QuickSight", "the account has no subscription", remedy)
    info = answer["AccountInfo"]
    edition, state = info.get("Edition", "unknown"), info.get("AccountSubscriptionStatus", "unknown")
    if state != _QUICKSIGHT_READY or not edition.startswith("ENTERPRISE"):
        return Finding("QuickSight", f"{edition}, {state}", remedy)
    return Finding("QuickSight", f"{edition}, {state}")


def dashboards_readers(situation: Situation) -> Finding | None:
    """The QuickSight users and groups that the dashboards are shared with."""
    principals = sorted(set(_principals(situation)))
    if not principals:
        return None
    missing = [arn for arn in principals if not _exists(situation, arn)]
    if missing:
        remedy = "aws quicksight list-users --aws-account-id ACCOUNT --namespace default --region REGION"
        return Finding("QuickSight readers", f"{', '.join(missing)} does not exist", remedy)
    return Finding("QuickSight readers", ", ".join(arn.rpartition("/")[2] for arn in principals))


def _principals(situation: Situation) -> Iterator[str]:
    for _, properties in situation.wanted.resources("AWS::QuickSight::"):
        for permission in properties.get("Permissions", []):
            if isinstance(permission.get("Principal"), str):
                yield permission["Principal"]


def _exists(situation: Situation, arn: str) -> bool:
    # QuickSight knows its users in its identity region, which is the one in their ARN.
    _, _, _, region, account, resource = arn.split(":", 5)
    kind, namespace, name = resource.split("/", 2)
    client: Any = situation.client("quicksight", region)
    common = {"AwsAccountId": account, "Namespace": namespace}
    try:
        if kind == "group":
            client.describe_group(GroupName=name, **common)
        else:
            client.describe_user(UserName=name, **common)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True
