"""What a component's recipe grants it (`accessControl`), as a nucleus holds it to that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SERVICES = {
    "PublishToIoTCore": ("aws.greengrass.ipc.mqttproxy", "topicName"),
    "SubscribeToIoTCore": ("aws.greengrass.ipc.mqttproxy", "topicName"),
    "PublishToTopic": ("aws.greengrass.ipc.pubsub", "topic"),
    "SubscribeToTopic": ("aws.greengrass.ipc.pubsub", "topic"),
}
"""Operations that need a grant, with the field of their request that names the resource."""


def denial(
    configuration: Mapping[str, Any], thing_name: str, operation: str, request: Mapping[str, Any]
) -> str | None:
    """Return why `operation` is not granted by `configuration`; None when it is, or needs no grant.

    ``*`` in a resource stands for any characters, ``{iot:thingName}`` for the device's name.
    """
    if operation not in _SERVICES:
        return None
    service, field = _SERVICES[operation]
    topic = str(request.get(field))
    for resource in _resources(configuration, service, operation):
        pattern = re.escape(resource.replace("{iot:thingName}", thing_name)).replace(r"\*", ".*")
        if re.fullmatch(pattern, topic):
            return None
    return f"no grant of aws.greengrass#{operation} on {topic}"


def _resources(configuration: Mapping[str, Any], service: str, operation: str) -> Iterator[str]:
    for policy in ((configuration.get("accessControl") or {}).get(service) or {}).values():
        if f"aws.greengrass#{operation}" in policy["operations"]:
            yield from policy["resources"]
