"""A file dropped into the inbox bucket of MiniStack: S3's notification, the real handler, Athena's answer."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.ingest_settings import OPEN_DATA
from infra.local.athena import AthenaEndpoint, LocalAthena, S3Lake, S3Results
from infra.local.aws_environment import LOCAL_REGION, AwsEndpoint
from infra.local.event_source import QueueSource
from infra.local.poller import Poller, PollerSettings
from infra.local.queues import make_bucket, make_queue, notify_of_objects
from lambdas.open_data import handler as function
from lambdas.open_data.places import INBOX_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = {"region": LOCAL_REGION, "access_key": "local", "secret_key": "local"}
EXAMPLE = Path(__file__).parents[3] / "examples" / "opendata" / "free_wifi.csv"
DEADLINE_SECONDS = 60.0
REDELIVERED_SECONDS = 2


class Inbox:
    """The two buckets, the queue between, and a client of Athena over the lake."""

    def __init__(self, endpoint: AwsEndpoint, athena: Any, buckets: dict[str, str], poller: Poller) -> None:
        self.s3: S3Client = endpoint.s3()
        self.poller = poller
        self._buckets = buckets
        self._athena = athena

    def drop(self, name: str, content: bytes) -> None:
        """Put a file into the inbox."""
        self.s3.put_object(Bucket=self._buckets["inbox"], Key=f"{INBOX_PREFIX}{name}", Body=content)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the lake below `prefix`."""
        listed = self.s3.list_objects_v2(Bucket=self._buckets["lake"], Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def text(self, key: str) -> str:
        """Return an object of the lake."""
        return self.s3.get_object(Bucket=self._buckets["lake"], Key=key)["Body"].read().decode()

    def ask(self, sql: str) -> list[tuple[str, ...]]:
        """Return the rows of an answer, by Athena's API."""
        started = self._athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": "crowdlens"}
        )["QueryExecutionId"]
        wait_until(lambda: self._state(started) not in ("QUEUED", "RUNNING"))
        assert self._state(started) == "SUCCEEDED"
        rows = self._athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return [tuple(cell.get("VarCharValue", "") for cell in row["Data"]) for row in rows[1:]]

    def _state(self, execution: str) -> str:
        found = self._athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
        return str(found["Status"]["State"])

    def work_until(self, is_so: Callable[[], object]) -> None:
        """Let the function take messages until `is_so`; fails after a generous time."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.poller.poll_once()


def wait_until(is_so: Callable[[], object]) -> None:
    """Look again until `is_so`; fails after a generous time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def inbox(
    ministack_endpoint: AwsEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Inbox]:
    """Buckets and queue of this test, and the function running behind the queue as Lambda would run it."""
    name = uuid.uuid4().hex[:12]
    buckets = {kind: f"{kind}-{name}" for kind in ("inbox", "lake")}
    s3, sqs = ministack_endpoint.s3(), ministack_endpoint.sqs()
    for bucket in buckets.values():
        make_bucket(s3, bucket, LOCAL_REGION)
    settings = replace(OPEN_DATA, queue_name=f"open-data-{name}")
    queue = make_queue(sqs, settings, visibility_timeout_seconds=REDELIVERED_SECONDS)
    notify_of_objects(s3, sqs, buckets["inbox"], INBOX_PREFIX, queue)
    for key, value in {**ministack_endpoint.environment(), "LAKE_BUCKET": buckets["lake"]}.items():
        monkeypatch.setenv(key, value)
    function.inbox.cache_clear()
    source = QueueSource(queue.url, queue.arn, LOCAL_REGION, OPEN_DATA.batch_size, 0)
    statistics = str(tmp_path / "statistics.json")
    poller = Poller(
        PollerSettings("open_data", OPEN_DATA.handler, source, 60, OPEN_DATA.memory_mib, statistics),
        sqs,
        function.handler,
    )
    athena = LocalAthena(S3Lake(endpoint_url=ministack_endpoint.url, bucket=buckets["lake"], **KEYS))
    results = S3Results(endpoint_url=ministack_endpoint.url, **KEYS)
    place = f"s3://{buckets['lake']}/athena-results/"
    with AthenaEndpoint(athena, results=results, output_location=place) as endpoint:
        client = boto3.client(
            "athena",
            endpoint_url=endpoint.url,
            region_name=LOCAL_REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        yield Inbox(ministack_endpoint, client, buckets, poller)
    function.inbox.cache_clear()


def test_a_dropped_file_is_asked_by_athena_with_report_and_quarantine(inbox: Inbox) -> None:
    inbox.drop("무료 와이파이.csv", EXAMPLE.read_bytes())
    inbox.work_until(lambda: inbox.keys("open_data_reports/free_wifi/"))
    html, report = sorted(inbox.keys("open_data_reports/free_wifi/"))
    found = json.loads(inbox.text(report))
    assert found["rows"] == found["accepted"] + found["quarantined"]
    assert found["quarantined"] > 0
    assert "무료 와이파이" in inbox.text(html)
    (quarantine,) = inbox.keys("open_data_quarantine/free_wifi/")
    assert len(inbox.text(quarantine).splitlines()) == found["quarantined"]
    assert inbox.ask("SELECT count(*) FROM free_wifi") == [(str(found["accepted"]),)]
    by_city = inbox.ask("SELECT city, entries FROM wifi_by_city ORDER BY entries DESC, city")
    assert sum(int(entries) for _, entries in by_city) == found["accepted"]
    assert inbox.ask("SELECT count(DISTINCT source_file) FROM free_wifi") == [("1",)]


def test_a_newer_file_of_the_series_takes_its_place_and_a_bad_one_takes_none(inbox: Inbox) -> None:
    header, first, second = EXAMPLE.read_bytes().split(b"\r\n")[1:4]
    inbox.drop("seoul/a.csv", b"\r\n".join((header, first, second)))
    inbox.work_until(lambda: len(inbox.keys("open_data_reports/free_wifi/")) == 2)
    before = inbox.ask("SELECT count(*) FROM free_wifi")
    time.sleep(1.1)  # S3 keeps whole seconds of when an object was put: the second is to be newer.
    inbox.drop("seoul/b.csv", b"\r\n".join((header, first)))
    inbox.drop("seoul/c.csv", b"PK\x03\x04 no table")
    inbox.work_until(lambda: len(inbox.keys("open_data_reports/")) == 5)
    (refused,) = inbox.keys("open_data_reports/refused/")
    assert json.loads(inbox.text(refused))["refused"].startswith("the file is a zip archive")
    assert (before, inbox.ask("SELECT count(*) FROM free_wifi")) == ([("2",)], [("1",)])


def test_what_fails_on_the_way_into_the_lake_comes_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("LAKE_BUCKET", "no-such-bucket")
        function.inbox.cache_clear()
        inbox.drop("wifi.csv", EXAMPLE.read_bytes())
        inbox.work_until(lambda: inbox.poller.statistics.failed_messages)
    function.inbox.cache_clear()
    inbox.work_until(lambda: len(inbox.keys("open_data_reports/free_wifi/")) == 2)
    assert len(inbox.keys("open_data/free_wifi/")) == 1
