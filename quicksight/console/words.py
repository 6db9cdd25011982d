"""The words of the console in Korean and English, and a definition's own in one of the two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from quicksight.label import SEPARATOR, Label
from quicksight.preview.specs import DashboardSpec, FieldSpec, SheetSpec, VisualSpec

LIVE = Label("Live", "실시간")
CAMERAS = Label("Cameras", "카메라")
MOVEMENT = Label("Speed and events", "속도와 이벤트")
HISTORY = Label("History", "이력")
NO_DATA = Label("no data", "데이터 없음")

TEXTS: Mapping[str, Label] = {
    "view": Label("View", "화면"),
    "filters": Label("Filters", "필터"),
    "site": Label("Site", "현장"),
    "camera": Label("Camera", "카메라"),
    "zone": Label("Zone", "구역"),
    "all": Label("all", "전체"),
    "first": Label("From", "시작일"),
    "last": Label("To", "종료일"),
    "dashboard": Label("Dashboard", "대시보드"),
    "inside_now": Label("Inside live zones", "실시간 구역 안 인원"),
    "live_zones": Label("Live zones", "실시간 구역"),
    "stale_zones": Label("Stale zones", "오래된 구역"),
    "camera_trouble": Label("Cameras in trouble", "이상 카메라"),
    "place": Label("Place", "위치"),
    "object_class": Label("Class", "종류"),
    "inside": Label("Inside", "구역 안"),
    "density": Label("Per m²", "제곱미터당"),
    "as_of": Label("As of", "기준 시각"),
    "state": Label("State", "상태"),
    "since": Label("Since", "부터"),
    "detail": Label("Detail", "내용"),
    "rate": Label("Frames/s", "초당 프레임"),
    "live": Label("live", "실시간"),
    "stale": Label("stale", "오래됨"),
    "no_data": NO_DATA,
    "unknown": Label("unknown", "알 수 없음"),
    "updated": Label(
        "Read at {time}; every {seconds:g} s by itself", "{time} 조회, {seconds:g}초마다 자동 갱신"
    ),
    "source_mysql": Label("Live figures from MySQL", "실시간 수치: MySQL"),
    "source_lake": Label("Live figures from the lake", "실시간 수치: 데이터 레이크"),
    "nothing": Label(
        "Nothing was ever counted here, which is not the same as zero.",
        "집계된 적이 없습니다. 0명이라는 뜻이 아닙니다.",
    ),
    "all_stale": Label(
        "No zone is live: the newest count is {age} old ({time}). Below is what was, not what is.",
        "실시간 구역이 없습니다. 마지막 집계는 {age} 전({time})이며 아래는 그때의 값입니다.",
    ),
    "some_stale": Label(
        "{count} zones are stale and are not added up.", "{count}개 구역은 오래되어 합계에 넣지 않았습니다."
    ),
    "cannot_read": Label(
        "The figures cannot be read just now: {reason}", "지금은 수치를 읽을 수 없습니다: {reason}"
    ),
    "stands": Label(
        "The records of this lake ended at {time} ({zone}), before the console was started: "
        "everything below is as of that moment, and so is “now”.",
        "이 레이크의 기록은 콘솔을 시작하기 전인 {time}({zone})에 끝났습니다. "
        "아래의 모든 값은 그 시점 기준이며 ‘지금’도 그때를 뜻합니다.",
    ),
    "older": Label(
        "The period shows nothing recorded: the lake has {first} to {last}.",
        "이 기간에는 기록이 없습니다. 레이크에는 {first}부터 {last}까지 있습니다.",
    ),
    "show_newest": Label("Show the newest week", "가장 최근 1주 보기"),
    "period_wrong": Label("The first day is after the last.", "시작일이 종료일보다 늦습니다."),
    "left_out": Label("{count} smaller series are left out", "작은 계열 {count}개 생략"),
    "thinned": Label("Each point stands for {count} minutes (mean)", "점 하나는 {count}분 평균"),
    "cut": Label("Only the newest {count} points", "가장 새로운 점 {count}개만 표시"),
    "numbers": Label("Numbers", "수치 보기"),
    "time_zone": Label("Times are those of {zone}", "시각은 {zone} 기준"),
    "same": Label(
        "Drawn by the definitions and SQL that QuickSight gets", "QuickSight와 같은 정의와 SQL로 그렸습니다"
    ),
}


def say(key: str, language: str, **values: object) -> str:
    """Return one of `TEXTS` in a language (``ko`` or ``en``), with its values filled in."""
    return one_of(TEXTS[key], language).format(**values)


def one_of(label: Label, language: str) -> str:
    """Return a label in a language."""
    return label.korean if language == "ko" else label.english


def in_language(text: str, language: str) -> str:
    """Return the half of an "English · 한국어" text that is in the language; other text as it is."""
    english, separator, korean = text.partition(SEPARATOR)
    if not separator:
        return text
    return korean if language == "ko" else english


def age(passed: timedelta, language: str) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    seconds = max(0, round(passed.total_seconds()))
    for size, english, korean in ((86_400, "d", "일"), (3600, "h", "시간"), (60, "min", "분")):
        if seconds >= size:
            return f"{seconds // size}{korean}" if language == "ko" else f"{seconds // size} {english}"
    return f"{seconds}초" if language == "ko" else f"{seconds} s"


def dashboard_in(dashboard: DashboardSpec, language: str) -> DashboardSpec:
    """Return a dashboard whose titles and labels are in one language."""
    return replace(dashboard, sheets=tuple(_sheet(sheet, language) for sheet in dashboard.sheets))


def _sheet(sheet: SheetSpec, language: str) -> SheetSpec:
    return replace(
        sheet,
        name=in_language(sheet.name, language),
        description=in_language(sheet.description, language),
        tiles=tuple(replace(tile, visual=_visual(tile.visual, language)) for tile in sheet.tiles),
    )


def _visual(visual: VisualSpec, language: str) -> VisualSpec:
    def field(one: FieldSpec) -> FieldSpec:
        return replace(
            one, label=in_language(one.label, language), null_text=in_language(one.null_text, language)
        )

    return replace(
        visual,
        title=in_language(visual.title, language),
        subtitle=in_language(visual.subtitle, language),
        dimensions=tuple(map(field, visual.dimensions)),
        measures=tuple(map(field, visual.measures)),
        plain=tuple(map(field, visual.plain)),
        color=visual.color and field(visual.color),
        target=visual.target and field(visual.target),
    )
