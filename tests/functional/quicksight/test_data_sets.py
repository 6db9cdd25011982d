from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from athena import catalog
from cli.main import main
from contract.alerts import CLASSIFIED
from contract.records import StoredRecord
from contract.scene import EVENT_KINDS
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.athena.engine import QueryResult
from quicksight import __main__ as command
from quicksight.data_set import HISTORY_DAYS, DataSet, QuickSightType, sql_in
from quicksight.data_sets import (
    ALERTS_NOW,
    DATA_QUALITY,
    DATA_SETS,
    FREE_WIFI,
    LINE_HOURS,
    PEAK_HOURS,
    PEOPLE_NOW,
    SAFETY_COUNTS,
    SAFETY_EVENTS,
    ZONE_HOURS,
    ZONE_WINDOWS,
)
from quicksight.linter import lint_sql
from quicksight.linter.sql import QUICKSIGHT_TYPES
from quicksight.row_security import SiteRule, rules_data_set

NOW = datetime(2025, 11, 21, 13, 0, 0, tzinfo=UTC)
"""The clock of the lakes that `open_lake` opens."""
NOON_MILLISECONDS = round((NOW - timedelta(hours=1)).timestamp() * 1000)
EXAMPLE = Path(__file__).parents[3] / "examples" / "opendata" / "free_wifi.csv"
OpenLake = Callable[..., LocalAthena]
RecordFactory = Callable[..., list[StoredRecord]]
EVERY_DATA_SET = pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.identifier)


def findings(athena: LocalAthena) -> list[tuple[object, ...]]:
    """Return (camera, kind, findings) of every row of the data-quality data set."""
    result = athena.query(DATA_QUALITY.sql)
    names = list(result.columns)
    chosen = [names.index(name) for name in ("camera", "kind", "findings")]
    return sorted((tuple(row[index] for index in chosen) for row in result.rows), key=str)


@pytest.fixture(scope="module")
def empty_lake(write_lake: OpenLake, tmp_path_factory: pytest.TempPathFactory) -> LocalAthena:
    """A database without any record."""
    return write_lake(tmp_path_factory.mktemp("empty") / "lake")


@pytest.fixture(scope="module")
def full_lakes(
    write_lake: OpenLake, make_records: RecordFactory, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[DataSet], LocalAthena]:
    """Return a function from a data set to a database that has something for it, public data as of today."""
    folder = tmp_path_factory.mktemp("full")
    counted = {"suspect": False, "zone": "stairs", "object_class": "person", "density_per_m2": 0.5}
    records = write_lake(
        folder / "records",
        make_records("zone_counts", count=45, step_ms=60_000, occupancy_mean=2.0, **counted),
        make_records("line_crossings", direction="in"),
        make_records("camera_status", state="dark"),
        make_records("gaps"),
        make_records("device_health", camera=None),
        make_records("tracks", suspect=False, speed_mps=1.2),
        make_records("events", kind="running", phase="start", started_at=NOON_MILLISECONDS, count=1),
    )
    assert main(["opendata", str(EXAMPLE), "--out", str(folder / "public")]) == 0
    public = LocalAthena(LocalFolderLake(folder / "public"))
    return lambda data_set: public if data_set is FREE_WIFI else records


def types_of(result: QueryResult) -> list[tuple[str, QuickSightType]]:
    """Return the names and types of the columns of an answer, as QuickSight takes them."""
    return list(zip(result.columns, [QUICKSIGHT_TYPES[name] for name in result.types], strict=True))


def declared(data_set: DataSet) -> list[tuple[str, QuickSightType]]:
    """Return the names and types of the columns that a data set promises."""
    return [(column.name, column.type) for column in data_set.columns]


def test_the_linter_finds_nothing_in_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["lint"]) == 0
    assert capsys.readouterr().out == f"4 dashboards and {len(DATA_SETS)} data sets: nothing found\n"


def test_the_linter_tells_what_athena_says_of_sql_that_does_not_run(empty_lake: LocalAthena) -> None:
    broken = replace(PEOPLE_NOW, sql="SELECT sitte FROM occupancy_live")
    (finding,) = lint_sql([broken], empty_lake.query, empty_lake.database)
    assert "sitte" in finding.text
    assert finding.rule == "sql-runs"


@EVERY_DATA_SET
def test_what_is_deployed_gives_the_same_of_the_views_of_its_own_database(
    full_lakes: Callable[[DataSet], LocalAthena], data_set: DataSet
) -> None:
    deployed = full_lakes(data_set).query(sql_in(data_set, "crowdlens"))
    plain = full_lakes(data_set).query(data_set.sql)
    for result in (deployed, plain):
        assert types_of(result) == declared(data_set)
    assert sorted(deployed.rows, key=str) == sorted(plain.rows, key=str) != []


