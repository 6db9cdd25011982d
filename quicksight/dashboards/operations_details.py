"""The sheets of the operations dashboard behind its first: alerts, devices, and what the data may miss."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.dashboards.choices import DAY, HOUR, HOUR_OF_DAY, SITE_CAMERA
from quicksight.fields import Aggregation, Calculated, Dimension, JsonObject, Measure, Plain
from quicksight.label import Label
from quicksight.maps import heat_map
from quicksight.sheets import Sheet, Tile
from quicksight.visuals import bar_chart, kpi, line_chart, plain_table

_DEVICE = Dimension("site_device", Label("Site / device", "현장 / 장치"))
_LAST_DAY = Label("in the last 24 hours", "최근 24시간")


def alerts() -> Sheet:
    """Return the sheet of what happened in the last day, asked anew at each look."""
    events = kpi(
        "kpi-alerts",
        Label("Alerts", "알림"),
        data_set=data_sets.ALERTS_NOW,
        value=Measure("events", Label("Events", "건수"), Aggregation.SUM),
        subtitle=_LAST_DAY,
        alt="Number of safety events in the last 24 hours",
    )
    going_on = kpi(
        "kpi-going-on",
        Label("Going on now", "진행 중"),
        data_set=data_sets.ALERTS_NOW,
        value=Measure("going_on", Label("Going on", "진행 중"), Aggregation.SUM),
        subtitle=Label("begun and not over", "시작 후 끝나지 않음"),
        alt="Number of safety events that are going on",
    )
    kinds = bar_chart(
        "alerts-by-kind",
        Label("Alerts by kind", "종류별 알림"),
        data_set=data_sets.ALERTS_NOW,
        category=Dimension("kind_name", Label("Event", "이벤트")),
        values=[Measure("events", Label("Events", "건수"), Aggregation.SUM)],
        horizontal=True,
        subtitle=_LAST_DAY,
        alt="Bars of safety events of the last 24 hours by kind",
    )
    return Sheet(
        "alerts",
        Label("Alerts", "알림"),
        Label("What happened in the last 24 hours", "최근 24시간에 일어난 일"),
        ((Tile(events, 9, 9), Tile(going_on, 9, 9), Tile(kinds, 18, 9)), (Tile(_alert_list(), 36, 14),)),
    )


def _alert_list() -> JsonObject:
    started = Plain("started_at", Label("From", "시작"))
    return plain_table(
        "alert-list",
        Label("Latest alerts", "최근 알림"),
        data_set=data_sets.ALERTS_NOW,
        columns=[
            started,
            Plain("site", Label("Site", "현장")),
            Plain("place", Label("Place", "위치")),
            Plain("kind_name", Label("Event", "이벤트")),
            Plain("phase", Label("State", "상태")),
            Plain("peak_value", Label("Peak", "최댓값"), decimals=2),
            Plain("threshold", Label("Threshold", "기준값"), decimals=2),
        ],
        newest_first=started,
        subtitle=Label("newest first", "최신순"),
        alt="Table of the safety events of the last 24 hours with place, state, peak and threshold",
    )


def devices() -> Sheet:
    """Return the sheet of the devices: which report, how they fare, and how that went over time."""
    return Sheet(
        "devices",
        Label("Devices", "장치"),
        Label("Which devices report, and how they fare", "어떤 장치가 보고하고 있고 상태가 어떤지"),
        (
            _device_numbers(),
            (Tile(_device_table(), 36, 10),),
            (Tile(_reports(), 36, 10),),
            (
                Tile(_device_lines("frames-by-hour", *_FRAMES), 18, 11),
                Tile(_device_lines("celsius-by-hour", *_CELSIUS), 18, 11),
            ),
        ),
    )


_FRAMES = (
    Label("Frames per second", "초당 프레임"),
    Measure("frames_per_second_mean", Label("Frames/s", "초당 프레임"), Aggregation.AVERAGE, decimals=1),
)
_CELSIUS = (
    Label("Hottest CPU, °C", "CPU 최고 온도(°C)"),
    Measure("cpu_celsius_maximum", Label("CPU °C", "CPU °C"), Aggregation.MAXIMUM),
)


def _device_numbers() -> tuple[Tile, ...]:
    values = (
        ("kpi-devices", Label("Devices", "장치 수"), Aggregation.SUM, "devices"),
        (
            "kpi-silent-minutes",
            Label("Longest silence, minutes", "최장 무응답(분)"),
            Aggregation.MAXIMUM,
            "minutes_silent",
        ),
        ("kpi-spool", Label("Records waiting", "전송 대기 레코드"), Aggregation.SUM, "spool_rows"),
        (
            "kpi-disk",
            Label("Least disk free, %", "최소 디스크 여유(%)"),
            Aggregation.MINIMUM,
            "disk_free_percent",
        ),
    )
    subtitle = Label("latest report of each device", "장치별 마지막 보고 기준")
    return tuple(
        Tile(
            kpi(
                name,
                title,
                data_set=data_sets.DEVICES_NOW,
                value=Measure(column, title, aggregation),
                subtitle=subtitle,
                alt=f"Number over the latest report of each device: {title.english}",
            ),
            9,
            5,
        )
        for name, title, aggregation, column in values
    )


def _device_table() -> JsonObject:
    reported = Plain("reported_at", Label("Last report", "마지막 보고"))
    return plain_table(
        "devices-now",
        Label("Every device", "전체 장치"),
        data_set=data_sets.DEVICES_NOW,
        columns=[
            Plain("site", Label("Site", "현장")),
            Plain("device", Label("Device", "장치")),
            reported,
            Plain("minutes_silent", Label("Minutes since", "지난 시간(분)")),
            Plain("frames_per_second", Label("Frames/s", "초당 프레임"), decimals=1),
            Plain("cpu_celsius", Label("CPU °C", "CPU °C")),
            Plain("disk_free_percent", Label("Disk free %", "디스크 여유 %")),
            Plain("spool_rows", Label("Waiting", "전송 대기")),
            Plain("clock_quality", Label("Clock", "시계")),
            Plain("software_version", Label("Software", "소프트웨어")),
        ],
        newest_first=reported,
        subtitle=Label("latest report of each in the last 31 days", "최근 31일 장치별 마지막 보고"),
        alt="Table of the latest report of each device",
    )


def _reports() -> JsonObject:
    return heat_map(
        "reports-by-hour",
        Label("Reports by hour", "시간별 보고 수"),
        data_set=data_sets.DEVICE_HOURS,
        rows=_DEVICE,
        columns=HOUR_OF_DAY,
        value=Measure("reports", Label("Reports", "보고 수"), Aggregation.SUM),
        subtitle=Label("blank: the device was silent", "빈 칸: 보고가 없었던 시각"),
        alt="Heat map of the reports of each device by hour of the day",
    )


def _device_lines(visual_id: str, title: Label, value: Measure) -> JsonObject:
    return line_chart(
        visual_id,
        title,
        data_set=data_sets.DEVICE_HOURS,
        category=HOUR,
        values=[value],
        color=_DEVICE,
        subtitle=Label("by hour; a break is time without a report", "시간별, 끊긴 곳은 보고가 없던 시간"),
        alt=f"Lines by hour for each device: {title.english}",
    )


def trust() -> Sheet:
    """Return the sheet of what the data may miss, and where counts are in doubt."""
    minutes = bar_chart(
        "minutes-by-kind",
        Label("Minutes touched, by finding", "문제별 영향 시간(분)"),
        data_set=data_sets.DATA_QUALITY,
        category=SITE_CAMERA,
        values=[Measure("minutes", Label("Minutes", "분"), Aggregation.SUM)],
        color=Dimension("kind", Label("Finding", "문제")),
        horizontal=True,
        stacked=True,
        largest=20,
        subtitle=Label("a site alone stands for a whole device", "현장 이름만 있으면 장치 전체"),
        alt="Stacked bars of the minutes that findings touched, by camera and kind",
    )
    doubt = heat_map(
        "doubt-by-camera-and-day",
        Label("Counts in doubt, %", "의심 집계 비율(%)"),
        data_set=data_sets.ZONE_HOURS,
        rows=SITE_CAMERA,
        columns=DAY,
        value=Calculated("suspect_percent", Label("In doubt, %", "의심 비율 %"), decimals=1),
        subtitle=Label(
            "of the time observed; blank was not observed", "관측 시간 중 비율, 빈 칸은 관측 없음"
        ),
        alt="Heat map of the share of observed time whose counts are in doubt, by camera and day",
    )
    observed = heat_map(
        "observed-by-camera-and-day",
        Label("Time observed, seconds", "관측 시간(초)"),
        data_set=data_sets.ZONE_HOURS,
        rows=SITE_CAMERA,
        columns=DAY,
        value=Measure("observed_seconds", Label("Seconds", "초"), Aggregation.SUM),
        subtitle=Label(
            "over all zones and classes; blank was not observed", "모든 구역·종류 합, 빈 칸은 관측 없음"
        ),
        alt="Heat map of the seconds observed by camera and day",
    )
    return Sheet(
        "trust",
        Label("Can it be trusted", "데이터 신뢰도"),
        Label("Gaps, faults and doubtful counts", "공백, 이상, 의심 집계"),
        ((Tile(minutes, 18, 13), Tile(doubt, 18, 13)), (Tile(observed, 36, 11),)),
    )
