"""Which device may send under which certificate: one item a device in the `control` table.

``pk`` = ``device#<name>``, ``sk`` = ``registry``; ``certificate_ids`` (a string set) holds both certificates
while a device changes from one to the other. Only conditional writes: two operators at once cannot undo each
other's work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.identity import check_identifier
from lambdas.shared.control_table import (
    ControlTableUnavailableError,
    control_client,
    control_errors,
    is_condition_failure,
)
from lambdas.shared.device import (
    DEVICE_PREFIX,
    REGISTRY_SORT_KEY,
    Device,
    DeviceState,
    RegistryError,
    check_certificate_id,
    device_item,
    device_key,
    read_device,
)

__all__ = ["Device", "DeviceRegistry", "DeviceState", "RegistryError", "check_certificate_id"]
MAXIMUM_CERTIFICATES: Final = 2
"""The one in use and, during a rotation, its successor."""
MAXIMUM_KEYS_PER_READ: Final = 100
"""A BatchGetItem takes no more."""
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.05


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

        A device whose item cannot be read is as good as not registered: it must not stop all others.
        `consistent` sees every write that was answered before, at twice the price.
        """
        found: dict[str, Device] = {}
        distinct = list(dict.fromkeys(names))
        for start in range(0, len(distinct), MAXIMUM_KEYS_PER_READ):
            for item in self._read_batch(distinct[start : start + MAXIMUM_KEYS_PER_READ], consistent):
                with suppress(RegistryError):
                    device = read_device(item)
                    found[device.name] = device
        return found

    def _read_batch(self, names: Sequence[str], consistent: bool) -> Iterator[Mapping[str, Any]]:
        keys = [device_key(name) for name in names]
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
                ExpressionAttributeValues={
                    ":prefix": {"S": DEVICE_PREFIX},
                    ":sort": {"S": REGISTRY_SORT_KEY},
                },
            )
            for page in pages:
                yield from map(read_device, page.get("Items", []))

    def holders(self, certificate_id: str) -> set[str]:
        """Return the names of the devices that may send under `certificate_id`; reads the whole table."""
        with control_errors("looking a certificate up in the device registry"):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(pk, :prefix) AND contains(certificate_ids, :one)",
                ProjectionExpression="pk",
                ExpressionAttributeValues={":prefix": {"S": DEVICE_PREFIX}, ":one": {"S": certificate_id}},
                ConsistentRead=True,
            )
            return {item["pk"]["S"].removeprefix(DEVICE_PREFIX) for page in pages for item in page["Items"]}

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
                    TableName=self._table,
                    Item=device_item(device),
                    ConditionExpression="attribute_not_exists(pk)",
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
                    Key=device_key(check_identifier("device", name)),
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
                    Key=device_key(check_identifier("device", name)),
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
        return read_device(answer["Attributes"])
