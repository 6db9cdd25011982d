"""Data sets that ask Athena at each look, and the imported ones by window and minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quicksight.data_set import DataSet, ImportMode
from quicksight.data_sets.columns import (
    CAMERA,
    DEVICE,
    LINE,
    OBJECT_CLASS,
    PLACE,
    SITE,
    SITE_CAMERA,
    ZONE,
    Written,
    columns_of,
    decimal,
    instant,
    integer,
    select,
    text,
)
from quicksight.label import Label

NOW_MINUTES = 10
"""A count older than this is none of now: windows are a minute long and come within a few."""


def _over(
    view: str,
    identifier: str,
    label: Label,
    written: Sequence[Written],
    imported_by: str | None = None,
) -> DataSet:
    mode = ImportMode.DIRECT_QUERY if imported_by is None else ImportMode.SPICE
    return DataSet(
        identifier,
        label,
        mode,
        select(written, view),
        columns_of(written),
        time_column=imported_by,
        period_column=imported_by,
    )


_AGE_MINUTES = "date_diff('minute', window_end, localtimestamp)"
_IS_NOW = f"window_end >= date_add('minute', -{NOW_MINUTES}, localtimestamp) AND NOT suspect"
_MARK = (
    f"CASE WHEN window_end < date_add('minute', -{NOW_MINUTES}, localtimestamp) "
    f"THEN concat(' · no data 데이터 없음 ', CAST({_AGE_MINUTES} AS varchar), ' min') "
    "WHEN suspect THEN ' · in doubt 의심' ELSE '' END"
)
PEOPLE_NOW = _over(
    "occupancy_live",
    "people_now",
    Label("Occupancy now", "현재 인원"),
    (
        SITE,
        CAMERA,
        ZONE,
        OBJECT_CLASS,
        instant("window_end", "As of", "기준 시각"),
        integer("occupancy_last", "Inside", "구역 안", f"if({_IS_NOW}, occupancy_last, NULL)"),
        decimal("density_per_m2", "Per m²", "제곱미터당", f"if({_IS_NOW}, density_per_m2, NULL)"),
        replace(PLACE, sql=f"concat({PLACE.sql}, {_MARK})"),
        integer("age_minutes", "Minutes old", "경과(분)", _AGE_MINUTES),
    ),
)
"""What is older than `NOW_MINUTES`, or in doubt, keeps its place, which says so, and has no number."""
ZONE_WINDOWS = _over(
    "unique_zone_counts",
    "zone_windows",
    Label("Zone counts by window", "구간별 구역 집계"),
    (
        SITE,
        CAMERA,
        ZONE,
        OBJECT_CLASS,
        instant("event_time", "Time", "시각"),
        decimal("occupancy_mean", "Mean inside", "평균 인원", "if(suspect, NULL, occupancy_mean)"),
        integer("occupancy_maximum", "Most at once", "동시 최대", "if(suspect, NULL, occupancy_maximum)"),
        integer("entries", "Entries", "진입"),
        integer("exits", "Exits", "퇴장"),
        integer("appeared", "First seen inside", "안에서 나타남"),
        integer("vanished", "Last seen inside", "안에서 사라짐"),
        PLACE,
    ),
    imported_by="event_time",
)
LINE_MINUTES = _over(
    "line_crossings_by_minute",
    "line_minutes",
    Label("Line crossings by minute", "분별 통과"),
    (
        SITE,
        CAMERA,
        LINE,
        OBJECT_CLASS,
        instant("minute_start", "Minute", "분"),
        integer("crossings_in", "In", "들어옴"),
        integer("crossings_out", "Out", "나감"),
        integer("crossings_net", "Net", "순증"),
    ),
    imported_by="minute_start",
)
_DATA_QUALITY_SQL = """
WITH observed AS (
    SELECT
        day, site, camera, min(event_time) AS started_at,
        max(date_add('millisecond', CAST(round(window_seconds * 1000) AS bigint), event_time)) AS ended_at
    FROM unique_zone_counts
    GROUP BY day, site, camera
), troubled AS (
    SELECT DISTINCT day, site, camera FROM data_quality
)
SELECT
    site, camera, kind, started_at, ended_at, records, detail, 1 AS findings, minutes,
    coalesce(ended_at, started_at) AS last_at,
    concat(site, coalesce(concat(' / ', camera), '')) AS site_camera
