"""Leases in the `control` table: one holder at a time, each taking numbered by a fence that only grows.

A lease is a hint that saves double work, not a lock: its holder may be paused past the end of it. Work
under a lease must be safe when two do it at once; `fence` tells the later one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from contract.errors import CrowdLensError
from lambdas.shared.control_table import PARTITION_KEY, SORT_KEY, control_errors, is_condition_failure

LEASE_SORT_KEY = "lease"
KEPT_SECONDS = 7 * 86_400
"""A lease's row outlives it by far: were the fence to begin anew, an old holder could look like a new one."""
_TAKE_WHEN = "attribute_not_exists(pk) OR until_ms <= :now OR #owner = :owner"
"""The owner is new for each taking: it is there already only when the SDK repeats an unanswered request."""
_STILL_MINE = "#owner = :owner AND fence = :fence AND until_ms > :now"
_NAMES = {"#owner": "owner"}
"""`owner` is a reserved word of DynamoDB."""


class LeaseLostError(CrowdLensError):
    """Raised when a lease has ended or somebody else has taken it since."""


class LeaseTable(Protocol):
    """The one call of a DynamoDB client that leases need."""

    def update_item(self, **arguments: Any) -> Any:
        """Change one item under a condition, as `boto3.client("dynamodb").update_item` does."""


@dataclass(frozen=True)
class Lease:
    """A lease held by `owner` until `until_ms` (epoch milliseconds); a later one has a higher `fence`."""

    name: str
    owner: str
    fence: int
    until_ms: int
    seconds: float


class Leases:
    """Takes, renews and releases leases, each by one conditional write.

    `clock` gives the present in UTC. Clocks of two machines may differ by far less than a lease's length.
    """

    def __init__(
        self, client: LeaseTable, table_name: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._clock = clock

    def take(self, name: str, seconds: float) -> Lease | None:
        """Return the lease `name` for `seconds`, None while another holds it.

        Raises `ControlTableUnavailableError`.
        """
        owner, now_ms = uuid.uuid4().hex, self._now_ms()
        until_ms = now_ms + round(seconds * 1000)
        item = self._update(
            name,
            "SET #owner = :owner, until_ms = :until, expires_at = :expires ADD fence :one",
            _TAKE_WHEN,
            {":owner": _text(owner), **_times(now_ms, until_ms), ":one": _number(1)},
        )
        return None if item is None else Lease(name, owner, int(item["fence"]["N"]), until_ms, seconds)

    def renew(self, lease: Lease) -> Lease:
        """Return `lease` for its length again, from now.

        Raises `LeaseLostError` when it has ended, even if nobody took it: whoever renews too late has worked
        without it. Raises `ControlTableUnavailableError`.
        """
        now_ms = self._now_ms()
        until_ms = now_ms + round(lease.seconds * 1000)
        values = {**_holder(lease), **_times(now_ms, until_ms)}
        item = self._update(lease.name, "SET until_ms = :until, expires_at = :expires", _STILL_MINE, values)
        if item is None:
            raise LeaseLostError(f"lease {lease.name} was lost: expected to hold it with fence {lease.fence}")
        return replace(lease, until_ms=until_ms)

    def release(self, lease: Lease) -> None:
        """Let others take `lease` at once; nothing happens when it was lost.

        Raises `ControlTableUnavailableError`.
        """
        values = {**_holder(lease), ":now": _number(self._now_ms()), ":zero": _number(0)}
        self._update(lease.name, "SET until_ms = :zero", _STILL_MINE, values)

    def _update(
        self, name: str, expression: str, condition: str, values: dict[str, dict[str, str]]
    ) -> dict[str, Any] | None:
        try:
            with control_errors(f"asking for lease {name}"):
                answer = self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: _text(f"lease#{name}"), SORT_KEY: _text(LEASE_SORT_KEY)},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
        except ClientError as error:
            if is_condition_failure(error):
                return None
            raise
        item: dict[str, Any] = answer["Attributes"]
        return item

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)


def _holder(lease: Lease) -> dict[str, dict[str, str]]:
    return {":owner": _text(lease.owner), ":fence": _number(lease.fence)}


def _times(now_ms: int, until_ms: int) -> dict[str, dict[str, str]]:
    return {
        ":now": _number(now_ms),
        ":until": _number(until_ms),
        ":expires": _number(until_ms // 1000 + KEPT_SECONDS),
    }


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
