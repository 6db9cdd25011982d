"""The shadow service by MQTT: what a device publishes on a shadow's topics, and what it hears in answer.

Source: AWS IoT Core developer guide, "Device Shadow MQTT topics".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from infra.local.greengrass.nucleus import Nucleus, OperationError
from infra.local.greengrass.shadows import VersionConflictError

_TOPIC = re.compile(r"\$aws/things/([^/]+)/shadow(?:/name/([^/]+))?/(get|update)")
_CODES = {"ResourceNotFoundError": 404, "ConflictError": 409}


def answer_shadow_topic(nucleus: Nucleus, topic: str, payload: bytes) -> None:
    """Do what a message on a shadow's get or update topic asks; other topics are nothing to this."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return
    thing, name, verb = match[1], match[2] or "", match[3]
    try:
        request = json.loads(payload) if payload else {}
        if verb == "update":
            # It tells of the change itself.
            apply_to_shadow(nucleus, thing, name, request["state"], request.get("version"))
            return
        answer = shadow_document(nucleus, thing, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        _refuse(nucleus, topic, 400, "Payload contains invalid json")
    except OperationError as error:
        _refuse(nucleus, topic, _CODES.get(error.shape, 500), str(error))
    else:
        deliver(nucleus, f"{topic}/accepted", json.dumps(answer).encode())


def shadow_document(nucleus: Nucleus, thing: str, name: str) -> dict[str, Any]:
    """Return the shadow's document; raises `OperationError` when there is none."""
    with nucleus.lock:
        shadow = nucleus.shadows.get((thing, name))
        if shadow is None or not shadow.version:
            raise OperationError("ResourceNotFoundError", f"No shadow exists with name: '{name}'")
        return shadow.document()


def _refuse(nucleus: Nucleus, topic: str, code: int, message: str) -> None:
    deliver(nucleus, f"{topic}/rejected", json.dumps({"code": code, "message": message}).encode())


def deliver(nucleus: Nucleus, topic: str, payload: bytes) -> None:
    """Hand a message of IoT Core to the components that listen, as if it came from the cloud."""
    document = {"message": {"topicName": topic, "payload": base64.b64encode(payload).decode()}}
    for stream in nucleus.listeners("mqtt", topic):
        stream.send("IoTCoreMessage", document)


def apply_to_shadow(
    nucleus: Nucleus, thing: str, name: str, state: Mapping[str, Any], version: int | None = None
) -> dict[str, Any]:
    """Merge `state` into a shadow and tell of it as the shadow manager does; returns what was taken."""
    with nucleus.changed:
        shadow = nucleus.shadows[(thing, name)]
        try:
            shadow.update(state, version=version)
        except VersionConflictError as error:
            raise OperationError("ConflictError", f"Version conflict: {error}") from None
        delta, current = shadow.delta(), shadow.version
        nucleus.changed.notify_all()
    root = f"$aws/things/{thing}/shadow" + (f"/name/{name}" if name else "")
    if delta and "desired" in state:
        _tell(nucleus, f"{root}/update/delta", {"state": delta, "version": current})
    taken = {"state": state, "version": current}
    _tell(nucleus, f"{root}/update/accepted", taken)
    return taken


def _tell(nucleus: Nucleus, topic: str, document: dict[str, Any]) -> None:
    for stream in nucleus.listeners("local", topic):
        shown = {"message": encoded(document), "context": {"topic": topic}}
        stream.send("SubscriptionResponseMessage", {"binaryMessage": shown})
    deliver(nucleus, topic, json.dumps(document).encode())


def encoded(document: Mapping[str, Any]) -> str:
    """Return a document as the base64 that the service model carries."""
    return base64.b64encode(json.dumps(document).encode()).decode()
