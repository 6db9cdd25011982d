"""Known answers of the views that business users ask: days, weeks, peaks, the usual, stays, speeds, events.

The present is noon of Saturday 2026-11-21, UTC.
"""
# ruff: noqa: E501, S608
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.athena import LocalAthena

AthenaOf = Callable[[Any], LocalAthena]
HOUR_MS = 3_600_000


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def window(lake: Any, time: str, mean: float = 0.0, *, seconds: float = 60.0, **values: Any) -> Any:
    """One window of zone a, a minute long."""
    row = {"zone": "a", "object_class": "person", "window_seconds": seconds, "occupancy_mean": mean}
    return lake.record("zone_counts", time, **{**row, "occupancy_maximum": int(mean), **values})


def minutes(lake: Any, start: str, count: int, mean: float, **values: Any) -> list[Any]:
    """`count` windows, one a minute from `start`, UTC."""
    first = datetime.fromisoformat(start)
    return [
        window(lake, (first + timedelta(minutes=number)).isoformat(), mean, **values)
        for number in range(count)
    ]


def crossing(lake: Any, time: str, direction: str, **values: Any) -> Any:
    row = {"line": "gate", "object_class": "person", "direction": direction}
    return lake.record("line_crossings", time, **{**row, **values})


@pytest.mark.parametrize(
    ("zone_name", "times", "days"),
    [
        pytest.param("Asia/Seoul", ["2026-11-19T14:59:00", "2026-11-19T15:00:00", "2026-11-20T14:59:00"], ["2026-11-19", "2026-11-20"], id="a day of two UTC days is one row"),
        pytest.param("America/New_York", ["2026-11-20T04:59:00", "2026-11-20T05:00:00", "2026-11-21T04:59:00"], ["2026-11-19", "2026-11-20"], id="west of Greenwich"),
        pytest.param("Asia/Seoul", ["2026-10-31T14:59:00", "2026-10-31T15:00:00"], ["2026-10-31", "2026-11-01"], id="month end"),
        pytest.param("Europe/Berlin", ["2026-10-24T22:30:00", "2026-10-25T22:30:00", "2026-10-25T23:30:00"], ["2026-10-25", "2026-10-26"], id="a day of 25 hours"),
        pytest.param("Asia/Kolkata", ["2026-11-20T18:29:00", "2026-11-20T18:30:00"], ["2026-11-20", "2026-11-21"], id="half hour zone"),
        pytest.param(None, ["2026-11-20T23:59:00", "2026-11-21T00:00:00"], ["2026-11-20", "2026-11-21"], id="no zone is UTC"),
    ],
)  # fmt: skip
def test_days_are_local_and_one_row_each(
    lake: Any, athena_of: AthenaOf, zone_name: str | None, times: list[str], days: list[str]
) -> None:
    lake.put([window(lake, time, 1.0, time_zone=zone_name) for time in times])
    lake.put([crossing(lake, time, "in", time_zone=zone_name) for time in times])
    athena = athena_of(lake)
    found = athena.query("SELECT day, local_day, minutes_counted FROM occupancy_by_day ORDER BY 1").rows
    assert [row[0] for row in found] == [row[1] for row in found] == days
    assert sum(row[2] for row in found) == len(times)
    crossed = athena.query("SELECT local_day, crossings FROM line_crossings_by_day ORDER BY 1").rows
    assert crossed == [(row[1], row[2]) for row in found]


def test_a_day_leaves_suspect_windows_out_and_never_counts_a_missing_minute_as_zero(
    lake: Any, athena_of: AthenaOf
) -> None:
    lake.put(
        [
            window(lake, "2026-11-20T01:00:00", 4.0, entries=2, exits=1),
            window(lake, "2026-11-20T01:05:00", 2.0, seconds=30.0, entries=1),
            window(lake, "2026-11-20T01:05:30", 99.0, seconds=30.0, suspect=True, entries=5),
        ]
    )
    columns = "occupancy_mean, occupancy_maximum, entries, exits, minutes_counted, suspect_share"
    (row,) = athena_of(lake).query(f"SELECT {columns} FROM occupancy_by_day").rows
    assert row == (pytest.approx((4 * 60 + 2 * 30) / 90), 4, 8, 1, 2, 0.25)


