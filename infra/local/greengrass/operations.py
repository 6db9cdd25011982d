"""The operations of the service model that our components use, each as its request and answer in JSON.

Source of names and shapes: ``awsiot.greengrasscoreipc.model`` of the SDK.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from infra.local.greengrass.grants import denial
from infra.local.greengrass.nucleus import EventStream, Nucleus, OperationError, Publication
from infra.local.greengrass.shadow_topics import (
    answer_shadow_topic,
    apply_to_shadow,
    deliver,
    encoded,
    shadow_document,
)

Request = dict[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Nucleus, str, Request, EventStream], Answer]


def perform(nucleus: Nucleus, component: str, name: str, request: Request, stream: EventStream) -> Answer:
    """Return the answer of operation `name`; raises `OperationError`, ServiceError for an unknown one."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise OperationError("ServiceError", f"operation {name!r} is not known here")
    if nucleus.enforces_grants:
        denied = denial(nucleus.configurations[component], nucleus.thing_name, name, request)
        if denied is not None:
            raise OperationError("UnauthorizedError", denied)
    try:
        return operation(nucleus, component, request, stream)
    except KeyError as error:
        raise OperationError("InvalidArgumentsError", f"{error.args[0]} is missing") from error


def _get_configuration(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    """Answer GetConfiguration; a leaf comes as an object with its own name, as the nucleus does it."""
    owner, path = request.get("componentName") or component, request.get("keyPath") or []
    found = nucleus.configuration(owner, path)
    value = found if isinstance(found, dict) or not path else {path[-1]: found}
    return {"componentName": owner, "value": value}


def _update_configuration(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    nucleus.merge(component, request.get("keyPath") or [], request.get("valueToMerge"))
    return {}


def _watch_configuration(nucleus: Nucleus, component: str, request: Request, stream: EventStream) -> Answer:
    owner = request.get("componentName") or component
    nucleus.watch_configuration(owner, request.get("keyPath") or [], stream)
    return {}


def _validate_configuration(nucleus: Nucleus, component: str, _: Request, stream: EventStream) -> Answer:
    nucleus.validate_by(component, stream)
    return {}


def _report_validity(nucleus: Nucleus, _: str, request: Request, __: EventStream) -> Answer:
    report = request.get("configurationValidityReport") or {}
    nucleus.keep_report(report.get("deploymentId", ""), report.get("status", ""), report.get("message") or "")
    return {}


def _update_state(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    nucleus.report_state(component, str(request.get("state")))
    return {}


def _publish_locally(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    topic, message = request["topic"], request.get("publishMessage") or {}
    if message.get("jsonMessage"):
        content = message["jsonMessage"].get("message")
        payload = json.dumps(content).encode()
        shown = {"jsonMessage": {"message": content, "context": {"topic": topic}}}
    else:
        text = (message.get("binaryMessage") or {}).get("message", "")
        payload = _decoded(text)
        shown = {"binaryMessage": {"message": text, "context": {"topic": topic}}}
    nucleus.note("local", Publication(component, topic, payload))
    for stream in nucleus.listeners("local", topic):
        stream.send("SubscriptionResponseMessage", shown)
    return {}


def _subscribe_locally(nucleus: Nucleus, component: str, request: Request, stream: EventStream) -> Answer:
    nucleus.subscribe("local", component, request["topic"], stream)
    return {"topicName": request["topic"]}


def _publish_to_iot_core(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    topic, text = request["topicName"], request.get("payload") or ""
    nucleus.note("mqtt", Publication(component, topic, _decoded(text), str(request.get("qos"))))
    deliver(nucleus, topic, _decoded(text))
    answer_shadow_topic(nucleus, topic, _decoded(text))
    return {}


def _subscribe_to_iot_core(nucleus: Nucleus, component: str, request: Request, stream: EventStream) -> Answer:
    nucleus.subscribe("mqtt", component, request["topicName"], stream)
    return {}


def _get_shadow(nucleus: Nucleus, _: str, request: Request, __: EventStream) -> Answer:
    return {
        "payload": encoded(shadow_document(nucleus, request["thingName"], request.get("shadowName") or ""))
    }


def _update_shadow(nucleus: Nucleus, _: str, request: Request, __: EventStream) -> Answer:
    thing, name = request["thingName"], request.get("shadowName") or ""
    try:
        change = json.loads(_decoded(request.get("payload") or ""))
        state = change["state"]
    except (ValueError, KeyError, TypeError):
        raise OperationError("InvalidArgumentsError", "payload: expected JSON with a state") from None
    return {"payload": encoded(apply_to_shadow(nucleus, thing, name, state, change.get("version")))}


def _watch_updates(nucleus: Nucleus, _: str, __: Request, stream: EventStream) -> Answer:
    nucleus.update_by(stream)
    return {}


def _defer_update(nucleus: Nucleus, component: str, request: Request, _: EventStream) -> Answer:
    nucleus.defer({"component": component, **request})
    return {}


def _get_secret(nucleus: Nucleus, _: str, request: Request, __: EventStream) -> Answer:
    name = request["secretId"]
    if name not in nucleus.secrets:
        raise OperationError("ResourceNotFoundError", f"no secret {name}")
    value = {"secretString": nucleus.secrets[name]}
    return {"secretId": name, "versionId": "1", "versionStage": ["AWSCURRENT"], "secretValue": value}


def _component_details(nucleus: Nucleus, _: str, request: Request, __: EventStream) -> Answer:
    name = request["componentName"]
    if name not in nucleus.versions:
        raise OperationError("ResourceNotFoundError", f"no component {name}")
    return {"componentDetails": _details(nucleus, name)}


def _list_components(nucleus: Nucleus, _: str, __: Request, ___: EventStream) -> Answer:
    return {"components": [_details(nucleus, name) for name in sorted(nucleus.versions)]}


def _details(nucleus: Nucleus, name: str) -> Answer:
    states = nucleus.states[name]
    return {
        "componentName": name,
        "version": nucleus.versions[name],
        "state": states[-1] if states else "STARTING",
        "configuration": nucleus.configurations[name],
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise OperationError("InvalidArgumentsError", "payload: expected base64") from None


OPERATIONS: dict[str, Operation] = {
    "GetConfiguration": _get_configuration,
    "UpdateConfiguration": _update_configuration,
    "SubscribeToConfigurationUpdate": _watch_configuration,
    "SubscribeToValidateConfigurationUpdates": _validate_configuration,
    "SendConfigurationValidityReport": _report_validity,
    "UpdateState": _update_state,
    "PublishToTopic": _publish_locally,
    "SubscribeToTopic": _subscribe_locally,
    "PublishToIoTCore": _publish_to_iot_core,
    "SubscribeToIoTCore": _subscribe_to_iot_core,
    "GetThingShadow": _get_shadow,
    "UpdateThingShadow": _update_shadow,
    "SubscribeToComponentUpdates": _watch_updates,
    "DeferComponentUpdate": _defer_update,
    "GetSecretValue": _get_secret,
    "GetComponentDetails": _component_details,
    "ListComponents": _list_components,
}
"""By the name in the service model; what is not here answers ServiceError."""
