"""Hour totals: the same whichever way and however often records come, and as the lake has them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from cli.rebuild import hours as lake_hours
from cli.rebuild.digest import EVERY_DAY
from cli.rebuild.lake import list_objects, read_records
from contract.tables import TRACKS, ZONE_COUNTS
from lambdas.rds_loader import handler as module
from lambdas.rds_loader import hours
from lambdas.rds_loader.maintenance import maintain
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.lake_store import LakeStore

NOON = datetime.fromisoformat("2025-11-21T12:00")
NOON_MILLISECONDS = 1_763_726_400_000
AFTER = NOON + timedelta(hours=2)
COUNTED = {
    "site": "seoul-1",
    "zone": "gate",
    "object_class": "person",
    "window_seconds": 10.0,
    "suspect": False,
}
ZONES = (
    "SELECT camera, zone, hour_start, seconds, occupancy_seconds, occupancy_maximum FROM zone_hours "
    "ORDER BY camera, zone, hour_start"
)


def put(lake: Any, make_records: Any, count: int, **fields: Any) -> list[str]:
    values = {**COUNTED, "occupancy_mean": 2.0, "occupancy_maximum": 5, **fields}
    values.pop("site")
    return list(lake.put(make_records(count=count, **values)))


def totals(lake: Any, now: datetime = AFTER) -> list[tuple[Any, ...]]:
    maintain(module.loader()._database, now)
    return list(lake.query(ZONES))


def test_an_hour_that_is_over_gets_its_totals(lake: Any, make_records: Any) -> None:
    lake.load(*put(lake, make_records, 12))
    assert totals(lake, NOON + timedelta(minutes=61)) == []
    assert totals(lake) == [("plaza-1", "gate", NOON, 120.0, 240.0, 5)]
    assert lake.query("SELECT * FROM hours_due") == []


def test_nothing_is_ever_added_twice(lake: Any, make_records: Any) -> None:
    first = put(lake, make_records, 12)
    lake.load(*first, *first)
    expected = totals(lake)
    # The same records in another object, and late ones after the totals were made.
    lake.load(*put(lake, make_records, 12, epoch="0123456789ab"))
    assert totals(lake) == expected
    late = put(lake, make_records, 6, first_sequence=100, start_ms=NOON_MILLISECONDS + 600_000)
    lake.load(*late)
    assert totals(lake) == [("plaza-1", "gate", NOON, 180.0, 360.0, 5)]
    assert totals(lake) == [("plaza-1", "gate", NOON, 180.0, 360.0, 5)]


def test_suspect_windows_are_left_out(lake: Any, make_records: Any) -> None:
    lake.load(*put(lake, make_records, 6))
    lake.load(*put(lake, make_records, 6, first_sequence=50, suspect=True, occupancy_maximum=99))
    assert totals(lake) == [("plaza-1", "gate", NOON, 60.0, 120.0, 5)]
    assert lake.query("SELECT suspect_seconds FROM zone_hours") == [(60.0,)]


def test_totals_outlive_the_rows_they_were_made_of(lake: Any, make_records: Any) -> None:
    lake.load(*put(lake, make_records, 12))
    expected = totals(lake)
    later = NOON + timedelta(days=20)
    assert totals(lake, later) == expected
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(0,)]
    # A record of then that comes now must not replace a total by what little is left of its hour.
    lake.load(*put(lake, make_records, 1, first_sequence=200))
    assert totals(lake, later) == expected
    assert lake.query("SELECT * FROM hours_due") == []
    assert totals(lake, NOON + timedelta(days=40)) == []


def test_a_rebuild_leaves_the_weeks_that_it_cannot_give_back(lake: Any, make_records: Any) -> None:
    lake.load(*put(lake, make_records, 12))
    expected = totals(lake)
    assert lake.rebuild() == 0
    assert lake.query(ZONES) == expected


def test_the_lake_gives_the_same_totals(lake: Any, make_records: Any) -> None:
    for camera, first in (("plaza-1", 1), ("plaza-2", 1), ("plaza-2", 1000)):
        for hour in (0, 1, 5):
            start = NOON_MILLISECONDS - 3_600_000 * hour + 7_200_000 * (hour == 5)
            lake.load(
                *put(lake, make_records, 20, camera=camera, first_sequence=first + 100 * hour, start_ms=start)
            )
    now = NOON + timedelta(days=1)
    expected = totals(lake, now)
    assert len(expected) >= 4
    lake.write("DELETE FROM zone_hours")
    store = LakeStore("crowdlens-lake")
    for _ in range(2):
        lake_hours.rebuild_hours(store, module.loader()._database, now, lambda line: None)
        assert lake.query(ZONES) == expected


def test_the_command_makes_them_anew(
    lake: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.main import main

    assert main(["rebuild", "--bucket", "crowdlens-lake", "--mysql-url", lake.url, "--usual"]) == 0
    assert "0 hour totals are made anew" in capsys.readouterr().err


INSERT_BOX = (
    "INSERT INTO place_feeds (place_id, number, kind, site, device, west, south, east, north, "
    "azimuth_from, azimuth_to, object_classes) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
BOXES = {
    "everything": GeographicBox("seoul-1", None, 126, 37, 128, 38, None, None, ("person",)),
    "north": GeographicBox("seoul-1", "jetson-7", 126, 37, 128, 38, 315, 45, ("person",)),
    "south": GeographicBox("seoul-1", None, 126, 37, 128, 38, 45, 315, ("person", "car")),
    "over the 180th meridian": GeographicBox("seoul-1", None, 127.5, 37, -170, 38, 0, 360, ("car",)),
}


def fill_tracks(lake: Any, make_records: Any) -> None:
    sequence = 1
    for number, (longitude, azimuth, name) in enumerate(
        [(127.0, 0.0, "person"), (127.0, 45.0, "person"), (127.0, -50.0, "person"), (127.9, 90.0, "car"),
         (129.0, 10.0, "person"), (127.0, None, "person"), (None, 0.0, "person")]
    ):  # fmt: skip
        values = {
            "longitude": longitude,
            "latitude": 37.5,
            "device_azimuth_degrees": azimuth,
            "track": number,
        }
        for start in (NOON_MILLISECONDS, NOON_MILLISECONDS + 1_000_000, NOON_MILLISECONDS + 3_700_000):
            records = make_records(
                "tracks", count=3, start_ms=start, first_sequence=sequence, object_class=name,
                window_seconds=10.0, suspect=False, **values,
            )  # fmt: skip
            sequence += 10
            lake.load(*lake.put(records))


def test_boxes_have_totals_too_and_the_lake_gives_the_same(lake: Any, make_records: Any) -> None:
    for number, box in enumerate(BOXES.values()):
        edges = (box.west, box.south, box.east, box.north, box.azimuth_from, box.azimuth_to)
        values = ["p", number, "box", box.site, box.device, *edges, json.dumps(box.object_classes)]
        lake.write(INSERT_BOX, values)
    try:
        fill_tracks(lake, make_records)
        maintain(module.loader()._database, NOON + timedelta(hours=3))
        made = sorted(lake.query("SELECT * FROM box_hours"))
        by_box = {name: [row[2:] for row in made if row[0] == box.digest] for name, box in BOXES.items()}
        # Three windows of ten seconds twice in the first hour and once in the next, of so many tracks.
        assert by_box["everything"] == [(60.0, 240.0, 4), (30.0, 120.0, 4)]
        assert by_box["north"] == [(60.0, 60.0, 1), (30.0, 30.0, 1)]
        assert by_box["south"] == [(60.0, 180.0, 3), (30.0, 90.0, 3)]
        assert by_box["over the 180th meridian"] == [(60.0, 60.0, 1), (30.0, 30.0, 1)]
        objects = list_objects(LakeStore("crowdlens-lake"), TRACKS, EVERY_DAY)
        records = read_records(LakeStore("crowdlens-lake"), TRACKS, objects)
        found = lake_hours.box_totals(records, {box.digest: box for box in BOXES.values()})
        assert sorted(found) == made
    finally:
        lake.write("DELETE FROM place_feeds")


def test_only_counts_and_tracks_on_the_map_make_an_hour_due(make_records: Any, lake: Any) -> None:
    lake.load(
        *lake.put(make_records("line_crossings"), make_records(camera=None), make_records("tracks", count=2))
    )
    ((source, camera),) = lake.query("SELECT source, camera FROM hours_due")
    assert (source, camera) == ("tracks", "")
    assert hours.first_whole_hour(ZONE_COUNTS.name, NOON.date()) == datetime.fromisoformat("2025-11-15")