def test_a_day_of_suspect_windows_alone_has_no_mean(lake: Any, athena_of: AthenaOf) -> None:
    lake.put([window(lake, "2026-11-20T01:00:00", 3.0, suspect=True)])
    sql = "SELECT occupancy_mean, occupancy_maximum, minutes_counted, suspect_share FROM occupancy_by_day"
    assert athena_of(lake).query(sql).rows == [(None, None, 0, 1.0)]


def test_days_and_weeks_look_back_as_far_as_they_say(lake: Any, athena_of: AthenaOf) -> None:
    # Seoul's 18 October begins at 15:00 of the 17th in UTC: the first of the 35 days is whole.
    times = ["2026-10-17T14:59:00", "2026-10-17T15:00:00", "2026-11-21T11:00:00"]
    lake.put([window(lake, time) for time in times])
    lake.put([window(lake, time) for time in ("2026-08-23T14:59:00", "2026-08-23T15:00:00")])
    athena = athena_of(lake)
    assert athena.query("SELECT local_day FROM occupancy_by_day ORDER BY 1").rows == [
        ("2026-10-18",),
        ("2026-11-21",),
    ]
    weeks = athena.query("SELECT day, local_week FROM occupancy_by_week ORDER BY 1").rows
    assert weeks == [(week, week) for week in ("2026-08-24", "2026-10-12", "2026-11-16")]


def test_a_week_begins_on_its_local_monday_and_runs_over_the_year_it_is_in(
    lake: Any, athena_of: AthenaOf
) -> None:
    lake.put(
        [
            window(lake, "2026-11-15T14:59:00", 1.0, entries=1),  # Sunday 23:59 in Seoul
            window(lake, "2026-11-15T15:00:00", 3.0, entries=2),  # Monday 00:00
            window(lake, "2026-11-17T15:00:00", 5.0, entries=3),
            window(lake, "2026-11-17T15:01:00", 50.0, suspect=True),
        ]
    )
    columns = "local_week, occupancy_mean, occupancy_maximum, entries, days_counted, minutes_counted"
    assert athena_of(lake).query(f"SELECT {columns} FROM occupancy_by_week ORDER BY 1").rows == [
        ("2026-11-09", 1.0, 1, 1, 1, 1),
        ("2026-11-16", 4.0, 5, 5, 2, 2),
    ]


def test_crossings_of_a_day_are_told_by_direction_and_once(lake: Any, athena_of: AthenaOf) -> None:
    records = [
        crossing(lake, "2026-11-20T01:00:00", "in"),
        crossing(lake, "2026-11-20T02:00:00", "in", suspect=True),
        crossing(lake, "2026-11-20T03:00:00", "out"),
    ]
    lake.put(records)
    lake.put(records[:1])
    sql = "SELECT line, direction, object_class, crossings, suspect_crossings FROM line_crossings_by_day ORDER BY 2"
    assert athena_of(lake).query(sql).rows == [
        ("gate", "in", "person", 2, 1),
        ("gate", "out", "person", 1, 0),
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param([("00:00", 60, 2.0), ("01:00", 60, 5.0), ("02:00", 60, 3.0)], (10, 5.0, 60), id="the highest mean"),
        pytest.param([("00:00", 60, 2.0), ("01:00", 29, 50.0)], (9, 2.0, 60), id="an hour hardly counted is no peak"),
        pytest.param([("00:00", 3, 2.0), ("01:00", 2, 5.0)], (10, 5.0, 2), id="a short day is compared with itself"),
        pytest.param([("01:00", 60, 5.0), ("00:00", 60, 5.0)], (9, 5.0, 60), id="of equals the first"),
    ],
)  # fmt: skip
def test_the_peak_is_the_hour_with_the_highest_mean(
    lake: Any, athena_of: AthenaOf, hours: list[tuple[str, int, float]], expected: tuple[int, float, int]
) -> None:
    for start, count, mean in hours:
        lake.put(minutes(lake, f"2026-11-20T{start}", count, mean))
    lake.put(minutes(lake, "2026-11-20T05:00", 60, 999.0, suspect=True))
    sql = "SELECT hour_of_day, occupancy_mean, minutes_counted FROM peak_hours WHERE local_day = '2026-11-20'"
    assert athena_of(lake).query(sql).rows == [expected]


