"""Which device may send under which certificate: one item a device in the `control` table.

``pk`` = ``device#<name>``, ``sk`` = ``registry``; ``certificate_ids`` (a string set) holds both certificates
while a device changes from one to the other. Only conditional writes: two operators at once cannot undo each
other's work.
"""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from lambdas.shared.control_table import (
    ControlTableUnavailableError,
    control_client,
    control_errors,
    is_condition_failure,
)

MAXIMUM_CERTIFICATES: Final = 2
"""The one in use and, during a rotation, its successor."""
MAXIMUM_KEYS_PER_READ: Final = 100
"""A BatchGetItem takes no more."""
_PREFIX, _SORT = "device#", "registry"
_CERTIFICATE_ID = re.compile(r"[0-9a-f]{64}")
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.05


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


def _now() -> datetime:
    return datetime.now(tz=UTC)


class DeviceRegistry:
    """The registry in the control table `table_name`.

    Every method raises `ControlTableUnavailableError` when DynamoDB does not answer, every changing one
    `RegistryError` when the device is not in a state that allows it.
    """

    def __init__(
        self,
        table_name: str,
        client: Any = None,
        *,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table_name
        self._client = client or control_client()
        self._clock = clock
        self._sleep = sleep

    def read(self, names: Sequence[str], *, consistent: bool = False) -> dict[str, Device]:
        """Return the devices of `names` that are registered, by name, in as few requests as can be.

        `consistent` sees every write that was answered before, at twice the price.
        """
        found: dict[str, Device] = {}
        distinct = list(dict.fromkeys(names))
        for start in range(0, len(distinct), MAXIMUM_KEYS_PER_READ):
            for item in self._read_batch(distinct[start : start + MAXIMUM_KEYS_PER_READ], consistent):
                device = _device(item)
                found[device.name] = device
        return found

    def _read_batch(self, names: Sequence[str], consistent: bool) -> Iterator[Mapping[str, Any]]:
        keys = [_key(name) for name in names]
        for attempt in range(_ATTEMPTS):
            with control_errors("reading the device registry"):
                answer = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": consistent}}
                )
            yield from answer["Responses"].get(self._table, [])
            # A table that is busy answers some keys and hands the others back.
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                return
            self._sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise ControlTableUnavailableError(f"the device registry left {len(keys)} devices unread")

    def get(self, name: str) -> Device | None:
        """Return the device `name` as it is now, None when it is not registered."""
        return self.read([name], consistent=True).get(name)

    def devices(self) -> Iterator[Device]:
        """Yield every registered device, in no order; reads the whole table."""
        with control_errors("listing the device registry"):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(pk, :prefix) AND sk = :sort",
                ExpressionAttributeValues={":prefix": {"S": _PREFIX}, ":sort": {"S": _SORT}},
            )
            for page in pages:
                yield from map(_device, page.get("Items", []))

    def enrol(self, name: str, site: str, certificate_id: str) -> Device:
        """Register `name`; again with the same site and certificate changes nothing."""
        check_identifier("device", name)
        check_identifier("site", site)
        check_certificate_id(certificate_id)
        now = self._clock()
        device = Device(name, site, frozenset({certificate_id}), DeviceState.ACTIVE, now, now)
        try:
            with control_errors(f"enrolling {name}"):
                self._client.put_item(
                    TableName=self._table, Item=_item(device), ConditionExpression="attribute_not_exists(pk)"
                )
        except ClientError as error:
            return self._already(self.get(name), device, error)
        return device

    def _already(self, found: Device | None, wanted: Device, error: ClientError) -> Device:
        if found and found.site == wanted.site and found.certificate_ids >= wanted.certificate_ids:
            return found
        raise RegistryError(
            f"device {wanted.name} is enrolled already with another site or certificate: expected "
            "a new name, a rotation of its certificate, or a device that was removed before"
        ) from error

    def add_certificate(self, name: str, certificate_id: str) -> Device:
        """Let `name` send under `certificate_id`, too: the first half of a rotation."""
        check_certificate_id(certificate_id)
        return self._update(
            name,
            "SET updated_at = :now ADD certificate_ids :certificates",
            "attribute_exists(pk) AND (size(certificate_ids) < :most OR contains(certificate_ids, :one))",
            {
                ":certificates": {"SS": [certificate_id]},
                ":one": {"S": certificate_id},
                ":most": {"N": str(MAXIMUM_CERTIFICATES)},
            },
            f"expected a registered device with fewer than {MAXIMUM_CERTIFICATES} certificates",
        )

    def remove_certificate(self, name: str, certificate_id: str) -> Device:
        """Let `name` no longer send under `certificate_id`: the second half of a rotation.

        A certificate that is gone already changes nothing; the last one stays.
        """
        check_certificate_id(certificate_id)
        return self._update(
            name,
            "SET updated_at = :now DELETE certificate_ids :certificates",
            "attribute_exists(pk) AND "
            "(size(certificate_ids) > :least OR NOT contains(certificate_ids, :one))",
            {
                ":certificates": {"SS": [certificate_id]},
                ":one": {"S": certificate_id},
                ":least": {"N": "1"},
            },
            "expected a registered device with another certificate beside it (block the device instead)",
        )

    def set_state(self, name: str, state: DeviceState) -> Device:
        """Block `name`, or let it send again."""
        return self._update(
            name,
            "SET updated_at = :now, #state = :state",
            "attribute_exists(pk)",
            {":state": {"S": state.value}},
            "expected a registered device",
            names={"#state": "state"},
        )

    def remove(self, name: str) -> None:
        """Forget `name`: its messages are an unknown device's from then on."""
        try:
            with control_errors(f"removing device {name}"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(check_identifier("device", name)),
                    ConditionExpression="attribute_exists(pk)",
                )
        except ClientError as error:
            raise RegistryError(f"device {name} is not registered: expected one that is") from error

    def _update(
        self,
        name: str,
        change: str,
        condition: str,
        values: Mapping[str, Any],
        expected: str,
        *,
        names: Mapping[str, str] | None = None,
    ) -> Device:
        try:
            with control_errors(f"changing device {name}"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_key(check_identifier("device", name)),
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={":now": {"S": self._clock().isoformat()}, **values},
                    ReturnValues="ALL_NEW",
                    **({"ExpressionAttributeNames": dict(names)} if names else {}),
                )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            raise RegistryError(f"device {name} cannot be changed: {expected}") from error
        return _device(answer["Attributes"])


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": f"{_PREFIX}{name}"}, "sk": {"S": _SORT}}


def _item(device: Device) -> dict[str, Any]:
    return {
        **_key(device.name),
        "site": {"S": device.site},
        "certificate_ids": {"SS": sorted(device.certificate_ids)},
        "state": {"S": device.state.value},
        "enrolled_at": {"S": device.enrolled_at.isoformat()},
        "updated_at": {"S": device.updated_at.isoformat()},
    }


def _device(item: Mapping[str, Any]) -> Device:
    return Device(
        name=item["pk"]["S"].removeprefix(_PREFIX),
        site=item["site"]["S"],
        certificate_ids=frozenset(item.get("certificate_ids", {}).get("SS", ())),
        state=DeviceState(item["state"]["S"]),
        enrolled_at=datetime.fromisoformat(item["enrolled_at"]["S"]),
        updated_at=datetime.fromisoformat(item["updated_at"]["S"]),
    )
