"""State that two may change at once: versioned documents in the `control` table, written only by condition.

==============================  =======================================  =====================================
`pk`                            `sk`                                     document
==============================  =======================================  =====================================
``alert_rule#<site or *>``      camera, zone and kind                    a rule (`rules.py`)
``alert_state#<site>``          ``event#<device>#<camera>#<event>``      the batches that tell its phases
``alert_state#<site>``          ``cooldown#<camera>#<zone>#<kind>``      until when the next start is held
``alert_state#<site>``          ``window#<family>``                      the batch that gathers now
``alert_state#<site>``          ``burst``                                what was told at once lately
``alert_state#<site>``          ``time_zone``                            what a camera of it said last
``alert_state#<site>#silent``   device                                   its silence, while it lasts
``alert_batch#<site>``          batch                                    what one message tells, and its state
``alert_due``                   ``<due>#<site>#<batch>``                 nothing: the list of what waits
==============================  =======================================  =====================================

Every change is: read, think, write if nobody wrote since; who lost begins again with what is there now.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from botocore.exceptions import ClientError

from lambdas.shared.control_table import (
    EXPIRY_ATTRIBUTE,
    PARTITION_KEY,
    SORT_KEY,
    ControlTableUnavailableError,
    control_errors,
    is_condition_failure,
)

Document = dict[str, Any]
_ATTEMPTS: Final = 50
_Answer = TypeVar("_Answer")


class Key(NamedTuple):
    """Partition and sort key of an item."""

    partition: str
    sort: str


@dataclass(frozen=True)
class Stored:
    """A document as it was read; `version` grows by one with each write."""

    key: Key
    document: Document
    version: int


class Store(Protocol):
    """What the notifier needs of a table; every method raises `ControlTableUnavailableError`."""

    def read(self, key: Key) -> Stored | None:
        """Return the newest document of `key`."""
        ...

    def write(
        self, key: Key, document: Mapping[str, Any], version: int | None, expires_at: int | None
    ) -> bool:
        """Write if the stored version is `version` (None: nothing is stored); return whether it was."""
        ...

    def delete(self, key: Key) -> None:
        """Remove an item; one that is gone is no error."""
        ...

    def query(self, partition: str, up_to: str | None = None) -> Iterator[Stored]:
        """Yield the items of a partition in order, those up to `up_to` when it is given."""
        ...


class _NotRead:
    """Stands for what nobody has read yet."""


NOT_READ: Final = _NotRead()


def change(
    store: Store,
    key: Key,
    think: Callable[[Document | None], tuple[Document | None, _Answer]],
    expires_at: int | None = None,
    *,
    seen: Stored | _NotRead | None = NOT_READ,
) -> _Answer:
    """Return the answer of `think`, whose new document (None: leave it) was written over what it was shown.

    `think` may be called several times. `seen`, what the caller has read, saves the first reading. Raises
    `ControlTableUnavailableError`.
    """
    for _ in range(_ATTEMPTS):
        stored = store.read(key) if isinstance(seen, _NotRead) else seen
        seen = NOT_READ
        document, answer = think(None if stored is None else copy.deepcopy(stored.document))
        version = None if stored is None else stored.version
        if document is None or store.write(key, document, version, expires_at):
            return answer
    raise ControlTableUnavailableError(f"{key.sort} changed {_ATTEMPTS} times while it was written")


class DynamoStore:
    """The items of `table_name`, read consistently."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def read(self, key: Key) -> Stored | None:
        """Return the newest document of `key`."""
        with control_errors(f"reading {key.sort}"):
            answer = self._client.get_item(TableName=self._table, Key=_names(key), ConsistentRead=True)
        return _stored(answer["Item"]) if "Item" in answer else None

    def write(
        self, key: Key, document: Mapping[str, Any], version: int | None, expires_at: int | None
    ) -> bool:
        """Write under the condition that the version is `version`; False when it is not."""
        item: dict[str, Any] = {
            **_names(key),
            "document": {"S": json.dumps(document, ensure_ascii=False, separators=(",", ":"))},
            "version": {"N": str((version or 0) + 1)},
        }
        if expires_at is not None:
            item[EXPIRY_ATTRIBUTE] = {"N": str(expires_at)}
        condition: dict[str, Any] = {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
        if version is not None:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            with control_errors(f"writing {key.sort}"):
                self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True

    def delete(self, key: Key) -> None:
        """Remove an item."""
        with control_errors(f"removing {key.sort}"):
            self._client.delete_item(TableName=self._table, Key=_names(key))

    def query(self, partition: str, up_to: str | None = None) -> Iterator[Stored]:
        """Yield the items of a partition in order."""
        condition, values = f"{PARTITION_KEY} = :pk", {":pk": {"S": partition}}
        if up_to is not None:
            condition, values = f"{condition} AND {SORT_KEY} <= :sk", {**values, ":sk": {"S": up_to}}
        with control_errors(f"reading {partition}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            )
            for page in pages:
                yield from map(_stored, page["Items"])


def _names(key: Key) -> dict[str, Any]:
    return {PARTITION_KEY: {"S": key.partition}, SORT_KEY: {"S": key.sort}}


def _stored(item: Mapping[str, Any]) -> Stored:
    key = Key(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"])
    return Stored(key, json.loads(item["document"]["S"]), int(item["version"]["N"]))
