"""The data sets of the dashboards: Athena queries over the views, each column typed and named.

A column's name is what users' copies of a dashboard stand on: it is never renamed or removed.
"""

from __future__ import annotations

from quicksight.data_set import DataSet, DataSetColumn, ImportMode, QuickSightType
from quicksight.label import Label

SITE = DataSetColumn("site", QuickSightType.STRING, Label("Site", "현장"))
CAMERA = DataSetColumn("camera", QuickSightType.STRING, Label("Camera", "카메라"))
ZONE = DataSetColumn("zone", QuickSightType.STRING, Label("Zone", "구역"))
LINE = DataSetColumn("line", QuickSightType.STRING, Label("Line", "계수선"))
PLACE = DataSetColumn("place", QuickSightType.STRING, Label("Place", "위치"))
"""Camera and zone together: two cameras may both have an "entrance", whose counts are not to be added."""
_PLACE_SQL = "concat(camera, ' / ', zone) AS place"
OBJECT_CLASS = DataSetColumn("object_class", QuickSightType.STRING, Label("Class", "종류"))


def _integer(name: str, english: str, korean: str) -> DataSetColumn:
    return DataSetColumn(name, QuickSightType.INTEGER, Label(english, korean))


def _decimal(name: str, english: str, korean: str) -> DataSetColumn:
    return DataSetColumn(name, QuickSightType.DECIMAL, Label(english, korean))


def _time(name: str, english: str, korean: str) -> DataSetColumn:
    return DataSetColumn(name, QuickSightType.DATETIME, Label(english, korean))


def _text(name: str, english: str, korean: str) -> DataSetColumn:
    return DataSetColumn(name, QuickSightType.STRING, Label(english, korean))


def _over(
    view: str,
    identifier: str,
    label: Label,
    columns: tuple[DataSetColumn, ...],
    imported_by: str | None = None,
) -> DataSet:
    names = ", ".join(_PLACE_SQL if column is PLACE else column.name for column in columns)
    sql = f"SELECT {names} FROM {view}"  # noqa: S608 - names of ours
    mode = ImportMode.DIRECT_QUERY if imported_by is None else ImportMode.SPICE
    return DataSet(identifier, label, mode, sql, columns, imported_by)


PEOPLE_NOW = _over(
    "occupancy_live",
    "people_now",
    Label("Occupancy now", "현재 인원"),
    (
        SITE,
        CAMERA,
        ZONE,
        OBJECT_CLASS,
        _time("window_end", "As of", "기준 시각"),
        _integer("occupancy_last", "Inside", "구역 안"),
        _decimal("density_per_m2", "Per m²", "제곱미터당"),
        PLACE,
    ),
)
ZONE_WINDOWS = _over(
    "unique_zone_counts",
    "zone_windows",
    Label("Zone counts by window", "구간별 구역 집계"),
    (
        SITE,
        CAMERA,
        ZONE,
        OBJECT_CLASS,
        _time("event_time", "Time", "시각"),
        _decimal("occupancy_mean", "Mean inside", "평균 인원"),
        _integer("occupancy_maximum", "Most at once", "동시 최대"),
        _integer("entries", "Entries", "진입"),
        _integer("exits", "Exits", "퇴장"),
        _integer("appeared", "First seen inside", "안에서 나타남"),
        _integer("vanished", "Last seen inside", "안에서 사라짐"),
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
        _time("minute_start", "Minute", "분"),
        _integer("crossings_in", "In", "들어옴"),
        _integer("crossings_out", "Out", "나감"),
        _integer("crossings_net", "Net", "순증"),
    ),
    imported_by="minute_start",
)
_DATA_QUALITY_SQL = """
WITH observed AS (
    SELECT
        site, camera, min(event_time) AS started_at,
        max(date_add('millisecond', CAST(round(window_seconds * 1000) AS bigint), event_time)) AS ended_at
    FROM unique_zone_counts
    GROUP BY site, camera
), troubled AS (
    SELECT DISTINCT site, camera FROM data_quality
)
SELECT site, camera, kind, started_at, ended_at, records, detail, 1 AS findings
FROM data_quality
UNION ALL
SELECT
    o.site, o.camera, 'none' AS kind, o.started_at, o.ended_at, 0 AS records,
    'nothing found missing' AS detail, 0 AS findings
FROM observed o
LEFT JOIN troubled t ON t.site = o.site AND coalesce(t.camera, o.camera) = o.camera
WHERE t.site IS NULL
""".strip()
# A camera that counted and has no finding gets a row that says so: an empty table would not tell a camera in
# order from one that never sent anything. A finding without a camera is of the device, so of all its site.
DATA_QUALITY = DataSet(
    "data_quality",
    Label("Data quality", "데이터 품질"),
    ImportMode.DIRECT_QUERY,
    _DATA_QUALITY_SQL,
    (
        SITE,
        CAMERA,
        _text("kind", "Finding", "문제"),
        _time("started_at", "From", "시작"),
        _time("ended_at", "Until", "끝"),
        _integer("records", "Records", "레코드"),
        _text("detail", "Detail", "내용"),
        _integer("findings", "Findings", "문제 수"),
    ),
)
CAMERA_STATES = _over(
    "camera_state",
    "camera_states",
    Label("Camera state", "카메라 상태"),
    (
        SITE,
        CAMERA,
        _text("state", "State", "상태"),
        _time("since", "Since", "부터"),
        _decimal("frames_per_second", "Frames/s", "초당 프레임"),
        _text("detail", "Detail", "내용"),
    ),
)

DATA_SETS = (PEOPLE_NOW, ZONE_WINDOWS, LINE_MINUTES, DATA_QUALITY, CAMERA_STATES)
"""Every data set, by the order in which they are provisioned."""
