"""The first dashboard: who is where now, who came and went, alerts, devices, and what the data may miss."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.dashboard import Dashboard
from quicksight.dashboards.choices import choices
from quicksight.dashboards.operations_details import alerts, devices, trust
from quicksight.fields import Aggregation, Dimension, Granularity, JsonObject, Measure, Plain
from quicksight.label import Label
from quicksight.sheets import Sheet, Tile
from quicksight.visuals import bar_chart, kpi, line_chart, plain_table, summary_table

DASHBOARD_ID = "crowdlens-operations"
NAME = Label("Operations", "운영 현황")
_ZONE = Dimension("place", Label("Site / camera / zone", "현장 / 카메라 / 구역"))
_IN = Measure("crossings_in", Label("In", "들어옴"), Aggregation.SUM)
_OUT = Measure("crossings_out", Label("Out", "나감"), Aggregation.SUM)


def _sheet() -> Sheet:
    return Sheet(
        sheet_id="operations",
        name=Label("Operations and counts", "운영 현황과 집계"),
        description=Label(
            "Who is where now, who came and went, and what the data may miss",
            "지금 어디에 몇 명이 있고 얼마나 오갔는지, 그리고 데이터에 빠진 것은 없는지",
        ),
        tiles=(
            (
                Tile(_crossed("kpi-in", Label("Came in", "들어온 수"), _IN), 9, 5),
                Tile(_crossed("kpi-out", Label("Went out", "나간 수"), _OUT), 9, 5),
                Tile(_busiest(), 9, 5),
                Tile(_findings(), 9, 5),
            ),
            (Tile(_occupancy(), 24, 13), Tile(_people_now(), 12, 13)),
            (Tile(_in_and_out(), 18, 12), Tile(_zone_traffic(), 18, 12)),
            (Tile(_line_totals(), 18, 8), Tile(_camera_states(), 18, 8)),
            (Tile(_data_quality(), 36, 10),),
        ),
    )


def _crossed(visual_id: str, title: Label, value: Measure) -> JsonObject:
    return kpi(
        visual_id,
        title,
        data_set=data_sets.LINE_MINUTES,
        value=value,
        subtitle=Label(
            "crossings of all lines: two lines crossed are two", "모든 계수선 합계, 두 선을 지나면 2회"
        ),
        alt=f"Number of crossings: {title.english}",
    )


def _busiest() -> JsonObject:
    return kpi(
        "kpi-busiest",
        Label("Most at once", "동시 최대 인원"),
        data_set=data_sets.ZONE_WINDOWS,
        value=Measure("occupancy_maximum", Label("Most at once", "동시 최대"), Aggregation.MAXIMUM),
        subtitle=Label("in one zone", "한 구역 기준"),
        alt="Largest number of people in one zone at the same time",
    )


def _findings() -> JsonObject:
    return kpi(
        "kpi-findings",
        Label("Data-quality findings", "데이터 품질 문제"),
        data_set=data_sets.DATA_QUALITY,
        value=Measure("findings", Label("Findings", "문제 수"), Aggregation.SUM),
        subtitle=Label("gaps, faults, doubtful counts", "공백, 이상, 의심 구간"),
        alt="Number of data-quality findings",
    )


def _occupancy() -> JsonObject:
    return line_chart(
        "occupancy-over-time",
        Label("People in each zone", "구역별 인원"),
        data_set=data_sets.ZONE_WINDOWS,
        category=Dimension("event_time", Label("Time", "시각"), Granularity.SECOND),
        values=[Measure("occupancy_mean", Label("Mean inside", "평균 인원"), Aggregation.SUM, decimals=1)],
        color=_ZONE,
        subtitle=Label(
            "mean of each window, of the class chosen; a break is time without data or in doubt",
            "선택한 종류의 구간 평균, 끊긴 곳은 데이터가 없거나 의심스러운 시간",
        ),
        alt="Lines of the mean number of people in each zone over time",
    )


def _people_now() -> JsonObject:
    return bar_chart(
        "people-now",
        Label("Occupancy now", "현재 인원"),
        data_set=data_sets.PEOPLE_NOW,
        category=_ZONE,
        values=[Measure("occupancy_last", Label("Inside", "구역 안"), Aggregation.SUM)],
        horizontal=True,
        subtitle=Label(
            "of the class chosen, at most 10 minutes old; older or doubtful ones say so and have no number",
            "선택한 종류, 10분 이내 값. 오래되었거나 의심스러우면 그렇게 표시하고 숫자는 비움",
        ),
        alt="Bars of the number of people in each zone at the end of the latest window",
    )


def _in_and_out() -> JsonObject:
    return bar_chart(
        "in-and-out",
        Label("In and out by minute", "분별 출입"),
        data_set=data_sets.LINE_MINUTES,
        category=Dimension("minute_start", Label("Minute", "분"), Granularity.MINUTE),
        values=[_IN, _OUT],
        subtitle=Label("all lines together", "모든 계수선 합계"),
        alt="Bars of crossings in and out by minute",
    )


def _line_totals() -> JsonObject:
    return summary_table(
        "line-totals",
        Label("Crossings by line", "계수선별 통과"),
        data_set=data_sets.LINE_MINUTES,
        group_by=[
            Dimension("site", Label("Site", "현장")),
            Dimension("camera", Label("Camera", "카메라")),
            Dimension("line", Label("Line", "계수선")),
            Dimension("object_class", Label("Class", "종류")),
        ],
        values=[_IN, _OUT, Measure("crossings_net", Label("Net", "순증"), Aggregation.SUM)],
        subtitle=Label("in less out is net", "들어온 수에서 나간 수를 뺀 값이 순증"),
        alt="Table of crossings in, out and net for each line and class",
    )


def _zone_traffic() -> JsonObject:
    return bar_chart(
        "zone-traffic",
        Label("Into and out of zones", "구역 출입"),
        data_set=data_sets.ZONE_WINDOWS,
        category=_ZONE,
        values=[
            Measure("entries", Label("Entries", "진입"), Aggregation.SUM),
            Measure("exits", Label("Exits", "퇴장"), Aggregation.SUM),
            Measure("appeared", Label("First seen inside", "안에서 나타남"), Aggregation.SUM),
            Measure("vanished", Label("Last seen inside", "안에서 사라짐"), Aggregation.SUM),
        ],
        subtitle=Label("over the edge, and first or last seen inside", "경계 통과와 구역 안 출현·소실"),
        alt="Bars of entries, exits, appearances and disappearances for each zone",
    )


def _camera_states() -> JsonObject:
    since = Plain("since", Label("Since", "부터"))
    return plain_table(
        "camera-states",
        Label("Cameras", "카메라 상태"),
        data_set=data_sets.CAMERA_STATES,
        columns=[
            Plain("site", Label("Site", "현장")),
            Plain("camera", Label("Camera", "카메라")),
            Plain("state", Label("State", "상태")),
            since,
            Plain("detail", Label("Detail", "내용")),
        ],
        newest_first=since,
        subtitle=Label("latest known state of each", "카메라마다 마지막으로 알려진 상태"),
        alt="Table of the latest state of each camera",
    )


def _data_quality() -> JsonObject:
    started = Plain("started_at", Label("From", "시작"))
    return plain_table(
        "data-quality",
        Label("What the data may miss", "데이터에 빠진 것"),
        data_set=data_sets.DATA_QUALITY,
        columns=[
            started,
            Plain("ended_at", Label("Until", "끝")),
            Plain("site", Label("Site", "현장")),
            Plain("camera", Label("Camera", "카메라")),
            Plain("kind", Label("Finding", "문제")),
            Plain("records", Label("Records", "레코드")),
            Plain("detail", Label("Detail", "내용")),
        ],
        newest_first=started,
        subtitle=Label(
            "gaps, camera faults, doubtful counts, unsure clocks; “none” is a camera in order",
            "공백, 카메라 이상, 의심 구간, 시계 이상. “none”은 문제가 없는 카메라",
        ),
        alt="Table of gaps, camera faults, suspect windows and unsure clocks",
    )


DASHBOARD = Dashboard(
    DASHBOARD_ID,
    NAME,
    Label(
        "Who is where now, who came and went, and what the data may miss",
        "지금 어디에 몇 명이 있고 얼마나 오갔는지, 그리고 데이터에 빠진 것은 없는지",
    ),
    sheets=(_sheet(), alerts(), devices(), trust()),
    controls=choices(days=2),
)
definition = DASHBOARD.definition
