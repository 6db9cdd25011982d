"""An object whose notification is lost: the reconciler announces it, the loader takes it, the day adds up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from contract.envelope import encode_message
from contract.lake import day_of, raw_day_prefix
from contract.records import StoredRecord
from infra.local.queues import notify_of_raw_objects
from infra.local.stack import LocalStack
from lambdas.reconciler import handler as module

DEVICE = "forgotten-1"
EPOCH = "fedcba987654"
RecordFactory = Callable[..., list[StoredRecord]]


@pytest.fixture
def stack(local_stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """The stack, with this process's environment as that of its functions; S3 tells of objects in the end."""
    if local_stack.mysql is None:
        pytest.skip(str(local_stack.mysql_missing))
    for name, value in {
        **local_stack.aws_environment(),
        **local_stack.mysql.environment(),
        "LAKE_BUCKET": local_stack.bucket,
        "CONTROL_TABLE": local_stack.control_table,
        "LOAD_QUEUE_URL": local_stack.load_queue.url,
        "RECONCILER_GRACE_MINUTES": "0",
        "RECONCILER_LOAD_GRACE_MINUTES": "0",
        "RECONCILER_ACCOUNT_EVERY_MINUTES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    module._parts.cache_clear()
    yield local_stack
    module._parts.cache_clear()
    notify_of_raw_objects(local_stack.s3(), local_stack.sqs(), local_stack.bucket, local_stack.load_queue)


def made_of(make_records: RecordFactory, start_ms: int) -> list[StoredRecord]:
    """Five zone counts, and the ledger row that tells of them."""
    counts = make_records(count=5, start_ms=start_ms, step_ms=1, epoch=EPOCH)
    (row,) = make_records(
        "stream_ledger", count=1, camera=None, epoch=EPOCH, start_ms=start_ms, made=5, dropped=0,
        ledger_stream="plaza-1/zone_counts", ledger_epoch=EPOCH, ledger_day=day_of(start_ms), last_sequence=5,
    )  # fmt: skip
    told = replace(row, record=replace(row.record, values={**row.record.values, "first_sequence": 1}))
    return [*counts, told]


def rows_in_mysql(stack: LocalStack) -> int:
    assert stack.mysql is not None
    with stack.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM zone_counts WHERE device = %s", [DEVICE])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def report_of(stack: LocalStack, time_ms: int) -> dict[str, Any]:
    key = {"pk": {"S": f"reconcile#{DEVICE}"}, "sk": {"S": day_of(time_ms)}}
    item: dict[str, Any] = stack.dynamodb().get_item(TableName=stack.control_table, Key=key)["Item"]
    return item


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def test_an_object_without_its_notification_is_announced_again(
    stack: LocalStack, make_records: RecordFactory
) -> None:
    start_ms = round(time.time() * 1000) - 1_000
    prefix = raw_day_prefix("zone_counts", day_of(start_ms))
    s3 = stack.s3()
    before = s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix).get("KeyCount", 0)
    s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
    body = encode_message("seoul-1", DEVICE, made_of(make_records, start_ms))
    stack.sqs().send_message(QueueUrl=stack.ingest_queue_url, MessageBody=body)
    wait_until(lambda: s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix).get("KeyCount", 0) > before)
    stack.wait_until_drained(30)
    assert rows_in_mysql(stack) == 0

    # S3 shows times in whole seconds.
    time.sleep(1)
    first = module.handler({}, object())
    # The zone counts and the ledger row; other tests may have left more.
    assert first["objects_requeued"] >= 2
    opened = report_of(stack, start_ms)
    assert (opened["state"]["S"], opened["in_lake"]["N"], opened["not_in_mysql"]["N"]) == ("open", "6", "6")
    stack.wait_until_drained(30)
    assert rows_in_mysql(stack) == 5

    second = module.handler({}, object())
    assert (second["objects_requeued"], second["days_failed"]) == (0, 0)
    assert second["differences_closed"] >= 1
    closed = report_of(stack, start_ms)
    assert (closed["state"]["S"], closed["missing"]["N"], closed["not_in_mysql"]["N"]) == ("closed", "0", "0")
