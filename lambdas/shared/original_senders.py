"""Who first sent a message that an operator sends back: SQS would name the operator as its sender.

``pk`` = ``sender#<SHA-256 of the body>``, ``sk`` = ``sender``; ``sender_ids`` (a string set) as SQS gave
them. Only operators may write the control table, so a device cannot vouch for itself: `lake_writer` judges a
message that was sent back by its original sender, and an impostor's stays an impostor's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from lambdas.shared.control_table import (
    EXPIRY_ATTRIBUTE,
    ControlTableUnavailableError,
    control_client,
    control_errors,
)
from lambdas.shared.registry import MAXIMUM_KEYS_PER_READ

KEPT_SECONDS: Final = 415 * 24 * 3600
"""A day more than a message can wait in quarantine and then in its queue: one that was sent back and refused
again has no other witness."""
_PREFIX, _SORT = "sender#", "sender"


class OriginalSenders:
    """The senders in the control table `table_name`; raises `ControlTableUnavailableError`."""

    def __init__(
        self, table_name: str, client: Any = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table_name
        self._client = client or control_client()
        self._clock = clock

    def remember(self, body_sha256: str, sender_id: str) -> None:
        """Note that `sender_id` sent the body with this digest; must be done before it is sent back."""
        with control_errors("noting the sender of a message"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(body_sha256),
                UpdateExpression="SET #expiry = :expiry ADD sender_ids :senders",
                ExpressionAttributeNames={"#expiry": EXPIRY_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":expiry": {"N": str(int(self._clock()) + KEPT_SECONDS)},
                    ":senders": {"SS": [sender_id]},
                },
            )

    def look_up(self, digests: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return the original senders of the bodies with `digests`; one nobody vouched for is left out."""
        found: dict[str, frozenset[str]] = {}
        for start in range(0, len(digests), MAXIMUM_KEYS_PER_READ):
            keys = [_key(digest) for digest in digests[start : start + MAXIMUM_KEYS_PER_READ]]
            with control_errors("reading the senders of messages"):
                answer = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            if answer.get("UnprocessedKeys", {}).get(self._table):
                raise ControlTableUnavailableError("the control table left senders of messages unread")
            for item in answer["Responses"].get(self._table, []):
                found[item["pk"]["S"].removeprefix(_PREFIX)] = frozenset(item["sender_ids"]["SS"])
        return found


def _key(body_sha256: str) -> dict[str, Any]:
    return {"pk": {"S": f"{_PREFIX}{body_sha256}"}, "sk": {"S": _SORT}}
