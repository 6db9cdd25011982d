"""Events of safe walking: those of now, asked at each look, and their history."""

from __future__ import annotations

from dataclasses import replace

from quicksight.data_set import DataSet, ImportMode
from quicksight.data_sets.columns import (
    CAMERA,
    HOUR_OF_DAY,
    LINE,
    LOCAL_DAY,
    OBJECT_CLASS,
    SITE,
    WEEKDAY,
    ZONE,
    Written,
    columns_of,
    decimal,
    instant,
    integer,
    select,
    text,
)
from quicksight.data_sets.week_before import HISTORY_BY_HOUR_DAYS
from quicksight.label import Label

_A_WEEK_LATER = "date_add('day', 7, started_at)"
_KINDS = {
    "crowding": "crowding · 밀집",
    "running": "running · 뛰기",
    "loitering": "loitering · 배회",
    "restricted": "restricted zone · 제한 구역",
    "stopped": "stopped vehicle · 정차",
    "wrong_direction": "wrong way · 역방향",
    "wrong_side": "wrong side · 잘못된 쪽",
    "classification": "classification · 분류 결과",
}
_KIND_NAMES = " ".join(f"WHEN '{kind}' THEN '{name}'" for kind, name in _KINDS.items())
_KIND_NAME = text("kind_name", "Event", "이벤트", f"CASE kind {_KIND_NAMES} ELSE kind END")
_WHERE = text("place", "Place", "위치", "concat(site, ' / ', camera, ' / ', coalesce(zone, line, '-'))")
_EVENT = (
    SITE,
    CAMERA,
    ZONE,
    LINE,
    OBJECT_CLASS,
    _WHERE,
    text("kind", "Kind", "종류 코드"),
    _KIND_NAME,
    instant("started_at", "From", "시작"),
)
_MEASURED = (
    instant("ended_at", "Until", "끝"),
    decimal("seconds", "Seconds", "지속(초)"),
    decimal("peak_value", "Peak", "최댓값"),
    decimal("threshold", "Threshold", "기준값"),
)
_NOW_COLUMNS = (
    *_EVENT,
    *_MEASURED,
    text("phase", "State", "상태", "if(ended_at IS NULL, 'going on · 진행 중', 'over · 종료')"),
    integer("events", "Events", "건수", "1"),
    integer("going_on", "Going on", "진행 중", "if(ended_at IS NULL, 1, 0)"),
)
# The view safety_events reads all the days it holds, for a day of it is none of the lake's. What is asked at
# each look is put together here, of two days of the lake.
_EVENTS_NOW = """
WITH events_once AS (
    SELECT
        site, device, camera, event,
        arbitrary(kind) AS kind,
        arbitrary(zone) AS zone,
        arbitrary(line) AS line,
        arbitrary(object_class) AS object_class,
        min(started_at) AS started_at,
        max(if(phase = 'end', duration_seconds, NULL)) AS whole_seconds,
        max(duration_seconds) AS seconds,
        max(peak_value) AS peak_value,
        max(threshold) AS threshold
    FROM unique_events
    GROUP BY site, device, camera, event
), events_now AS (
    SELECT
        site, camera, zone, line, object_class, kind, started_at, seconds, peak_value, threshold,
        date_add('millisecond', CAST(round(whole_seconds * 1000) AS bigint), started_at) AS ended_at
    FROM events_once
    WHERE started_at >= date_add('hour', -24, localtimestamp)
)
""".strip()
ALERTS_NOW = DataSet(
    "alerts_now",
    Label("Alerts of the last day", "최근 하루 알림"),
    ImportMode.DIRECT_QUERY,
    f"{_EVENTS_NOW}\n{select(_NOW_COLUMNS, 'events_now')}",
    columns_of(_NOW_COLUMNS),
    history_days=2,
)


def _of_calendar(moment: str) -> tuple[Written, ...]:
    return (
        replace(LOCAL_DAY, sql=f"date_format({moment}, '%Y-%m-%d')"),
        replace(WEEKDAY, sql=WEEKDAY.sql.replace("day_of_week", f"day_of_week({moment})")),
        replace(HOUR_OF_DAY, sql=f"hour({moment})"),
    )


_EVENTS = (*_EVENT, *_of_calendar("local_started_at"), *_MEASURED)
SAFETY_EVENTS = DataSet(
    "safety_events",
    Label("Safety events", "안전 이벤트"),
    ImportMode.SPICE,
    select(_EVENTS, "safety_events"),
    columns_of(_EVENTS),
    time_column="started_at",
    period_column="started_at",
    history_days=HISTORY_BY_HOUR_DAYS,
)
_COUNTED = (
    *_EVENT,
    *_of_calendar("local_started_at"),
    integer("events", "Events", "건수", "1"),
    integer("events_week_before", "Events, week before", "1주 전 건수", "CAST(NULL AS integer)"),
)
_COUNTED_A_WEEK_EARLIER = (
    *(replace(one, sql=_A_WEEK_LATER) if one.column.name == "started_at" else one for one in _EVENT),
    *_of_calendar("date_add('day', 7, local_started_at)"),
    integer("events", "Events", "건수", "CAST(NULL AS integer)"),
    integer("events_week_before", "Events, week before", "1주 전 건수", "1"),
)
SAFETY_COUNTS = DataSet(
    "safety_counts",
    Label("Safety events against a week earlier", "안전 이벤트 1주 전 비교"),
    ImportMode.SPICE,
    f"{select(_COUNTED, 'safety_events')}\nUNION ALL\n"
    f"{select(_COUNTED_A_WEEK_EARLIER, 'safety_events', f'{_A_WEEK_LATER} <= localtimestamp')}",
    columns_of(_COUNTED),
    time_column="started_at",
    period_column="started_at",
    history_days=HISTORY_BY_HOUR_DAYS,
)
"""As the data sets by hour: an event of a week ago is moved to where it is compared."""
