"""Which devices may provision themselves: one item a serial number in the `control` table.

``pk`` = ``serial#<number>``, ``sk`` = ``expected``. An operator says who is coming; the first certificate
that names the serial number takes the place, and no other can. Only conditional writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from lambdas.shared.control_table import control_client, control_errors, is_condition_failure
from lambdas.shared.device import check_certificate_id

SERIAL_PREFIX: Final = "serial#"
EXPECTED_SORT_KEY: Final = "expected"
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{3,63}")


class ExpectedDeviceError(CrowdLensError):
    """Raised when a device is not expected, or its place is taken; the text says why."""


@dataclass(frozen=True)
class ExpectedDevice:
    """A device that may provision itself, or has; `certificate_id` None while it has not. Times are UTC."""

    serial: str
    name: str
    site: str
    group: str
    expected_at: datetime
    certificate_id: str | None = None


def check_serial(value: object) -> str:
    """Return `value` when it may be a serial number; raises `ExpectedDeviceError` otherwise."""
    if not isinstance(value, str) or not _SERIAL.fullmatch(value):
        raise ExpectedDeviceError(
            f"serial number is {str(value)[:80]!r}: expected 4 to 64 of A-Z a-z 0-9 : . _ - starting with a "
            "letter or digit"
        )
    return value


class ExpectedDevices:
    """The list in the control table `table_name`.

    Every method raises `ControlTableUnavailableError` when DynamoDB does not answer.
    """

    def __init__(
        self,
        table_name: str,
        client: Any = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
    ) -> None:
        self._table = table_name
        self._client = client or control_client()
        self._clock = clock

    def expect(self, serial: str, name: str, site: str, group: str, *, again: bool = False) -> ExpectedDevice:
        """Let the device with `serial` provision itself as `name`.

        `again` gives back a place that was taken, for a device that is set up anew; without it that raises
        `ExpectedDeviceError`.
        """
        device = ExpectedDevice(
            check_serial(serial),
            check_identifier("device", name),
            check_identifier("site", site),
            check_identifier("group", group),
            self._clock(),
        )
        condition = {} if again else {"ConditionExpression": "attribute_not_exists(certificate_id)"}
        try:
            with control_errors(f"expecting {serial}"):
                self._client.put_item(TableName=self._table, Item=_item(device), **condition)
        except ClientError as error:
            raise ExpectedDeviceError(
                f"serial number {serial} was provisioned before: expected `--again` for a device set up anew"
            ) from error
        return device

    def get(self, serial: str) -> ExpectedDevice | None:
        """Return the device with `serial` as it is now, None when nobody expects it."""
        with control_errors("reading the expected devices"):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(check_serial(serial)), ConsistentRead=True
            )
        return _device(answer["Item"]) if "Item" in answer else None

    def devices(self) -> Iterator[ExpectedDevice]:
        """Yield every expected device, provisioned or not, in no order; reads the whole table."""
        with control_errors("listing the expected devices"):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(pk, :prefix) AND sk = :sort",
                ExpressionAttributeValues={
                    ":prefix": {"S": SERIAL_PREFIX},
                    ":sort": {"S": EXPECTED_SORT_KEY},
                },
            )
            for page in pages:
                yield from map(_device, page.get("Items", []))

    def claim(self, serial: str, certificate_id: str) -> ExpectedDevice:
        """Give the place of `serial` to `certificate_id`; the same again changes nothing.

        Raises `ExpectedDeviceError` when nobody expects it or another certificate has it.
        """
        check_certificate_id(certificate_id)
        try:
            with control_errors(f"claiming {serial}"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_key(check_serial(serial)),
                    UpdateExpression="SET certificate_id = :certificate, claimed_at = :now",
                    ConditionExpression="attribute_exists(pk) AND "
                    "(attribute_not_exists(certificate_id) OR certificate_id = :certificate)",
                    ExpressionAttributeValues={
                        ":certificate": {"S": certificate_id},
                        ":now": {"S": self._clock().isoformat()},
                    },
                    ReturnValues="ALL_NEW",
                )
        except ClientError as error:
            raise ExpectedDeviceError(
                f"serial number {serial} is not expected, or was provisioned with another certificate"
            ) from error
        return _device(answer["Attributes"])

    def forget(self, serial: str) -> None:
        """No longer expect `serial`; a device that was provisioned stays what it is."""
        try:
            with control_errors(f"forgetting {serial}"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(check_serial(serial)),
                    ConditionExpression="attribute_exists(pk)",
                )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            raise ExpectedDeviceError(f"serial number {serial} is not expected: nothing to forget") from error


def _key(serial: str) -> dict[str, Any]:
    return {"pk": {"S": f"{SERIAL_PREFIX}{serial}"}, "sk": {"S": EXPECTED_SORT_KEY}}


def _item(device: ExpectedDevice) -> dict[str, Any]:
    return {
        **_key(device.serial),
        "device": {"S": device.name},
        "site": {"S": device.site},
        "device_group": {"S": device.group},
        "expected_at": {"S": device.expected_at.isoformat()},
    }


def _device(item: Mapping[str, Any]) -> ExpectedDevice:
    certificate = item.get("certificate_id")
    return ExpectedDevice(
        serial=item["pk"]["S"].removeprefix(SERIAL_PREFIX),
        name=item["device"]["S"],
        site=item["site"]["S"],
        group=item["device_group"]["S"],
        expected_at=datetime.fromisoformat(item["expected_at"]["S"]),
        certificate_id=None if certificate is None else certificate["S"],
    )
