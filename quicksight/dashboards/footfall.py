"""How many came, when they are most, how long they stay, and how all that compares."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.dashboard import Dashboard
from quicksight.dashboards.choices import (
    DAY,
    HOUR,
    HOUR_OF_DAY,
    PLACE,
    WEEK_BEFORE,
    WEEKDAY,
    choices,
)
from quicksight.fields import Aggregation, Calculated, Dimension, JsonObject, Measure
from quicksight.label import Label
from quicksight.maps import heat_map
from quicksight.sheets import Sheet, Tile
from quicksight.visuals import bar_chart, kpi, line_chart, summary_table

_LINE = Dimension("place", Label("Site / camera / line", "현장 / 카메라 / 계수선"))
_IN = Measure("crossings_in", Label("In", "들어옴"), Aggregation.SUM)
_OUT = Measure("crossings_out", Label("Out", "나감"), Aggregation.SUM)
_IN_BEFORE = Measure("crossings_in_week_before", Label("In, week before", "1주 전 들어옴"), Aggregation.SUM)
_OUT_BEFORE = Measure("crossings_out_week_before", Label("Out, week before", "1주 전 나감"), Aggregation.SUM)
_MEAN = Calculated("mean_inside", Label("Mean in a zone", "구역당 평균 인원"), decimals=1)
_MEAN_BEFORE = Calculated("mean_inside_week_before", Label("Week before", "1주 전"), decimals=1)
_MOST = Measure("occupancy_maximum", Label("Most at once", "동시 최대"), Aggregation.MAXIMUM)
_MOST_BEFORE = Measure(
    "occupancy_maximum_week_before", Label("Most, week before", "1주 전 최대"), Aggregation.MAXIMUM
)
_STAY = Calculated("mean_stay", Label("Mean stay, s", "평균 체류(초)"))
# Somebody who crosses the street gate and an inner one is counted by both.
_CROSSINGS = Label(
    "crossings of all lines, against a week earlier",
    "모든 계수선 통과 합계, 1주 전 대비",
)
_BLANK_INSIDE = Label(
    "by local weekday and hour; blank is no data", "현지 요일과 시각별, 빈 칸은 데이터 없음"
)
# A line records who crosses it: an hour without anybody has no row, as an hour without a camera.
_BLANK_CROSSED = Label(
    "by local weekday and hour; blank: nobody was recorded", "현지 요일과 시각별, 빈 칸은 기록된 사람 없음"
)


def _kpis() -> tuple[Tile, ...]:
    visuals = (
        kpi(
            "kpi-came-in",
            Label("Came in", "들어온 수"),
            data_set=data_sets.LINE_HOURS,
            value=_IN,
            compared_with=_IN_BEFORE,
            subtitle=_CROSSINGS,
            alt="Number that came in, and the change against a week earlier in percent",
        ),
        kpi(
            "kpi-went-out",
            Label("Went out", "나간 수"),
            data_set=data_sets.LINE_HOURS,
            value=_OUT,
            compared_with=_OUT_BEFORE,
            subtitle=_CROSSINGS,
            alt="Number that went out, and the change against a week earlier in percent",
        ),
        kpi(
            "kpi-mean-inside",
            Label("Mean in a zone", "구역당 평균 인원"),
            data_set=data_sets.ZONE_HOURS,
            value=_MEAN,
            compared_with=_MEAN_BEFORE,
            subtitle=WEEK_BEFORE,
            alt="Mean number of people in a zone while it was observed, and its change in percent",
        ),
        kpi(
            "kpi-peak",
            Label("Most at once", "동시 최대 인원"),
            data_set=data_sets.ZONE_HOURS,
            value=_MOST,
            compared_with=_MOST_BEFORE,
            subtitle=WEEK_BEFORE,
            alt="Largest number of people in one zone at once, and its change in percent",
        ),
    )
    return tuple(Tile(visual, 9, 6) for visual in visuals)


def _by_day() -> JsonObject:
    return bar_chart(
        "in-by-day",
        Label("Came in by day", "날짜별 들어온 수"),
        data_set=data_sets.LINE_HOURS,
        category=DAY,
        values=[_IN, _IN_BEFORE],
        subtitle=Label("beside the same weekday a week earlier", "1주 전 같은 요일과 나란히"),
        alt="Bars of how many came in on each day, beside a week earlier",
    )


def _by_day_and_site() -> JsonObject:
    return line_chart(
        "in-by-day-and-site",
        Label("Came in by day and site", "날짜·현장별 들어온 수"),
        data_set=data_sets.LINE_HOURS,
        category=DAY,
        values=[_IN],
        color=Dimension("site", Label("Site", "현장")),
        subtitle=Label("local days, all lines of a site", "현지 날짜, 현장의 모든 계수선 합계"),
        alt="Lines of how many came in on each day, one line a site",
    )


def _by_hour() -> JsonObject:
    return line_chart(
        "inside-by-hour",
        Label("People in each zone by hour", "시간별 구역 인원"),
        data_set=data_sets.ZONE_HOURS,
        category=HOUR,
        values=[_MEAN],
        color=PLACE,
        subtitle=Label("mean of the hour; a break is time without data", "시간 평균, 끊긴 곳은 데이터 없음"),
        alt="Lines of the mean number of people in each zone by hour",
    )


def _lines() -> JsonObject:
    return summary_table(
        "lines-against-week-before",
        Label("Every line against a week earlier", "계수선별 1주 전 대비"),
        data_set=data_sets.LINE_HOURS,
        group_by=[Dimension("site", Label("Site", "현장")), _LINE],
        values=[
            _IN,
            _IN_BEFORE,
            Calculated("in_change_percent", Label("Change of in, %", "들어옴 증감 %"), decimals=1),
            _OUT,
            _OUT_BEFORE,
        ],
        subtitle=Label("no data where the week before had none", "1주 전 기록이 없으면 데이터 없음"),
        alt="Table of crossings of each line with those of a week earlier and the change in percent",
    )


def _counts() -> Sheet:
    return Sheet(
        "counts",
        Label("Counts", "집계"),
        Label("How many came and went, against a week earlier", "얼마나 오갔는지, 1주 전과 비교"),
        (
            _kpis(),
            (Tile(_by_day(), 36, 11),),
            (Tile(_by_day_and_site(), 36, 11),),
            (Tile(_by_hour(), 36, 16),),
            (Tile(_lines(), 36, 10),),
        ),
    )


def _week(visual_id: str, title: Label, inside: bool) -> JsonObject:
    return heat_map(
        visual_id,
        title,
        data_set=data_sets.ZONE_HOURS if inside else data_sets.LINE_HOURS,
        rows=WEEKDAY,
        columns=HOUR_OF_DAY,
        value=_MEAN if inside else _IN,
        subtitle=_BLANK_INSIDE if inside else _BLANK_CROSSED,
        alt=f"Heat map by weekday and hour of the day: {title.english}",
    )


def _peaks() -> Sheet:
    mean = Measure(
        "occupancy_mean", Label("Mean of the hour", "해당 시간 평균"), Aggregation.MAXIMUM, decimals=1
    )
    most = Measure("occupancy_maximum", Label("Most at once", "동시 최대"), Aggregation.MAXIMUM)
    peak_hours = summary_table(
        "peak-hours",
        Label("Peak hour of each day", "날짜별 피크 시간"),
        data_set=data_sets.PEAK_HOURS,
        group_by=[DAY, PLACE, HOUR_OF_DAY],
        values=[mean, most],
        subtitle=Label(
            "the local hour with the highest mean, last 35 days", "평균이 가장 높은 현지 시각, 최근 35일"
        ),
        alt="Table of the peak hour of each zone and day with its mean and its most",
    )
    busiest = bar_chart(
        "busiest-places",
        Label("Busiest places", "가장 붐빈 곳"),
        data_set=data_sets.ZONE_HOURS,
        category=PLACE,
        values=[_MOST],
        horizontal=True,
        largest=10,
        subtitle=Label("most people at once, the 10 largest", "동시 최대 인원 상위 10곳"),
        alt="Bars of the most people at once in the 10 busiest zones",
    )
    return Sheet(
        "peaks",
        Label("Peaks", "피크"),
        Label("When and where it is busiest", "언제 어디가 가장 붐비는지"),
        (
            (
                Tile(
                    _week("inside-by-weekday-and-hour", Label("People inside", "구역 안 인원"), True), 36, 10
                ),
            ),
            (Tile(_week("in-by-weekday-and-hour", Label("Came in", "들어온 수"), False), 36, 10),),
            (Tile(busiest, 18, 15), Tile(peak_hours, 18, 15)),
        ),
    )


def _usual() -> Sheet:
    # Only of zones and hours that have a usual, or the two lines would be means over other zones.
    inside = Measure("occupancy_compared", Label("Inside", "구역 안"), Aggregation.AVERAGE, decimals=1)
    usual = Measure("usual_mean", Label("Usual", "평소"), Aggregation.AVERAGE, decimals=1)
    percent = Calculated("percent_of_usual", Label("Percent of usual", "평소 대비 %"))
    hours = line_chart(
        "inside-and-usual",
        Label("Inside and usual", "인원과 평소"),
        data_set=data_sets.USUAL_HOURS,
        category=Dimension("local_hour_text", Label("Local hour", "현지 시각")),
        values=[inside, usual],
        subtitle=Label(
            "mean of zones with a usual, last 7 days; usual: the same hour of the week 1 to 4 weeks earlier",
            "평소 값이 있는 구역의 평균, 최근 7일. 평소는 1~4주 전 같은 요일·시각의 평균",
        ),
        alt="Lines of the people in a zone and of what is usual at that hour of the week",
    )
    days = heat_map(
        "percent-of-usual",
        Label("Percent of usual", "평소 대비 %"),
        data_set=data_sets.USUAL_HOURS,
        rows=DAY,
        columns=HOUR_OF_DAY,
        value=percent,
        subtitle=Label(
            "100 is as usual; blank is no data or no usual yet", "100이 평소, 빈 칸은 데이터나 평소 값 없음"
        ),
        alt="Heat map of the percentage of the usual by day and hour",
    )
    places = bar_chart(
        "places-against-usual",
        Label("Places against their usual", "위치별 평소 대비"),
        data_set=data_sets.USUAL_HOURS,
        category=PLACE,
        values=[percent],
        horizontal=True,
        largest=10,
        subtitle=Label("last seven days, the 10 highest", "최근 7일, 상위 10곳"),
        alt="Bars of the percentage of the usual of each zone",
    )
    return Sheet(
        "usual",
        Label("Against the usual", "평소 대비"),
        Label("What is busier or quieter than it usually is", "평소보다 붐비거나 한산한 곳"),
        ((Tile(hours, 36, 12),), (Tile(days, 20, 15), Tile(places, 16, 15))),
    )


def _stays() -> Sheet:
    before = Calculated("mean_stay_week_before", Label("Week before", "1주 전"))
    left = Measure("dwell_count", Label("Seen leaving", "퇴장 확인 수"), Aggregation.SUM)
    number = kpi(
        "kpi-stay",
        Label("Mean stay, seconds", "평균 체류(초)"),
        data_set=data_sets.DWELL_HOURS,
        value=_STAY,
        compared_with=before,
        subtitle=WEEK_BEFORE,
        alt="Mean stay in a zone in seconds, and its change in percent",
    )
    places = bar_chart(
        "stay-by-place",
        Label("Mean stay by place", "위치별 평균 체류"),
        data_set=data_sets.DWELL_HOURS,
        category=PLACE,
        values=[_STAY],
        horizontal=True,
        largest=10,
        subtitle=Label("all seconds inside, by those seen leaving", "구역 안 전체 시간 ÷ 퇴장 확인 수"),
        alt="Bars of the mean stay in each zone in seconds",
    )
    hours = line_chart(
        "stay-by-hour-of-day",
        Label("Mean stay over the day", "하루 중 평균 체류"),
        data_set=data_sets.DWELL_HOURS,
        category=HOUR_OF_DAY,
        values=[_STAY],
        subtitle=Label("seconds by local hour", "현지 시각별 초"),
        alt="Line of the mean stay by hour of the day",
    )
    table = summary_table(
        "stays",
        Label("Stays", "체류"),
        data_set=data_sets.DWELL_HOURS,
        group_by=[PLACE],
        values=[_STAY, before, left],
        subtitle=Label("seconds; few leavers say little", "초, 퇴장 수가 적으면 참고만"),
        alt="Table of the mean stay in each zone with that of a week earlier",
    )
    return Sheet(
        "stays",
        Label("Stays", "체류"),
        Label("How long people stay", "얼마나 머무는지"),
        ((Tile(number, 9, 14), Tile(places, 27, 14)), (Tile(hours, 18, 11), Tile(table, 18, 11))),
    )


DASHBOARD = Dashboard(
    "crowdlens-footfall",
    Label("Footfall", "유동 인구"),
    Label("Counts, peaks, comparisons and stays", "집계, 피크, 비교, 체류"),
    sheets=(_counts(), _peaks(), _usual(), _stays()),
    controls=choices(days=7),
)
