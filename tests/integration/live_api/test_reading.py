"""What the map shows of a real database."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from typing import Any

import pytest

HOUR = timedelta(hours=1)


def test_an_empty_database_is_an_empty_map(api: Any) -> None:
    assert api.get("/places") == {
        "refresh_seconds": 5,
        "as_of": None,
        "map": {"tile_url": None, "attribution": "", "outline": "korea"},
        "places": [],
    }
    assert api.get("/feeds") == {"zones": [], "devices": [], "truncated": False}


def test_a_place_shows_the_newest_count_and_its_change(api: Any) -> None:
    api.make()
    api.count(310, 4)
    api.count(20, 6)
    api.count(10, 7)
    api.settle()
    (place,) = api.get("/places")["places"]
    assert (place["state"], place["count"], place["change"], place["seen_now"]) == ("live", 7, 3, True)
    assert (place["seen_at"], place["time_zone"]) == ("2026-03-02T03:00:00Z", "Asia/Seoul")


def test_a_place_without_data_is_no_empty_place(api: Any, zone_feed: Any) -> None:
    api.make()
    api.make(id="empty", feeds=[zone_feed("plaza-2")])
    api.count(10, 0, camera="plaza-2")
    api.settle()
    empty, silent = sorted(api.get("/places")["places"], key=lambda place: str(place["id"]))
    assert (empty["state"], empty["count"], empty["seen_now"]) == ("live", 0, True)
    assert (silent["state"], silent["count"], silent["seen_now"]) == ("no_data", None, False)
    assert (silent["percent"], silent["level"], silent["seen_at"]) == (None, None, None)


def test_a_place_falls_silent_without_anything_new_arriving(api: Any) -> None:
    api.make()
    api.count(10, 7)
    api.settle()
    found = []
    for minutes in (0, 1, 2, 14, 16):
        api.now = datetime.fromisoformat("2026-03-02T03:00") + timedelta(minutes=minutes)
        (place,) = api.get("/places")["places"]
        found.append((place["state"], place["count"]))
    assert found == [("live", 7), ("live", 7), ("stale", 7), ("stale", 7), ("no_data", None)]


def test_several_zones_and_classes_add_up(api: Any, zone_feed: Any) -> None:
    api.make(feeds=[zone_feed("plaza-1", "entrance", "person", "bicycle"), zone_feed("plaza-2")])
    for fields in ({}, {"object_class": "bicycle"}, {"object_class": "car"}, {"camera": "plaza-2"}):
        api.count(10, 5, **fields)
    api.settle()
    (place,) = api.get("/places")["places"]
    assert (place["count"], place["state"]) == (15, "live")
    detail = api.get("/places/plaza")
    assert [feed["count"] for feed in detail["feeds"]] == [10, 5]


def test_a_class_that_is_no_longer_counted_is_left_out(api: Any, zone_feed: Any) -> None:
    api.make(feeds=[zone_feed("plaza-1", "entrance", "person", "bicycle")])
    api.count(3600, 9, object_class="bicycle")
    api.count(10, 5)
    api.settle()
    assert api.get("/places")["places"][0]["count"] == 5


def test_one_silent_feed_makes_the_count_suspect(api: Any, zone_feed: Any) -> None:
    api.make(feeds=[zone_feed(), zone_feed("plaza-2")], manual_usual=5)
    api.count(10, 5)
    api.settle()
    (place,) = api.get("/places")["places"]
    assert (place["state"], place["count"], place["feeds"], place["feeds_silent"]) == ("suspect", 5, 2, 1)
    # Five of one camera against the usual of both would be called relaxed.
    assert (place["usual"], place["percent"]) == (None, None)


def test_a_camera_that_is_not_healthy_makes_the_count_suspect(api: Any) -> None:
    api.make(manual_usual=10)
    api.count(10, 0, suspect=1)
    api.settle()
    (place,) = api.get("/places")["places"]
    # A covered camera counts nobody: that is no relaxed place.
    assert (place["state"], place["count"], place["percent"], place["level"]) == ("suspect", 0, None, None)


@pytest.mark.parametrize(
    ("azimuth", "expected"),
    [
        pytest.param(0.0, {"north": 2}, id="north"),
        pytest.param(359.5, {"north": 2}, id="a little west of north"),
        pytest.param(-30.0, {"north": 2}, id="written below north"),
        pytest.param(44.9, {"north": 2}, id="the end of the range"),
        pytest.param(45.0, {"south": 2}, id="where the other begins"),
        pytest.param(180.0, {"south": 2}, id="south"),
        pytest.param(None, {}, id="nobody knows where it looks"),
    ],
)
def test_two_places_with_one_box_are_told_apart_by_the_azimuth(
    api: Any, box_feed: Any, azimuth: float | None, expected: dict[str, int]
) -> None:
    api.make(id="north", feeds=[box_feed(azimuth_from=315, azimuth_to=45)])
    api.make(id="south", feeds=[box_feed(azimuth_from=45, azimuth_to=315)])
    for number in (1, 2):
        api.track(10, number, device_azimuth_degrees=azimuth)
    places = api.get("/places")["places"]
    assert {place["id"]: place["count"] for place in places if place["count"] is not None} == expected
    # The ring is on the place that is seen now.
    assert {place["id"] for place in places if place["seen_now"]} == set(expected)


def test_a_box_counts_distinct_tracks_of_its_last_window(api: Any, box_feed: Any) -> None:
    api.make(feeds=[box_feed()])
    for number in (1, 2, 3):
        api.track(310, number)
    for ago, number in ((20, 3), (20, 4), (10, 4), (10, 5)):
        api.track(ago, number)
    api.track(10, 6, longitude=128.0)
    api.track(10, 7, object_class="car")
    api.track(10, 8, site="busan-1")
    api.track(10, 9, longitude=None)
    (place,) = api.get("/places")["places"]
    assert (place["count"], place["change"]) == (2, -1)


def test_two_drones_over_a_box_both_count(api: Any, box_feed: Any) -> None:
    api.make(feeds=[box_feed()])
    api.make(id="one", feeds=[box_feed(device="drone-1")])
    api.track(10, 1, device="drone-1")
    api.track(20, 1, device="drone-2")
    api.track(20, 2, device="drone-2")
    assert {place["id"]: place["count"] for place in api.get("/places")["places"]} == {"plaza": 3, "one": 1}


def test_a_box_that_nobody_looks_at_shows_its_last_count_and_then_none(api: Any, box_feed: Any) -> None:
    api.make(feeds=[box_feed()])
    api.track(310, 1)
    assert api.get("/places")["places"][0]["state"] == "stale"
    api.now += timedelta(minutes=15)
    assert api.get("/places")["places"][0]["state"] == "no_data"


@pytest.mark.parametrize(
    ("told", "typed_in", "expected"),
    [
        pytest.param("Asia/Tokyo", None, "Asia/Tokyo", id="the camera's"),
        pytest.param("Asia/Tokyo", "Asia/Seoul", "Asia/Seoul", id="typed in"),
        pytest.param("Mars/Olympus", None, "UTC", id="a camera of another planet"),
        pytest.param(None, None, "UTC", id="nobody tells"),
    ],
)
def test_a_place_has_a_time_zone(api: Any, told: str | None, typed_in: str | None, expected: str) -> None:
    api.make(time_zone=typed_in)
    api.count(10, 5, time_zone=told)
    api.settle()
    assert api.get("/places")["places"][0]["time_zone"] == expected
    assert api.get("/places/plaza/statistics")["time_zone"] == expected


def fill_hours(api: Any, *weeks: float, **fields: Any) -> None:
    """Write the totals of this hour of the week of the last weeks."""
    hour = api.now.replace(minute=0, second=0) - HOUR
    row = {"site": "seoul-1", "camera": "plaza-1", "zone": "entrance", "object_class": "person", **fields}
    for week, mean in enumerate(weeks, start=1):
        values = (*row.values(), hour - timedelta(weeks=week), mean * 3600)
        api.write("INSERT INTO zone_hours VALUES (%s, %s, %s, %s, %s, 3600, %s, 9, 0)", values)


@pytest.mark.parametrize(
    ("weeks", "manual", "usual", "shown"),
    [
        pytest.param(
            [10, 20, 15, 15],
            99,
            {"count": 15, "source": "history", "weeks": 4},
            (200, "very_crowded"),
            id="4 weeks",
        ),
        pytest.param(
            [20, 20], None, {"count": 20, "source": "history", "weeks": 2}, (150, "crowded"), id="2 weeks"
        ),
        pytest.param([10], 30, {"count": 30, "source": "manual", "weeks": 0}, (100, "normal"), id="typed in"),
        pytest.param([10], None, None, (None, None), id="one week alone"),
        pytest.param(
            [0, 0], None, {"count": 0, "source": "history", "weeks": 2}, (None, None), id="usually nobody"
        ),
    ],
)
def test_a_count_is_held_against_what_is_usual(
    api: Any, weeks: list[float], manual: float | None, usual: Any, shown: Any
) -> None:
    api.make(manual_usual=manual)
    fill_hours(api, *weeks)
    api.count(10, 30)
    api.settle()
    (place,) = api.get("/places")["places"]
    assert (place["usual"], (place["percent"], place["level"])) == (usual, shown)


def test_an_unchanged_answer_costs_no_body(api: Any, second_api: Any) -> None:
    api.make()
    api.count(10, 5)
    api.settle()
    first = api.call("GET", "/places")
    same = api.call("GET", "/places", headers={"If-None-Match": first.etag})
    assert (same.status, same.body, same.etag) == (304, b"", first.etag)
    # Another process, which has never asked, says the same; so does a clock that went on.
    second_api.now = api.now = api.now + timedelta(seconds=30)
    for one in (api, second_api):
        assert one.call("GET", "/places", headers={"If-None-Match": first.etag}).status == 304
    api.count(0, 6)
    api.settle()
    changed = api.call("GET", "/places", headers={"If-None-Match": first.etag})
    assert (changed.status, changed.json["places"][0]["count"]) == (200, 6)


def test_one_small_query_decides_that_nothing_changed(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api.make()
    api.count(10, 5)
    api.settle()
    etag = api.call("GET", "/places").etag
    asked: list[str] = []
    connection = api.application.map.database.connection()
    plain = connection.query
    monkeypatch.setattr(connection, "query", lambda sql, *rest: asked.append(sql) or plain(sql, *rest))
    assert api.call("GET", "/places", headers={"If-None-Match": etag}).status == 304
    assert len(asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE places SET name = 'x', version = version + 1", id="a place renamed"),
        pytest.param("DELETE FROM places", id="a place removed"),
        pytest.param("UPDATE zone_live SET occupancy_last = 8, record_id = 'other'", id="a count"),
        pytest.param("DELETE FROM zone_live", id="a zone that left"),
    ],
)
def test_every_change_is_seen(api: Any, change: str) -> None:
    api.make()
    api.count(10, 5)
    api.settle()
    etag = api.call("GET", "/places").etag
    api.write(change)
    assert api.call("GET", "/places", headers={"If-None-Match": etag}).status == 200


def test_a_late_track_within_the_last_minute_is_seen(api: Any, box_feed: Any) -> None:
    api.make(feeds=[box_feed()])
    api.track(10, 1)
    etag = api.call("GET", "/places").etag
    assert api.call("GET", "/places", headers={"If-None-Match": etag}).status == 304
    api.track(10, 2)
    changed = api.call("GET", "/places", headers={"If-None-Match": etag})
    assert changed.json["places"][0]["count"] == 2


def test_a_long_answer_is_compressed_for_who_reads_that(api: Any) -> None:
    for number in range(6):
        api.make(id=f"plaza-{number}")
    plain = api.call("GET", "/places")
    api_event = api.handler
    assert len(plain.body) > 1_400
    from cli.live_map.requests import answer_of, event_of

    event = event_of("GET", "/api/v1/places", {"Accept-Encoding": "gzip, br"}, b"")
    _, headers, body = answer_of(api_event(event, None))
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == plain.body
    assert headers["ETag"] == plain.etag


def test_statistics_are_of_local_days(api: Any) -> None:
    api.make()
    for minutes_ago, number in ((5, 2), (65, 4), (12 * 60, 100), (13 * 60, 50)):
        api.count(minutes_ago * 60, number)
    api.count(70 * 60, 999, suspect=1)
    api.settle()
    found = api.get("/places/plaza/statistics")
    assert found["time_zone"] == "Asia/Seoul"
    # Noon in Seoul: twelve hours ago is today, thirteen hours ago yesterday, and February has ended.
    assert [(day["date"], day["mean"], day["maximum"]) for day in found["days"]] == [
        ("2026-02-26", None, None),
        ("2026-02-27", None, None),
        ("2026-02-28", None, None),
        ("2026-03-01", 50.0, 51),
        ("2026-03-02", 35.33, 101),
    ]
    assert [day["complete"] for day in found["days"]] == [True, True, True, True, False]
    steps = {step["start"]: step["mean"] for step in found["hours"] if step["mean"] is not None}
    assert steps == {"2026-03-02T02:50:00Z": 2.0, "2026-03-02T01:50:00Z": 4.0}


def test_days_that_are_over_are_not_counted_again_for_a_while(api: Any) -> None:
    api.make()
    api.count(13 * 3600, 50)
    api.count(300, 2)
    api.settle()
    assert [day["mean"] for day in api.get("/places/plaza/statistics")["days"]] == [
        None,
        None,
        None,
        50.0,
        2.0,
    ]
    # Late data of yesterday and of today: today's shows at once, yesterday's in a few minutes.
    api.count(13 * 3600 + 60, 100)
    api.count(360, 4)
    assert [day["mean"] for day in api.get("/places/plaza/statistics")["days"]][3:] == [50.0, 3.0]
    api.now += timedelta(minutes=11)
    assert [day["mean"] for day in api.get("/places/plaza/statistics")["days"]][3:] == [75.0, 3.0]


def test_statistics_of_a_box_reach_further_back_than_its_tracks(api: Any, box_feed: Any) -> None:
    made = api.make(feeds=[box_feed()], time_zone="Asia/Seoul")
    assert made.status == 201
    (digest,) = {feed.digest for place in api.application.map.places() for feed in place.feeds}
    hour = api.now.replace(minute=0) - timedelta(days=3)
    api.write("INSERT INTO box_hours VALUES (%s, %s, 1800, 9000, 8)", (digest, hour))
    api.track(310, 1)
    api.track(310, 2)
    found = api.get("/places/plaza/statistics")
    assert [(day["mean"], day["maximum"], day["minutes_with_data"]) for day in found["days"]] == [
        (None, None, 0),
        (5.0, 8, 30),
        *[(None, None, 0)] * 3,
    ]
    assert [step["mean"] for step in found["hours"] if step["mean"] is not None] == [2.0]


def test_tables_for_a_spreadsheet(api: Any) -> None:
    api.make(name="=HYPERLINK(1)")
    api.count(10, 0)
    api.settle()
    table = api.call("GET", "/places.csv")
    assert table.body.startswith(b"\xef\xbb\xbfid,name,")
    assert b"'=HYPERLINK(1)" in table.body
    assert table.headers["Content-Disposition"] == 'attachment; filename="places.csv"'
    statistics = api.call("GET", "/places/plaza/statistics.csv").body.decode("utf-8-sig").splitlines()
    assert len(statistics) == 1 + 5 + 18


def test_feeds_to_choose_from(api: Any, zone_feed: Any) -> None:
    api.make()
    api.count(10, 1)
    api.count(30, 1, object_class="car")
    api.track(60, 1, device="drone-1", longitude=126.5)
    api.track(60, 2, device="drone-1", longitude=127.5)
    api.settle()
    found = api.get("/feeds")
    (zone,) = found["zones"]
    assert (zone["camera"], zone["object_classes"], zone["places"]) == (
        "plaza-1",
        ["car", "person"],
        ["plaza"],
    )
    assert zone["last_seen_at"] == "2026-03-02T03:00:00Z"
    (device,) = found["devices"]
    assert (device["device"], device["west"], device["east"]) == ("drone-1", 126.5, 127.5)


def test_an_address_there_is_none_of(api: Any) -> None:
    from cli.live_map.requests import answer_of, event_of

    for method, path in (("GET", "/api/v1/nothing"), ("PATCH", "/api/v1/places"), ("GET", "/")):
        status, headers, body = answer_of(api.handler(event_of(method, path, {}, b""), None))
        assert status == 404
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert b'"message": "there is nothing at this address"' in body


def test_a_database_that_is_away_is_told_without_details(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli.live_map.requests import answer_of, event_of
    from lambdas.shared.mysql import DatabaseUnavailableError

    def away(work: Any) -> Any:
        raise DatabaseUnavailableError("MySQL at 10.0.0.7:3306/crowdlens failed", 2003)

    monkeypatch.setattr(api.application.map.database, "run", away)
    status, headers, body = answer_of(api.handler(event_of("GET", "/api/v1/places", {}, b""), None))
    assert (status, headers["Cache-Control"]) == (503, "no-store")
    assert b"10.0.0.7" not in body


def test_the_examples_of_the_description_fit_it(api: Any, schema_check: Any) -> None:
    schemas = api.get("/openapi.json")["components"]["schemas"]
    checked = 0
    for name, schema in schemas.items():
        for example in schema.get("examples", ()):
            schema_check(example, schema, name)
            checked += 1
    assert checked >= 10