def test_density_is_of_zones_with_an_area_and_of_healthy_windows(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(
        [
            window(lake, "2026-11-20T01:00:00", seconds=30.0, density_per_m2=0.5),
            window(lake, "2026-11-20T01:30:00", seconds=10.0, density_per_m2=1.5),
            window(lake, "2026-11-20T01:40:00", density_per_m2=9.0, suspect=True),
            window(lake, "2026-11-20T01:41:00"),
            window(lake, "2026-11-20T02:00:00"),
        ]
    )
    sql = "SELECT local_hour, density_mean, density_maximum, minutes_counted FROM density_by_hour"
    assert athena_of(lake).query(sql).rows == [(at("2026-11-20T10:00"), 0.75, 1.5, 2)]


def test_dwell_tells_who_left_and_counts_the_time_of_who_did_not(lake: Any, athena_of: AthenaOf) -> None:
    # Two left after 30 and 50 s; a third has been inside all the while and is still there.
    lake.put(
        [
            window(lake, "2026-11-20T01:00:00", 2.0, dwell_seconds_sum=30.0, dwell_count=1, vanished=1),
            window(lake, "2026-11-20T01:01:00", 2.0, dwell_seconds_sum=50.0, dwell_count=1),
            window(lake, "2026-11-20T01:02:00", 9.0, dwell_seconds_sum=999.0, dwell_count=9, suspect=True),
            window(lake, "2026-11-20T02:00:00", 1.0),
        ]
    )
    columns = "local_hour, dwell_seconds_mean, dwell_count, dwell_seconds_estimate, inside_seconds, vanished"
    assert athena_of(lake).query(f"SELECT {columns} FROM dwell_by_hour ORDER BY 1").rows == [
        (at("2026-11-20T10:00"), 40.0, 2, 120.0, 240.0, 1),
        (at("2026-11-20T11:00"), None, 0, None, 60.0, 0),
    ]


def test_a_track_counts_once_an_hour_however_long_it_is_seen(lake: Any, athena_of: AthenaOf) -> None:
    def track(time: str, number: int, speed: float | None, **values: Any) -> Any:
        row = {"track": number, "object_class": "person", "window_seconds": 10.0, "speed_mps": speed}
        return lake.record("tracks", time, **{**row, **values})

    lake.put(
        [
            *(track(f"2026-11-20T01:{number:02}:00", number, float(number)) for number in range(1, 21)),
            # Track 20 goes on at another speed: 20 m/s for 10 s and 40 m/s for 30 s are 35 m/s.
            track("2026-11-20T01:20:10", 20, 40.0, window_seconds=30.0),
            track("2026-11-20T01:21:00", 21, None),
            track("2026-11-20T01:22:00", 22, 99.0, suspect=True),
            # The same number in another epoch is another track.
            track("2026-11-20T02:00:00", 1, 1.0),
            track("2026-11-20T02:00:00", 1, 3.0, epoch="ba9876543210"),
        ]
    )
    columns = "hour_of_day, speed_mean, speed_p85, speed_maximum, tracks"
    assert athena_of(lake).query(f"SELECT {columns} FROM speed_by_hour ORDER BY 1").rows == [
        (10, (190 + 35) / 20, 17.0, 35.0, 20),
        (11, 2.0, 3.0, 3.0, 2),
    ]


def event(lake: Any, time: str, name: str, phase: str, seconds: float, **values: Any) -> Any:
    started = int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000) - round(seconds * 1000)
    row = {"event": name, "kind": "crowding", "zone": "a", "threshold": 5.0, "started_at": started}
    return lake.record("events", time, **{**row, "phase": phase, "duration_seconds": seconds, **values})


def test_an_event_is_one_row_from_its_start_to_its_end(lake: Any, athena_of: AthenaOf) -> None:
    phases = [
        event(lake, "2026-11-19T23:50:00", "e1", "start", 0.0, peak_value=6.0),
        event(lake, "2026-11-20T00:00:00", "e1", "update", 600.0, peak_value=9.0),
        event(lake, "2026-11-20T00:10:00.500", "e1", "end", 1200.5, peak_value=9.0),
        event(lake, "2026-11-20T05:00:00", "e2", "start", 0.0, kind="running", peak_value=7.0, track=4),
    ]
    lake.put(phases)
    lake.put(phases[1:2])
    columns = "day, kind, zone, track, started_at, ended_at, local_started_at, seconds, peak_value, threshold"
    assert athena_of(lake).query(f"SELECT {columns} FROM safety_events ORDER BY started_at").rows == [
        ("2026-11-19", "crowding", "a", None, at("2026-11-19T23:50"), at("2026-11-20T00:10:00.500"), at("2026-11-20T08:50"), 1200.5, 9.0, 5.0),
        ("2026-11-20", "running", "a", 4, at("2026-11-20T05:00"), None, at("2026-11-20T14:00"), 0.0, 7.0, 5.0),
    ]  # fmt: skip