FROM data_quality
UNION ALL
SELECT
    o.site, o.camera, 'none' AS kind, o.started_at, o.ended_at, 0 AS records,
    'nothing found missing' AS detail, 0 AS findings, 0 AS minutes, o.ended_at AS last_at,
    concat(o.site, ' / ', o.camera) AS site_camera
FROM observed o
LEFT JOIN troubled t ON t.day = o.day AND t.site = o.site AND coalesce(t.camera, o.camera) = o.camera
WHERE t.site IS NULL
""".strip()
# A camera that counted and has no finding gets a row for the (UTC) day that says so: an empty table would not
# tell a camera in order from one that sent nothing. A finding without a camera is of the device, so of its
# whole site.
_DATA_QUALITY_COLUMNS = (
    SITE,
    CAMERA,
    text("kind", "Finding", "문제"),
    instant("started_at", "From", "시작"),
    instant("ended_at", "Until", "끝"),
    integer("records", "Records", "레코드"),
    text("detail", "Detail", "내용"),
    integer("findings", "Findings", "문제 수"),
    integer("minutes", "Minutes touched", "걸린 시간(분)"),
    instant("last_at", "Last seen", "마지막 확인"),
    SITE_CAMERA,
)
DATA_QUALITY = DataSet(
    "data_quality",
    Label("Data quality", "데이터 품질"),
    ImportMode.DIRECT_QUERY,
    _DATA_QUALITY_SQL,
    columns_of(_DATA_QUALITY_COLUMNS),
    period_column="last_at",
)
CAMERA_STATES = _over(
    "camera_state",
    "camera_states",
    Label("Camera state", "카메라 상태"),
    (
        SITE,
        CAMERA,
        text("state", "State", "상태"),
        instant("since", "Since", "부터"),
        decimal("frames_per_second", "Frames/s", "초당 프레임"),
        text("detail", "Detail", "내용"),
    ),
)
DEVICES_NOW = _over(
    "device_state",
    "devices_now",
    Label("Devices now", "장치 현재 상태"),
    (
        SITE,
        DEVICE,
        instant("reported_at", "Last report", "마지막 보고"),
        integer(
            "minutes_silent",
            "Minutes since",
            "지난 시간(분)",
            "date_diff('minute', reported_at, localtimestamp)",
        ),
        decimal("frames_per_second", "Frames/s", "초당 프레임"),
        decimal("inference_milliseconds_p95", "Inference p95 ms", "추론 p95 ms"),
        text("provider", "Runs on", "실행 장치"),
        decimal("cpu_percent", "CPU %", "CPU %"),
        decimal("cpu_celsius", "CPU °C", "CPU °C"),
        decimal("gpu_celsius", "GPU °C", "GPU °C"),
        decimal(
            "disk_free_percent",
            "Disk free %",
            "디스크 여유 %",
            "disk_free_bytes * 100e0 / nullif(disk_total_bytes, 0)",
        ),
        integer("spool_rows", "Waiting to be sent", "전송 대기"),
        text("clock_quality", "Clock", "시계"),
        decimal("clock_offset_milliseconds", "Clock offset ms", "시계 오차 ms"),
        text("software_version", "Software", "소프트웨어"),
        integer("devices", "Devices", "장치 수", "1"),
        text("cpu_throttling", "CPU held back", "CPU 성능 제한"),
        text("gpu_throttling", "GPU held back", "GPU 성능 제한"),
        text("power_mode", "Power mode", "전원 모드"),
        text("time_source", "Time source", "시각 기준"),
        text("hardware_model", "Model", "기기 모델"),
        text("os_release", "System", "운영 체제"),
        text("jetpack_version", "JetPack", "JetPack"),
        text("package_digest", "Packages", "패키지 요약값"),
        text("component_versions", "Components", "구성 요소"),
        integer("cameras", "Cameras", "카메라 수"),
        integer("cameras_ok", "Cameras well", "정상 카메라 수"),
        text("provider_note", "Not faster because", "더 빠르지 않은 이유"),
    ),
)
