"""What a device may do: IoT policies of its certificate, and the role it takes through the role alias.

Every statement names the device by a variable that AWS fills in from the certificate, so that one policy
serves all devices and none reaches what is another's. Plain documents, for templates and whoever checks them.

Source of the Greengrass statements: "Minimal AWS IoT policy for AWS IoT Greengrass V2 core devices" in the
developer guide.
"""

from __future__ import annotations

from typing import Any

from contract.device_store import MODELS_PREFIX, scenes_prefix
from contract.topics import alert_topic, camera_shadow_name, classification_topic
from infra.fleet.components import ARTIFACT_PREFIX
from infra.fleet.places import Places

Document = dict[str, Any]
MAXIMUM_IOT_POLICY_CHARACTERS = 2048
"""AWS IoT's quota for a policy document, without white space."""
THING = "${iot:Connection.Thing.ThingName}"
SITE = "${iot:Connection.Thing.Attributes[site]}"
CREDENTIALS_THING = "${credentials-iot:ThingName}"
_ANY_UUID = "-".join("?" * length for length in (8, 4, 4, 4, 12))
_DEPLOYMENT_SHADOW = "AWSManagedGreengrassV2Deployment"


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str], **more: Any) -> Document:
    """Return a statement that allows `actions` on `resources`."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def claim_policy(places: Places) -> Document:
    """Return what the claim certificate may do: ask for a certificate and to be provisioned, nothing else."""
    template = f"$aws/provisioning-templates/{places.template_name}/provision/*"
    topics = ["$aws/certificates/create/*", "$aws/certificates/create-from-csr/*", template]
    return _document(
        # Its holders have no names yet. Classic is told which client to be, lite takes a UUID; neither can be
        # a device's name, so a stolen claim cannot push a device from its connection.
        allow(
            ["iot:Connect"],
            [places.iot(f"client/{places.config.prefix}-claim-*"), places.iot(f"client/{_ANY_UUID}")],
        ),
        allow(["iot:Publish", "iot:Receive"], [places.iot(f"topic/{topic}") for topic in topics]),
        allow(["iot:Subscribe"], [places.iot(f"topicfilter/{topic}") for topic in topics]),
    )


def core_policy(places: Places) -> Document:
    """Return what the nucleus of a device needs: its own connection, jobs, health and deployments."""
    own = f"$aws/things/{THING}"
    topics = [f"{own}/jobs/*", f"{own}/shadow/name/{_DEPLOYMENT_SHADOW}/*"]
    said = [*topics, f"{own}/greengrass/health/json", f"{own}/greengrassv2/health/json"]
    return _document(
        allow(
            ["iot:Connect"],
            # The nucleus opens further connections as NAME#2, NAME#3; no device's name has a #.
            [places.iot(f"client/{THING}"), places.iot(f"client/{THING}#*")],
            Condition={"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
        ),
        allow(["iot:Publish", "iot:Receive"], [places.iot(f"topic/{topic}") for topic in said]),
        allow(["iot:Subscribe"], [places.iot(f"topicfilter/{topic}") for topic in topics]),
    )


def deployment_policy(places: Places) -> Document:
    """Return how a device fetches its deployments, and that it may take its role.

    The four Greengrass calls answer for the device of the certificate; AWS documents them with ``*`` alone.
    """
    calls = ("GetComponentVersionArtifact", "ResolveComponentCandidates", "GetDeploymentConfiguration")
    return _document(
        allow([f"greengrass:{call}" for call in (*calls, "ListThingGroupsForCoreDevice")], ["*"]),
        allow(["iot:AssumeRoleWithCertificate"], [places.iot(f"rolealias/{places.role_alias}")]),
    )


def camera_policy(places: Places) -> Document:
    """Return what the cameras of a device say and hear: alerts of its site, and a named shadow each."""
    said = [alert_topic(SITE, THING, "*"), classification_topic(SITE, THING, "*")]
    shadow = f"$aws/things/{THING}/shadow/name/{camera_shadow_name('*')}"
    return _document(
        allow(
            ["iot:Publish"],
            [places.iot(f"topic/{topic}") for topic in (*said, f"{shadow}/get", f"{shadow}/update")],
        ),
        allow(
            ["iot:Receive"],
            [places.iot(f"topic/{shadow}/{answer}") for answer in ("get/*", "update/*")],
        ),
        allow(
            ["iot:Subscribe"],
            [places.iot(f"topicfilter/{shadow}/{answer}") for answer in ("get/*", "update/*")],
        ),
    )


def device_policies(places: Places) -> dict[str, Document]:
    """Return the policies of a device's certificate by name."""
    return {
        places.policy_name("device-core"): core_policy(places),
        places.policy_name("device-deployments"): deployment_policy(places),
        places.policy_name("device-cameras"): camera_policy(places),
    }


def device_role_statements(places: Places) -> list[Document]:
    """Return what a device may do with the role of the token exchange.

    Anyone may put a message into the shared queue under any device's name, which no policy can stop:
    `lake_writer` compares the sender with the registry. Scenes are read-only here, as the cloud writes them.
    """
    objects = [f"{prefix}*" for prefix in (ARTIFACT_PREFIX, MODELS_PREFIX, scenes_prefix(CREDENTIALS_THING))]
    return [
        {"Sid": "Send", **allow(["sqs:SendMessage"], [places.arn("sqs", places.queue_name)])},
        {"Sid": "Fetch", **allow(["s3:GetObject"], [places.artifacts(key) for key in objects])},
        # Greengrass looks for the bucket's region before it fetches an artifact.
        {"Sid": "Locate", **allow(["s3:GetBucketLocation"], [places.artifacts()])},
    ]


DEVICE_ROLE_PATTERNS = {
    "Fetch": "artifacts and models yet to come, which all share, and the scenes of the device that asks",
}
"""Why a statement of the device role, by its Sid, names a pattern."""


def device_role_trust(places: Places) -> Document:
    """Return who may take the role: AWS IoT's credentials provider, for the stage's role alias only."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "credentials.iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": places.account},
                "ArnEquals": {"aws:SourceArn": places.iot(f"rolealias/{places.role_alias}")},
            },
        }
    )
