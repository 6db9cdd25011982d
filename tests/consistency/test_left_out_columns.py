"""A new column of the contract is shown by every view and data set, or left out by somebody's decision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest

from athena import left_out
from contract.columns import Column, ColumnType
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake
from quicksight.data_set import DataSet
from quicksight.data_sets import DATA_SETS

# What a data set leaves out of the view it reads. A column that a view gains is shown here, or named below.
NOT_SHOWN = {
    "people_now": (
        *(
            "day",
            "device",
            "window_start",
            "window_seconds",
            "occupancy_mean",
            "occupancy_maximum",
            "suspect",
        ),
        *("clock_quality", "time_zone", "scene_version"),
    ),
    "zone_windows": (
        *("day", "device", "epoch", "stream", "sequence", "record_id", "scene_version", "time_zone"),
        *("clock_quality", "window_seconds", "frames", "occupancy_last", "dwell_seconds_sum", "dwell_count"),
        *("density_per_m2", "suspect"),
    ),
    "line_minutes": ("day", "time_zone", "speed_mps_mean", "suspect_crossings"),
    "camera_states": ("day", "device", "previous_state", "clock_quality", "time_zone", "scene_version"),
    "data_quality": ("day", "device"),
    "devices_now": (
        "day",
        "memory_used_bytes",
        "memory_total_bytes",
        "disk_free_bytes",
        "disk_total_bytes",
        "gpu_name",
        "gpu_percent",
        "gpu_memory_used_bytes",
        "inference_milliseconds_p50",
        "spool_bytes",
        "uptime_seconds",
        *("load_one_minute", "swap_used_bytes", "gpu_memory_total_bytes"),
        *("network_received_bytes_per_second", "network_sent_bytes_per_second"),
        *("link_down_bits_per_second", "link_up_bits_per_second"),
        *("kernel", "packages", "reboot_required"),
    ),
    "alerts_now": (
        "day",
        "device",
        "epoch",
        "stream",
        "sequence",
        "event_time",
        "record_id",
        "scene_version",
        "time_zone",
        "clock_quality",
        "event",
        "track",
        "value",
        "duration_seconds",
    ),
    "line_hours": (
        "day",
        "local_hour",
        "day_of_week",
        "time_zone",
        "speed_mps_mean",
    ),
    "zone_hours": (
        "day",
        "local_hour",
        "day_of_week",
        "time_zone",
        "appeared",
        "vanished",
        "dwell_seconds_mean",
        "dwell_count",
        "density_per_m2",
        "suspect_share",
        "sound_occupancy_mean",
        "sound_occupancy_maximum",
        "sound_seconds",
    ),
    "peak_hours": (
        "day",
        "time_zone",
        "local_hour",
        "minutes_counted",
    ),
    "usual_hours": (
        "day",
        "time_zone",
        "local_hour",
        "hour_of_week",
        "percent",
        "minutes_counted",
    ),
    "dwell_hours": (
        "day",
        "time_zone",
        "local_hour",
        "day_of_week",
        "dwell_seconds_mean",
        "dwell_seconds_estimate",
        "vanished",
        "observed_seconds",
    ),
    "density_hours": (
        "day",
        "time_zone",
        "local_hour",
        "day_of_week",
    ),
    "speed_hours": (
        "day",
        "time_zone",
        "local_hour",
        "day_of_week",
    ),
    "safety_events": (
        "day",
        "device",
        "track",
        "event",
        "time_zone",
        "local_started_at",
        "last_seen_at",
    ),
    "safety_counts": (
        "day",
        "device",
        "track",
        "event",
        "time_zone",
        "ended_at",
        "local_started_at",
        "last_seen_at",
        "seconds",
        "peak_value",
        "threshold",
    ),
    "device_hours": (
        "day",
        "time_zone",
        "local_hour",
        "cpu_percent_maximum",
        "memory_percent_maximum",
        "disk_free_bytes_minimum",
        "gpu_percent_mean",
        "gpu_memory_used_bytes_maximum",
        "inference_milliseconds_p50_mean",
        "frames_per_second_minimum",
        "spool_bytes_maximum",
        "unsure_clock_reports",
        "uptime_seconds_minimum",
        "software_version",
        *("load_one_minute_maximum", "swap_used_bytes_maximum", "package_digest"),
        *("link_down_bits_per_second_minimum", "link_up_bits_per_second_minimum"),
    ),
    "free_wifi": (
        "day",
        "detail",
        "installed_at",
        "installed_at_precision",
        "road_name_address",
        "parcel_address",
        "management_agency_phone",
        "created_at",
        "series",
        "source_line",
        "copy_number",
        "other_columns",
    ),
}


def test_every_view_names_or_leaves_out_every_column() -> None:
    assert left_out.undecided() == []


def test_a_new_column_is_missed_by_name_in_each_view_that_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["zone_counts"]
    column = Column("temperature_celsius", ColumnType.REAL, "Air", "기온", nullable=True)
    changed = replace(table, own_columns=(*table.own_columns, column))
    monkeypatch.setattr(left_out, "TABLES", {**TABLES, "zone_counts": changed})

    assert sorted(left_out.undecided()) == [
        f"view {view} (athena/views/{view}.sql) lacks column temperature_celsius of zone_counts: "
        "name it there, or in LEFT_OUT of athena/left_out.py"
        for view in sorted(
            view.name for view in left_out.hand_written() if "unique_zone_counts" in view.template
        )
    ]


def test_what_is_left_out_in_vain_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {**left_out.LEFT_OUT, "camera_state": ("epoch", "stream", "state", "no_such_column")}
    monkeypatch.setattr(left_out, "LEFT_OUT", names)

    assert [sentence.split(":")[0] for sentence in left_out.undecided()] == [
        f"LEFT_OUT of athena/left_out.py has {column} for the view camera_state"
        for column in ("state", "no_such_column")
    ]


@pytest.fixture(scope="module")
def empty_athena(tmp_path_factory: pytest.TempPathFactory) -> LocalAthena:
    return LocalAthena(LocalFolderLake(tmp_path_factory.mktemp("lake")))


def columns_of(athena: LocalAthena, data_set: DataSet) -> set[str]:
    views = re.findall(r"FROM (\w+)", data_set.sql)
    view = "data_quality" if data_set.identifier == "data_quality" else views[0]
    return {name for name, _ in athena.view_columns(view)}


def sentences(shown: Iterable[str], left: Iterable[str], data_set: str) -> list[str]:
    return [
        f"data set {data_set} (quicksight/data_sets/) lacks column {column} of its view: "
        "show it there, or name it in NOT_SHOWN of this test"
        for column in sorted(set(shown) - set(left))
    ]


@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.identifier)
def test_every_data_set_shows_or_leaves_out_every_column_of_its_view(
    data_set: DataSet, empty_athena: LocalAthena
) -> None:
    columns = columns_of(empty_athena, data_set)
    shown = {column.name for column in data_set.columns}
    not_shown = set(NOT_SHOWN[data_set.identifier])
    assert sentences(columns - shown, not_shown, data_set.identifier) == []
    assert not_shown <= columns - shown
