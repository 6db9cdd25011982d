from __future__ import annotations

from datetime import UTC, datetime

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


def test_no_records_is_an_empty_batch() -> None:
    assert sqs_records({}) == []


def test_the_response_names_each_message_to_try_again() -> None:
    assert batch_response(["a", "b"]) == {
        "batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]
    }
