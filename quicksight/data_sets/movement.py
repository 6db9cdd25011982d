"""Imported history of how dense and how fast people were, and of the devices that saw it."""

from __future__ import annotations

from quicksight.data_set import CalculatedColumn, DataSet, ImportMode
from quicksight.data_sets.columns import (
    CAMERA,
    DEVICE,
    HOUR_OF_DAY,
    HOUR_START,
    LOCAL_DAY,
    OBJECT_CLASS,
    PLACE,
    SITE,
    SITE_DEVICE,
    ZONE,
    columns_of,
    decimal,
    integer,
    select,
)
from quicksight.data_sets.week_before import beside_a_week_earlier
from quicksight.label import Label

DENSITY_HOURS = beside_a_week_earlier(
    "density_by_hour",
    "density_hours",
    Label("Density by hour", "시간별 밀도"),
    keys=(SITE, CAMERA, ZONE, OBJECT_CLASS, PLACE),
    values=(
        decimal("density_mean", "Mean per m²", "평균 밀도(명/m²)"),
        decimal("density_maximum", "Most per m²", "최대 밀도(명/m²)"),
        integer("minutes_counted", "Minutes counted", "집계 시간(분)"),
        decimal("density_minutes", "Density times minutes", "밀도×분", "density_mean * minutes_counted"),
    ),
    compared=(decimal("density_maximum_week_before", "Most, week before", "1주 전 최대", "density_maximum"),),
    calculated=(
        CalculatedColumn(
            "mean_density",
            Label("Mean per m²", "평균 밀도(명/m²)"),
            "sum({density_minutes}) / sum({minutes_counted})",
        ),
    ),
)
SPEED_HOURS = beside_a_week_earlier(
    "speed_by_hour",
    "speed_hours",
    Label("Speed by hour", "시간별 속도"),
    keys=(SITE, CAMERA, OBJECT_CLASS),
    values=(
        decimal("speed_mean", "Mean m/s", "평균 속도(m/s)"),
        decimal("speed_p85", "85th percentile m/s", "85백분위 속도(m/s)"),
        decimal("speed_maximum", "Fastest m/s", "최고 속도(m/s)"),
        integer("tracks", "Tracks", "궤적 수"),
        decimal("speed_tracks", "Speed times tracks", "속도×궤적", "speed_mean * tracks"),
    ),
    compared=(
        integer("tracks_week_before", "Tracks, week before", "1주 전 궤적 수", "tracks"),
        decimal(
            "speed_tracks_week_before",
            "Speed times tracks, week before",
            "1주 전 속도×궤적",
            "speed_mean * tracks",
        ),
    ),
    calculated=(
        CalculatedColumn(
            "mean_speed", Label("Mean m/s", "평균 속도(m/s)"), "sum({speed_tracks}) / sum({tracks})"
        ),
        CalculatedColumn(
            "mean_speed_week_before",
            Label("Mean, week before", "1주 전 평균"),
            "sum({speed_tracks_week_before}) / sum({tracks_week_before})",
        ),
    ),
)
_DEVICE_COLUMNS = (
    SITE,
    DEVICE,
    HOUR_START,
    LOCAL_DAY,
    HOUR_OF_DAY,
    integer("reports", "Reports", "보고 수"),
    decimal("frames_per_second_mean", "Frames/s", "초당 프레임"),
    decimal("inference_milliseconds_p95_maximum", "Inference p95 ms", "추론 p95 ms"),
    decimal("cpu_percent_mean", "CPU %", "CPU %"),
    decimal("cpu_celsius_maximum", "CPU °C", "CPU °C"),
    decimal("gpu_celsius_maximum", "GPU °C", "GPU °C"),
    decimal("disk_free_percent_minimum", "Disk free %", "디스크 여유 %"),
    integer("spool_rows_maximum", "Waiting to be sent", "전송 대기"),
    decimal("clock_offset_milliseconds_maximum", "Clock offset ms", "시계 오차 ms"),
    SITE_DEVICE,
    integer("cpu_throttled_reports", "Reports with CPU held back", "CPU 제한 보고 수"),
    integer("gpu_throttled_reports", "Reports with GPU held back", "GPU 제한 보고 수"),
    integer("cameras_in_trouble_maximum", "Cameras in trouble", "문제 카메라 수"),
    decimal("network_received_bytes_per_second_mean", "Received B/s", "수신 B/s"),
    decimal("network_sent_bytes_per_second_mean", "Sent B/s", "송신 B/s"),
)
DEVICE_HOURS = DataSet(
    "device_hours",
    Label("Device health by hour", "시간별 장치 상태"),
    ImportMode.SPICE,
    select(_DEVICE_COLUMNS, "device_health_by_hour"),
    columns_of(_DEVICE_COLUMNS),
    time_column="hour_start",
    period_column="hour_start",
)