def test_a_camera_in_order_is_listed_with_no_findings(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(make_records("zone_counts", suspect=False))
    assert findings(athena) == [("plaza-1", "none", 0)]


def test_a_camera_with_a_finding_is_not_called_in_order(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(
        make_records("zone_counts", suspect=False),
        make_records("zone_counts", suspect=False, camera="plaza-2"),
        make_records("gaps", camera="plaza-2", count=1),
    )
    assert findings(athena) == [("plaza-1", "none", 0), ("plaza-2", "gap", 1)]


def test_a_finding_of_the_device_leaves_no_camera_of_its_site_in_order(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(make_records("zone_counts", suspect=False), make_records("gaps", camera=None, count=1))
    assert findings(athena) == [(None, "gap", 1)]


@pytest.mark.parametrize(
    ("days_ago", "is_seen"),
    [
        pytest.param(HISTORY_DAYS - 1, True, id="the oldest day"),
        pytest.param(HISTORY_DAYS, False, id="the day before"),
    ],
)
def test_what_is_deployed_looks_back_so_many_days(
    open_lake: OpenLake, make_records: RecordFactory, days_ago: int, is_seen: bool
) -> None:
    start = datetime.combine(NOW.date() - timedelta(days=days_ago), time(1), UTC)
    athena = open_lake(make_records("zone_counts", start_ms=round(start.timestamp() * 1000)))
    assert bool(athena.query(sql_in(ZONE_WINDOWS, "crowdlens")).rows) is is_seen
    assert athena.query(ZONE_WINDOWS.sql).rows


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], [], id="without rules nobody sees anything"),
        pytest.param([SiteRule(None, "kim", ())], [("kim", None, None)], id="every site is NULL"),
        pytest.param(
            [SiteRule("seoul", None, ("seoul-1", "seoul-2")), SiteRule(None, "kim", ("busan",))],
            [("kim", None, "busan"), (None, "seoul", "seoul-1,seoul-2")],
            id="sites with commas, as quicksight reads them",
        ),
    ],
)
def test_rules_are_what_quicksight_reads(
    empty_lake: LocalAthena, rules: list[SiteRule], expected: list[tuple[object, ...]]
) -> None:
    data_set = rules_data_set(rules)
    result = empty_lake.query(sql_in(data_set, "crowdlens"))
    assert types_of(result) == declared(data_set)
    assert sorted((tuple(row) for row in result.rows), key=str) == sorted(expected, key=str)


