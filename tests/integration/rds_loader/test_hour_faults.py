"""Totals that fail or are slow, notes that several loaders make, and devices whose windows do not fit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymysql.cursors import Cursor

from cli.rebuild import hours as lake_hours
from contract.tables import ZONE_COUNTS
from lambdas.rds_loader import handler as module
from lambdas.rds_loader import hour_totals, hours
from lambdas.rds_loader.maintenance import MaintenanceResult, maintain
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.lake_store import LakeStore

NOON = datetime.fromisoformat("2025-11-21T12:00")
NOON_MILLISECONDS = 1_763_726_400_000
HOUR_MILLISECONDS = 3_600_000
AFTER = NOON + timedelta(hours=2)
EVERYTHING = GeographicBox("seoul-1", None, 126, 37, 128, 38, None, None, ("person",))
OTHER = GeographicBox("seoul-1", None, 126, 36, 129, 38, None, None, ("person",))
INSERT_BOX = (
    "INSERT INTO place_feeds (place_id, number, kind, site, west, south, east, north, object_classes) "
    "VALUES ('p', %s, 'box', %s, %s, %s, %s, %s, %s)"
)
SEEN = {
    "object_class": "person",
    "suspect": False,
    "longitude": 127.0,
    "latitude": 37.5,
    "device_azimuth_degrees": 0.0,
}
COUNTED = {"zone": "gate", "object_class": "person", "window_seconds": 10.0, "suspect": False}
BOX_TOTALS = "SELECT box, hour_start, seconds, occupancy_seconds, occupancy_maximum FROM box_hours"


@pytest.fixture
def boxes(lake: Any) -> Iterator[None]:
    for number, box in enumerate((EVERYTHING, OTHER)):
        edges = (box.west, box.south, box.east, box.north)
        lake.write(INSERT_BOX, [number, box.site, *edges, json.dumps(box.object_classes)])
    yield
    lake.write("DELETE FROM place_feeds")


def see(lake: Any, make_records: Any, device: str, **fields: Any) -> None:
    values = {
        "count": 12,
        "start_ms": NOON_MILLISECONDS,
        "window_seconds": 10.0,
        "step_ms": 10_000,
        "track": 1,
    }
    values |= fields
    assert lake.load(*lake.put(make_records("tracks", **SEEN, **values), device=device)) == 0


def run(now: datetime = AFTER) -> MaintenanceResult:
    return maintain(module.loader()._database, now)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The statement of the box OTHER takes far longer than it may."""
    plain = GeographicBox.condition

    def condition(box: GeographicBox) -> tuple[str, list[object]]:
        text, values = plain(box)
        return (f"{text} AND SLEEP(60) = 0", values) if box == OTHER else (text, values)

    monkeypatch.setattr(GeographicBox, "condition", condition)
    monkeypatch.setattr(hour_totals, "STATEMENT_SECONDS", 0.3)
    return monkeypatch


@pytest.mark.usefixtures("boxes")
def test_a_slow_total_keeps_nothing_else_out_and_is_tried_again(
    lake: Any, make_records: Any, slow: pytest.MonkeyPatch
) -> None:
    lake.load(*lake.put(make_records(count=3, start_ms=NOON_MILLISECONDS - 480 * HOUR_MILLISECONDS)))
    lake.load(*lake.put(make_records(count=12, first_sequence=100, **COUNTED)))
    see(lake, make_records, "jetson-7")
    result = run()
    assert (result.removed["zone_counts"], result.finished) == (3, True)
    assert result.totals.failed == 1
    ((kind, reason),) = result.totals.errors
    assert kind.startswith("Database")
    assert OTHER.digest in reason
    assert [row[0] for row in lake.query(BOX_TOTALS)] == [EVERYTHING.digest]
    assert lake.query("SELECT seconds FROM zone_hours") == [(120.0,)]
    assert lake.query("SELECT * FROM hours_due") == []
    left = "SELECT part, attempts, retry_at FROM hours_to_make"
    assert lake.query(left) == [(OTHER.digest, 1, AFTER + timedelta(minutes=5))]
    assert run(AFTER + timedelta(minutes=4)).totals.failed == 0
    again = AFTER + timedelta(minutes=5)
    assert run(again).totals.failed == 1
    assert lake.query(left) == [(OTHER.digest, 2, again + timedelta(minutes=10))]
    slow.undo()
    assert run(again + timedelta(minutes=10)).totals.made == 1
    assert lake.query(left) == []
    assert {row[0] for row in lake.query(BOX_TOTALS)} == {EVERYTHING.digest, OTHER.digest}


