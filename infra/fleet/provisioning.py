"""Provisioning by claim: the template that makes a device a thing, and the role AWS IoT does it with."""

from __future__ import annotations

from typing import Any

from infra.fleet.places import Places
from infra.fleet.policies import Document, allow, device_policies


def provisioning_template(places: Places) -> dict[str, Any]:
    """Return the body of the template.

    A device gives its serial number; the pre-provisioning hook sets name, site and group, whatever else the
    device may say. An exclusive certificate lets policies tell the device by its certificate, not by what it
    calls itself.
    """
    parameters = ("SerialNumber", "DeviceName", "Site", "DeviceGroup", "AWS::IoT::Certificate::Id")
    policies = {
        f"policy{number}": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": name}}
        for number, name in enumerate(device_policies(places), 1)
    }
    return {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {
                    "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                    "Status": "Active",
                    "ThingPrincipalType": "EXCLUSIVE_THING",
                },
            },
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "DeviceName"},
                    "AttributePayload": {"site": {"Ref": "Site"}, "serial": {"Ref": "SerialNumber"}},
                    "ThingGroups": [{"Ref": "DeviceGroup"}],
                },
                "OverrideSettings": {
                    "AttributePayload": "MERGE",
                    "ThingTypeName": "DO_NOTHING",
                    "ThingGroups": "REPLACE",
                },
            },
            **policies,
        },
    }


def provisioning_role_statements(places: Places) -> list[Document]:
    """Return what AWS IoT may do when it provisions a device: what the template says, and no more."""
    groups = places.iot(f"thinggroup/{places.config.prefix}-*")
    return [
        {"Sid": "Things"}
        | allow(
            [
                f"iot:{action}"
                for action in (
                    "CreateThing",
                    "DescribeThing",
                    "UpdateThing",
                    "ListThingGroupsForThing",
                    "ListThingPrincipals",
                    "AddThingToThingGroup",
                    "RemoveThingFromThingGroup",
                    "UpdateThingGroupsForThing",
                    "DescribeThingGroup",
                )
            ],
            [places.iot("thing/*"), groups],
        ),
        {"Sid": "Certificates"}
        | allow(
            [
                "iot:DescribeCertificate",
                "iot:UpdateCertificate",
                "iot:AttachPolicy",
                "iot:AttachPrincipalPolicy",
                "iot:ListAttachedPolicies",
            ],
            [places.iot("cert/*")],
        ),
        {"Sid": "Policies"}
        | allow(["iot:GetPolicy"], [places.iot(f"policy/{places.policy_name('device')}-*")]),
        {"Sid": "Principals"}
        | allow(["iot:AttachThingPrincipal", "iot:ListPrincipalThings", "iot:ListPrincipalPolicies"], ["*"]),
    ]


PROVISIONING_ROLE_PATTERNS = {
    "Things": "devices are named by the operators who expect them; groups are those of the stage",
    "Certificates": "AWS IoT makes the certificate's id in the same request",
    "Policies": "the device policies of the stage",
    "Principals": "AWS IoT knows no resource for attaching a certificate to a thing and listing what it has",
}
"""Why a statement of the provisioning role, by its Sid, names a pattern."""
