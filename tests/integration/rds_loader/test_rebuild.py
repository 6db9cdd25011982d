"""`crowdlens rebuild`: MySQL gone and back, equal to the byte of its digest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pymysql
import pytest

from cli.main import main
from cli.rebuild import work
from cli.rebuild.guards import only_rebuild
from infra.local.lake_copy import copy_lake
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import S3ObjectStore
from lambdas.rds_loader.loader import Loader
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.leases import Leases

BUCKET = "crowdlens-lake"
NOON_MILLISECONDS = 1_763_726_400_000
DAY_MILLISECONDS = 86_400_000


def fill(lake: Any, make_records: Any) -> list[str]:
    """Every table, several days, records twice and out of order, late ones and ones ahead of the clock."""
    keys: list[str] = []
    for step in range(2):
        start_ms = NOON_MILLISECONDS - step * DAY_MILLISECONDS
        for number, table in enumerate(("zone_counts", "tracks", "gaps", "events", "line_crossings")):
            records = make_records(table, count=6, first_sequence=1 + 6 * step, start_ms=start_ms + number)
            keys += [*lake.put(records), *lake.put([*records[4:], *records[:3]])]
    for table in ("classifications", "camera_status", "device_health", "stream_ledger"):
        keys += lake.put(make_records(table, count=3))
    ahead = make_records(count=2, start_ms=4_000_000_000_000, camera="ahead", first_sequence=90)
    keys += lake.put(ahead, make_records(count=1, camera="ahead", first_sequence=80))
    assert lake.load(*reversed(keys), *keys[:5]) == 0
    return keys


def test_a_rebuild_gives_the_same_digest_of_every_table(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    assert all(rows for rows, _ in before.values())
    capsys.readouterr()
    assert lake.rebuild("--json") == 0
    assert json.loads(capsys.readouterr().out)["objects"] == len(keys)
    assert lake.digests() == before
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(len(keys),)]
    assert lake.rebuild("--check") == 0


def test_raw_objects_folded_into_compacted_ones_give_the_same_digest(lake: Any, make_records: Any) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    counts = [key for key in keys if key.startswith("raw/zone_counts/day=2025-11-21")]
    tracks = [key for key in keys if key.startswith("raw/tracks/day=2025-11-2")]
    lake.fold(*counts)
    # Not retired yet: for a while the rows are in both.
    lake.fold(tracks[0], retire=False)
    assert lake.rebuild() == 0
    assert lake.digests() == before
    assert lake.rebuild("--check") == 0


def test_what_the_compactor_makes_gives_the_same_digest(lake: Any, make_records: Any) -> None:
    fill(lake, make_records)
    before = lake.digests()
    control = boto3.client("dynamodb")
    schema: list[Any] = [("pk", "HASH"), ("sk", "RANGE")]
    control.create_table(
        TableName="control",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in schema],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in schema],
    )
    at_once = CompactionRules(settle=timedelta(0), reader_grace=timedelta(0), raw_keep=timedelta(0))
    compactor = Compactor(S3ObjectStore(BUCKET), Leases(control, "control"), at_once)
    while lake.keys("raw/"):
        compactor.run(compactor.pieces())
    assert lake.keys("compacted/")
    assert lake.rebuild() == 0
    assert lake.digests() == before
    assert lake.rebuild("--check") == 0


def test_what_mysql_lacks_is_loaded_without_a_drop(lake: Any, make_records: Any) -> None:
    fill(lake, make_records)
    never_announced = lake.put(make_records(count=4, camera="new"))
    lake.fold(*never_announced)
    lake.query("CREATE TABLE stays (a INT)")
    assert lake.rebuild("--check") == 1
    assert lake.rebuild("--missing") == 0
    assert lake.rebuild("--check") == 0
    lake.query("DROP TABLE stays")


def test_a_database_with_no_table_left_comes_back(lake: Any, make_records: Any) -> None:
    fill(lake, make_records)
    before = lake.digests()
    for (name,) in lake.query("SHOW TABLES"):
        lake.query(f"DROP TABLE `{name}`")
    assert lake.rebuild() == 0
    assert lake.digests() == before


def test_what_people_typed_in_stays(lake: Any, make_records: Any) -> None:
    fill(lake, make_records)
    lake.write(
        "INSERT INTO places (id, name, site, longitude, latitude, version, updated_at) "
        "VALUES ('plaza', '광장', 'seoul-1', 127.0, 37.5, 1, UTC_TIMESTAMP(3))"
    )
    try:
        assert lake.rebuild() == 0
        assert lake.query("SELECT name FROM places") == [("광장",)]
    finally:
        lake.write("DELETE FROM places")


def test_one_that_was_interrupted_goes_on_where_it_was(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    monkeypatch.setattr(work, "OBJECTS_AT_ONCE", 5)
    plain, calls = Loader.load_many, []

    def interrupted(self: Loader, wanted: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(self, wanted)

    monkeypatch.setattr(Loader, "load_many", interrupted)
    assert lake.rebuild() == 130
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(10,)]
    capsys.readouterr()
    assert lake.rebuild("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["objects"], told["resumed"]) == (len(keys) - 10, True)
    assert lake.digests() == before
    assert lake.rebuild("--json") == 0
    assert json.loads(capsys.readouterr().out)["resumed"] is False


@pytest.fixture
def half_way(lake: Any, make_records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A rebuild that was stopped half-way, and another lake in a folder: what MySQL held before of it."""
    fill(lake, make_records)
    before = lake.digests()
    copy_lake(lake.s3, BUCKET, tmp_path)
    lake.put(make_records(count=2, camera="only-here"))
    with monkeypatch.context() as patch:
        patch.setattr(work, "OBJECTS_AT_ONCE", 5)
        plain, calls = Loader.load_many, []

        def interrupted(self: Loader, wanted: Any) -> Any:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return plain(self, wanted)

        patch.setattr(Loader, "load_many", interrupted)
        assert lake.rebuild() == 130
    return before


