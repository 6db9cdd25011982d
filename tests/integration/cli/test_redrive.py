"""Dead letters and refused messages on their way back, in MiniStack and with real processes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from contract.envelope import encode_message
from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from contract.records import StoredRecord
from infra.ingest_settings import LAKE_WRITER
from infra.local.aws_environment import LOCAL_REGION, REPOSITORY_ROOT, AwsEndpoint
from infra.local.queues import make_bucket, make_control_table, make_queue
from infra.local.stack import LocalStack, StackOptions
from lambdas.shared.quarantine import Quarantined, QuarantineKind
from lambdas.shared.settings import IdentityMode

RecordFactory = Callable[..., list[StoredRecord]]
MESSAGES = 150


def crowdlens(endpoint: AwsEndpoint, bucket: str, table: str, *words: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        **endpoint.environment(),
        "LAKE_BUCKET": bucket,
        "CONTROL_TABLE": table,
        "PYTHONPATH": str(REPOSITORY_ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_killed_again_and_again_a_redrive_loses_nothing(ministack_endpoint: AwsEndpoint) -> None:
    bucket, table = "redrive-lake", "redrive-control"
    s3, sqs = ministack_endpoint.s3(), ministack_endpoint.sqs()
    make_bucket(s3, bucket, LOCAL_REGION)
    make_control_table(ministack_endpoint.dynamodb(), table)
    queue = make_queue(sqs, LAKE_WRITER.named("redrive"), visibility_timeout_seconds=300)
    bodies = {json.dumps({"device": "jetson-7", "number": number}) for number in range(MESSAGES)}
    for number, body in enumerate(sorted(bodies)):
        one = Quarantined(
            QuarantineKind.DEAD_LETTER, "dead_letters", "GivenUp", "why", datetime(2026, 11, 21, tzinfo=UTC),
            f"m-{number}", "AROA:x", body, queue.arn, "jetson-7",
        )  # fmt: skip
        s3.put_object(Bucket=bucket, Key=one.key, Body=one.to_bytes())
    chance = random.Random(4)
    kills = 0
    while left := keys(s3, bucket, QUARANTINE_PREFIX):
        process = crowdlens(ministack_endpoint, bucket, table, "redrive")
        deadline = time.monotonic() + 30
        # Killed a moment after it has begun to send, wherever that is.
        while len(keys(s3, bucket, QUARANTINE_PREFIX)) == len(left) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.communicate()
        kills += process.returncode != 0
    assert kills >= 2
    assert "nothing to send back" in finished(crowdlens(ministack_endpoint, bucket, table, "redrive"))
    received: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages"):
        received |= {message["Body"] for message in messages}
    assert received == bodies


def test_what_was_refused_is_written_after_enrolment_and_a_dead_letter_after_redrive(
    make_records: RecordFactory,
) -> None:
    options = StackOptions(
        with_mysql=False,
        lake_writer=replace(LAKE_WRITER, batch_window_seconds=0, maximum_receives=2),
        visibility_timeout_seconds=1,
        identity_mode=IdentityMode.ENFORCE,
    )
    with LocalStack(options) as stack:

        def command(*words: str) -> str:
            return finished(crowdlens(stack.endpoint, stack.bucket, stack.control_table, *words))

        def raw() -> list[str]:
            return keys(stack.s3(), stack.bucket, RAW_PREFIX)

        body = encode_message("seoul-1", "jetson-7", make_records(count=5))
        stack.sqs().send_message(QueueUrl=stack.ingest_queue_url, MessageBody=body)
        stack.wait_until_drained(30)
        assert "1 stay in quarantine: UnknownDevice" in command("quarantine", "release")
        stack.enrol("jetson-7", "seoul-1")
        time.sleep(0.1)
        assert "1 sent to ingest" in command("quarantine", "release")
        stack.wait_until_drained(30)
        assert (len(raw()), keys(stack.s3(), stack.bucket, QUARANTINE_PREFIX)) == (1, [])

        # A dead letter of the same device: put where the queue would have moved it.
        other = encode_message("seoul-1", "jetson-7", make_records(count=2, first_sequence=6))
        stack.sqs().send_message(QueueUrl=stack.ingest_queue.dead_letter_url, MessageBody=other)
        stack.wait_until_drained(30)
        assert "1 would be sent back" in command("redrive", "--dry-run")
        assert "1 sent to ingest" in command("redrive", "--device", "jetson-7")
        stack.wait_until_drained(30)
        assert (len(raw()), keys(stack.s3(), stack.bucket, QUARANTINE_PREFIX)) == (2, [])
