"""The pre-provisioning hook against DynamoDB as moto plays it: who comes in, who not, and never twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lambdas.provisioning import handler as entry
from lambdas.shared.expected_devices import ExpectedDevices
from lambdas.shared.registry import DeviceRegistry, DeviceState

TABLE = "crowdlens-control"
SERIAL = "1421321000123"
FIRST, SECOND = "a" * 64, "b" * 64
REFUSED = {"allowProvisioning": False}
ALLOWED = {
    "allowProvisioning": True,
    "parameterOverrides": {
        "DeviceName": "jetson-7",
        "Site": "seoul-1",
        "DeviceGroup": "crowdlens-dev-jetson-jetpack6",
    },
}
Metrics = Callable[[], dict[str, float]]


class Context:
    aws_request_id = "request-1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, dynamodb: Any) -> None:
    monkeypatch.setenv("CONTROL_TABLE", TABLE)
    monkeypatch.setenv("GROUP_PREFIX", "crowdlens-dev")
    entry.stores.cache_clear()


@pytest.fixture
def expected(dynamodb: Any) -> ExpectedDevices:
    return ExpectedDevices(TABLE, dynamodb)


@pytest.fixture
def registry(dynamodb: Any) -> DeviceRegistry:
    return DeviceRegistry(TABLE, dynamodb)


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Metrics:
    """Return what the call before this one counted."""

    def read() -> dict[str, float]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        (line,) = lines
        names = ("devices_provisioned", "provisioning_refused", "provisioning_failed")
        return {name: line[name][0] for name in names if line[name][0]}

    return read


def ask(certificate_id: str = FIRST, **parameters: Any) -> dict[str, Any]:
    """Call the hook with an event as in the developer guide of AWS IoT."""
    event = {
        "claimCertificateId": "c" * 64,
        "certificateId": certificate_id,
        "certificatePem": "-----BEGIN CERTIFICATE-----",
        "templateArn": "arn:aws:iot:eu-west-1:123456789012:provisioningtemplate/crowdlens-dev-device",
        "clientId": "crowdlens-claim-1",
        "parameters": {"SerialNumber": SERIAL, **parameters},
    }
    return entry.handler(event, Context())


def test_an_expected_device_comes_in_and_is_enrolled(
    expected: ExpectedDevices, registry: DeviceRegistry, metrics: Metrics
) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    assert ask() == ALLOWED
    device = registry.get("jetson-7")
    assert device is not None
    assert (device.site, device.state) == ("seoul-1", DeviceState.ACTIVE)
    assert device.certificate_ids == {FIRST}
    assert metrics() == {"devices_provisioned": 1}


def test_the_same_request_again_gets_the_same_answer(expected: ExpectedDevices) -> None:
    """AWS IoT may repeat the call; a device whose answer was lost asks again with its certificate."""
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    assert [ask(), ask()] == [ALLOWED, ALLOWED]


def test_a_serial_number_comes_in_once(
    expected: ExpectedDevices, registry: DeviceRegistry, metrics: Metrics
) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    ask(FIRST)
    metrics()
    assert ask(SECOND) == REFUSED
    device = registry.get("jetson-7")
    assert device is not None
    assert device.certificate_ids == {FIRST}
    assert metrics() == {"provisioning_refused": 1}


def test_what_a_device_says_of_itself_changes_nothing(expected: ExpectedDevices) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    assert ask(DeviceName="jetson-1", Site="elsewhere", DeviceGroup="crowdlens-dev-server") == ALLOWED


def test_nobody_expects_it(registry: DeviceRegistry, metrics: Metrics) -> None:
    assert ask() == REFUSED
    assert list(registry.devices()) == []
    assert metrics() == {"provisioning_refused": 1}


def test_a_blocked_device_stays_out_and_its_place_stays_free(
    expected: ExpectedDevices, registry: DeviceRegistry
) -> None:
    registry.enrol("jetson-7", "seoul-1", FIRST)
    registry.set_state("jetson-7", DeviceState.BLOCKED)
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    assert ask(FIRST) == REFUSED
    still = expected.get(SERIAL)
    assert still is not None
    assert still.certificate_id is None
    registry.set_state("jetson-7", DeviceState.ACTIVE)
    assert ask(FIRST) == ALLOWED


def test_a_second_serial_number_cannot_take_a_device_over(
    expected: ExpectedDevices, registry: DeviceRegistry
) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    ask(FIRST)
    expected.expect("another-serial", "jetson-7", "seoul-1", "jetson-jetpack6")
    assert ask(SECOND, SerialNumber="another-serial") == REFUSED
    device = registry.get("jetson-7")
    assert device is not None
    assert device.certificate_ids == {FIRST}


@pytest.mark.parametrize(
    "serial",
    [
        pytest.param(None, id="none"),
        pytest.param(17, id="a number"),
        pytest.param("", id="empty"),
        pytest.param("a b c d", id="spaces"),
        pytest.param("x" * 65, id="too long"),
        pytest.param("1421321000123#registry", id="another key of the table"),
    ],
)
def test_what_is_no_serial_number_is_refused(serial: object, metrics: Metrics) -> None:
    assert ask(SerialNumber=serial) == REFUSED
    assert metrics() == {"provisioning_refused": 1}


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"parameters": "SerialNumber", "certificateId": FIRST}, id="parameters of another form"),
        pytest.param({"parameters": {"SerialNumber": SERIAL}}, id="no certificate"),
        pytest.param(
            {"parameters": {"SerialNumber": SERIAL}, "certificateId": "A"}, id="a wrong certificate"
        ),
    ],
)
def test_what_is_no_request_is_refused(event: dict[str, Any], expected: ExpectedDevices) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")
    assert entry.handler(event, Context()) == REFUSED
    still = expected.get(SERIAL)
    assert still is not None
    assert still.certificate_id is None


def test_when_the_table_does_not_answer_nobody_comes_in(
    expected: ExpectedDevices, dynamodb: Any, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    expected.expect(SERIAL, "jetson-7", "seoul-1", "jetson-jetpack6")

    def unreachable(**_arguments: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    monkeypatch.setattr(dynamodb, "update_item", unreachable)
    monkeypatch.setattr(entry, "stores", lambda: (expected, DeviceRegistry(TABLE, dynamodb)))
    assert ask() == REFUSED
    assert metrics() == {"provisioning_failed": 1}
    monkeypatch.undo()
