"""Both identity modes and dead letters in MiniStack: the poller says who sent a message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from contract.envelope import encode_message
from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from contract.records import StoredRecord
from infra.ingest_settings import COMPACTOR, LAKE_WRITER, ScheduledFunction
from infra.local.senders import LOCAL_SENDER_ATTRIBUTE, device_sender_id, local_certificate_id
from infra.local.stack import LocalStack, StackOptions
from lambdas.shared.settings import IdentityMode

RecordFactory = Callable[..., list[StoredRecord]]
QUICK_WRITER = replace(LAKE_WRITER, batch_window_seconds=0, batch_size=10, maximum_receives=2)


def stack_in(mode: IdentityMode, *scheduled: ScheduledFunction) -> LocalStack:
    return LocalStack(
        StackOptions(
            scheduled=scheduled,
            with_mysql=False,
            lake_writer=QUICK_WRITER,
            visibility_timeout_seconds=1,
            identity_mode=mode,
        )
    )


@pytest.fixture(scope="module")
def enforcing() -> Iterator[LocalStack]:
    with stack_in(IdentityMode.ENFORCE) as stack:
        stack.enrol("honest", "seoul-1")
        yield stack


def send(stack: LocalStack, body: str, sender_id: str | None = None) -> None:
    attributes: Any = {}
    if sender_id is not None:
        attributes[LOCAL_SENDER_ATTRIBUTE] = {"DataType": "String", "StringValue": sender_id}
    stack.sqs().send_message(QueueUrl=stack.ingest_queue_url, MessageBody=body, MessageAttributes=attributes)


def keys(stack: LocalStack, prefix: str) -> list[str]:
    listed = stack.s3().list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def quarantined(stack: LocalStack) -> list[dict[str, Any]]:
    s3 = stack.s3()
    found = keys(stack, QUARANTINE_PREFIX)
    return [json.loads(s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()) for key in found]


def test_enforced_only_the_device_itself_is_let_in(
    enforcing: LocalStack, make_records: RecordFactory
) -> None:
    honest = encode_message("seoul-1", "honest", make_records(count=2))
    stranger = encode_message("seoul-1", "stranger", make_records(count=3))
    forged = encode_message("seoul-1", "honest", make_records(count=4))
    send(enforcing, honest)
    send(enforcing, stranger)
    send(enforcing, forged, device_sender_id(local_certificate_id("thief")))
    enforcing.wait_until_drained(30)
    assert len(keys(enforcing, RAW_PREFIX)) == 1
    kept = {one["body"]: (one["kind"], one["error"], one["sender_id"]) for one in quarantined(enforcing)}
    assert kept == {
        stranger: ("identity", "UnknownDevice", device_sender_id(local_certificate_id("stranger"))),
        forged: ("identity", "Impostor", device_sender_id(local_certificate_id("thief"))),
    }


def test_observed_all_are_written_and_counted(make_records: RecordFactory) -> None:
    with stack_in(IdentityMode.OBSERVE, replace(COMPACTOR, every_seconds=1)) as stack:
        send(stack, encode_message("seoul-1", "stranger", make_records()))
        stack.wait_until_drained(30)
        assert len(keys(stack, RAW_PREFIX)) == 1
        assert quarantined(stack) == []
        log = (stack.run.path / "lake_writer.log").read_text()
        deadline = time.monotonic() + 30
        while (
            not (kept := stack.schedule_statistics()["compactor"]).last_answer and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        assert (kept.failed_calls, kept.last_error) == (0, "")
        assert kept.last_answer
    assert log.count("sender does not match device") == 1
    assert '"identity_unknown_devices":[1.0]' in log.replace(" ", "")


def test_a_dead_letter_is_copied_to_quarantine_with_its_reason(make_records: RecordFactory) -> None:
    """A registry that is gone: enforced, the message is kept for retry until its queue gives it up."""
    with stack_in(IdentityMode.ENFORCE) as stack:
        stack.enrol("honest", "seoul-1")
        stack.dynamodb().delete_table(TableName=stack.control_table)
        body = encode_message("seoul-1", "honest", make_records(count=2))
        send(stack, body)
        stack.wait_until_drained(30)
        assert keys(stack, RAW_PREFIX) == []
        (kept,) = quarantined(stack)
        assert stack.statistics()["dead_letters"].deleted_messages == 1
    assert (kept["kind"], kept["error"], kept["body"]) == ("dead_letter", "GivenUp", body)
    assert (kept["device"], kept["tables"], kept["receive_count"]) == ("honest", ["zone_counts"], 3)
    assert kept["queue_arn"].endswith(":ingest")
    assert kept["sender_id"] == device_sender_id(local_certificate_id("honest"))
    assert "device honest, 2 zone_counts" in kept["reason"]
