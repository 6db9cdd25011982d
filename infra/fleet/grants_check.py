"""Rules for the grants of a recipe (`accessControl`): exact operations on this device's own topics."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_OPERATIONS = {
    "aws.greengrass.ipc.mqttproxy": {"aws.greengrass#PublishToIoTCore", "aws.greengrass#SubscribeToIoTCore"},
    "aws.greengrass.ipc.pubsub": {"aws.greengrass#PublishToTopic", "aws.greengrass#SubscribeToTopic"},
}
"""The services that a component of ours may ask for; both nuclei have them."""
_POLICY_KEYS = frozenset({"policyDescription", "operations", "resources"})
_MAXIMUM_SERVICE_BYTES = 3_000
"""Lite reads a service's policies into 4,096 bytes, keys and all."""
_VARIABLE = re.compile(r"\{[^{}]*\}")
THING_NAME = "{iot:thingName}"


def grant_problems(component: str, access: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every rule that the grants of `component` break."""
    for service, policies in access.items():
        if service not in _OPERATIONS:
            yield f"accessControl names {service}: expected one of {', '.join(sorted(_OPERATIONS))}"
            continue
        if len(json.dumps(policies)) > _MAXIMUM_SERVICE_BYTES:
            yield f"the grants for {service} are longer than {_MAXIMUM_SERVICE_BYTES} bytes"
        granted = Counter(operation for policy in policies.values() for operation in policy["operations"])
        for operation, times in granted.items():
            if times > 1:
                # Lite looks no further than the first policy that names the operation.
                yield f"{operation} stands in {times} policies: expected one"
        for name, policy in policies.items():
            yield from _policy_problems(component, service, name, policy)


def _policy_problems(component: str, service: str, name: str, policy: Mapping[str, Any]) -> Iterator[str]:
    if not re.fullmatch(rf"{re.escape(component)}:{service.rpartition('.')[2]}:\d+", name):
        # Greengrass takes an id that two components share for one policy.
        yield f"policy {name} is not named {component}:{service.rpartition('.')[2]}:N"
    if policy.keys() != _POLICY_KEYS:
        yield f"policy {name} has {', '.join(sorted(policy))}: expected {', '.join(sorted(_POLICY_KEYS))}"
        return
    for operation in policy["operations"]:
        if operation not in _OPERATIONS[service]:
            known = ", ".join(sorted(_OPERATIONS[service]))
            yield f"policy {name} grants {operation}: expected one of {known}"
    if not policy["resources"]:
        yield f"policy {name} has no resources: expected at least one"
    for resource in policy["resources"]:
        yield from _resource_problems(name, resource)


def _resource_problems(policy: str, resource: Any) -> Iterator[str]:
    if not isinstance(resource, str) or THING_NAME not in resource.split("/"):
        yield f"policy {policy} grants {resource!r}: expected {THING_NAME} as one level of the topic"
        return
    if "?" in resource or "#" in resource or "**" in resource:
        yield f"policy {policy} grants {resource!r}: expected neither ?, # nor **"
    if _VARIABLE.findall(resource) != [THING_NAME]:
        yield f"policy {policy} grants {resource!r}: expected no variable but {THING_NAME}"
