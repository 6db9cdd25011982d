"""The one call of DynamoDB that leases need, on items in memory."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.shared import leases
from tests.chaos.world import World

Item = dict[str, dict[str, str]]


class DynamoDb:
    """Understands the update and the two conditions of `lambdas.shared.leases`, and no others."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._items: dict[tuple[str, str], Item] = {}

    def update_item(self, **given: Any) -> dict[str, Any]:
        """Change an item under its condition."""
        world = self._world
        world.point("before UpdateItem")
        world.sleep(world.dice("latency").uniform(0.005, 0.03))
        key = (given["Key"]["pk"]["S"], given["Key"]["sk"]["S"])
        item = self._items.get(key, {})
        values: Item = given["ExpressionAttributeValues"]
        if not _holds(given["ConditionExpression"], item, values):
            raise ClientError(
                {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "UpdateItem"
            )
        self._items[key] = _changed(given["UpdateExpression"], item, values)
        if world.fault("dynamodb_answer_lost", "UpdateItem"):
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return {"Attributes": dict(self._items[key])}


def _holds(condition: str, item: Item, values: Item) -> bool:
    if condition == leases._TAKE_WHEN:
        ended = not item or int(item["until_ms"]["N"]) <= int(values[":now"]["N"])
        return ended or item["owner"] == values[":owner"]
    if condition == leases._STILL_MINE:
        mine = item.get("owner") == values[":owner"] and item.get("fence") == values[":fence"]
        return mine and int(item["until_ms"]["N"]) > int(values[":now"]["N"])
    raise AssertionError(f"DynamoDB here does not know the condition {condition!r}")


def _changed(expression: str, item: Item, values: Item) -> Item:
    changed = dict(item)
    assignments, _, addition = expression.removeprefix("SET ").partition(" ADD ")
    for assignment in assignments.split(", "):
        name, _, value = assignment.partition(" = ")
        changed[name.removeprefix("#")] = values[value]
    if addition:
        name, _, value = addition.partition(" ")
        before = int(changed.get(name, {"N": "0"})["N"])
        changed[name] = {"N": str(before + int(values[value]["N"]))}
    return changed
