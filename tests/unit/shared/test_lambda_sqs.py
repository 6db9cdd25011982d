from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambdas.shared.sqs import batch_response, sqs_records


def test_a_record_is_read_with_its_sender_and_time() -> None:
    attributes = {"SenderId": "AROA:jetson-7", "SentTimestamp": "1795262400123"}
    (record,) = sqs_records({"Records": [{"messageId": "m1", "body": "text", "attributes": attributes}]})
    assert (record.message_id, record.body, record.sender_id) == ("m1", "text", "AROA:jetson-7")
    assert record.sent_at == datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)


def test_what_a_record_lacks_does_not_stop_it() -> None:
    before = datetime.now(tz=UTC)
    (record,) = sqs_records({"Records": [{"messageId": "m1"}]})
    assert (record.body, record.sender_id) == ("", None)
    assert record.sent_at >= before


def test_a_dead_letter_tells_its_history() -> None:
    attributes = {
        "SentTimestamp": "1795262400123",
        "ApproximateFirstReceiveTimestamp": "1795262401123",
        "ApproximateReceiveCount": "6",
        "DeadLetterQueueSourceArn": "arn:aws:sqs:x:1:ingest",
    }
    given = {"crowdlens_sent_back": {"stringValue": "1"}, "blob": {"binaryValue": "AA=="}}
    source = "arn:aws:sqs:x:1:ingest-dead-letters"
    event = {
        "messageId": "m", "attributes": attributes, "messageAttributes": given, "eventSourceARN": source,
    }  # fmt: skip
    (record,) = sqs_records({"Records": [event]})
    assert (record.receive_count, record.queue_arn) == (6, source)
    assert record.first_received_at == datetime(2026, 11, 21, 12, 0, 1, 123000, tzinfo=UTC)
    assert record.dead_letter_source_arn == "arn:aws:sqs:x:1:ingest"
    assert record.message_attributes == {"crowdlens_sent_back": "1"}
    assert record.was_sent_back


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, None])
def test_a_time_that_is_none_is_left_out(value: str | None) -> None:
    attributes = {"ApproximateFirstReceiveTimestamp": value, "ApproximateReceiveCount": value}
    (record,) = sqs_records({"Records": [{"messageId": "m", "attributes": attributes}]})
    assert record.first_received_at is None
    assert not record.was_sent_back


def test_no_records_is_an_empty_batch() -> None:
    assert sqs_records({}) == []


def test_the_response_names_each_message_to_try_again() -> None:
    assert batch_response(["a", "b"]) == {
        "batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]
    }
