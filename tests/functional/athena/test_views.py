"""Known answers of every view, from real lake objects."""
# ruff: noqa: E501, S608, PLR0917
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from athena import catalog
from contract.tables import TABLES, ZONE_COUNTS
from infra.local.athena import LocalAthena, LocalFolderLake
from lambdas.rds_loader import live
from lambdas.shared.lake_parquet import decode_parquet

NOON = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - naive UTC, as MySQL keeps it
AthenaOf = Callable[[Any], LocalAthena]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_record_in_two_objects_is_shown_once(lake: Any, athena_of: AthenaOf) -> None:
    records = [
        lake.record("zone_counts", f"2026-11-20T00:00:{second}0", zone="a", object_class="person")
        for second in range(3)
    ]
    lake.put(records)
    lake.put(records[1:])
    athena = athena_of(lake)
    assert athena.query("SELECT count(*) FROM zone_counts").rows == [(5,)]
    rows = athena.query("SELECT day, sequence, record_id FROM unique_zone_counts ORDER BY sequence").rows
    assert rows == [
        ("2026-11-20", sequence, f"edge-1:0123456789ab:plaza-1/zone_counts:{sequence}")
        for sequence in (1, 2, 3)
    ]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_unique_view_shows_each_record_as_it_is(lake: Any, athena_of: AthenaOf, table: Any) -> None:
    values = {"ledger_day": "2026-11-20"} if table.name == "stream_ledger" else {}
    record = lake.record(table.name, "2026-11-20T12:00:00.250", **values)
    lake.put([record])
    lake.put([record])
    names = ", ".join(column.name for column in table.columns)
    (row,) = athena_of(lake).query(f"SELECT {names} FROM unique_{table.name}").rows
    found = dict(zip([column.name for column in table.columns], row, strict=True))
    assert found["event_time"] == at("2026-11-20T12:00:00.250")
    assert found["record_id"] == record.record_id("edge-1")
    expected = {
        name: value
        for name, value in record.record.values.items()
        if not name.endswith(("_at", "_start", "_end"))
    }
    assert {name: found[name] for name in expected} == expected


