"""What CloudFormation can only replace must not have a fixed name: the new one would find it taken.

"You can't perform an update that causes a custom-named resource to be replaced": the whole stack's update
fails. Which properties those are stands in CloudFormation's own schemas, which cfn-lint brings along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.infrastructure.reading import Templates

pytestmark = pytest.mark.xdist_group("synth")
Path = tuple[str, ...]
REGION = "ap-northeast-2"
NAMING = ("Name", "Id", "Identifier")
NOT_UNIQUE = {
    "AWS::ApiGatewayV2::Stage": "its name is one within its API, and another API has stages of its own",
    "AWS::Cognito::UserPoolGroup": "its name is one within its user pool; another pool has its own",
    "AWS::Athena::NamedQuery": "a query is known by an id that Athena makes",
    "AWS::GreengrassV2::Deployment": "a deployment is known by an id that Greengrass makes",
    "AWS::IoT::JobTemplate": "its id ends in a digest of everything that can only be created",
    "AWS::Lambda::EventInvokeConfig": "$LATEST is no name of ours",
}
"""Types whose given name may be there twice, or changes with the content."""
SETTLED = {
    "AWS::Glue::Table": {"CatalogId"},
    "AWS::IoT::ProvisioningTemplate": {"TemplateType"},
    "AWS::QuickSight::Dashboard": {"AwsAccountId"},
    "AWS::QuickSight::DataSet": {"AwsAccountId"},
    "AWS::QuickSight::DataSource": {"AwsAccountId", "Type"},
    "AWS::QuickSight::RefreshSchedule": {"AwsAccountId"},
    "AWS::QuickSight::Theme": {"AwsAccountId"},
    # A database of another subnet group, master or engine is another one, by plan: docs/deploy.md.
    "AWS::RDS::DBInstance": {"DBSubnetGroupName", "MasterUsername", "StorageEncrypted"},
    "AWS::RDS::DBProxy": {"EngineFamily", "VpcSubnetIds"},
    "AWS::RDS::DBProxyTargetGroup": {"DBProxyName"},
}
"""What is settled when the resource is first made and that no option, release or edit of a text changes."""


def paths(schema: dict[str, Any], key: str) -> set[Path]:
    return {tuple(pointer.split("/")[2:]) for pointer in schema.get(key, [])}


def value_at(properties: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(properties, dict) or key not in properties:
            return None
        properties = properties[key]
    return properties


def unchangeable(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    """Yield what a resource with a name that we gave says and CloudFormation can only replace."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    made_by_aws = paths(schema, "readOnlyProperties")
    created = paths(schema, "createOnlyProperties")
    identity = paths(schema, "primaryIdentifier") - made_by_aws
    names = {
        path
        for path in identity | {path for path in created if path[-1].endswith(NAMING)}
        if isinstance(value_at(properties, path), str)
    }
    if names:
        yield from ("/".join(path) for path in created - names if value_at(properties, path) is not None)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing_with_a_fixed_name_can_only_be_replaced(
    stage: str, synthesise: Callable[[str], Templates]
) -> None:
    found: dict[str, set[str]] = {}
    for template in synthesise(stage).values():
        for resource in template["Resources"].values():
            kind = resource["Type"]
            if kind in NOT_UNIQUE or kind.startswith("Custom::"):
                continue
            for name in unchangeable(kind, resource.get("Properties", {})):
                found.setdefault(kind, set()).add(name)
    surprising = {kind: names - SETTLED.get(kind, set()) for kind, names in found.items()}
    assert {kind: names for kind, names in surprising.items() if names} == {}


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        pytest.param(
            "AWS::Budgets::Budget",
            {"Budget": {"BudgetName": "crowdlens-dev"}, "NotificationsWithSubscribers": [{}]},
            {"NotificationsWithSubscribers"},
            id="the budget as it was",
        ),
        pytest.param(
            "AWS::Budgets::Budget",
            {"Budget": {}, "NotificationsWithSubscribers": [{}]},
            set(),
            id="the budget that CloudFormation names",
        ),
        pytest.param(
            "AWS::IoT::JobTemplate",
            {"JobTemplateId": "crowdlens-dev-report", "Description": "Report", "Tags": []},
            {"Description", "Tags"},
            id="a job template",
        ),
    ],
)
def test_the_guard_sees_what_would_fail(kind: str, properties: dict[str, Any], expected: set[str]) -> None:
    assert set(unchangeable(kind, properties)) == expected


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_role_with_a_name_says_its_region(stage: str, synthesise: Callable[[str], Templates]) -> None:
    """An account has roles for all its regions: the stage may be in two of them."""
    names = [
        resource["Properties"]["RoleName"]
        for template in synthesise(stage).values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role" and "RoleName" in resource["Properties"]
    ]
    assert names
    assert [name for name in names if not name.endswith(f"-{REGION}")] == []
