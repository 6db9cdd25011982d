"""The cloud of a run past the bad weather: what lies in it, and what a person does to mend it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pymysql

from contract.lake import RAW_PREFIX
from infra.local.aws_environment import REPOSITORY_ROOT, base_environment
from tests.chaos.real.stack import ChaoticStack
from tests.chaos.simulated_s3 import Stored, notification


class CloudView:
    """Reads the lake and MySQL of `stack`, and runs what mends them."""

    def __init__(self, stack: ChaoticStack) -> None:
        self._stack = stack

    def redrive(self) -> int:
        """Run `crowdlens redrive`; return how many messages it sent back."""
        command = [sys.executable, "-m", "cli.main", "redrive", "--json", "--bucket", self._stack.bucket]
        own = {**self._stack.aws_environment(), "CONTROL_TABLE": self._stack.control_table}
        done = subprocess.run(
            command,
            env=base_environment(self._stack.run.temporary, own),
            cwd=REPOSITORY_ROOT,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"redrive failed: {done.stderr.decode(errors='replace')[-500:]}")
        return int(sum(json.loads(done.stdout)["sent"].values()))

    def announce_missing(self) -> int:
        """Announce raw objects that MySQL's ledger lacks, as the reconciler does; return how many."""
        with self._mysql() as cursor:
            cursor.execute("SELECT object_key, etag FROM load_ledger")
            loaded = dict(cursor.fetchall())
        missing = {
            key: one.etag
            for key, one in self.objects().items()
            if key.startswith(RAW_PREFIX) and loaded.get(key) != one.etag
        }
        for key, etag in missing.items():
            body = notification(key, etag, self._stack.bucket)
            self._stack.sqs().send_message(QueueUrl=self._stack.load_queue.url, MessageBody=body)
        return len(missing)

    def objects(self) -> dict[str, Stored]:
        """Return all objects of the lake."""
        s3 = self._stack.s3()
        found: dict[str, Stored] = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket):
            for one in page.get("Contents", []):
                answer: Any = s3.get_object(Bucket=self._stack.bucket, Key=one["Key"])
                put_at = answer["LastModified"].timestamp()
                found[one["Key"]] = Stored(answer["Body"].read(), answer["ETag"].strip('"'), put_at)
        return found

    @contextlib.contextmanager
    def _mysql(self) -> Iterator[Any]:
        assert self._stack.mysql is not None
        connection = self._stack.mysql.connect()
        try:
            with connection.cursor(pymysql.cursors.Cursor) as cursor:
                yield cursor
        finally:
            connection.close()

    def mysql_rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table."""
        with self._mysql() as cursor:
            cursor.execute(f"SELECT * FROM `{table}`")  # noqa: S608 - a table of ours
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
