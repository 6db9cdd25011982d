"""The list of expected devices against DynamoDB as moto plays it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from contract.errors import CrowdLensError
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.expected_devices import ExpectedDevice, ExpectedDeviceError, ExpectedDevices
from lambdas.shared.registry import DeviceRegistry

FIRST, SECOND = "a" * 64, "b" * 64
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TABLE = "crowdlens-control"


@pytest.fixture
def expected(dynamodb: Any) -> ExpectedDevices:
    return ExpectedDevices(TABLE, dynamodb, clock=lambda: NOW)


def test_a_place_is_made_taken_and_forgotten(expected: ExpectedDevices) -> None:
    made = expected.expect("serial-1", "jetson-7", "seoul-1", "rpi")
    assert made == ExpectedDevice("serial-1", "jetson-7", "seoul-1", "rpi", NOW)
    assert expected.get("serial-1") == made
    assert expected.claim("serial-1", FIRST).certificate_id == FIRST
    assert [device.certificate_id for device in expected.devices()] == [FIRST]
    expected.forget("serial-1")
    assert (expected.get("serial-1"), list(expected.devices())) == (None, [])


def test_a_place_that_is_free_may_be_changed(expected: ExpectedDevices) -> None:
    expected.expect("serial-1", "jetson-7", "seoul-1", "rpi")
    expected.expect("serial-1", "jetson-8", "busan-1", "nuc")
    found = expected.get("serial-1")
    assert found is not None
    assert (found.name, found.site, found.group) == ("jetson-8", "busan-1", "nuc")


def test_a_place_that_is_taken_is_given_back_only_when_asked(expected: ExpectedDevices) -> None:
    expected.expect("serial-1", "jetson-7", "seoul-1", "rpi")
    expected.claim("serial-1", FIRST)
    with pytest.raises(ExpectedDeviceError, match="was provisioned before: expected `--again`"):
        expected.expect("serial-1", "jetson-7", "seoul-1", "rpi")
    expected.expect("serial-1", "jetson-7", "seoul-1", "rpi", again=True)
    assert expected.claim("serial-1", SECOND).certificate_id == SECOND


def test_the_registry_and_the_list_do_not_see_each_other(expected: ExpectedDevices, dynamodb: Any) -> None:
    registry = DeviceRegistry(TABLE, dynamodb, clock=lambda: NOW)
    expected.expect("jetson-7", "jetson-7", "seoul-1", "rpi")
    registry.enrol("jetson-8", "seoul-1", FIRST)
    assert [device.name for device in registry.devices()] == ["jetson-8"]
    assert [device.serial for device in expected.devices()] == ["jetson-7"]


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        pytest.param(
            lambda e: e.claim("unknown", FIRST), "is not expected", id="claiming what nobody expects"
        ),
        pytest.param(lambda e: e.claim("taken", SECOND), "another certificate", id="claiming a taken place"),
        pytest.param(lambda e: e.claim("taken", "x"), "certificate id is 'x'", id="a wrong certificate"),
        pytest.param(lambda e: e.forget("unknown"), "nothing to forget", id="forgetting nothing"),
        pytest.param(
            lambda e: e.expect("a b", "d", "s", "rpi"), "serial number is 'a b'", id="a wrong serial"
        ),
        pytest.param(lambda e: e.expect("serial-2", "d/1", "s", "rpi"), "device is 'd/1'", id="a wrong name"),
        pytest.param(lambda e: e.expect("serial-2", "d", "", "rpi"), "site is ''", id="no site"),
        pytest.param(lambda e: e.expect("serial-2", "d", "s", "a b"), "group is 'a b'", id="a wrong group"),
    ],
)
def test_what_cannot_be_done_is_told(
    expected: ExpectedDevices, work: Callable[[ExpectedDevices], Any], sentence: str
) -> None:
    expected.expect("taken", "jetson-7", "seoul-1", "rpi")
    expected.claim("taken", FIRST)
    with pytest.raises(CrowdLensError, match=sentence):
        work(expected)


@pytest.mark.parametrize(
    ("call", "work"),
    [
        pytest.param("put_item", lambda e: e.expect("serial-1", "d", "s", "rpi"), id="expect"),
        pytest.param("get_item", lambda e: e.get("serial-1"), id="get"),
        pytest.param("update_item", lambda e: e.claim("serial-1", FIRST), id="claim"),
        pytest.param("delete_item", lambda e: e.forget("serial-1"), id="forget"),
        pytest.param("get_paginator", lambda e: list(e.devices()), id="devices"),
    ],
)
def test_an_outage_is_no_answer(
    expected: ExpectedDevices,
    dynamodb: Any,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    work: Callable[[ExpectedDevices], Any],
) -> None:
    def unreachable(*_arguments: Any, **_named: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    monkeypatch.setattr(dynamodb, call, unreachable)
    with pytest.raises(ControlTableUnavailableError):
        work(expected)
