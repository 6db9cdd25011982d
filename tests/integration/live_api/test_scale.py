"""A large fleet, slow boxes and torn reads: the map answers, and what is slow harms nothing else."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from lambdas.live_api import readings, repository
from lambdas.live_api.feed_state import State
from lambdas.live_api.readings import BoxReader
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.mysql import Connector, Database, DatabaseUnavailableError, select_within
from lambdas.shared.settings import migration_settings

SLEEPING = "SELECT SLEEP(600)"


def many_zones(api: Any, site: str, cameras: int) -> None:
    """Fill live state with the zones of as many cameras, like the one that is there."""
    columns = [row[0] for row in api.query("SHOW COLUMNS FROM zone_live")]
    own = {"site": f"'{site}'", "camera": "CONCAT('c', seq)", "record_id": "CONCAT('x', seq)"}
    values = ", ".join(own.get(name, f"l.`{name}`") for name in columns)
    listed = ", ".join(f"`{name}`" for name in columns)
    api.write(
        f"INSERT INTO zone_live ({listed}) SELECT {values} "  # noqa: S608
        f"FROM seq_1_to_{cameras}, (SELECT * FROM zone_live LIMIT 1) AS l"
    )


def box(**fields: Any) -> GeographicBox:
    whole: dict[str, Any] = {"site": "seoul-1", "device": None, "azimuth_from": None, "azimuth_to": None}
    whole |= {"west": 126.9, "south": 37.4, "east": 127.1, "north": 37.6, "object_classes": ("person",)}
    return GeographicBox(**{**whole, **fields})


def test_only_cameras_that_feed_places_are_read(api: Any) -> None:
    api.count(10, 5)
    api.settle()
    many_zones(api, "seoul-1", 300)
    api.make()
    run = api.application.map.database.run
    assert set(run(repository.live_rows)) == {("seoul-1", "plaza-1", "entrance", "person")}
    before = run(repository.fingerprint)
    api.write("UPDATE zone_live SET record_id = 'new' WHERE camera = 'c1'")
    assert run(repository.fingerprint) == before
    api.write("UPDATE zone_live SET record_id = 'new' WHERE camera = 'plaza-1'")
    assert run(repository.fingerprint) != before


def test_a_site_without_own_cameras_costs_one_look_at_its_time_zone(
    api: Any, box_feed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.count(10, 5, time_zone="Asia/Tokyo")
    api.settle()
    many_zones(api, "seoul-1", 300)
    for number in range(20):
        api.make(id=f"box-{number}", feeds=[box_feed(west=126.0 + number / 1000)])
    api.application.map._snapshot = None
    asked: list[str] = []
    connection = api.application.map.database.connection()
    plain = connection.query
    monkeypatch.setattr(connection, "query", lambda sql, *rest: asked.append(str(sql)) or plain(sql, *rest))
    assert {one["time_zone"] for one in api.get("/places")["places"]} == {"Asia/Tokyo"}
    assert sum("SELECT time_zone FROM zone_live" in sql for sql in asked) == 1


def test_boxes_are_read_by_site_and_time(api: Any) -> None:
    for number in range(60):
        api.track(10 + number, number, site=f"site-{number % 12}")
    api.write("ANALYZE TABLE tracks")
    condition, values = box(site="site-3").condition()
    (plan,) = api.query(
        f"EXPLAIN SELECT COUNT(*) FROM tracks WHERE event_time > %s AND event_time <= %s AND {condition}",  # noqa: S608
        (api.now - timedelta(seconds=30), api.now, *values),
    )
    assert "tracks_site_event_time" in str(plan)


def test_a_box_that_takes_too_long_has_no_data_and_only_it(
    api: Any, box_feed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.count(10, 7)
    api.track(10, 1)
    api.settle()
    api.make()
    api.make(id="box", feeds=[box_feed()])
    api.make(id="slow", feeds=[box_feed(west=126.8)])
    plain = repository.box_rows

    def slow(cursor: Any, one: GeographicBox, between: Any, seconds: float) -> Any:
        if one.west == 126.8:
            cursor.execute(f"{select_within(0.05)} SLEEP(5) FROM places")
        return plain(cursor, one, between, seconds)

    monkeypatch.setattr("lambdas.live_api.readings.box_rows", slow)
    # Like a process that is new: it has read no box yet.
    api.application.map._snapshot, api.application.map._boxes = None, BoxReader()
    found = {one["id"]: (one["state"], one["count"]) for one in api.get("/places")["places"]}
    assert found == {"plaza": ("live", 7), "box": ("live", 1), "slow": ("no_data", None)}


def test_boxes_for_which_there_is_no_time_have_their_turn_next(api: Any) -> None:
    api.track(10, 1)
    one, other = box(), box(west=126.5)
    # Each call asks for the time once, and once more for each box: the second box comes too late.
    ticks = iter([1.0, 1.0, 1.0 + readings.BOXES_SECONDS] * 3)
    reader = BoxReader(monotonic=lambda: next(ticks))
    run = api.application.map.database.run
    first = run(lambda cursor: reader.read(cursor, [one, other], api.now))
    assert (first[one] is None, first[other] is None) == (False, True)
    # What was read before stays as it was: it turns stale by itself.
    second = run(lambda cursor: reader.read(cursor, [one, other], api.now))
    assert second[one] == first[one]
    assert second[other] is not None
    assert second[other].state(api.now + timedelta(minutes=2)) is State.STALE


def test_the_server_ends_a_query_of_the_map_and_nobody_repeats_it(api: Any) -> None:
    settings = migration_settings(api.server.environment()).mysql
    connector = Connector(settings, statement_seconds=30, query_seconds=1, local_rows=False)
    tries: list[int] = []

    def sleep(cursor: Any) -> None:
        tries.append(1)
        cursor.execute(SLEEPING)

    with (
        closing(Database(settings, connect=connector.connect, attempts=2, repeat_slow=False)) as database,
        pytest.raises(DatabaseUnavailableError),
    ):
        database.run(sleep)
    assert len(tries) == 1
    assert not [row for row in api.query("SHOW PROCESSLIST") if SLEEPING in str(row[7])]


def test_a_query_that_was_waited_for_too_long_is_not_repeated(api: Any) -> None:
    settings = migration_settings(api.server.environment()).mysql
    connector = Connector(settings, local_rows=False)
    tries: list[int] = []

    def sleep(cursor: Any) -> None:
        tries.append(1)
        # From here on alone: connecting may take a busy machine longer.
        cursor.connection._read_timeout = 0.5
        cursor.execute("SELECT SLEEP(5)")

    with (
        closing(Database(settings, connect=connector.connect, attempts=2, repeat_slow=False)) as database,
        pytest.raises(DatabaseUnavailableError),
    ):
        database.run(sleep)
    assert len(tries) == 1


def test_a_read_of_places_sees_one_moment(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connection = api.application.map.database.connection()
    plain = connection.query
    monkeypatch.setattr(connection, "query", lambda sql, *rest: asked.append(str(sql)) or plain(sql, *rest))
    api.application.map.places()
    (statement,) = asked
    assert re.search("FROM places .*JOIN place_feeds", statement)


def test_an_editor_of_one_site_is_offered_its_zones_however_many_others_have(
    cloud_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.live_api.choices_query.MOST_CHOICES", 40)
    monkeypatch.setattr("lambdas.live_api.feed_choices.MOST_CHOICES", 40)
    cloud_api.count(10, 3, site="zz-last")
    cloud_api.track(10, 1, site="zz-last", device="drone-9")
    cloud_api.track(5, 1, site="aa-first")
    cloud_api.settle()
    many_zones(cloud_api, "aa-first", 50)
    found = cloud_api.get("/feeds", groups="editors site-zz-last")
    assert [zone["site"] for zone in found["zones"]] == ["zz-last"]
    assert [device["device"] for device in found["devices"]] == ["drone-9"]
    assert found["truncated"] is False
    everything = cloud_api.get("/feeds", groups="editors all-sites")
    assert (len(everything["zones"]), everything["truncated"]) == (40, True)
    assert cloud_api.get("/feeds", groups="editors") == {"zones": [], "devices": [], "truncated": False}


def test_devices_are_looked_for_among_the_newest_tracks_alone(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.live_api.choices_query._TRACKS_READ", 3)
    api.track(600, 1, device="long-ago")
    for number in range(3):
        api.track(10, number, device="drone-1")
    assert [device["device"] for device in api.get("/feeds")["devices"]] == ["drone-1"]


def test_a_days_statistics_are_not_those_of_another_place_with_its_id(cloud_api: Any) -> None:
    cloud_api.count(timedelta(days=1).total_seconds(), 77)
    cloud_api.settle()
    everyone = {"groups": "editors all-sites"}
    place = {"id": "plaza", "name": "n", "longitude": 127, "latitude": 37}
    zone = {"kind": "zone", "site": "seoul-1", "camera": "plaza-1", "zone": "entrance"}
    feeds = [{**zone, "object_classes": ["person"]}]
    made = cloud_api.call("POST", "/places", {**place, "site": "seoul-1", "feeds": feeds}, **everyone)
    days = cloud_api.get("/places/plaza/statistics", **everyone)["days"]
    assert 77.0 in [day["mean"] for day in days]
    cloud_api.call("DELETE", "/places/plaza", **everyone, headers={"If-Match": made.etag})
    cloud_api.call(
        "POST", "/places", {**place, "site": "busan-1", "feeds": []}, groups="editors site-busan-1"
    )
    others = cloud_api.get("/places/plaza/statistics", groups="site-busan-1")["days"]
    assert {day["mean"] for day in others} == {None}


def test_a_class_that_is_not_counted_is_no_part_of_count_usual_or_statistics(
    api: Any, zone_feed: Any
) -> None:
    hour = api.now.replace(minute=0, second=0) - timedelta(hours=1)
    for week in (1, 2):
        api.write(
            "INSERT INTO zone_hours VALUES "
            "('seoul-1', 'plaza-1', 'entrance', 'person', %s, 3600, 36000, 20, 0)",
            (hour - timedelta(weeks=week),),
        )
    api.count(20, 7)
    api.settle()
    place = api.make(feeds=[zone_feed("plaza-1", "entrance", "person", "bicycle")]).json
    assert (place["count"], place["usual"]["count"], place["percent"]) == (7, 10.0, 70)
    found = api.get("/places/plaza/statistics")
    assert found["days"][-1]["mean"] == 7.0
    assert [step["mean"] for step in found["hours"] if step["mean"] is not None] == [7.0]
