"""The real SDK against our endpoint."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awscrt.exceptions import AwsCrtError
from awsiot.eventstreamrpc import ConnectionClosedError, LifecycleHandler, StreamClosedError
from awsiot.greengrasscoreipc import connect, model
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from infra.local.greengrass import IpcEndpoint, Nucleus, OperationError
from infra.local.greengrass.shadow_topics import apply_to_shadow

COMPONENT = "org.crowdlens.vision"
CONFIGURATION = {"threshold": 0.5, "cameras": {"plaza-1": {"enabled": True}}}


@pytest.fixture(params=[pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def nucleus(request: pytest.FixtureRequest) -> Nucleus:
    nucleus = Nucleus("jetson-7", is_lite=request.param)
    nucleus.install(COMPONENT, CONFIGURATION, version="1.2.3")
    return nucleus


@pytest.fixture
def endpoint(nucleus: Nucleus, tmp_path: Path) -> Iterator[IpcEndpoint]:
    with IpcEndpoint(nucleus, tmp_path / "ipc") as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: IpcEndpoint) -> Iterator[GreengrassCoreIPCClientV2]:
    variables = endpoint.environment(COMPONENT)
    connection = connect(
        ipc_socket=variables["AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"],
        authtoken=variables["SVCUID"],
        lifecycle_handler=LifecycleHandler(),
    )
    client = GreengrassCoreIPCClientV2(client=connection)
    yield client
    client.close()


def received(events: list[Any], count: int = 1) -> list[Any]:
    """Return `events` once there are `count`."""
    deadline = time.monotonic() + 60
    while len(events) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(events) == count
    return events


def test_configuration_is_read_whole_and_by_path(client, nucleus):
    whole = client.get_configuration(key_path=[]).value
    leaf = client.get_configuration(key_path=["cameras", "plaza-1", "enabled"]).value
    if nucleus.is_lite:
        assert (whole["threshold"], leaf) == ("0.5", {"enabled": "true"})
    else:
        assert (whole, leaf) == (CONFIGURATION, {"enabled": True})
    with pytest.raises(model.ResourceNotFoundError):
        client.get_configuration(key_path=["nothing"])


def test_a_component_refuses_a_deployment_and_is_told_of_another(client, nucleus):
    events: list[Any] = []

    def judge(event: Any) -> None:
        offered = event.validate_configuration_update_event
        is_good = float(offered.configuration["threshold"]) <= 1
        report = model.ConfigurationValidityReport(
            status="ACCEPTED" if is_good else "REJECTED",
            deployment_id=offered.deployment_id,
            message=None if is_good else "threshold is 7: expected 0 to 1",
        )
        client.send_configuration_validity_report(configuration_validity_report=report)

    _, judging = client.subscribe_to_validate_configuration_updates(on_stream_event=judge)
    _, watching = client.subscribe_to_configuration_update(key_path=[], on_stream_event=events.append)
    assert nucleus.deploy(COMPONENT, {"threshold": 7}, seconds=60) == "threshold is 7: expected 0 to 1"
    assert nucleus.configurations[COMPONENT]["threshold"] == 0.5
    assert nucleus.deploy(COMPONENT, {"threshold": 0.7}, seconds=60) is None
    (event,) = received(events)
    assert event.configuration_update_event.key_path == ["threshold"]
    for operation in (judging, watching):
        operation.close().result(60)


def test_messages_come_and_go_in_the_cloud_and_on_the_device(client, nucleus):
    cloud: list[Any] = []
    local: list[Any] = []
    _, first = client.subscribe_to_iot_core(
        topic_name="crowdlens/+/alerts", qos="1", on_stream_event=cloud.append
    )
    _, second = client.subscribe_to_topic(topic="local/#", on_stream_event=local.append)
    client.publish_to_iot_core(topic_name="crowdlens/a/alerts", qos="1", payload=b"\x00\xff")
    client.publish_to_topic(
        topic="local/x",
        publish_message=model.PublishMessage(json_message=model.JsonMessage(message={"a": 1})),
    )
    (message,) = received(cloud)
    assert (message.message.topic_name, message.message.payload) == ("crowdlens/a/alerts", b"\x00\xff")
    (message,) = received(local)
    assert message.json_message.message == {"a": 1}
    assert [(one.topic, one.payload, one.qos) for one in nucleus.mqtt] == [
        ("crowdlens/a/alerts", b"\x00\xff", "1")
    ]
    first.close().result(60)
    second.close().result(60)
    client.publish_to_iot_core(topic_name="crowdlens/a/alerts", qos="0", payload=b"")
    assert nucleus.wait_for(lambda: not nucleus.is_subscribed("mqtt", "crowdlens/a/alerts"))
    assert len(cloud) == 1


def test_a_shadow_is_wanted_told_and_reported(client, nucleus):
    deltas: list[Any] = []
    topic = "$aws/things/jetson-7/shadow/name/camera-plaza-1/update/delta"
    client.subscribe_to_topic(topic=topic, on_stream_event=deltas.append)
    with pytest.raises(model.ResourceNotFoundError):
        client.get_thing_shadow(thing_name="jetson-7", shadow_name="camera-plaza-1")
    apply_to_shadow(nucleus, "jetson-7", "camera-plaza-1", {"desired": {"scene": "v2"}})
    (delta,) = received(deltas)
    assert json.loads(delta.binary_message.message)["state"] == {"scene": "v2"}
    report = json.dumps({"state": {"reported": {"scene": "v2"}}}).encode()
    client.update_thing_shadow(thing_name="jetson-7", shadow_name="camera-plaza-1", payload=report)
    document = json.loads(
        client.get_thing_shadow(thing_name="jetson-7", shadow_name="camera-plaza-1").payload
    )
    assert (document["version"], "delta" in document["state"]) == (2, False)
    late = json.dumps({"state": {"reported": {}}, "version": 1}).encode()
    with pytest.raises(model.ConflictError):
        client.update_thing_shadow(thing_name="jetson-7", shadow_name="camera-plaza-1", payload=late)


def test_state_secrets_components_and_updates(client, nucleus):
    client.update_state(state="RUNNING")
    assert nucleus.states[COMPONENT] == ["RUNNING"]
    assert client.get_component_details(component_name=COMPONENT).component_details.version == "1.2.3"
    nucleus.secrets["rtsp"] = "s3cret"
    if nucleus.is_lite:
        with pytest.raises(model.ServiceError):
            client.get_secret_value(secret_id="rtsp")
        with pytest.raises(model.ServiceError):
            client.subscribe_to_component_updates(on_stream_event=lambda _: None)
        return
    assert client.get_secret_value(secret_id="rtsp").secret_value.secret_string == "s3cret"
    events: list[Any] = []
    client.subscribe_to_component_updates(on_stream_event=events.append)
    deployment = nucleus.announce_update()
    (event,) = received(events)
    assert event.pre_update_event.deployment_id == deployment
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=5000)
    assert nucleus.deferred[0]["recheckAfterMs"] == 5000


def test_errors_can_be_planned_and_a_restart_is_survived(client, nucleus, endpoint, tmp_path):
    nucleus.fail("PublishToIoTCore", OperationError("UnauthorizedError", "not in the recipe"))
    with pytest.raises(model.UnauthorizedError) as refused:
        client.publish_to_iot_core(topic_name="x", qos="1", payload=b"")
    assert refused.value.message == "not in the recipe"
    client.publish_to_iot_core(topic_name="x", qos="1", payload=b"")
    endpoint.drop_connections()
    assert nucleus.wait_for(lambda: not endpoint.is_connected)
    with pytest.raises((StreamClosedError, ConnectionClosedError, AwsCrtError)):
        client.update_state(state="RUNNING")
    variables = endpoint.environment(COMPONENT)
    again = connect(ipc_socket=str(tmp_path / "ipc"), authtoken=variables["SVCUID"])
    GreengrassCoreIPCClientV2(client=again).update_state(state="RUNNING")
    again.close()
    assert nucleus.states[COMPONENT] == ["RUNNING"]


def test_a_stranger_is_not_let_in(endpoint, nucleus, tmp_path):
    with pytest.raises(Exception, match=r"(?i)closed|denied|refused"):
        connect(ipc_socket=str(tmp_path / "ipc"), authtoken="made up", timeout=60)
    assert nucleus.calls == []


def test_noise_on_the_socket_closes_it_and_nothing_else(client, nucleus, tmp_path):
    with socket.socket(socket.AF_UNIX) as noise:
        noise.settimeout(60)
        noise.connect(str(tmp_path / "ipc"))
        noise.sendall(b"GET / HTTP/1.1\r\n\r\n" * 4)
        while noise.recv(4096):
            pass
    client.update_state(state="RUNNING")
    assert nucleus.states[COMPONENT] == ["RUNNING"]


def test_a_socket_path_that_would_be_cut_off_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected at most 107 bytes"):
        IpcEndpoint(Nucleus("jetson-7"), tmp_path / ("long" * 40))


def test_a_shadow_answers_on_its_topics(client, nucleus):
    heard: list[Any] = []
    root = "$aws/things/jetson-7/shadow/name/camera-plaza-1"
    for answer in ("get/+", "update/delta", "update/rejected"):
        client.subscribe_to_iot_core(
            topic_name=f"{root}/{answer}",
            qos="1",
            on_stream_event=lambda event: heard.append(
                (event.message.topic_name.removeprefix(root), json.loads(event.message.payload))
            ),
        )

    def say(verb: str, text: str) -> None:
        client.publish_to_iot_core(topic_name=f"{root}/{verb}", qos="1", payload=text.encode())

    say("get", "")
    assert received(heard)[0][0] == "/get/rejected"
    apply_to_shadow(nucleus, "jetson-7", "camera-plaza-1", {"desired": {"scene": {"version": "v1"}}})
    assert received(heard, 2)[1][:1] == ("/update/delta",)
    say("get", "")
    assert received(heard, 3)[2][1]["state"]["desired"] == {"scene": {"version": "v1"}}
    say("update", json.dumps({"state": {"reported": {"scene": {"version": "v1"}}}}))
    say("update", "no JSON")
    assert received(heard, 4)[3][0] == "/update/rejected"
    assert not nucleus.shadows[("jetson-7", "camera-plaza-1")].delta()