def test_occupancy_live_is_the_latest_window_of_each_zone(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(
        [
            lake.record(
                "zone_counts",
                "2026-11-21T11:00:00",
                zone="a",
                object_class="person",
                window_seconds=10.0,
                occupancy_last=5,
            ),
            lake.record(
                "zone_counts",
                "2026-11-21T11:00:10",
                zone="a",
                object_class="person",
                window_seconds=2.5,
                occupancy_last=7,
            ),
            lake.record(
                "zone_counts",
                "2026-11-20T23:59:50",
                zone="b",
                object_class="person",
                window_seconds=10.0,
                occupancy_last=1,
            ),
            lake.record(
                "zone_counts", "2026-11-01T00:00:00", zone="gone", object_class="person", window_seconds=10.0
            ),
        ]
    )
    # An older object that arrives later changes nothing.
    lake.put(
        [
            lake.record(
                "zone_counts",
                "2026-11-21T10:00:00",
                zone="a",
                object_class="person",
                window_seconds=10.0,
                occupancy_last=99,
            )
        ]
    )
    rows = (
        athena_of(lake)
        .query("SELECT zone, window_start, window_end, occupancy_last FROM occupancy_live ORDER BY zone")
        .rows
    )
    assert rows == [
        ("a", at("2026-11-21T11:00:10"), at("2026-11-21T11:00:12.500"), 7),
        ("b", at("2026-11-20T23:59:50"), at("2026-11-21T00:00:00"), 1),
    ]


def window(lake: Any, time: str, seconds: float, **values: Any) -> Any:
    return lake.record("zone_counts", time, zone="a", object_class="person", window_seconds=seconds, **values)


def test_minutes_weigh_windows_by_their_length(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(
        [
            window(
                lake,
                "2026-11-20T10:00:00",
                10.0,
                occupancy_mean=2.0,
                occupancy_maximum=3,
                entries=1,
                dwell_seconds_sum=12.0,
                dwell_count=2,
                density_per_m2=0.5,
            ),
            window(
                lake,
                "2026-11-20T10:00:10",
                30.0,
                occupancy_mean=4.0,
                occupancy_maximum=9,
                entries=2,
                exits=1,
                appeared=1,
                vanished=2,
                dwell_seconds_sum=9.0,
                dwell_count=1,
                suspect=True,
            ),
            window(lake, "2026-11-20T10:01:00", 10.0),
        ]
    )
    sql = (
        "SELECT minute_start, entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum, "
        "dwell_seconds_mean, density_per_m2, observed_seconds, suspect_share "
        "FROM zone_counts_by_minute ORDER BY minute_start"
    )
    assert athena_of(lake).query(sql).rows == [
        (at("2026-11-20T10:00:00"), 3, 1, 1, 2, 3.5, 9, 7.0, 0.5, 40.0, 0.75),
        (at("2026-11-20T10:01:00"), 0, 0, 0, 0, 0.0, 0, None, None, 10.0, 0.0),
    ]


@pytest.mark.parametrize(
    ("zone_name", "time", "local_hour", "hour_start", "hour_of_day", "day_of_week"),
    [
        pytest.param("Asia/Seoul", "2026-11-20T15:30:00", "2026-11-21T00:00", "2026-11-20T15:00", 0, 6, id="next local day"),
        pytest.param("America/New_York", "2026-11-20T03:30:00", "2026-11-19T22:00", "2026-11-20T03:00", 22, 4, id="previous local day"),
        pytest.param("Asia/Kolkata", "2026-11-20T03:45:00", "2026-11-20T09:00", "2026-11-20T03:30", 9, 5, id="half hour zone"),
        pytest.param("Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25T02:00", "2026-10-25T00:00", 2, 7, id="before the clocks go back"),
        pytest.param("Europe/Berlin", "2026-10-25T01:30:00", "2026-10-25T02:00", "2026-10-25T01:00", 2, 7, id="after the clocks went back"),
        pytest.param(None, "2026-11-20T03:45:00", "2026-11-20T03:00", "2026-11-20T03:00", 3, 5, id="no zone is UTC"),
    ],
)  # fmt: skip
def test_hours_are_local(
    lake: Any, athena_of: AthenaOf, zone_name: str | None, time: str, local_hour: str, hour_start: str,
    hour_of_day: int, day_of_week: int,
) -> None:  # fmt: skip
    row = {"window_seconds": 10.0, "zone": "a", "object_class": "person"}
    lake.put([lake.record("zone_counts", time, time_zone=zone_name, **row)])
    lake.put(
        [
            lake.record(
                "line_crossings", time, time_zone=zone_name, line="l", object_class="person", direction="in"
            )
        ]
    )
    athena = athena_of(lake)
    for view in ("zone_counts_by_hour", "line_crossings_by_hour"):
        sql = f"SELECT local_hour, hour_start, local_day, hour_of_day, day_of_week FROM {view}"
        assert athena.query(sql).rows == [
            (at(local_hour), at(hour_start), local_hour[:10], hour_of_day, day_of_week)
        ]


def test_an_hour_without_windows_has_no_row_and_one_without_people_has(
    lake: Any, athena_of: AthenaOf
) -> None:
    lake.put(
        [window(lake, "2026-11-20T10:00:00", 10.0), window(lake, "2026-11-20T12:00:00", 20.0, entries=2)]
    )
    sql = "SELECT hour_of_day, entries, observed_seconds FROM zone_counts_by_hour ORDER BY hour_start"
    assert athena_of(lake).query(sql).rows == [(19, 0, 10.0), (21, 2, 20.0)]


def crossing(lake: Any, time: str, direction: str, **values: Any) -> Any:
    return lake.record(
        "line_crossings", time, line="gate", object_class="person", direction=direction, **values
    )


def test_crossings_are_in_out_and_net(lake: Any, athena_of: AthenaOf) -> None:
    records = [
        crossing(lake, "2026-11-20T10:00:01", "in", speed_mps=1.0),
        crossing(lake, "2026-11-20T10:00:59", "in", speed_mps=2.0, suspect=True),
        crossing(lake, "2026-11-20T10:00:30", "out"),
        crossing(lake, "2026-11-20T10:59:30", "out"),
    ]
    lake.put(records)
    lake.put(records)
    columns = "crossings_in, crossings_out, crossings_net, speed_mps_mean, suspect_crossings"
    athena = athena_of(lake)
    minutes = athena.query(f"SELECT minute_start, {columns} FROM line_crossings_by_minute ORDER BY 1").rows
    assert minutes == [
        (at("2026-11-20T10:00:00"), 2, 1, 1, 1.5, 1),
        (at("2026-11-20T10:59:00"), 0, 1, -1, None, 0),
    ]
    hours = athena.query(f"SELECT local_hour, {columns} FROM line_crossings_by_hour").rows
    assert hours == [(at("2026-11-20T19:00:00"), 2, 2, 0, 1.5, 1)]


def test_data_quality_names_every_kind_of_finding(lake: Any, athena_of: AthenaOf) -> None:
    start = 1_795_176_000_000  # 2026-11-20T12:00:00Z
    lake.put(
        [
            lake.record(
                "gaps",
                "2026-11-20T12:00:00",
                camera=None,
                reason="spool_full",
                gap_stream="plaza-1/tracks",
                records=7,
                gap_start=start,
                gap_end=start + 60_000,
            ),
            lake.record("camera_status", "2026-11-20T09:00:00", state="ok"),
            lake.record(
                "camera_status", "2026-11-20T10:00:00", state="frozen", detail="the picture stands still"
            ),
            lake.record("camera_status", "2026-11-20T10:05:00", state="ok"),
            lake.record("camera_status", "2026-11-20T23:00:00", state="dark"),
            window(lake, "2026-11-20T10:00:00", 10.0, suspect=True),
            window(lake, "2026-11-20T10:00:10", 10.0, suspect=True),
            window(lake, "2026-11-20T11:00:00", 10.0, clock_quality="unsynced"),
            window(lake, "2026-11-20T13:00:00", 10.0),
        ]
    )
    sql = "SELECT kind, camera, started_at, ended_at, records, detail FROM data_quality ORDER BY kind, started_at"
    assert athena_of(lake).query(sql).rows == [
        ("camera_fault", "plaza-1", at("2026-11-20T10:00"), at("2026-11-20T10:05"), 0, "frozen: the picture stands still"),
        ("camera_fault", "plaza-1", at("2026-11-20T23:00"), None, 0, "dark"),
        ("clock", "plaza-1", at("2026-11-20T11:00"), at("2026-11-20T11:00"), 1, "unsynced"),
        ("gap", None, at("2026-11-20T12:00"), at("2026-11-20T12:01"), 7, "spool_full plaza-1/tracks"),
        ("suspect", "plaza-1", at("2026-11-20T10:00"), at("2026-11-20T10:00:20"), 2, "windows counted while the camera was not healthy"),
    ]  # fmt: skip


def test_states_are_the_latest(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(
        [
            lake.record("camera_status", "2026-06-01T00:00:00", state="ok"),
            lake.record("camera_status", "2026-06-02T00:00:00", state="moved"),
            lake.record("camera_status", "2026-06-01T00:00:00", camera="gate-2", state="ok"),
            lake.record("device_health", "2026-11-20T00:00:00", camera=None, cpu_percent=10.0),
            lake.record("device_health", "2026-11-21T00:00:00", camera=None, cpu_percent=20.0),
        ]
    )
    athena = athena_of(lake)
    cameras = athena.query("SELECT camera, state, since FROM camera_state ORDER BY camera").rows
    assert cameras == [("gate-2", "ok", at("2026-06-01")), ("plaza-1", "moved", at("2026-06-02"))]
    devices = athena.query("SELECT device, cpu_percent, reported_at FROM device_state").rows
    assert devices == [("edge-1", 20.0, at("2026-11-21"))]


def tied(lake: Any, table: str, device: str, epoch: str, **values: Any) -> None:
    """One record of a camera and instant, of a device with an epoch of its own; all have the number 1."""
    lake.sequences.clear()
    lake.put([lake.record(table, "2026-11-21T11:00:00", epoch=epoch, **values)], device=device)


@pytest.mark.parametrize(
    "order", [pytest.param((0, 1, 2), id="as made"), pytest.param((2, 0, 1), id="shuffled")]
)
def test_devices_that_tie_on_a_camera_and_instant_are_told_apart_as_mysql_does(
    lake: Any, athena_of: AthenaOf, order: tuple[int, ...]
) -> None:
    """By record id, the greatest last: one device, one row, in whatever order the objects came."""
    devices = [("edge-1", "ffffffffffff", 3), ("edge-2", "000000000000", 7), ("edge-2", "aaaaaaaaaaaa", 9)]
    for position in order:
        device, epoch, people = devices[position]
        tied(lake, "zone_counts", device, epoch, zone="a", object_class="person", occupancy_last=people)
        tied(lake, "camera_status", device, epoch, state=f"state-{people}")
    athena = athena_of(lake)
    assert athena.query("SELECT device, occupancy_last FROM occupancy_live").rows == [("edge-2", 9)]
    assert athena.query("SELECT device, state FROM camera_state").rows == [("edge-2", "state-9")]
    objects = sorted((lake.folder / "raw/zone_counts").rglob("*.parquet"))
    stored = [decode_parquet(path.read_bytes(), ZONE_COUNTS, path.name) for path in objects]
    kept = live.latest(pa.concat_tables(stored), NOON).to_pylist()
    assert [(row["device"], row["occupancy_last"]) for row in kept] == [("edge-2", 9)]


def test_records_are_counted_by_table_and_day(lake: Any, athena_of: AthenaOf) -> None:
    records = [lake.record(name, "2026-11-20T00:00:00") for name in TABLES]
    lake.put(records)
    lake.put(records[:1])
    lake.put([lake.record("tracks", "2026-11-21T00:00:00")])
    rows = athena_of(lake).query("SELECT table_name, day, rows_stored, records FROM records_by_table").rows
    repeated = records[0].record.table
    expected = {(name, "2026-11-20", 2 if name == repeated else 1, 1) for name in TABLES}
    assert set(rows) == expected | {("tracks", "2026-11-21", 1, 1)}


@pytest.fixture(scope="module")
def eventful(
    new_lake: Callable[[Path], Any], athena_of: AthenaOf, tmp_path_factory: pytest.TempPathFactory
) -> LocalAthena:
    """A lake of which every saved question of records has something to say."""
    lake = new_lake(tmp_path_factory.mktemp("eventful"))
    usual = [
        window(lake, f"2026-{day}T02:{minute:02}:00", 60.0, occupancy_mean=mean, density_per_m2=mean / 10)
        for day, mean in (("11-06", 1.0), ("11-13", 1.0), ("11-20", 5.0))
        for minute in range(30)
    ]
    row = {"event": "e", "kind": "crowding", "phase": "start", "threshold": 5.0, "peak_value": 9.0}
    lake.put(
        [
            *usual,
            *(
                window(lake, f"2026-11-20T{hour:02}:00:00", 3600.0, occupancy_mean=float(hour))
                for hour in range(2)
            ),
            crossing(lake, "2026-11-20T10:00:00", "in"),
            lake.record("camera_status", "2026-11-20T10:00:00", state="lost"),
            lake.record("events", "2026-11-20T10:00:00", started_at=1_795_168_800_000, **row),
            lake.record("device_health", "2026-11-20T10:00:00", camera=None, cpu_celsius=91.0),
        ]
    )
    path = lake.folder / "places/places.json"
    path.parent.mkdir()
    path.write_text('{"place_id": "plaza", "name": "광장", "site": "seoul-1"}\n', encoding="utf-8")
    return athena_of(lake)


@pytest.mark.parametrize(
    "statement",
    # Those over public data have none here: tests/functional/open_data.
    [query for query in catalog.named_queries() if query.name not in catalog.open_data()],
    ids=lambda statement: statement.name,
)
def test_named_queries_answer(eventful: LocalAthena, statement: catalog.Statement) -> None:
    assert eventful.query(statement.sql(lake_bucket="b", database="crowdlens")).rows


def test_saved_questions_have_known_answers(eventful: LocalAthena) -> None:
    saved = {query.name: query.template for query in catalog.named_queries()}

    def answer(name: str, *columns: str) -> list[tuple[Any, ...]]:
        result = eventful.query(saved[name])
        places = [result.columns.index(column) for column in columns]
        return [tuple(row[place] for place in places) for row in result.rows]

    assert answer("unusual_hours", "local_hour", "percent", "weeks") == [(at("2026-11-20T11:00"), 500.0, 2)]
    before = answer("this_week_and_last", "occupancy_mean_before", "days_counted", "days_counted_before")
    assert before == [(1.0, 1, 1)]
    assert answer("peaks_last_week", "local_day", "hour_of_day") == [("2026-11-20", 11)]
    assert answer("densest_last_week", "density_mean") == [(0.5,)]
    safety = answer("safety_last_week", "kind", "events", "without_an_end", "peak_over_threshold")
    assert safety == [("crowding", 1, 1, 1.8)]
    assert answer("devices_in_trouble", "device", "cpu_celsius_maximum") == [("edge-1", 91.0)]
    quiet = answer("quiet_and_busy_hours", "day_of_week", "hour_of_day", "rank")
    assert quiet == [(5, 11, "busiest")]


@pytest.mark.parametrize(
    ("now", "week", "means"),
    [
        pytest.param("2026-11-22T14:30:00", "2026-11-16", (3.0, 2.0), id="Sunday evening in Korea"),
        pytest.param("2026-11-22T15:30:00", "2026-11-23", (None, 3.0), id="Monday there, Sunday in UTC"),
        pytest.param("2026-11-23T00:30:00", "2026-11-23", (None, 3.0), id="Monday in both"),
    ],
)
def test_a_week_is_that_of_the_sites_clock(
    lake: Any, now: str, week: str, means: tuple[float | None, float]
) -> None:
    lake.put([window(lake, "2026-11-12T03:00:00", 60.0, occupancy_mean=2.0)])
    lake.put([window(lake, "2026-11-19T03:00:00", 60.0, occupancy_mean=3.0)])
    (query,) = [statement for statement in catalog.named_queries() if statement.name == "this_week_and_last"]
    at_that_time = datetime.fromisoformat(now).replace(tzinfo=UTC)
    result = LocalAthena(LocalFolderLake(lake.folder), now=lambda: at_that_time).query(query.template)
    ((_, _, _, _, local_week, mean, before, *_),) = result.rows
    assert (local_week, (mean, before)) == (week, means)


def test_an_hours_sound_numbers_leave_out_what_is_in_doubt(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(
        [
            window(lake, "2026-11-20T03:00:00", 60.0, occupancy_mean=2.0, occupancy_maximum=3),
            window(lake, "2026-11-20T03:01:00", 120.0, occupancy_mean=8.0, occupancy_maximum=9, suspect=True),
        ]
    )
    sql = (
        "SELECT occupancy_mean, occupancy_maximum, observed_seconds, "
        "sound_occupancy_mean, sound_occupancy_maximum, sound_seconds FROM zone_counts_by_hour"
    )
    assert athena_of(lake).query(sql).rows == [(6.0, 9, 180.0, 2.0, 3, 60.0)]


def test_people_now_tells_the_age(lake: Any, athena_of: AthenaOf) -> None:
    lake.put([window(lake, "2026-11-21T11:59:20", 10.0, occupancy_last=3)])
    (query,) = [statement for statement in catalog.named_queries() if statement.name == "people_now"]
    result = athena_of(lake).query(query.sql(lake_bucket="b", database="crowdlens"))
    assert dict(zip(result.columns, result.rows[0], strict=True))["age_seconds"] == 30
