"""What the reconciler remembers, in the `control` table: open differences, days, and objects announced again.

==========================  ==================  ============================================================
`pk`                        `sk`                attributes
==========================  ==================  ============================================================
``reconcile#<device>``      UTC day             `state` (open, closed), `since`, `updated_at`, the counts
``reconcile-day``           UTC day             `checked_at`, `digest` of what it was made from, the counts
``reconcile-open#<day>``    device              none: the open differences of a day
``requeue``                 object key          `times`, `next_at_ms`: when it may be announced again
==========================  ==================  ============================================================

A device has an item only for a day on which something was missing; all items expire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from lambdas.reconciler.account import Counts, DeviceDay
from lambdas.shared.control_table import PARTITION_KEY, SORT_KEY, control_errors, is_condition_failure

DAY_PARTITION: Final = "reconcile-day"
REQUEUE_PARTITION: Final = "requeue"
KEPT: Final = timedelta(days=40)
FIRST_PAUSE: Final = timedelta(minutes=15)
"""After the nth announcement of an object the next waits twice as long as the one before, at most a day."""
_MOST_DOUBLINGS: Final = 7
OPEN: Final = "open"
CLOSED: Final = "closed"


@dataclass(frozen=True)
class DayReport:
    """A UTC day as it was found: `digest` stands for all it was made from."""

    day: str
    checked_at: datetime
    digest: str
    counts: Counts
    devices_open: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing can change unless something new arrives."""
        counts = self.counts
        return not (counts.differs or counts.on_the_way or counts.loading)


def utc_now() -> datetime:
    """Return the present in UTC."""
    return datetime.now(tz=UTC)


class Memory:
    """The reconciler's items; every method raises `ControlTableUnavailableError` when DynamoDB fails."""

    def __init__(self, client: Any, table_name: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock

    def days(self) -> dict[str, DayReport]:
        """Return the reports of all days that are remembered."""
        return {item[SORT_KEY]["S"]: _day_report(item) for item in self._query(DAY_PARTITION)}

    def keep_day(self, report: DayReport) -> None:
        """Remember a day."""
        attributes = {
            "checked_at": _text(report.checked_at.isoformat()),
            "digest": _text(report.digest),
            "devices_open": _number(report.devices_open),
            **_counts(report.counts),
        }
        self._put(DAY_PARTITION, report.day, attributes)

    def keep_devices(self, day: str, found: Mapping[str, DeviceDay]) -> tuple[list[str], list[str]]:
        """Report the devices with a difference, close those that had one; return the opened and the closed.

        A device's report is written before it is listed as open, and closed before it leaves the list: one
        cut off here is done again by the next run.
        """
        known = {item[SORT_KEY]["S"] for item in self._query(_open_partition(day))}
        differing = {name: device for name, device in found.items() if device.total.differs}
        for name, device in sorted(differing.items()):
            self._report(day, device, OPEN)
            if name not in known:
                self._put(_open_partition(day), name, {})
        for name in sorted(known - differing.keys()):
            self._report(day, found.get(name, DeviceDay(name)), CLOSED)
            self._delete(_open_partition(day), name)
        return sorted(differing.keys() - known), sorted(known - differing.keys())

    def may_announce(self, object_key: str) -> bool:
        """Return whether it is time to announce an object again, and note that it is done now.

        Of two that ask at once, one is told yes. One that dies before it announces leaves it to the next run
        after the pause.
        """
        now = self._clock()
        times = self._announced(object_key)
        pause = FIRST_PAUSE * 2 ** min(times, _MOST_DOUBLINGS)
        values = {
            ":next": _number(_milliseconds(min(now + pause, now + timedelta(days=1)))),
            ":now": _number(_milliseconds(now)),
            ":expires": _number(int((now + KEPT).timestamp())),
            ":one": _number(1),
        }
        try:
            with control_errors(f"noting object {object_key}"):
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(REQUEUE_PARTITION, object_key),
                    UpdateExpression="SET next_at_ms = :next, expires_at = :expires ADD times :one",
                    ConditionExpression="attribute_not_exists(pk) OR next_at_ms <= :now",
                    ExpressionAttributeValues=values,
                )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True

    def _announced(self, object_key: str) -> int:
        with control_errors(f"reading about object {object_key}"):
            answer = self._client.get_item(TableName=self._table, Key=_key(REQUEUE_PARTITION, object_key))
        return int(answer.get("Item", {}).get("times", {}).get("N", 0))

    def _report(self, day: str, device: DeviceDay, state: str) -> None:
        now = self._clock()
        values = {
            ":state": _text(state),
            ":now": _text(now.isoformat()),
            ":expires": _number(int((now + KEPT).timestamp())),
            ":tables": {"M": {name: {"M": _counts(counts)} for name, counts in device.tables.items()}},
            **{f":{name}": value for name, value in _counts(device.total).items()},
        }
        # Several of these words are DynamoDB's own.
        names = ["state", "tables", *asdict(device.total)]
        sets = ", ".join(f"#{name} = :{name}" for name in names)
        with control_errors(f"reporting device {device.device}"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(f"reconcile#{device.device}", day),
                UpdateExpression=f"SET since = if_not_exists(since, :now), updated_at = :now, "
                f"expires_at = :expires, {sets}",
                ExpressionAttributeNames={f"#{name}": name for name in names},
                ExpressionAttributeValues=values,
            )

    def _query(self, partition: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with control_errors(f"reading {partition}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": _text(partition)},
                ConsistentRead=True,
            )
            for page in pages:
                found += page["Items"]
        return found

    def _put(self, partition: str, sort: str, attributes: dict[str, Any]) -> None:
        expires = _number(int((self._clock() + KEPT).timestamp()))
        with control_errors(f"writing {partition}"):
            self._client.put_item(
                TableName=self._table, Item={**_key(partition, sort), "expires_at": expires, **attributes}
            )

    def _delete(self, partition: str, sort: str) -> None:
        with control_errors(f"writing {partition}"):
            self._client.delete_item(TableName=self._table, Key=_key(partition, sort))


def _open_partition(day: str) -> str:
    return f"reconcile-open#{day}"


def _day_report(item: Mapping[str, Any]) -> DayReport:
    numbers = {one.name: int(item.get(one.name, {}).get("N", 0)) for one in fields(Counts)}
    return DayReport(
        item[SORT_KEY]["S"],
        datetime.fromisoformat(item["checked_at"]["S"]),
        item["digest"]["S"],
        Counts(**numbers),
        int(item["devices_open"]["N"]),
    )


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {PARTITION_KEY: _text(partition), SORT_KEY: _text(sort)}


def _counts(counts: Counts) -> dict[str, Any]:
    return {name: _number(value) for name, value in asdict(counts).items()}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