@pytest.mark.parametrize(
    "goes_on", [pytest.param((), id="rebuild"), pytest.param(("--missing",), id="missing")]
)
def test_one_that_was_interrupted_does_not_go_on_with_another_lake(
    lake: Any, half_way: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], goes_on: tuple[str, ...]
) -> None:
    there = lake.digests()
    capsys.readouterr()
    another = ["rebuild", "--lake", str(tmp_path), "--mysql-url", lake.url, "--every-day"]
    assert main([*another, *goes_on]) == 1
    told = capsys.readouterr().err
    assert f"a rebuild of another lake than {tmp_path} was stopped half-way" in told
    assert "--from-scratch" in told
    assert lake.digests() == there
    assert main([*another, "--from-scratch"]) == 0
    assert lake.digests() == half_way
    assert lake.query("SELECT name FROM projection_state WHERE name LIKE 'rebuild%'") == []


def test_one_that_was_killed_goes_on_where_it_was(lake: Any, make_records: Any, tmp_path: Path) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    copy_lake(lake.s3, BUCKET, tmp_path)
    command = [sys.executable, "-m", "cli.main", "rebuild", "--lake", str(tmp_path), "--mysql-url", lake.url]
    child = subprocess.Popen([*command, "--every-day"], env={**os.environ})
    with closing(lake.server.connect()) as holder, holder.cursor() as cursor:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not has_begun(lake):
            time.sleep(0.005)
        # This row keeps it from getting on.
        cursor.execute(
            "INSERT INTO load_ledger VALUES (%s, 'x', 'gaps', '2025-11-21', 0, 0, NOW(3), 0)", (keys[0],)
        )
        time.sleep(0.2)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=10)
    assert child.returncode == -signal.SIGKILL
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(0,)]
    assert main([*command[3:], "--every-day"]) == 0
    assert lake.digests() == before
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(len(keys),)]


def has_begun(lake: Any) -> bool:
    with suppress(pymysql.err.ProgrammingError):
        return bool(lake.query("SELECT 1 FROM projection_state WHERE name = 'rebuild_started'"))
    return False


def test_objects_that_arrive_meanwhile_do_no_harm(lake: Any, make_records: Any) -> None:
    fill(lake, make_records)
    arriving = [lake.put(make_records(camera=f"new-{number}"))[0] for number in range(12)]
    waiting = list(arriving)
    done = threading.Event()

    def deliver() -> None:
        # As the queue does: what fails comes again.
        while waiting:
            key = waiting.pop(0)
            if lake.load(key):
                waiting.append(key)
                time.sleep(0.05)
        done.set()

    thread = threading.Thread(target=deliver)
    thread.start()
    assert lake.rebuild() == 0
    assert done.wait(30)
    thread.join()
    live_and_rebuilt = lake.digests()
    assert lake.rebuild() == 0
    assert lake.digests() == live_and_rebuilt
    assert lake.rebuild("--check") == 0


