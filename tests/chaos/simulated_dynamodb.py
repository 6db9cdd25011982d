"""The control table in memory: the calls and the expressions that the product uses, and no others."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from lambdas.shared import leases
from tests.chaos.world import World

Item = dict[str, Any]
Key = tuple[str, str]
_STALE_SECONDS = 2.0
"""For so long after a write an inconsistent read may still see what was there before."""


def _number(values: Item, name: str) -> int:
    return int(values[name]["N"])


_CONDITIONS: dict[str, Callable[[Item, Item], bool]] = {
    "": lambda item, values: True,
    leases._TAKE_WHEN: lambda item, values: (
        not item or _number(item, "until_ms") <= _number(values, ":now") or item["owner"] == values[":owner"]
    ),
    leases._STILL_MINE: lambda item, values: (
        item.get("owner") == values[":owner"]
        and item.get("fence") == values[":fence"]
        and _number(item, "until_ms") > _number(values, ":now")
    ),
    "attribute_not_exists(pk)": lambda item, values: not item,
    "attribute_not_exists(pk) OR next_at_ms <= :now": lambda item, values: (
        not item or _number(item, "next_at_ms") <= _number(values, ":now")
    ),
    "attribute_exists(pk) AND (size(certificate_ids) < :most OR contains(certificate_ids, :one))": (
        lambda item, values: bool(item) and _has_room(item["certificate_ids"]["SS"], values)
    ),
}


def _has_room(certificates: list[str], values: Item) -> bool:
    return len(certificates) < _number(values, ":most") or values[":one"]["S"] in certificates


class DynamoDb:
    """The client that product code calls; an expression that it does not know fails the schedule loudly."""

    def __init__(self, world: World) -> None:
        self.items: dict[Key, Item] = {}
        self._before: dict[Key, tuple[float, Item | None]] = {}
        self._world = world

    def update_item(self, **given: Any) -> Item:
        """Change an item under its condition."""

        def update() -> Item:
            key = _key(given["Key"])
            values: Item = given["ExpressionAttributeValues"]
            item = self._under_condition(key, given, "UpdateItem")
            changed = _changed(given["UpdateExpression"], item or dict(given["Key"]), values)
            self._write(key, changed)
            return {"Attributes": copy.deepcopy(changed)}

        return self._call("UpdateItem", update)

    def put_item(self, **given: Any) -> Item:
        """Put an item under its condition."""

        def put() -> Item:
            key = _key(given["Item"])
            self._under_condition(key, given, "PutItem")
            self._write(key, copy.deepcopy(given["Item"]))
            return {}

        return self._call("PutItem", put)

    def delete_item(self, **given: Any) -> Item:
        """Remove an item."""

        def delete() -> Item:
            self._write(_key(given["Key"]), None)
            return {}

        return self._call("DeleteItem", delete)

    def get_item(self, **given: Any) -> Item:
        """Read an item."""

        def get() -> Item:
            item = self._read(_key(given["Key"]), given.get("ConsistentRead", False))
            return {} if item is None else {"Item": item}

        return self._call("GetItem", get)

    def batch_get_item(self, *, RequestItems: Item) -> Item:  # noqa: N803 - boto3's name
        """Read items; a busy table hands some keys back."""

        def get() -> Item:
            ((table, request),) = RequestItems.items()
            keys = list(request["Keys"])
            asked = len(keys) // 2 if self._world.fault("dynamodb_is_busy", "BatchGetItem") else len(keys)
            found = [self._read(_key(key), request.get("ConsistentRead", False)) for key in keys[:asked]]
            rest = {table: {**request, "Keys": keys[asked:]}} if keys[asked:] else {}
            return {
                "Responses": {table: [item for item in found if item is not None]},
                "UnprocessedKeys": rest,
            }

        return self._call("BatchGetItem", get)

    def query(self, **given: Any) -> Item:
        """Read the items of a partition."""

        def query() -> Item:
            assert given["KeyConditionExpression"] == "pk = :pk"
            wanted = given["ExpressionAttributeValues"][":pk"]["S"]
            keys = sorted(key for key in self.items if key[0] == wanted)
            return {"Items": [copy.deepcopy(self.items[key]) for key in keys]}

        return self._call("Query", query)

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(getattr(self, operation))

    def _call(self, operation: str, work: Callable[[], Item]) -> Item:
        world = self._world
        world.point(f"before {operation}")
        world.sleep(world.dice("latency").uniform(0.005, 0.03))
        if world.is_out("dynamodb") or world.fault("dynamodb_refuses", operation):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        answer = work()
        if world.fault("dynamodb_answer_lost", operation):
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer

    def _under_condition(self, key: Key, given: Item, operation: str) -> Item:
        item = self.items.get(key, {})
        holds = _CONDITIONS[given.get("ConditionExpression", "")]
        if not holds(item, given.get("ExpressionAttributeValues", {})):
            refusal: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ClientError(refusal, operation)
        return item

    def _write(self, key: Key, item: Item | None) -> None:
        self._before[key] = (self._world.now, self.items.pop(key, None))
        if item is not None:
            self.items[key] = item

    def _read(self, key: Key, consistent: bool) -> Item | None:
        item = self.items.get(key)
        written_at, before = self._before.get(key, (float("-inf"), None))
        is_recent = self._world.now - written_at < _STALE_SECONDS
        if is_recent and not consistent and self._world.fault("dynamodb_is_stale", key[0]):
            item = before
        return copy.deepcopy(item)


class _Pages:
    """A paginator whose only page is all."""

    def __init__(self, call: Callable[..., Item]) -> None:
        self._call = call

    def paginate(self, **given: Any) -> Iterator[Item]:
        yield self._call(**given)


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _changed(expression: str, item: Item, values: Item) -> Item:
    changed = copy.deepcopy(item)
    assignments, _, additions = expression.removeprefix("SET ").partition(" ADD ")
    for name, default, value in re.findall(r"#?(\w+) = (if_not_exists\(\w+, )?(:\w+)", assignments):
        if not default or name not in changed:
            changed[name] = values[value]
    for name, value in re.findall(r"(\w+) (:\w+)", additions):
        changed[name] = _added(changed.get(name), values[value])
    return changed


def _added(before: Item | None, addition: Item) -> Item:
    if "SS" in addition:
        return {"SS": sorted({*(before or {"SS": []})["SS"], *addition["SS"]})}
    return {"N": str(int((before or {"N": "0"})["N"]) + int(addition["N"]))}
