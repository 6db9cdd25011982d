"""A device as the registry knows it, and the item of the control table that holds it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract.errors import CrowdLensError

DEVICE_PREFIX, REGISTRY_SORT_KEY = "device#", "registry"
_CERTIFICATE_ID = re.compile(r"[0-9a-f]{64}")


class RegistryError(CrowdLensError):
    """Raised when a device cannot be enrolled or changed as asked; the text says why."""


class DeviceState(enum.Enum):
    """Whether a device may send."""

    ACTIVE = "active"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Device:
    """A registered device; times are UTC."""

    name: str
    site: str
    certificate_ids: frozenset[str]
    state: DeviceState
    enrolled_at: datetime
    updated_at: datetime


def check_certificate_id(value: str) -> str:
    """Return `value` when it has the form of an IoT certificate id; raises `RegistryError` otherwise."""
    if not _CERTIFICATE_ID.fullmatch(value):
        raise RegistryError(f"certificate id is {value!r}: expected the 64 hexadecimal digits of AWS IoT")
    return value


def device_key(name: str) -> dict[str, Any]:
    """Return the key of the device `name`."""
    return {"pk": {"S": f"{DEVICE_PREFIX}{name}"}, "sk": {"S": REGISTRY_SORT_KEY}}


def device_item(device: Device) -> dict[str, Any]:
    """Return the item that holds `device`."""
    return {
        **device_key(device.name),
        "site": {"S": device.site},
        "certificate_ids": {"SS": sorted(device.certificate_ids)},
        "state": {"S": device.state.value},
        "enrolled_at": {"S": device.enrolled_at.isoformat()},
        "updated_at": {"S": device.updated_at.isoformat()},
    }


def read_device(item: Mapping[str, Any]) -> Device:
    """Return the device that `item` holds; raises `RegistryError` for an item that somebody else wrote."""
    try:
        return Device(
            name=item["pk"]["S"].removeprefix(DEVICE_PREFIX),
            site=item["site"]["S"],
            certificate_ids=frozenset(item.get("certificate_ids", {}).get("SS", ())),
            state=DeviceState(item["state"]["S"]),
            enrolled_at=datetime.fromisoformat(item["enrolled_at"]["S"]),
            updated_at=datetime.fromisoformat(item["updated_at"]["S"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        name = item.get("pk", {}).get("S")
        raise RegistryError(
            f"item {name} of the control table is no device ({error!r}): expected one by `crowdlens devices`"
        ) from error
