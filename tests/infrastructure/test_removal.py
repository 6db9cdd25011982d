"""What is kept when its stack goes: all it stands on is kept too, and a failed first try leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.reading import Templates

pytestmark = pytest.mark.xdist_group("synth")
HOLDING = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::RDS::DBInstance", "AWS::Athena::WorkGroup")


def test_prod_keeps_what_it_holds_but_not_what_a_failed_creation_left(
    synthesise: Callable[[str], Templates],
) -> None:
    policies = {
        (resource["Type"], resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for template in synthesise("prod").values()
        for resource in template["Resources"].values()
    }
    assert {kind for kind, deleted, _ in policies if deleted == "RetainExceptOnCreate"} >= set(HOLDING)
    # `Retain` would leave fixed names behind a first deployment that failed.
    assert not [kind for kind, deleted, _ in policies if deleted == "Retain"]
    assert all(replaced == "Retain" for kind, _, replaced in policies if kind in HOLDING)


def test_dev_goes_whole(synthesise: Callable[[str], Templates]) -> None:
    kept = [
        resource["Type"]
        for template in synthesise("dev").values()
        for resource in template["Resources"].values()
        if str(resource.get("DeletionPolicy", "Delete")) != "Delete"
    ]
    assert kept == []


def test_what_a_kept_resource_refers_to_is_kept(synthesise: Callable[[str], Templates]) -> None:
    looked_at = 0
    for stack, template in synthesise("prod").items():
        found = template["Resources"]
        for name, resource in found.items():
            if not is_kept(resource):
                continue
            looked_at += 1
            gone = {
                other
                for other in referred_to(resource["Properties"])
                if other in found and not is_kept(found[other]) and not is_notified(found[other])
            }
            assert not gone, f"{stack}: {name} is kept, and {sorted(gone)} would go"
    assert looked_at > 5


def is_kept(resource: dict[str, Any]) -> bool:
    return str(resource.get("DeletionPolicy", "")).startswith("Retain")


def is_notified(resource: dict[str, Any]) -> bool:
    """Return whether it is only told of changes: S3 lets its queue go."""
    return bool(resource["Type"] == "AWS::SQS::Queue")


def referred_to(value: object) -> set[str]:
    """Return the logical ids that a value refers to."""
    if isinstance(value, list):
        return {name for one in value for name in referred_to(one)}
    if not isinstance(value, dict):
        return set()
    if isinstance(value.get("Ref"), str):
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        return {str(value["Fn::GetAtt"][0])}
    return {name for one in value.values() for name in referred_to(one)}
