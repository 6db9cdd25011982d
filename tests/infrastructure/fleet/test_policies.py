"""Who may do what with the certificate of a device: itself everything it needs, of another nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from contract.topics import alert_topic
from infra.fleet.components import load_components
from infra.fleet.places import Places
from infra.fleet.policies import (
    MAXIMUM_IOT_POLICY_CHARACTERS,
    claim_policy,
    device_policies,
    device_role_statements,
    device_role_trust,
)


def matches(pattern: str, value: str) -> bool:
    """Return whether an IoT policy's `pattern` takes `value`: ``*`` is anything, ``?`` one character."""
    written = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(written, value) is not None


def allows(documents: list[dict[str, Any]], action: str, resource: str, **variables: str) -> bool:
    """Return whether one of `documents` allows it, with the policy variables of the connection."""
    for document in documents:
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            for pattern in statement["Resource"]:
                for name, value in variables.items():
                    pattern = pattern.replace("${" + name.replace("__", ".") + "}", value)  # noqa: PLW2901
                if action in statement["Action"] and matches(pattern, resource):
                    return True
    return False


class Connection:
    """A device's connection, whose certificate belongs to the thing `name` of `site`."""

    def __init__(self, places: Places, name: str, site: str) -> None:
        self._places = places
        self._documents = list(device_policies(places).values())
        self._name, self._site = name, site

    def may(self, action: str, resource: str) -> bool:
        documents = json.loads(
            json.dumps(self._documents)
            .replace("${iot:Connection.Thing.ThingName}", self._name)
            .replace("${iot:Connection.Thing.Attributes[site]}", self._site)
        )
        return allows(documents, action, self._places.iot(resource))


OWN = "$aws/things/jetson-1"
OTHER = "$aws/things/jetson-10"
CASES = [
    ("iot:Connect", "client/jetson-1", True, "as itself"),
    ("iot:Connect", "client/jetson-1#2", True, "its second connection"),
    ("iot:Connect", "client/jetson-10", False, "as one whose name begins like its own"),
    ("iot:Connect", "client/jetson-2", False, "as another"),
    ("iot:Subscribe", f"topicfilter/{OWN}/jobs/notify-next", True, "its jobs"),
    ("iot:Subscribe", f"topicfilter/{OTHER}/jobs/notify-next", False, "another's jobs"),
    ("iot:Publish", f"topic/{OWN}/jobs/job-1/update", True, "its job's state"),
    ("iot:Publish", f"topic/{OTHER}/jobs/job-1/update", False, "another's job's state"),
    ("iot:Publish", f"topic/{OWN}/greengrassv2/health/json", True, "its health"),
    ("iot:Publish", f"topic/{OTHER}/greengrassv2/health/json", False, "another's health"),
    ("iot:Publish", f"topic/{OWN}/shadow/name/camera-plaza/update", True, "its camera's shadow"),
    ("iot:Publish", f"topic/{OWN}/shadow/name/camera-plaza/get", True, "asking for its camera's shadow"),
    ("iot:Subscribe", f"topicfilter/{OWN}/shadow/name/camera-plaza/update/delta", True, "hearing of it"),
    ("iot:Receive", f"topic/{OWN}/shadow/name/camera-plaza/update/delta", True, "receiving it"),
    ("iot:Publish", f"topic/{OWN}/shadow/name/camera-plaza/delete", False, "deleting it"),
    ("iot:Publish", f"topic/{OTHER}/shadow/name/camera-plaza/update", False, "another's camera's shadow"),
    (
        "iot:Subscribe",
        f"topicfilter/{OTHER}/shadow/name/camera-plaza/get/accepted",
        False,
        "hearing another's",
    ),
    ("iot:Publish", f"topic/{OWN}/shadow/update", False, "its unnamed shadow"),
    ("iot:Publish", f"topic/{alert_topic('seoul-1', 'jetson-1', 'plaza')}", True, "its alert"),
    ("iot:Publish", f"topic/{alert_topic('busan-1', 'jetson-1', 'plaza')}", False, "another site's alert"),
    ("iot:Publish", f"topic/{alert_topic('seoul-1', 'jetson-10', 'plaza')}", False, "another's alert"),
    ("iot:Subscribe", "topicfilter/crowdlens/#", False, "hearing all alerts"),
    ("iot:Subscribe", "topicfilter/#", False, "hearing everything"),
    ("iot:AssumeRoleWithCertificate", "rolealias/crowdlens-prod-device", True, "taking its role"),
    ("iot:AssumeRoleWithCertificate", "rolealias/admin", False, "taking another role"),
]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"), [pytest.param(*case[:3], id=case[3]) for case in CASES]
)
def test_a_certificate_speaks_for_its_own_device(
    places: Places, action: str, resource: str, allowed: bool
) -> None:
    assert Connection(places, "jetson-1", "seoul-1").may(action, resource) is allowed