def test_a_week_earlier_stands_beside_the_hours_that_are_over(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    # At 13:00: the hour from 12:00 is over, the one from 13:00 (22:00 in Seoul) is not, and on neither side.
    hour = 3_600_000
    a_week_ago = NOON_MILLISECONDS - 7 * 24 * hour
    crossed = {"direction": "in", "line": "door", "object_class": "person"}
    athena = open_lake(
        make_records("line_crossings", count=5, **crossed),
        make_records("line_crossings", count=2, start_ms=a_week_ago, first_sequence=11, **crossed),
        make_records("line_crossings", count=4, start_ms=a_week_ago + hour, first_sequence=21, **crossed),
        make_records(
            "line_crossings", count=7, start_ms=NOON_MILLISECONDS + hour, first_sequence=31, **crossed
        ),
    )
    rows = athena.query(
        "SELECT local_day, hour_of_day, sum(crossings_in), sum(crossings_in_week_before) "  # noqa: S608 - ours
        f"FROM ({sql_in(LINE_HOURS, 'crowdlens')}) AS d GROUP BY local_day, hour_of_day"
    ).rows
    assert sorted(tuple(row) for row in rows) == [
        ("2025-11-14", 21, 2, None),
        ("2025-11-14", 22, 4, None),
        ("2025-11-21", 21, 5, 2),
    ]


def test_events_of_a_week_earlier_are_counted_and_listed_once(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    a_week_ago = NOON_MILLISECONDS - 7 * 24 * 3_600_000
    kinds = {"kind": "running", "phase": "end", "count": 1}
    athena = open_lake(
        make_records("events", event="one", started_at=NOON_MILLISECONDS, **kinds),
        make_records(
            "events", event="two", start_ms=a_week_ago, started_at=a_week_ago, first_sequence=11, **kinds
        ),
    )
    counted = athena.query(
        "SELECT local_day, sum(events), sum(events_week_before) "  # noqa: S608 - ours
        f"FROM ({sql_in(SAFETY_COUNTS, 'crowdlens')}) AS d GROUP BY local_day"
    ).rows
    assert sorted(tuple(row) for row in counted) == [("2025-11-14", 1, None), ("2025-11-21", 1, 1)]
    assert len(athena.query(sql_in(SAFETY_EVENTS, "crowdlens")).rows) == 2
    assert len(athena.query(sql_in(ALERTS_NOW, "crowdlens")).rows) == 1


def test_a_week_earlier_is_the_same_hour_of_the_local_clock(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    """In New York noon of 1 November is 16:00 in UTC, a week later, with clocks put back, 17:00."""
    noon = datetime(2025, 11, 1, 16, tzinfo=UTC)
    made = make_records("line_crossings", count=1, start_ms=round(noon.timestamp() * 1000), direction="in")
    there = [replace(one, record=replace(one.record, time_zone="America/New_York")) for one in made]
    athena = open_lake(there)
    rows = athena.query(
        "SELECT hour_start, local_day, hour_of_day, crossings_in_week_before "  # noqa: S608 - ours
        f"FROM ({sql_in(LINE_HOURS, 'crowdlens')}) AS d WHERE crossings_in IS NULL"
    ).rows
    assert [(row[0].isoformat(), *row[1:]) for row in rows] == [("2025-11-08T17:00:00", "2025-11-08", 12, 1)]


def test_windows_in_doubt_are_in_no_mean_and_no_maximum(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    zone = {"zone": "stairs", "object_class": "person", "window_seconds": 60.0}
    good, covered = {"occupancy_mean": 4.0, "occupancy_maximum": 6}, {"occupancy_mean": 0.0}
    athena = open_lake(
        make_records("zone_counts", count=30, step_ms=60_000, suspect=False, **good, **zone),
        make_records(
            *("zone_counts",),
            **{"count": 10, "step_ms": 60_000, "first_sequence": 51, "suspect": True},
            **{"start_ms": NOON_MILLISECONDS + 30 * 60_000, "occupancy_maximum": 9, **covered, **zone},
        ),
    )
    hours = athena.query(
        "SELECT sum(inside_seconds) / sum(counted_seconds), max(occupancy_maximum), sum(observed_seconds), "  # noqa: S608
        f"sum(suspect_seconds), max(occupancy_mean) FROM ({sql_in(ZONE_HOURS, 'crowdlens')}) AS d"
    ).rows
    assert tuple(hours[0]) == (4.0, 6, 2400.0, 600.0, 4.0)
    windows = athena.query(
        "SELECT count(*), count(occupancy_mean), max(occupancy_maximum) "  # noqa: S608 - ours
        f"FROM ({sql_in(ZONE_WINDOWS, 'crowdlens')}) AS d"
    ).rows
    assert tuple(windows[0]) == (40, 30, 6)


def test_a_number_of_now_is_of_now_and_in_no_doubt(open_lake: OpenLake, make_records: RecordFactory) -> None:
    values = {"count": 1, "occupancy_last": 5, "window_seconds": 60.0}
    recent = NOON_MILLISECONDS + 52 * 60_000
    athena = open_lake(
        make_records("zone_counts", zone="new", start_ms=recent, suspect=False, **values),
        make_records("zone_counts", zone="dark", start_ms=recent, suspect=True, first_sequence=11, **values),
        make_records("zone_counts", zone="old", suspect=False, first_sequence=21, **values),
    )
    rows = athena.query(
        "SELECT place, occupancy_last, age_minutes "  # noqa: S608 - ours
        f"FROM ({sql_in(PEOPLE_NOW, 'crowdlens')}) AS d"
    ).rows
    assert sorted(tuple(row) for row in rows) == [
        ("seoul-1 / plaza-1 / dark · in doubt 의심", None, 7),
        ("seoul-1 / plaza-1 / new", 5, 7),
        ("seoul-1 / plaza-1 / old · no data 데이터 없음 59 min", None, 59),
    ]


@pytest.mark.parametrize(
    "data_set", [PEAK_HOURS, SAFETY_EVENTS, SAFETY_COUNTS], ids=lambda one: one.identifier
)
def test_no_more_days_are_asked_than_the_view_holds(data_set: DataSet) -> None:
    views = {view.name: view.template for view in catalog.views()}
    read = set(re.findall(r"FROM ([a-z_]+)", data_set.sql)) & set(views)
    held = [
        int(days) for name in read for days in re.findall(r"current_date - INTERVAL '(\d+)'", views[name])
    ]
    assert held
    assert data_set.history_days <= min(held) + 1


def test_alerts_of_now_read_the_days_they_show(open_lake: OpenLake, make_records: RecordFactory) -> None:
    day = 24 * 3_600_000
    event = {"kind": "running", "phase": "end", "count": 1}
    athena = open_lake(
        *(
            make_records(
                "events",
                event=f"e{ago}",
                start_ms=start,
                started_at=start,
                first_sequence=ago * 10 + 1,
                **event,
            )
            for ago in (0, 3, 20)
            for start in [NOON_MILLISECONDS - ago * day]
        )
    )
    result = athena.query(sql_in(ALERTS_NOW, "crowdlens"))
    assert (len(result.rows), result.files_scanned) == (1, 1)


@pytest.mark.parametrize("kind", [*EVENT_KINDS, CLASSIFIED])
def test_every_kind_of_event_has_a_name_in_both_languages(kind: str) -> None:
    name = re.search(rf"WHEN '{kind}' THEN '([^']+)'", sql_in(SAFETY_EVENTS, "crowdlens"))
    assert name is not None
    english, separator, korean = name[1].partition(" · ")
    assert separator
    assert english.isascii()
    assert any("가" <= letter <= "힣" for letter in korean)