def test_an_object_folded_away_under_the_rebuild_is_found_in_its_new_place(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    gone = [key for key in keys if key.startswith("raw/tracks/day=2025-11-21")]
    plain = LakeStore.get
    folded: list[str] = []
    one_at_a_time = threading.Lock()

    def get(self: LakeStore, key: str, version_id: str | None = None) -> Any:
        with one_at_a_time:
            if not folded:
                folded.append(lake.fold(*gone))
            return plain(self, key)

    monkeypatch.setattr(LakeStore, "get", get)
    assert lake.rebuild() == 0
    assert lake.digests() == before
    assert (folded[0],) in lake.query("SELECT object_key FROM load_ledger")


def test_an_object_that_cannot_be_read_is_named_and_tried_again(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    good = lake.s3.get_object(Bucket=BUCKET, Key=keys[3])["Body"].read()
    lake.s3.put_object(Bucket=BUCKET, Key=keys[3], Body=b"no parquet")
    assert lake.rebuild() == 1
    assert f"1 objects could not be loaded, the first is {keys[3]}" in capsys.readouterr().err
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(len(keys) - 1,)]
    lake.s3.put_object(Bucket=BUCKET, Key=keys[3], Body=good)
    assert lake.rebuild() == 0
    assert lake.digests() == before


def test_the_wrong_lake_drops_nothing(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lake, make_records)
    before = lake.digests()
    lake.s3.create_bucket(Bucket="another")
    assert main(["rebuild", "--bucket", "another", "--mysql-url", lake.url, "--every-day"]) == 1
    assert "expected the lake of this database" in capsys.readouterr().err
    assert lake.digests() == before


def test_a_table_that_the_lake_cannot_give_back_is_not_dropped(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fill(lake, make_records)
    before = lake.digests()
    for key in keys:
        if key.startswith(("raw/gaps/", "raw/tracks/")):
            lake.s3.delete_object(Bucket=BUCKET, Key=key)
    capsys.readouterr()
    assert lake.rebuild() == 1
    told = capsys.readouterr().err
    assert "has no object of tracks, gaps of the days that MySQL keeps" in told
    assert "--from-scratch" in told
    assert told.count("\n") == 1
    assert lake.digests() == before
    assert lake.rebuild("--from-scratch") == 0
    after = {name: rows for name, (rows, _) in lake.digests().items()}
    assert (after["tracks"], after["gaps"]) == (0, 0)
    assert after["zone_counts"] == before["zone_counts"][0]


def test_two_rebuilds_at_once_are_one_too_many(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lake, make_records)
    before = lake.digests()
    with closing(lake.server.connect()) as other, only_rebuild(other):
        assert lake.rebuild() == 1
        assert "another rebuild of this database is running" in capsys.readouterr().err
    assert lake.digests() == before


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param("DELETE FROM tracks LIMIT 2", ("tracks", 2, 0), id="rows missing"),
        pytest.param(
            "UPDATE zone_counts SET entries = entries + 1 LIMIT 1", ("zone_counts", 0, 0), id="value changed"
        ),
        pytest.param(
            "INSERT INTO gaps SELECT 'made:up:x:1', site, device, camera, epoch, stream, sequence, "
            "scene_version, time_zone, event_time, clock_quality, reason, gap_stream, gap_epoch, "
            "first_sequence, last_sequence, records, gap_start, gap_end FROM gaps LIMIT 1",
            ("gaps", 0, 1),
            id="row too many",
        ),
        pytest.param(
            "UPDATE zone_live SET occupancy_last = 999 LIMIT 1", ("zone_live", 0, 0), id="live state"
        ),
    ],
)
def test_a_check_names_what_differs(
    lake: Any, make_records: Any, change: str, found: tuple[str, int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lake, make_records)
    change_it(lake, change)
    capsys.readouterr()
    assert lake.rebuild("--check", "--json") == 1
    told = [day for day in json.loads(capsys.readouterr().out)["days"] if not day["equal"]]
    assert {day["table"] for day in told} == {found[0]}
    assert sum(day["lake_only"] for day in told) == found[1]
    assert sum(day["mysql_only"] for day in told) == found[2]
    assert lake.rebuild() == 0
    assert lake.rebuild("--check") == 0


def change_it(lake: Any, statement: str) -> None:
    with closing(lake.server.connect()) as connection, connection.cursor() as cursor:
        assert cursor.execute(statement) > 0
        connection.commit()


def test_only_the_days_that_mysql_keeps_come_back(lake: Any, make_records: Any) -> None:
    now_ms = int(time.time() * 1000)
    for age, camera in ((0, "today"), (1, "yesterday"), (400, "last-year")):
        start_ms = now_ms - age * DAY_MILLISECONDS
        lake.load(*lake.put(make_records(count=2, start_ms=start_ms, step_ms=1, camera=camera)))
    assert main(["rebuild", "--bucket", BUCKET, "--mysql-url", lake.url]) == 0
    assert lake.query("SELECT DISTINCT camera FROM zone_counts ORDER BY camera") == [
        ("today",),
        ("yesterday",),
    ]
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(2,)]
    assert main(["rebuild", "--check", "--bucket", BUCKET, "--mysql-url", lake.url]) == 0


def test_digests_are_printed_with_what_they_leave_out(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lake, make_records)
    capsys.readouterr()
    assert lake.rebuild("--digest", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["table"]: (one["rows"], one["sha256"]) for one in told["tables"]} == lake.digests()
    assert set(told["left_out"]) == {"load_ledger", "schema_migrations", "projection_state"}
    assert lake.rebuild("--digest") == 0
    assert "left out: load_ledger" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        pytest.param(["--lake", "/nowhere"], 2, "expected a folder with raw/", id="no lake"),
        pytest.param(["--digest", "--mysql-url", "mysql://u:p@127.0.0.1:1/x"], 1, "failed", id="no server"),
        pytest.param(["--digest", "--mysql-url", "postgres://x"], 2, "expected mysql://", id="no MySQL URL"),
    ],
)
def test_a_mistake_gets_one_sentence(
    lake: Any, arguments: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = [] if "--mysql-url" in arguments else ["--mysql-url", lake.url]
    assert main(["rebuild", *arguments, *url]) == status
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
