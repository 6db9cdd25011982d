"""Who may come in: a serial number that is expected, once, and a device that is not blocked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.errors import CrowdLensError
from lambdas.shared.device import check_certificate_id
from lambdas.shared.expected_devices import ExpectedDevice, ExpectedDeviceError, ExpectedDevices, check_serial
from lambdas.shared.registry import DeviceRegistry, DeviceState, RegistryError

SERIAL_PARAMETER = "SerialNumber"


class ProvisioningRequestError(CrowdLensError):
    """Raised for an event that is no provisioning request."""


@dataclass(frozen=True)
class ProvisioningRequest:
    """A device that holds the claim certificate asks to become a thing under `certificate_id`."""

    serial: str
    certificate_id: str


@dataclass(frozen=True)
class Decision:
    """`device` may come in; None means that it may not, for `reason`."""

    device: ExpectedDevice | None
    reason: str

    def answer(self, group_prefix: str) -> dict[str, Any]:
        """Return what AWS IoT wants to hear: the values are the template's, not the device's."""
        if self.device is None:
            return {"allowProvisioning": False}
        overrides = {
            "DeviceName": self.device.name,
            "Site": self.device.site,
            "DeviceGroup": f"{group_prefix}-{self.device.group}",
        }
        return {"allowProvisioning": True, "parameterOverrides": overrides}


def read_request(event: Mapping[str, Any]) -> ProvisioningRequest:
    """Return the request in the event of a pre-provisioning hook; raises a `CrowdLensError`."""
    parameters = event.get("parameters")
    if not isinstance(parameters, Mapping):
        raise ProvisioningRequestError("the event has no parameters: expected one of AWS IoT's hook")
    return ProvisioningRequest(
        serial=check_serial(parameters.get(SERIAL_PARAMETER)),
        certificate_id=check_certificate_id(str(event.get("certificateId"))),
    )


def decide(request: ProvisioningRequest, expected: ExpectedDevices, registry: DeviceRegistry) -> Decision:
    """Return whether the device may come in; if so, its certificate is enrolled.

    The same request again gives the same answer, for AWS IoT may repeat it. Raises
    `ControlTableUnavailableError` when nobody can say.
    """
    coming = expected.get(request.serial)
    if coming is None:
        return Decision(None, "the serial number is not expected")
    known = registry.get(coming.name)
    if known is not None and known.state is DeviceState.BLOCKED:
        return Decision(None, f"device {coming.name} is blocked")
    try:
        # First the place, then the registry: two that claim one serial number cannot both be enrolled.
        device = expected.claim(request.serial, request.certificate_id)
        registry.enrol(device.name, device.site, request.certificate_id)
    except (ExpectedDeviceError, RegistryError) as error:
        return Decision(None, str(error))
    return Decision(device, "expected")