@pytest.mark.usefixtures("boxes")
def test_a_total_that_ends_the_process_is_not_the_first_of_the_next(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    see(lake, make_records, "jetson-7")
    plain, made = hour_totals.make_box, []

    def make_box(cursor: Cursor, digest: str, box: GeographicBox, hour_start: datetime) -> None:
        made.append(digest)
        if len(made) == 1:
            raise SystemExit
        plain(cursor, digest, box, hour_start)

    monkeypatch.setattr(hour_totals, "make_box", make_box)
    with pytest.raises(SystemExit):
        run()
    assert run().totals.made == 1
    assert run(AFTER + timedelta(minutes=5)).totals.made == 1
    assert made == [*sorted([EVERYTHING.digest, OTHER.digest]), min(EVERYTHING.digest, OTHER.digest)]


@pytest.mark.usefixtures("boxes")
def test_a_box_that_nobody_can_read_is_told_and_left_out(lake: Any, make_records: Any) -> None:
    lake.write(INSERT_BOX, [9, "seoul-1", 1, 1, 2, 2, '["person"'])
    see(lake, make_records, "jetson-7")
    result = run()
    assert (result.totals.failed, result.totals.made) == (1, 2)
    assert "object_classes '[\"person\"': expected a list of names" in result.totals.errors[0][1]
    assert len(lake.query(BOX_TOTALS)) == 2


def test_what_failed_until_its_rows_were_gone_is_given_up(
    lake: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    insert = "INSERT INTO hours_to_make VALUES (%s, 'zone_counts', 'seoul-1', %s, %s, %s)"
    for camera, attempts in (("failed", 3), ("never tried", 0)):
        lake.write(insert, [NOON, camera, attempts, NOON])
    module.handler({"task": "maintain"}, None)
    assert lake.query("SELECT * FROM hours_to_make") == []
    (sent,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert sent["totals_given_up"] == [1.0]
    assert "totals_failed" not in sent


def due(*cameras: str) -> list[hours.DueHour]:
    return [hours.DueHour(NOON, ZONE_COUNTS.name, "seoul-1", camera) for camera in cameras]


def test_loaders_do_not_wait_for_each_other_and_are_waited_for(lake: Any) -> None:
    module.database().run(lambda cursor: hours.note_due(cursor, due("plaza-1")))
    with closing(lake.server.connect()) as first, closing(lake.server.connect()) as second:
        for connection in (first, second):
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
                connection.commit()
                # The second would end with "Lock wait timeout exceeded".
                hours.note_due(cursor, due("plaza-1"))
        assert run().totals.made == 0
        first.commit()
        assert run().totals.made == 0
        assert len(lake.query("SELECT * FROM hours_due")) == 1
        second.commit()
    assert run().totals.made == 1
    assert lake.query("SELECT * FROM hours_due") == []


def test_hours_are_noted_after_every_row_of_a_group(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    plain = Cursor.execute

    def execute(cursor: Cursor, query: Any, args: Any = None) -> int:
        statements.append(query.decode(errors="replace") if isinstance(query, bytes) else query)
        return plain(cursor, query, args)

    keys = lake.put(make_records(count=3, **COUNTED), make_records("tracks", count=3, **SEEN))
    keys += lake.put(make_records("line_crossings"), device="jetson-8")
    # Settling comes after the group.
    lake.loader._settled_at = math.inf
    monkeypatch.setattr(Cursor, "execute", execute)
    assert lake.load_bodies(lake.notification(*keys)) == []
    notes = [at for at, text in enumerate(statements) if "INTO hours_due" in text]
    rows = [at for at, text in enumerate(statements) if "INTO TABLE `" in text or "INSERT INTO `" in text]
    assert len(notes) == 1
    assert len(rows) >= 3
    assert notes[0] > max(rows)


@pytest.mark.usefixtures("boxes")
@pytest.mark.parametrize(
    ("window_seconds", "phase_seconds"),
    [
        pytest.param(10.0, 0, id="together"),
        pytest.param(10.0, 5, id="five seconds later"),
        pytest.param(60.0, 25, id="longer and later"),
    ],
)
def test_devices_whose_windows_do_not_fit_are_added_up_by_time(
    lake: Any, make_records: Any, window_seconds: float, phase_seconds: int
) -> None:
    midnight = NOON_MILLISECONDS - 12 * HOUR_MILLISECONDS
    for device, seconds, start in (
        ("a", 10.0, midnight),
        ("b", window_seconds, midnight + phase_seconds * 1000),
    ):
        step = int(seconds * 1000)
        # From before midnight until after one o'clock.
        count = (HOUR_MILLISECONDS + 4 * 60_000) // step
        begun = start - (120_000 // step) * step
        see(lake, make_records, device, count=count, start_ms=begun, step_ms=step, window_seconds=seconds)
    now = NOON - timedelta(hours=9)
    assert run(now).totals.failed == 0
    hour = NOON - timedelta(hours=12)
    made = sorted(lake.query(BOX_TOTALS))
    assert [row[2:] for row in made if row[1] == hour] == [(3600.0, 7200.0, 2)] * 2
    lake.write("DELETE FROM box_hours")
    lake_hours.rebuild_hours(LakeStore("crowdlens-lake"), module.loader()._database, now, lambda line: None)
    assert sorted(lake.query(BOX_TOTALS)) == made
