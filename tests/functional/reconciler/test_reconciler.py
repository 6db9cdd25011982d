"""Runs against S3, SQS and DynamoDB as moto plays them: reports, alarms, lost notifications sent again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cli.main import main
from contract.lake import compacted_day_prefix
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import S3ObjectStore
from lambdas.rds_loader.notifications import parse_notification
from lambdas.reconciler import handler as module
from lambdas.reconciler.settings import reconciler_settings
from lambdas.reconciler.store import WHOLE_BYTES, S3Lake
from lambdas.shared.leases import Leases
from lambdas.shared.mysql import DatabaseUnavailableError
from lambdas.shared.settings import SettingError

BUCKET = "crowdlens-lake"
CONTROL_TABLE = "crowdlens-control"


def test_a_loss_is_reported_and_a_late_arrival_closes_it(account: Any) -> None:
    account.put(account.counts(1, 4))
    account.put(account.counts(6, 10))
    account.tell(10)
    first = account.run()
    assert first.opened == [(account.day, "edge-1")]
    assert (first.counts()["records_missing"], first.counts()["devices_with_differences"]) == (1, 1)
    item = account.report()
    assert (item["state"]["S"], item["missing"]["N"], item["made"]["N"]) == ("open", "1", "11")
    assert item["tables"]["M"]["zone_counts"]["M"]["missing"]["N"] == "1"

    again = account.run()
    assert (again.opened, again.counts()["records_missing"]) == ([], 1)

    account.put(account.counts(5, 5))
    last = account.run()
    assert last.closed == [(account.day, "edge-1")]
    assert last.counts()["records_missing"] == 0
    closed = account.report()
    assert (closed["state"]["S"], closed["missing"]["N"]) == ("closed", "0")
    assert closed["since"] == item["since"]


def test_a_day_that_is_closed_is_not_read_again_until_it_changes(account: Any) -> None:
    account.put(account.counts(1, 10))
    account.tell(10)
    assert account.run().days_checked == 1
    assert account.run().days_checked == 0
    account.tell(11)
    changed = account.run()
    assert (changed.days_checked, changed.counts()["records_missing"]) == (1, 1)


def far_day(account: Any, days: int, arrived: int, *, load: bool) -> str:
    """Let `arrived` of ten records of a day long ago arrive now, as after a long outage."""
    noon = account.noon - timedelta(days=days)
    records = account.make(
        count=arrived, first_sequence=1, start_ms=round(noon.timestamp() * 1000), step_ms=1
    )
    account.put(records, load=load)
    account.tell(10, day=noon.date().isoformat())
    return str(noon.date().isoformat())


def test_a_loss_after_a_ten_day_outage_is_missed(account: Any) -> None:
    day = far_day(account, 10, 9, load=True)
    first = account.run()
    assert (first.counts()["records_missing"], first.opened) == (1, [(day, "edge-1")])
    # It is open, so it stays in sight, when nothing arrives any more and its ledger is out of sight, too.
    for moved in (timedelta(days=1), timedelta(days=20)):
        account.later = moved
        again = account.run()
        assert (again.counts()["records_missing"], again.closed) == (1, [])


def test_a_lost_notification_of_a_ten_day_old_object_is_sent_again(account: Any) -> None:
    start_ms = round((account.noon - timedelta(days=10)).timestamp() * 1000)
    (key,) = account.put(account.make("events", count=9, start_ms=start_ms, step_ms=1), load=False)
    assert account.run().counts()["objects_requeued"] == 1
    (message,) = account.announced()
    assert parse_notification(message)[0].key == key


def test_a_boot_without_a_clock_is_accounted_for_and_costs_no_reading_of_all_years(account: Any) -> None:
    account.put(account.make(count=9, start_ms=3_600_000, step_ms=1))
    account.tell(10, day="1970-01-01")
    between = compacted_day_prefix("stream_ledger", "2025-06-01")
    account.s3.put_object(Bucket=BUCKET, Key=f"{between}read-by-nobody.parquet", Body=b"no parquet")
    found = account.run()
    assert found.counts()["records_missing"] == 1
    assert found.counts()["objects_unreadable"] == 0


def test_the_lake_adds_up_while_mysql_is_away(account: Any) -> None:
    account.put(account.counts(1, 4), load=False)
    account.put(account.counts(6, 10))
    account.tell(10)

    def away(keys: Any) -> Any:
        raise DatabaseUnavailableError("MySQL is away")

    answers, account.etags = account.etags, away
    found = account.run()
    assert found.counts()["records_missing"] == 1
    assert found.counts()["days_failed"] == 1
    assert list(found.failed.values()) == ["MySQL is away"]
    account.etags = answers
    back = account.run()
    assert (back.counts()["records_not_in_mysql"], back.counts()["objects_requeued"]) == (4, 1)


def test_a_day_that_is_wholly_lost_is_missed(account: Any) -> None:
    account.put(account.counts(1, 5))
    account.tell(5)
    two_days_before = (account.noon - timedelta(days=2)).date().isoformat()
    account.tell(7, day=two_days_before)
    found = account.run()
    assert found.opened == [(two_days_before, "edge-1")]
    assert found.counts()["records_missing"] == 7
    assert account.run().counts()["records_missing"] == 7


def test_between_accounts_the_alarm_stands(account: Any) -> None:
    account.put(account.counts(1, 9))
    account.tell(10)
    account.run()
    between = account.run(account_every_minutes=60)
    assert (between.days_checked, between.counts()["records_missing"]) == (0, 1)


def test_what_may_still_come_alarms_nobody(account: Any) -> None:
    account.put(account.counts(1, 9))
    account.tell(10)
    found = account.run(grace_minutes=30)
    assert (found.opened, found.counts()["records_missing"], found.counts()["records_on_the_way"]) == (
        [],
        0,
        1,
    )
    assert account.report() is None
    account.later = timedelta(minutes=31)
    assert account.run(grace_minutes=30).counts()["records_missing"] == 1


def test_a_lost_notification_is_sent_again_and_not_too_often(account: Any) -> None:
    account.put(account.counts(1, 5))
    (lost,) = account.put(account.counts(6, 10), load=False)
    account.tell(10)
    found = account.run()
    assert (found.objects_requeued, found.counts()["records_not_in_mysql"]) == (1, 5)
    (body,) = account.announced()
    (created,) = parse_notification(body)
    etag = account.s3.head_object(Bucket=BUCKET, Key=lost)["ETag"].strip('"')
    assert (created.bucket, created.key, created.etag) == (BUCKET, lost, etag)

    account.later = timedelta(minutes=10)
    assert (account.run().objects_requeued, account.announced()) == (0, [])
    account.later = timedelta(minutes=16)
    assert account.run().objects_requeued == 1
    account.later = timedelta(minutes=40)
    assert account.run().objects_requeued == 0

    account.loaded[lost] = etag
    account.later = timedelta(hours=3)
    last = account.run()
    assert (last.objects_requeued, last.counts()["records_not_in_mysql"]) == (0, 0)
    assert account.report()["state"]["S"] == "closed"


def test_a_queue_that_is_gone_fails_its_day_and_says_so(account: Any) -> None:
    account.put(account.counts(1, 5), load=False)
    account.sqs.delete_queue(QueueUrl=account.queue_url)
    found = account.run()
    assert list(found.failed) == [account.day]
    assert "the load queue did not answer" in found.failed[account.day]


def test_only_one_runs_at_a_time(account: Any) -> None:
    account.put(account.counts(1, 5))
    leases = Leases(account.dynamodb, CONTROL_TABLE)
    held = leases.take("reconcile", 60)
    assert held is not None
    assert account.run().busy == 1
    leases.release(held)
    assert account.run().days_checked == 1


def test_compaction_changes_no_account(account: Any) -> None:
    for first in range(1, 40, 4):
        account.put(account.counts(first, first + 3))
    account.tell(41)
    before = account.run().days[account.day].counts
    gone = CompactionRules(raw_keep=timedelta(0), reader_grace=timedelta(0))
    compactor = Compactor(S3ObjectStore(BUCKET, account.s3), Leases(account.dynamodb, CONTROL_TABLE), gone)
    for _ in range(2):
        compactor.run(compactor.pieces())
    assert not S3Lake(BUCKET, account.s3).listing("raw/")
    after = account.run().days[account.day].counts
    assert before == after
    assert (after.in_lake, after.missing) == (41, 1)


def compact_and_retire(account: Any) -> list[str]:
    """Fold everything and take the raw objects away at once; return the compacted keys."""
    at_once = CompactionRules(raw_keep=timedelta(0), reader_grace=timedelta(0))
    compactor = Compactor(S3ObjectStore(BUCKET, account.s3), Leases(account.dynamodb, CONTROL_TABLE), at_once)
    for _ in range(2):
        compactor.run(compactor.pieces())
    assert not S3Lake(BUCKET, account.s3).listing("raw/")
    return [item.key for item in S3Lake(BUCKET, account.s3).listing("compacted/")]


def test_rows_that_only_compacted_objects_have_are_announced_with_these(account: Any) -> None:
    account.put(account.counts(1, 9), load=False)
    account.tell(9)
    compacted = compact_and_retire(account)
    # Of the ten records of the day MySQL has the ledger's row, which is of another table.
    account.rows_new = 1

    report = account.run()

    assert report.short_in_mysql == {account.day: {"zone_counts": 8}}
    assert report.days[account.day].counts.not_in_mysql == 8
    (told,) = account.announced()
    (created,) = parse_notification(told)
    assert created.key in compacted
    assert "/zone_counts/" in created.key
    # Once MySQL has it, the day closes; asked again meanwhile, nothing is announced twice.
    assert account.run().objects_requeued == 0
    account.loaded[created.key] = str(created.etag)
    account.rows_new = 9
    assert account.run().short_in_mysql == {}


def test_an_announcement_names_the_version_that_outlives_its_key(account: Any) -> None:
    account.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    (key,) = account.put(account.counts(1, 3), load=False)
    version = account.s3.head_object(Bucket=BUCKET, Key=key)["VersionId"]
    account.run()
    (told,) = account.announced()
    assert [(one.key, one.version_id) for one in parse_notification(told)] == [(key, version)]


def test_an_object_that_went_since_the_listing_has_no_version_to_name(account: Any) -> None:
    (key,) = account.put(account.counts(1, 3))
    lake = S3Lake(BUCKET, account.s3)
    (item,) = lake.listing("raw/")
    account.s3.delete_object(Bucket=BUCKET, Key=key)
    assert lake.version_of(item) is None


def test_of_a_large_object_only_the_columns_are_fetched(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.put(account.counts(1, 15_000))
    account.tell(15_000)
    lake = S3Lake(BUCKET, account.s3)
    (item,) = lake.listing("raw/zone_counts/")
    assert item.size > WHOLE_BYTES
    with lake.open(item) as file:
        whole = account.s3.get_object(Bucket=BUCKET, Key=item.key)["Body"].read()
        assert file.read() == whole
        file.seek(-8, 2)
        assert file.read() == whole[-8:]
    assert account.run().days[account.day].counts.in_lake == 15_001


@pytest.fixture
def environment(account: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {
        "LAKE_BUCKET": BUCKET,
        "CONTROL_TABLE": CONTROL_TABLE,
        "RECONCILER_GRACE_MINUTES": "0",
        "RECONCILER_ACCOUNT_EVERY_MINUTES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MYSQL_HOST", raising=False)
    module._parts.cache_clear()
    yield account
    module._parts.cache_clear()


@pytest.mark.parametrize("by_day", [pytest.param(False, id="schedule"), pytest.param(True, id="one day")])
def test_the_function_counts_for_an_alarm(
    environment: Any, by_day: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.put(environment.counts(1, 9))
    environment.tell(10)
    counts = module.handler({"day": environment.day} if by_day else {}, object())
    assert (counts["records_missing"], counts["devices_with_differences"]) == (1, 1)
    (metrics,) = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert json.loads(metrics)["records_missing"] == [1.0]


@pytest.mark.parametrize(
    ("later", "silent"),
    [pytest.param(timedelta(), 0, id="told just now"), pytest.param(timedelta(hours=2), 1, id="quiet since")],
)
def test_a_device_that_tells_nothing_for_an_hour_is_silent(
    account: Any, later: timedelta, silent: int
) -> None:
    account.put(account.counts(1, 9))
    account.tell(9)
    account.later = later
    report = account.run(grace_minutes=60)
    assert report.devices_silent == silent
    assert report.counts()["devices_silent"] == silent
    (told,) = report.silence
    assert (told.site, list(told.silent), list(told.heard)) == (
        "s",
        ["edge-1"] * silent,
        ["edge-1"] * (1 - silent),
    )
    assert told.time_zone == ("Asia/Seoul" if silent else None), (
        "read of a camera's records when it is needed"
    )


def test_a_run_that_does_not_read_what_devices_tell_knows_no_silence(account: Any) -> None:
    report = account.run()
    assert report.devices_silent is None
    assert "devices_silent" not in report.counts()


def test_an_event_with_a_wrong_day_is_refused(environment: Any) -> None:
    with pytest.raises(module.EventError, match=r"day is '21\.11'"):
        module.handler({"day": "21.11"}, object())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("LAKE_BUCKET", "", id="no bucket"),
        pytest.param("RECONCILER_GRACE_MINUTES", "-1", id="negative"),
        pytest.param("RECONCILER_LOAD_GRACE_MINUTES", "nan", id="nan"),
        pytest.param("RECONCILER_DAYS", "0", id="no days"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        reconciler_settings({"LAKE_BUCKET": "lake", name: value})


def test_the_command_reads_a_bucket(environment: Any, capsys: pytest.CaptureFixture[str]) -> None:
    environment.put(environment.counts(1, 9))
    environment.tell(10)
    assert main(["reconcile", "--grace-minutes", "0", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (day,) = document["days"]
    assert (day["day"], day["devices"][0]["missing"], document["complete"]) == (environment.day, 1, False)
    assert main(["reconcile"]) == 0
    assert "1 on the way" in capsys.readouterr().err
    assert main(["reconcile", "--grace-minutes", "0", "--device", "edge-2"]) == 2
    assert "device is 'edge-2'" in capsys.readouterr().err
