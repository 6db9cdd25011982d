"""boto3's iot-data client against the shadows of a nucleus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.greengrass import Nucleus
from infra.local.greengrass.shadow_service import ShadowService

SHADOW = {"thingName": "jetson-7", "shadowName": "camera-plaza 1"}


@pytest.fixture
def client() -> Iterator[Any]:
    with ShadowService(Nucleus("jetson-7")) as service:
        yield boto3.client(
            "iot-data",
            endpoint_url=service.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def test_a_shadow_is_written_and_read(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_thing_shadow(**SHADOW)
    state = {"desired": {"scene": {"version": "v1"}}}
    client.update_thing_shadow(**SHADOW, payload=json.dumps({"state": state}))
    document = json.loads(client.get_thing_shadow(**SHADOW)["payload"].read())
    assert document["state"] == {**state, "delta": state["desired"]}
    assert document["version"] == 1


def test_an_update_of_an_older_version_is_a_conflict(client: Any) -> None:
    for _ in range(2):
        client.update_thing_shadow(**SHADOW, payload=json.dumps({"state": {"desired": {"scene": {}}}}))
    with pytest.raises(ClientError, match="ConflictException"):
        client.update_thing_shadow(**SHADOW, payload=json.dumps({"state": {}, "version": 1}))
