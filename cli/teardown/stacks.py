"""The stacks of a stage and their resources: as deployed in an account, or as synthesised into a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.cloud_assembly import read_assembly
from contract.errors import CrowdLensError

_GONE = "DELETE_COMPLETE"
_NAMES = (
    "BucketName",
    "TableName",
    "LogGroupName",
    "DBInstanceIdentifier",
    "DBParameterGroupName",
    "DBSubnetGroupName",
    "QueueName",
    "PolicyName",
    "DashboardId",
    "DataSetId",
    "Name",
)
"""Properties that name a resource, ids before what is only shown."""
_POLICY_WITHOUT_WORD = {"AWS::RDS::DBCluster": "Snapshot", "AWS::RDS::DBInstance": "Snapshot"}
"""What CloudFormation does where a template says nothing; with everything else it deletes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
"""


class NoStacksError(CrowdLensError):
    """Raised when there is no stack of the stage."""


@dataclass(frozen=True)
class Resource:
    """One resource of a stack; `policy` is what CloudFormation does with it at the end of the stack.

    `name` is its physical id; in templates that were never deployed, the name they give it, or its logical id
    in angle brackets.
    """

    stack: str
    logical_id: str
    type: str
    name: str
    policy: str
    properties: Mapping[str, Any]

    @property
    def stays(self) -> bool:
        """Whether it outlives its stack as it is."""
        return self.policy in {"Retain", "RetainExceptOnCreate"}


@dataclass(frozen=True)
class Stack:
    """One stack of a stage."""

    name: str
    resources: tuple[Resource, ...]


def stacks_of_account(cloudformation: Any, prefix: str) -> list[Stack]:
    """Return the stacks whose name begins with `prefix` and a hyphen; raises `NoStacksError` without any."""
    pages = cloudformation.get_paginator("list_stacks").paginate()
    names = sorted(
        summary["StackName"]
        for page in pages
        for summary in page["StackSummaries"]
        if summary["StackName"].startswith(f"{prefix}-") and summary["StackStatus"] != _GONE
    )
    if not names:
        raise NoStacksError(f"no stack {prefix}-… is in this account and region: nothing would be destroyed")
    return [_deployed(cloudformation, name) for name in names]


def _deployed(cloudformation: Any, name: str) -> Stack:
    body = cloudformation.get_template(StackName=name)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    physical = {
        one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceStatus"] != _GONE
    }
    resources = [one for one in _resources(name, template, physical) if one.name]
    return Stack(name, tuple(resources))


def stacks_of_folder(folder: Path, stage: str) -> list[Stack]:
    """Return the stacks that were synthesised into `folder` last; raises `NoAssemblyError` without any."""
    templates = read_assembly(folder, stage).templates
    return [Stack(name, tuple(_resources(name, template, None))) for name, template in templates.items()]


def _resources(
    stack: str, template: Mapping[str, Any], physical: Mapping[str, str] | None
) -> Iterator[Resource]:
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        kind = resource["Type"]
        if physical is None:
            name = _given_name(properties) or f"<{logical_id}>"
        else:
            name = physical.get(logical_id, "")
        policy = resource.get("DeletionPolicy") or _POLICY_WITHOUT_WORD.get(kind, "Delete")
        yield Resource(stack, logical_id, kind, name, policy, properties)


def _given_name(properties: Mapping[str, Any]) -> str:
    return next((_text(properties[key]) for key in _NAMES if key in properties), "")


def _text(value: Any) -> str:
    """Return a text, or a join of texts and references, with references in angle brackets."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{str(value['Ref']).removeprefix('AWS::')}>"
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_text(part) for part in parts)
    return "<unknown>"
