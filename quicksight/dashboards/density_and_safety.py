"""How dense and how fast people are, and what happened that was not safe."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.controls import Choice
from quicksight.dashboard import Dashboard
from quicksight.dashboards.choices import (
    CAMERA,
    DAY,
    HOUR,
    HOUR_OF_DAY,
    PLACE,
    WEEK_BEFORE,
    WEEKDAY,
    choices,
)
from quicksight.fields import Aggregation, Calculated, Dimension, JsonObject, Measure, Plain
from quicksight.label import Label
from quicksight.maps import heat_map
from quicksight.sheets import Sheet, Tile
from quicksight.visuals import bar_chart, kpi, line_chart, plain_table, summary_table

_DENSITY = Calculated("mean_density", Label("Mean per m²", "평균 밀도(명/m²)"), decimals=2)
_DENSEST = Measure(
    "density_maximum", Label("Most per m²", "최대 밀도(명/m²)"), Aggregation.MAXIMUM, decimals=2
)
_DENSEST_BEFORE = Measure(
    "density_maximum_week_before", Label("Week before", "1주 전"), Aggregation.MAXIMUM, decimals=2
)
_SPEED = Calculated("mean_speed", Label("Mean m/s", "평균 속도(m/s)"), decimals=2)
_FAST = Measure(
    "speed_p85",
    Label("Mean of hourly 85th percentiles, m/s", "시간별 85백분위의 평균(m/s)"),
    Aggregation.AVERAGE,
    decimals=2,
)
_FASTEST = Measure("speed_maximum", Label("Fastest m/s", "최고 속도(m/s)"), Aggregation.MAXIMUM, decimals=2)
_EVENTS = Measure("events", Label("Events", "건수"), Aggregation.SUM)
_EVENTS_BEFORE = Measure("events_week_before", Label("Week before", "1주 전"), Aggregation.SUM)
_KIND = Dimension("kind_name", Label("Event", "이벤트"))
_EVENT = Choice("Event", Label("Event", "이벤트"), "kind_name", data_sets.SAFETY_EVENTS)
_AREA = Label("zones whose area is known", "면적을 아는 구역만")


def _density() -> Sheet:
    densest = kpi(
        "kpi-densest",
        Label("Most per m²", "최대 밀도"),
        data_set=data_sets.DENSITY_HOURS,
        value=_DENSEST,
        compared_with=_DENSEST_BEFORE,
        subtitle=WEEK_BEFORE,
        alt="Largest number of people per square metre of a window, and its change in percent",
    )
    mean = kpi(
        "kpi-density",
        Label("Mean per m²", "평균 밀도"),
        data_set=data_sets.DENSITY_HOURS,
        value=_DENSITY,
        subtitle=_AREA,
        alt="Mean number of people per square metre over the time observed",
    )
    places = bar_chart(
        "densest-places",
        Label("Densest places", "가장 밀집한 곳"),
        data_set=data_sets.DENSITY_HOURS,
        category=PLACE,
        values=[_DENSEST],
        horizontal=True,
        largest=10,
        subtitle=Label("most per m² in a window, the 10 largest", "구간 최대 밀도 상위 10곳"),
        alt="Bars of the largest density of the 10 densest zones",
    )
    return Sheet(
        "density",
        Label("Density", "밀도"),
        Label("How close people stand, where the area is known", "면적을 아는 구역에서 얼마나 밀집했는지"),
        (
            (Tile(densest, 9, 6), Tile(mean, 9, 6), Tile(_density_week(), 18, 12)),
            (Tile(_density_hours(), 36, 16),),
            (Tile(places, 36, 13),),
        ),
    )


def _density_week() -> JsonObject:
    return heat_map(
        "density-by-weekday-and-hour",
        Label("Density over the week", "요일·시각별 밀도"),
        data_set=data_sets.DENSITY_HOURS,
        rows=WEEKDAY,
        columns=HOUR_OF_DAY,
        value=_DENSITY,
        subtitle=Label("mean per m²; blank is no data", "평균(명/m²), 빈 칸은 데이터 없음"),
        alt="Heat map of the mean density by weekday and hour of the day",
    )


def _density_hours() -> JsonObject:
    return line_chart(
        "density-by-hour",
        Label("Density of each zone by hour", "시간별 구역 밀도"),
        data_set=data_sets.DENSITY_HOURS,
        category=HOUR,
        values=[_DENSITY],
        color=PLACE,
        subtitle=Label("mean of the hour; a break is time without data", "시간 평균, 끊긴 곳은 데이터 없음"),
        alt="Lines of the mean density of each zone by hour",
    )


def _speed() -> Sheet:
    before = Calculated("mean_speed_week_before", Label("Week before", "1주 전"), decimals=2)
    tracks = Measure("tracks", Label("Tracks", "궤적 수"), Aggregation.SUM)
    mean = kpi(
        "kpi-speed",
        Label("Mean speed, m/s", "평균 속도(m/s)"),
        data_set=data_sets.SPEED_HOURS,
        value=_SPEED,
        compared_with=before,
        subtitle=WEEK_BEFORE,
        alt="Mean ground speed in metres per second, and its change in percent",
    )
    hours = line_chart(
        "speed-by-hour",
        Label("Speed by hour", "시간별 속도"),
        data_set=data_sets.SPEED_HOURS,
        category=HOUR,
        values=[_SPEED, _FAST],
        subtitle=Label(
            "mean of tracks, and the mean of the cameras' 85th percentiles of the hour",
            "궤적 평균과 카메라별 그 시간 85백분위의 평균",
        ),
        alt="Lines of the mean speed and the 85th percentile by hour",
    )
    cameras = summary_table(
        "speed-by-camera",
        Label("Speed by camera and class", "카메라·종류별 속도"),
        data_set=data_sets.SPEED_HOURS,
        group_by=[
            Dimension("site", Label("Site", "현장")),
            CAMERA,
            Dimension("object_class", Label("Class", "종류")),
        ],
        values=[_SPEED, _FAST, _FASTEST, tracks],
        subtitle=Label("calibrated cameras only", "보정된 카메라만"),
        alt="Table of mean, mean of hourly 85th percentiles and largest speed of each camera and class",
    )
    day = line_chart(
        "speed-by-hour-of-day",
        Label("Speed over the day", "하루 중 속도"),
        data_set=data_sets.SPEED_HOURS,
        category=HOUR_OF_DAY,
        values=[_SPEED],
        subtitle=Label("mean of tracks by local hour, m/s", "현지 시각별 궤적 평균(m/s)"),
        alt="Line of the mean speed by hour of the day",
    )
    return Sheet(
        "speed",
        Label("Speed", "속도"),
        Label("How fast people and vehicles move on the ground", "지면 위 이동 속도"),
        ((Tile(mean, 9, 11), Tile(hours, 27, 11)), (Tile(day, 16, 11), Tile(cameras, 20, 11))),
    )


def _happened(visual_id: str, title: Label) -> JsonObject:
    return kpi(
        visual_id,
        title,
        data_set=data_sets.SAFETY_COUNTS,
        value=_EVENTS,
        compared_with=_EVENTS_BEFORE,
        subtitle=WEEK_BEFORE,
        alt="Number of safety events, and the change against a week earlier in percent",
    )


def _events() -> Sheet:
    days = bar_chart(
        "events-by-day",
        Label("Events by day and kind", "날짜·종류별 이벤트"),
        data_set=data_sets.SAFETY_COUNTS,
        category=DAY,
        values=[_EVENTS],
        color=_KIND,
        stacked=True,
        subtitle=Label("running, wrong way, crowding and others", "뛰기, 역방향, 밀집 등"),
        alt="Stacked bars of safety events by day and kind",
    )
    kinds = bar_chart(
        "events-by-kind",
        Label("Events by kind", "종류별 이벤트"),
        data_set=data_sets.SAFETY_COUNTS,
        category=_KIND,
        values=[_EVENTS, _EVENTS_BEFORE],
        horizontal=True,
        subtitle=WEEK_BEFORE,
        alt="Bars of safety events of each kind, beside a week earlier",
    )
    week = heat_map(
        "events-by-weekday-and-hour",
        Label("When it happens", "발생 시간대"),
        data_set=data_sets.SAFETY_COUNTS,
        rows=WEEKDAY,
        columns=HOUR_OF_DAY,
        value=_EVENTS,
        subtitle=Label(
            "events by local weekday and hour; blank is none, within the last 62 days",
            "현지 요일·시각별 건수, 빈 칸은 없음(최근 62일 안)",
        ),
        alt="Heat map of safety events by weekday and hour of the day",
    )
    places = bar_chart(
        "events-by-place",
        Label("Where it happens", "발생 위치"),
        data_set=data_sets.SAFETY_COUNTS,
        category=Dimension("place", Label("Site / camera / zone or line", "현장 / 카메라 / 구역·계수선")),
        values=[_EVENTS],
        color=_KIND,
        horizontal=True,
        stacked=True,
        largest=10,
        subtitle=Label("the 10 places with most", "상위 10곳"),
        alt="Stacked bars of safety events by place and kind",
    )
    return Sheet(
        "events",
        Label("Safe walking", "보행 안전"),
        Label("Running, wrong way, crowding and other events", "뛰기, 역방향, 밀집 등 이벤트"),
        (
            (Tile(_happened("kpi-events", Label("Events", "이벤트")), 9, 12), Tile(days, 27, 12)),
            (Tile(kinds, 18, 14), Tile(places, 18, 14)),
            (Tile(week, 36, 10),),
            (Tile(_event_list(), 36, 11),),
        ),
    )


def _event_list() -> JsonObject:
    started = Plain("started_at", Label("From", "시작"))
    return plain_table(
        "event-list",
        Label("Every event", "전체 이벤트"),
        data_set=data_sets.SAFETY_EVENTS,
        columns=[
            started,
            Plain("site", Label("Site", "현장")),
            Plain("place", Label("Place", "위치")),
            Plain("kind_name", Label("Event", "이벤트")),
            Plain("seconds", Label("Seconds", "지속(초)")),
            Plain("peak_value", Label("Peak", "최댓값"), decimals=2),
            Plain("threshold", Label("Threshold", "기준값"), decimals=2),
        ],
        newest_first=started,
        subtitle=Label(
            "newest first; peak and threshold in the unit of the kind", "최신순, 단위는 종류에 따름"
        ),
        alt="Table of every safety event with place, kind, length, peak and threshold",
    )


DASHBOARD = Dashboard(
    "crowdlens-density-and-safety",
    Label("Density and safety", "밀도와 안전"),
    Label("People per m², speed and safe walking", "제곱미터당 인원, 속도, 보행 안전"),
    sheets=(_density(), _speed(), _events()),
    controls=(*choices(days=7), _EVENT),
)
