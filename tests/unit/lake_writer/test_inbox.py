from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.envelope import encode_message
from lambdas.lake_writer.build import MAXIMUM_DAYS_PER_MESSAGE, build_or_refuse
from lambdas.lake_writer.inbox import Readable, Refusal, group_deliveries, read_deliveries
from lambdas.shared.sqs import SqsRecord

DAY_MILLISECONDS = 86_400_000


def sqs(message_id: str, body: str) -> SqsRecord:
    return SqsRecord(message_id, body, "AROA:jetson-7", datetime(2026, 11, 21, tzinfo=UTC))


def read(*bodies: str) -> tuple[list[Readable], list[Refusal]]:
    """What becomes of `bodies`, values and all."""
    readable, refused = read_deliveries(group_deliveries([sqs("m", body) for body in bodies]))
    _, built, unbuildable = build_or_refuse(readable)
    return built, refused + unbuildable


def refused_reason(body: str) -> tuple[str, str]:
    readable, (refusal,) = read(body)
    assert readable == []
    return refusal.error, refusal.reason


def good(make_records: Any, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(encode_message("seoul-1", "jetson-7", make_records()))
    document["blocks"][0]["columns"].update(changes)
    return document


def test_the_same_body_twice_is_read_once_and_answers_for_both(make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records())
    deliveries = group_deliveries([sqs("a", body), sqs("b", "other"), sqs("c", body)])
    assert sorted([record.message_id for record in one.records] for one in deliveries) == [["a", "c"], ["b"]]


def test_the_order_of_arrival_changes_nothing() -> None:
    forward = group_deliveries([sqs(name, name) for name in "abcdef"])
    backward = group_deliveries([sqs(name, name) for name in "fedcba"])
    assert forward == backward


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param("", "MessageError", id="empty"),
        pytest.param("x" * 1000, "MessageError", id="text"),
        pytest.param("[1, 2]", "MessageError", id="list"),
        pytest.param('{"crowdlens": 1}', "MessageError", id="header missing"),
        pytest.param("[" * 100_000, "MessageError", id="nested past any stack"),
        pytest.param('{"crowdlens": ' + "9" * 5000 + "}", "MessageError", id="number of 5000 digits"),
        pytest.param("\ud800", "MessageError", id="half a surrogate pair"),
    ],
)
def test_a_body_that_is_no_message_is_refused(body: str, error: str) -> None:
    assert refused_reason(body)[0] == error


def test_the_reason_names_block_column_and_value(make_records: Any) -> None:
    _, reason = refused_reason(json.dumps(good(make_records, frames={"k": "many"})))
    assert reason == "blocks[0]: frames[0] is 'many': expected a number (integer)"


def test_a_number_too_large_for_any_float_is_refused(make_records: Any) -> None:
    error, _ = refused_reason(json.dumps(good(make_records, occupancy_mean={"k": 10**400})))
    assert error in {"OverflowError", "MessageError"}


def test_a_newer_device_is_read_and_its_unknown_tables_are_kept(make_records: Any) -> None:
    document = good(make_records)
    document["crowdlens"] = 99
    document["blocks"].append({"table": "moods", "rows": 7, "columns": {}})
    (item,), (refusal,) = read(json.dumps(document))
    assert item.rows == 3
    assert refusal.error == "UnknownTable"
    assert refusal.reason == "schema version 99 has tables that are unknown here: moods (7 rows)"


@pytest.mark.parametrize(
    ("days", "is_read"),
    [
        pytest.param(MAXIMUM_DAYS_PER_MESSAGE, True, id="as many as allowed"),
        pytest.param(MAXIMUM_DAYS_PER_MESSAGE + 1, False, id="one more"),
    ],
)
def test_one_message_cannot_ask_for_thousands_of_objects(days: int, is_read: bool, make_records: Any) -> None:
    records = make_records(count=days, start_ms=0, step_ms=DAY_MILLISECONDS)
    readable, refused = read(encode_message("s", "d", records))
    assert bool(readable) is is_read
    assert [one.error for one in refused] == ([] if is_read else ["TooManyDaysError"])