def test_the_same_event_name_of_two_cameras_is_two_events(lake: Any, athena_of: AthenaOf) -> None:
    lake.put([event(lake, "2026-11-20T05:00:00", "e1", "end", 9.0, camera=camera) for camera in ("x", "y")])
    assert athena_of(lake).query("SELECT count(*) FROM safety_events").rows == [(2,)]


def test_health_of_an_hour_keeps_the_worst(lake: Any, athena_of: AthenaOf) -> None:
    def health(time: str, **values: Any) -> Any:
        return lake.record("device_health", time, camera=None, **values)

    lake.put(
        [
            health("2026-11-20T01:00:00", cpu_percent=10.0, cpu_celsius=50.0, memory_used_bytes=1, memory_total_bytes=4, disk_free_bytes=90, disk_total_bytes=100, clock_offset_milliseconds=-40.0, software_version="1.0"),
            health("2026-11-20T01:30:00", cpu_percent=30.0, cpu_celsius=80.0, memory_used_bytes=3, memory_total_bytes=4, disk_free_bytes=5, disk_total_bytes=100, clock_offset_milliseconds=3.0, clock_quality="unsynced", software_version="1.1"),
        ]
    )  # fmt: skip
    columns = (
        "local_hour, reports, cpu_percent_mean, cpu_celsius_maximum, memory_percent_maximum, "
        "disk_free_percent_minimum, clock_offset_milliseconds_maximum, unsure_clock_reports, software_version, gpu_percent_mean"
    )
    assert athena_of(lake).query(f"SELECT {columns} FROM device_health_by_hour").rows == [
        (at("2026-11-20T10:00"), 2, 20.0, 80.0, 75.0, 5.0, 40.0, 1, "1.1", None)
    ]


def test_health_tells_what_held_a_device_back_and_what_is_installed(lake: Any, athena_of: AthenaOf) -> None:
    def health(time: str, **values: Any) -> Any:
        return lake.record("device_health", time, camera=None, **values)

    lake.put(
        [
            health("2026-11-20T01:00:00", software_version="1.0.0"),
            health("2026-11-20T01:00:30", cpu_throttling="none", cameras=4, cameras_ok=4, package_digest="a1", network_sent_bytes_per_second=100.0),
            health("2026-11-20T01:01:00", cpu_throttling="voltage", cameras=4, cameras_ok=1, package_digest="a1", network_sent_bytes_per_second=300.0, load_one_minute=5.5),
            health("2026-11-20T01:02:00", cpu_throttling="heat", cameras=4, cameras_ok=4, package_digest="b2", link_down_bits_per_second=48_000_000),
        ]
    )  # fmt: skip
    columns = (
        "reports, cpu_throttled_reports, gpu_throttled_reports, cameras_in_trouble_maximum, package_digest, "
        "network_sent_bytes_per_second_mean, load_one_minute_maximum, link_down_bits_per_second_minimum"
    )
    # A device of the version before tells neither, which is no trouble.
    assert athena_of(lake).query(f"SELECT {columns} FROM device_health_by_hour").rows == [
        (4, 2, 0, 3, "b2", 200.0, 5.5, 48_000_000)
    ]


def test_findings_tell_how_many_minutes_they_touch(lake: Any, athena_of: AthenaOf) -> None:
    start = 1_795_176_000_000  # 2026-11-20T12:00:00Z
    lake.put(
        [
            lake.record(
                "gaps", "2026-11-20T12:00:00", reason="camera_lost", gap_start=start, gap_end=start + 90_000
            ),
            lake.record("camera_status", "2026-11-20T10:00:00", state="dark"),
            lake.record("camera_status", "2026-11-20T10:05:00", state="ok"),
            # Two zones and three windows, but two minutes.
            *(
                window(lake, f"2026-11-20T10:0{minute}", suspect=True, zone=zone)
                for minute in "01"
                for zone in "ab"
            ),
            window(lake, "2026-11-20T11:00:00", clock_quality="unsynced"),
        ]
    )
    rows = athena_of(lake).query("SELECT kind, minutes FROM data_quality ORDER BY kind").rows
    assert rows == [("camera_fault", 5), ("clock", 1), ("gap", 2), ("suspect", 2)]
