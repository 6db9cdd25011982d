"""Imported history: counts, occupancy and stays by local hour, peaks, and against the usual."""

from __future__ import annotations

from quicksight.data_set import CalculatedColumn, DataSet, ImportMode
from quicksight.data_sets.columns import (
    CAMERA,
    HOUR_OF_DAY,
    LINE,
    LINE_PLACE,
    LOCAL_DAY,
    OBJECT_CLASS,
    PLACE,
    SITE,
    SITE_CAMERA,
    ZONE,
    columns_of,
    decimal,
    instant,
    integer,
    select,
    text,
)
from quicksight.data_sets.week_before import beside_a_week_earlier
from quicksight.label import Label

# Windows in doubt are left out of means and maxima, here as in occupancy_by_day, the usual and the peaks.
_PEOPLE_SECONDS = "sound_occupancy_mean * sound_seconds"
LINE_HOURS = beside_a_week_earlier(
    "line_crossings_by_hour",
    "line_hours",
    Label("Line crossings by hour", "시간별 통과"),
    keys=(SITE, CAMERA, LINE, OBJECT_CLASS, LINE_PLACE),
    values=(
        integer("crossings_in", "In", "들어옴"),
        integer("crossings_out", "Out", "나감"),
        integer("crossings_net", "Net", "순증"),
        integer("suspect_crossings", "Doubtful crossings", "의심 통과"),
    ),
    compared=(
        integer("crossings_in_week_before", "In, week before", "1주 전 들어옴", "crossings_in"),
        integer("crossings_out_week_before", "Out, week before", "1주 전 나감", "crossings_out"),
    ),
    calculated=(
        CalculatedColumn(
            "in_change_percent",
            Label("Change of in, %", "들어옴 증감 %"),
            "(sum({crossings_in}) - sum({crossings_in_week_before})) / sum({crossings_in_week_before}) * 100",
        ),
    ),
)
ZONE_HOURS = beside_a_week_earlier(
    "zone_counts_by_hour",
    "zone_hours",
    Label("Zone counts by hour", "시간별 구역 집계"),
    keys=(SITE, CAMERA, SITE_CAMERA, ZONE, OBJECT_CLASS, PLACE),
    values=(
        decimal("occupancy_mean", "Mean inside", "평균 인원", "sound_occupancy_mean"),
        integer("occupancy_maximum", "Most at once", "동시 최대", "sound_occupancy_maximum"),
        integer("entries", "Entries", "진입"),
        integer("exits", "Exits", "퇴장"),
        decimal("inside_seconds", "Person-seconds inside", "구역 안 인·초", _PEOPLE_SECONDS),
        decimal("observed_seconds", "Seconds observed", "관측 시간(초)"),
        decimal("suspect_seconds", "Seconds in doubt", "의심 시간(초)", "suspect_share * observed_seconds"),
        decimal("counted_seconds", "Seconds not in doubt", "의심 제외 시간(초)", "sound_seconds"),
    ),
    compared=(
        integer(
            "occupancy_maximum_week_before", "Most, week before", "1주 전 최대", "sound_occupancy_maximum"
        ),
        integer("entries_week_before", "Entries, week before", "1주 전 진입", "entries"),
        decimal(
            "inside_seconds_week_before",
            "Person-seconds, week before",
            "1주 전 구역 안 인·초",
            _PEOPLE_SECONDS,
        ),
        decimal(
            "observed_seconds_week_before", "Seconds, week before", "1주 전 관측 시간(초)", "observed_seconds"
        ),
        decimal(
            "counted_seconds_week_before",
            "Seconds not in doubt, week before",
            "1주 전 의심 제외 시간(초)",
            "sound_seconds",
        ),
    ),
    calculated=(
        CalculatedColumn(
            "mean_inside",
            Label("Mean inside", "평균 인원"),
            "sum({inside_seconds}) / sum({counted_seconds})",
        ),
        CalculatedColumn(
            "mean_inside_week_before",
            Label("Mean inside, week before", "1주 전 평균 인원"),
            "sum({inside_seconds_week_before}) / sum({counted_seconds_week_before})",
        ),
        CalculatedColumn(
            "suspect_percent",
            Label("In doubt, %", "의심 비율 %"),
            "sum({suspect_seconds}) / sum({observed_seconds}) * 100",
        ),
    ),
)
DWELL_HOURS = beside_a_week_earlier(
    "dwell_by_hour",
    "dwell_hours",
    Label("Stays by hour", "시간별 체류"),
    keys=(SITE, CAMERA, ZONE, OBJECT_CLASS, PLACE),
    values=(
        integer("dwell_count", "Seen leaving", "퇴장 확인 수"),
        decimal("inside_seconds", "Person-seconds inside", "구역 안 인·초"),
    ),
    compared=(
        integer("dwell_count_week_before", "Leaving, week before", "1주 전 퇴장", "dwell_count"),
        decimal(
            "inside_seconds_week_before", "Person-seconds, week before", "1주 전 인·초", "inside_seconds"
        ),
    ),
    calculated=(
        CalculatedColumn(
            "mean_stay",
            Label("Mean stay, s", "평균 체류(초)"),
            "sum({inside_seconds}) / sum({dwell_count})",
        ),
        CalculatedColumn(
            "mean_stay_week_before",
            Label("Mean stay, week before", "1주 전 평균 체류"),
            "sum({inside_seconds_week_before}) / sum({dwell_count_week_before})",
        ),
    ),
)
PEAK_DAYS = 35
"""As many as the view holds: its peaks are found anew over all of them each time."""
_PEAK_COLUMNS = (
    SITE,
    CAMERA,
    ZONE,
    OBJECT_CLASS,
    PLACE,
    LOCAL_DAY,
    # Noon, for no time zone that a dashboard is shown in moves it into another day.
    instant("day_noon", "Day", "날짜", "date_add('hour', 12, CAST(CAST(local_day AS date) AS timestamp))"),
    HOUR_OF_DAY,
    decimal("occupancy_mean", "Mean inside", "평균 인원"),
    integer("occupancy_maximum", "Most at once", "동시 최대"),
)
PEAK_HOURS = DataSet(
    "peak_hours",
    Label("Peak hour of each day", "날짜별 피크 시간"),
    ImportMode.SPICE,
    select(_PEAK_COLUMNS, "peak_hours"),
    columns_of(_PEAK_COLUMNS),
    period_column="day_noon",
    history_days=PEAK_DAYS,
)
_USUAL_COLUMNS = (
    SITE,
    CAMERA,
    ZONE,
    OBJECT_CLASS,
    PLACE,
    LOCAL_DAY,
    HOUR_OF_DAY,
    text("local_hour_text", "Local hour", "현지 시각", "date_format(local_hour, '%Y-%m-%d %H:00')"),
    decimal("occupancy_mean", "Mean inside", "평균 인원"),
    decimal("usual_mean", "Usual", "평소"),
    integer("weeks", "Weeks known", "근거 주 수"),
    # The usual of an hour without one must not lower the sum that the occupancy is compared with.
    decimal(
        "occupancy_compared", "Inside, compared", "비교 인원", "if(usual_mean IS NULL, NULL, occupancy_mean)"
    ),
)
USUAL_HOURS = DataSet(
    "usual_hours",
    Label("Against the usual", "평소 대비"),
    ImportMode.SPICE,
    select(_USUAL_COLUMNS, "deviation_from_usual"),
    columns_of(_USUAL_COLUMNS),
    calculated=(
        CalculatedColumn(
            "percent_of_usual",
            Label("Percent of usual", "평소 대비 %"),
            "sum({occupancy_compared}) / sum({usual_mean}) * 100",
        ),
    ),
)