CLAIM_CASES = [
    ("iot:Connect", "client/crowdlens-prod-claim-1421321000123", True, "classic, told its client"),
    ("iot:Connect", "client/7f6f4f9c-5d0e-4a59-9f0e-0a8f6c1d2e3f", True, "lite, with a UUID"),
    ("iot:Connect", "client/jetson-1", False, "as a device"),
    ("iot:Publish", "topic/$aws/certificates/create/json", True, "asking for a certificate"),
    ("iot:Publish", "topic/$aws/certificates/create-from-csr/cbor", True, "with a key of its own"),
    (
        "iot:Publish",
        "topic/$aws/provisioning-templates/crowdlens-prod-device/provision/json",
        True,
        "asking to be provisioned",
    ),
    (
        "iot:Publish",
        "topic/$aws/provisioning-templates/crowdlens-dev-device/provision/json",
        False,
        "by another stage",
    ),
    ("iot:Publish", f"topic/{OWN}/jobs/job-1/update", False, "anything of a device"),
    ("iot:AssumeRoleWithCertificate", "rolealias/crowdlens-prod-device", False, "the devices' role"),
]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"), [pytest.param(*case[:3], id=case[3]) for case in CLAIM_CASES]
)
def test_a_claim_may_be_provisioned_and_nothing_else(
    places: Places, action: str, resource: str, allowed: bool
) -> None:
    assert allows([claim_policy(places)], action, places.iot(resource)) is allowed


ROLE_CASES = [
    ("sqs:SendMessage", "arn:aws-us-gov:sqs:{region}:{account}:crowdlens-prod-ingest", True, "sends"),
    ("sqs:ReceiveMessage", "arn:aws-us-gov:sqs:{region}:{account}:crowdlens-prod-ingest", False, "receives"),
    ("sqs:SendMessage", "arn:aws-us-gov:sqs:{region}:{account}:crowdlens-prod-load", False, "work for MySQL"),
    ("s3:GetObject", "{bucket}/components/com.crowdlens.prod.vision/1.0.0/vision.zip", True, "an artifact"),
    ("s3:GetObject", "{bucket}/models/yolox-nano/1/model.onnx", True, "a model"),
    ("s3:GetObject", "{bucket}/scenes/jetson-1/plaza/3.yaml", True, "its scene"),
    ("s3:GetObject", "{bucket}/scenes/jetson-10/plaza/3.yaml", False, "the scene of another"),
    ("s3:PutObject", "{bucket}/scenes/jetson-1/plaza/4.yaml", False, "writes its scene"),
    ("s3:PutObject", "{bucket}/components/com.crowdlens.prod.vision/1.0.0/vision.zip", False, "writes code"),
    ("s3:ListBucket", "{bucket}", False, "lists the bucket"),
    ("s3:GetObject", "arn:aws-us-gov:s3:::crowdlens-prod-lake-{account}-{region}/raw/x", False, "the lake"),
    ("logs:PutLogEvents", "{logs}:log-stream:/2026/11/21/thing/jetson-1", False, "a log of its own"),
    ("logs:CreateLogGroup", "{logs}", False, "makes log groups"),
]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"), [pytest.param(*case[:3], id=case[3]) for case in ROLE_CASES]
)
def test_the_role_reaches_what_is_the_devices_own(
    places: Places, action: str, resource: str, allowed: bool
) -> None:
    group = "log-group:/aws/greengrass/UserComponent/{region}/com.crowdlens.prod.vision"
    written = (
        resource.replace("{bucket}", "arn:aws-us-gov:s3:::crowdlens-prod-artifacts-{account}-ap-northeast-2")
        .replace("{logs}", "arn:aws-us-gov:logs:{region}:{account}:" + group)
        .replace("{region}", places.region)
        .replace("{account}", places.account)
    )
    statements = json.loads(
        json.dumps(device_role_statements(places)).replace("${credentials-iot:ThingName}", "jetson-1")
    )
    assert allows([{"Statement": statements}], action, written) is allowed


def test_only_the_credentials_provider_gives_out_the_role_and_for_this_alias_only(places: Places) -> None:
    (statement,) = device_role_trust(places)["Statement"]
    assert statement["Principal"] == {"Service": "credentials.iot.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": places.account},
        "ArnEquals": {"aws:SourceArn": places.iot("rolealias/crowdlens-prod-device")},
    }


def test_policies_fit_the_quota_of_aws_iot(places: Places) -> None:
    for document in (claim_policy(places), *device_policies(places).values()):
        assert len(json.dumps(document, separators=(",", ":"))) <= MAXIMUM_IOT_POLICY_CHARACTERS


def grants() -> list[Any]:
    """Every topic that a recipe grants, with what the nucleus does with it in the component's name."""
    found = []
    for component in load_components():
        access = component.recipe.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
        for policy in access.get("accessControl", {}).get("aws.greengrass.ipc.mqttproxy", {}).values():
            publishes = "aws.greengrass#PublishToIoTCore" in policy["operations"]
            action, kind = ("iot:Publish", "topic") if publishes else ("iot:Subscribe", "topicfilter")
            for resource in policy["resources"]:
                found.append(pytest.param(action, kind, resource, id=f"{component.name}: {resource}"))
    return found


@pytest.mark.parametrize(("action", "kind", "resource"), grants())
def test_what_a_recipe_grants_the_certificate_may_do(
    places: Places, action: str, kind: str, resource: str
) -> None:
    """A grant beyond the certificate's policy would be a promise that AWS IoT breaks."""
    topic = resource.replace("{iot:thingName}", "jetson-1").replace("crowdlens/*", "crowdlens/seoul-1")
    assert Connection(places, "jetson-1", "seoul-1").may(action, f"{kind}/{topic.replace('*', 'plaza')}")
    other = topic.replace("jetson-1", "jetson-2").replace("*", "plaza")
    assert not Connection(places, "jetson-1", "seoul-1").may(action, f"{kind}/{other}")
