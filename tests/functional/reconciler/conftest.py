"""A lake bucket, a load queue and a control table as moto plays them, with a device's yesterday."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from contract.envelope import decode_message, pack_messages
from contract.records import StoredRecord
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import raw_objects
from lambdas.reconciler.loads import LoadQueue
from lambdas.reconciler.memory import Memory
from lambdas.reconciler.reconciler import Reconciler, ReconcilerRules
from lambdas.reconciler.run import Run, RunReport
from lambdas.reconciler.store import S3Lake
from lambdas.shared.leases import Leases

BUCKET = "crowdlens-lake"
CONTROL_TABLE = "crowdlens-control"


@dataclass
class Account:
    """An account with one device; `loaded` are the objects that MySQL has."""

    make: Callable[..., list[StoredRecord]]
    s3: Any
    sqs: Any
    dynamodb: Any
    queue_url: str
    device: str = "edge-1"
    later: timedelta = timedelta()
    loaded: dict[str, str] = field(default_factory=dict)
    rows_new: int = 1_000_000
    ledger_sequence: int = 0
    bucket: str = BUCKET

    @property
    def noon(self) -> datetime:
        """Yesterday's noon: whole, and near."""
        yesterday = datetime.now(tz=UTC) - timedelta(days=1)
        return yesterday.replace(hour=12, minute=0, second=0, microsecond=0)

    @property
    def day(self) -> str:
        return self.noon.date().isoformat()

    def clock(self) -> datetime:
        return datetime.now(tz=UTC) + self.later

    def counts(self, first: int, last: int) -> list[StoredRecord]:
        start_ms = round(self.noon.timestamp() * 1000) + first
        return self.make(count=last - first + 1, first_sequence=first, start_ms=start_ms, step_ms=1)

    def put(self, records: Sequence[StoredRecord], *, load: bool = True) -> list[str]:
        messages = [decode_message(packed.body) for packed in pack_messages("s", self.device, records)]
        digests = [hashlib.sha256(repr(records).encode()).hexdigest()] * len(messages)
        keys = []
        for rows in build_tables(messages):
            for upload in raw_objects(rows, digests):
                answer = self.s3.put_object(Bucket=BUCKET, Key=upload.key, Body=upload.body)
                keys.append(upload.key)
                if load:
                    self.loaded[upload.key] = answer["ETag"].strip('"')
        return keys

    def tell(self, made: int, day: str | None = None) -> None:
        self.ledger_sequence += 1
        (row,) = self.make(
            "stream_ledger",
            count=1,
            camera=None,
            first_sequence=self.ledger_sequence,
            start_ms=round(self.noon.timestamp() * 1000),
            ledger_stream="plaza-1/zone_counts",
            ledger_epoch="0123456789ab",
            ledger_day=day or self.day,
            made=made,
            dropped=0,
            last_sequence=made,
        )
        values = {**row.record.values, "first_sequence": 1}
        self.put([replace(row, record=replace(row.record, values=values))])

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: self.loaded[key] for key in keys if key in self.loaded}

    def rows(self, table: str, day: str) -> int:
        return self.rows_new

    def run(self, *, grace_minutes: float = 0, account_every_minutes: float = 0) -> RunReport:
        rules = ReconcilerRules(
            grace=timedelta(minutes=grace_minutes),
            load_grace=timedelta(0),
            account_every=timedelta(minutes=account_every_minutes),
        )
        reconciler = Reconciler(S3Lake(BUCKET, self.s3), self, rules, clock=self.clock)
        return Run(
            reconciler,
            Memory(self.dynamodb, CONTROL_TABLE, self.clock),
            Leases(self.dynamodb, CONTROL_TABLE, self.clock),
            rules,
            queue=LoadQueue(self.sqs, self.queue_url, BUCKET, S3Lake(BUCKET, self.s3).version_of),
            clock=self.clock,
        ).run()

    def announced(self) -> list[str]:
        """Take the messages of the load queue."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def report(self) -> dict[str, Any] | None:
        """Return the device's item of the day."""
        key = {"pk": {"S": f"reconcile#{self.device}"}, "sk": {"S": self.day}}
        item: dict[str, Any] | None = self.dynamodb.get_item(TableName=CONTROL_TABLE, Key=key).get("Item")
        return item


@pytest.fixture
def account(dynamodb: Any, make_records: Callable[..., list[StoredRecord]]) -> Account:
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    sqs: Any = boto3.client("sqs")
    url = sqs.create_queue(QueueName="load")["QueueUrl"]
    return Account(make_records, s3, sqs, dynamodb, url)
