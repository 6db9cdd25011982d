"""The logical ids of what holds data: CloudFormation deletes what is no longer called what it was called.

A renamed construct, a changed id or a moved stack makes CloudFormation create the resource anew under the new
name and delete (or orphan) the old one with everything in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("synth")
Templates = dict[str, dict[str, Any]]
SNAPSHOT = Path(__file__).with_name("stateful_ids.json")
STATEFUL = (
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::Cognito::UserPool",
    "AWS::Logs::LogGroup",
    "AWS::Glue::Database",
    "AWS::Athena::WorkGroup",
    "AWS::IoT::ThingGroup",
    "AWS::IoT::ProvisioningTemplate",
    "AWS::IoT::RoleAlias",
    "AWS::IoT::Policy",
    "AWS::QuickSight::DataSource",
    "AWS::QuickSight::DataSet",
    "AWS::QuickSight::Theme",
    "AWS::QuickSight::Dashboard",
    "AWS::SNS::Topic",
)
"""Data itself, what holds it, and what devices, readers and analyses outside the stacks stand on."""
HOW_TO_ACCEPT = f"""
The logical ids of stateful resources changed. Deployed, this DELETES OR ORPHANS the data of every id that is
gone and starts empty under the new one. Undo the rename: keep the construct's id and its place in the tree.
Only if the resource is new, or its data may go (or was moved by hand, see docs/deploy.md), accept it by
writing the new ids into tests/infrastructure/{SNAPSHOT.name}:

    ACCEPT_STATEFUL_IDS=1 python -m pytest tests/infrastructure/test_stateful_ids.py

and say in the commit what becomes of the data."""


def ids_of(templates: Templates) -> dict[str, dict[str, str]]:
    """Return the type of each stateful resource by logical id, by stack without its stage."""
    found: dict[str, dict[str, str]] = {}
    for stack, template in sorted(templates.items()):
        ids = {
            logical_id: resource["Type"]
            for logical_id, resource in sorted(template["Resources"].items())
            if resource["Type"] in STATEFUL
        }
        if ids:
            found[stack.split("-", 2)[2]] = ids
    return found


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing_that_holds_data_changes_its_id(stage: str, synthesise: Callable[[str], Templates]) -> None:
    found = ids_of(synthesise(stage))
    known = json.loads(SNAPSHOT.read_text(encoding="utf-8")) if SNAPSHOT.exists() else {}
    if _is_accepted():
        known[stage] = found
        SNAPSHOT.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == known.get(stage), HOW_TO_ACCEPT


def _is_accepted() -> bool:
    return os.environ.get("ACCEPT_STATEFUL_IDS") == "1"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_type_that_is_kept_when_its_stack_goes_is_in_the_snapshot(
    stage: str, synthesise: Callable[[str], Templates]
) -> None:
    kept = {
        resource["Type"]
        for template in synthesise(stage).values()
        for resource in template["Resources"].values()
        if str(resource.get("DeletionPolicy", "Delete")).startswith(("Retain", "Snapshot"))
    }
    assert kept <= set(STATEFUL)


def test_a_renamed_resource_is_noticed() -> None:
    before = {"crowdlens-dev-storage": {"Resources": {"Lake1": {"Type": "AWS::S3::Bucket"}}}}
    after = {"crowdlens-dev-storage": {"Resources": {"Lake2": {"Type": "AWS::S3::Bucket"}}}}
    assert ids_of(before) == {"storage": {"Lake1": "AWS::S3::Bucket"}}
    assert ids_of(before) != ids_of(after)
