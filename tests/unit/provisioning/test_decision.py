"""What AWS IoT is answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambdas.provisioning.decision import (
    Decision,
    ProvisioningRequest,
    ProvisioningRequestError,
    read_request,
)
from lambdas.shared.expected_devices import ExpectedDevice
from lambdas.shared.settings import SettingError, provisioning_settings

CERTIFICATE = "a" * 64
DEVICE = ExpectedDevice("serial-1", "nuc-1", "busan-2", "nuc", datetime(2026, 11, 21, tzinfo=UTC))


def test_a_request_is_read() -> None:
    event = {"parameters": {"SerialNumber": "serial-1"}, "certificateId": CERTIFICATE, "clientId": "x"}
    assert read_request(event) == ProvisioningRequest("serial-1", CERTIFICATE)


def test_an_event_without_parameters_is_none() -> None:
    with pytest.raises(ProvisioningRequestError, match="no parameters: expected one of AWS IoT's hook"):
        read_request({"certificateId": CERTIFICATE})


def test_a_yes_names_the_device_the_site_and_the_group_of_the_stage() -> None:
    assert Decision(DEVICE, "expected").answer("crowdlens-prod") == {
        "allowProvisioning": True,
        "parameterOverrides": {"DeviceName": "nuc-1", "Site": "busan-2", "DeviceGroup": "crowdlens-prod-nuc"},
    }


def test_a_no_says_nothing_more() -> None:
    assert Decision(None, "blocked").answer("crowdlens-prod") == {"allowProvisioning": False}


@pytest.mark.parametrize("missing", ["CONTROL_TABLE", "GROUP_PREFIX"])
def test_a_setting_that_is_missing_is_named(missing: str) -> None:
    environment = {"CONTROL_TABLE": "control", "GROUP_PREFIX": "crowdlens-dev"}
    del environment[missing]
    with pytest.raises(SettingError, match=missing):
        provisioning_settings(environment)
