"""Messages damaged at random: none raises, none is lost, every refusal has a reason."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.envelope import encode_message
from contract.tables import TABLES
from lambdas.lake_writer.writer import LakeWriter
from lambdas.shared.sqs import SqsRecord

BAD_VALUES: list[Any] = [
    None, True, -1, 2**63, 10**400, 1e308, "", "x" * 300, "\ud800", "\x00", [], {}, [[]], [1, "a"],
    {"k": []}, {"k": "\udfff"}, {"d": ["a"], "i": [0, 1]}, {"d": [], "i": []}, {"b": 1, "s": [1]},
    {"b": 0, "s": 10**30},
]  # fmt: skip


class MemoryStore:
    """An S3 of a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        self.objects[key] = body


def damaged(document: dict[str, Any], chance: random.Random) -> str:
    """Return the message with one value somewhere replaced, removed, or its text cut."""
    if chance.random() < 0.15:
        text = json.dumps(document)
        return text[: chance.randrange(len(text))]
    node: Any = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        inner = node[key]
        if isinstance(inner, (dict, list)) and inner and chance.random() < 0.75:
            node = inner
        elif chance.random() < 0.2:
            del node[key]
            return json.dumps(document)
        else:
            node[key] = chance.choice(BAD_VALUES)
            return json.dumps(document)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_end_in_the_lake_or_in_quarantine(seed: int, make_records: Any) -> None:
    chance = random.Random(seed)
    whole = [encode_message("s", "d", make_records(table, count=3)) for table in TABLES]
    bodies = [damaged(json.loads(chance.choice(whole)), chance) for _ in range(400)]
    records = [
        SqsRecord(f"m{n}", body, None, datetime(2026, 11, 21, tzinfo=UTC)) for n, body in enumerate(bodies)
    ]
    store = MemoryStore()
    for start in range(0, len(records), 10):
        result = LakeWriter(store).write(records[start : start + 10])  # type: ignore[arg-type]
        assert result.failed_message_ids == []
        refused = {record.message_id for one in result.refusals for record in one.delivery.records}
        kept = [json.loads(body) for key, body in store.objects.items() if key.startswith("quarantine/")]
        assert refused <= {document["message_id"] for document in kept}
        assert all(document["reason"] for document in kept)
    assert 0 < len(kept) <= len(records)
    assert all(document["body"] == bodies[int(document["message_id"][1:])] for document in kept)


SQS_MESSAGE_BYTES = 1024 * 1024
LAMBDA_EVENT_BYTES = 6_000_000


def write(*bodies: str) -> tuple[Any, MemoryStore]:
    store = MemoryStore()
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return LakeWriter(store).write(
        [SqsRecord(f"m{n}", body, None, now) for n, body in enumerate(bodies)]
    ), store  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["[", "]", "[]", "[1,1]", '"', "NaN", "1", "é", "\\", '{"a":', "[0,"])
def test_rubbish_as_large_as_sqs_takes_is_kept_to_the_last_letter(unit: str) -> None:
    body = (unit * SQS_MESSAGE_BYTES)[
        : SQS_MESSAGE_BYTES // len("é".encode()) if unit == "é" else SQS_MESSAGE_BYTES
    ]
    result, store = write(body)
    assert (result.quarantined, result.failed_message_ids) == (1, [])
    (kept,) = [json.loads(document) for document in store.objects.values()]
    assert kept["body"] == body


def test_an_event_as_large_as_lambda_takes_is_written_whole(make_records: Any) -> None:
    records = make_records(count=7000, step_ms=1000)
    body = encode_message("s", "d00", records)
    assert len(body) < SQS_MESSAGE_BYTES
    bodies = [body.replace("d00", f"d{n:02}") for n in range(LAMBDA_EVENT_BYTES // len(body))]
    result, store = write(*bodies)
    assert (result.rows, result.rows_failed) == (7000 * len(bodies), 0)
    assert (result.quarantined, len(store.objects)) == (0, 1)
