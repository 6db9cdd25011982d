"""The tables of the audit page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cli.audit import report
from cli.audit.compare import Audit, Stretch
from cli.audit.counted import GOOD, MISSING, SUSPECT
from cli.audit.intervals import NOT_KNOWN
from quicksight.preview.html import Html, element, label, spoken
from quicksight.preview.values import written_time

WORST = 12
"""Stretches listed for each line and zone: enough to look them up in the video."""
_HEADER = (
    ("Line or zone · 계수선·구역", False),
    ("Compared · 비교 범위", False),
    ("Counted · 집계", True),
    ("By hand · 수기", True),
    ("Error · 오차", True),
    ("95 % sure between · 95 % 신뢰구간", True),
    ("Without cancelling · 절대 오차", True),
    ("Mean a stretch · 구간당 평균", True),
)
_WORST_HEADER = (
    ("From · 시작", False),
    ("Until · 끝", False),
    ("Counted · 집계", True),
    ("By hand · 수기", True),
    ("Difference · 차이", True),
    ("State · 상태", False),
)


def overview_table(audits: Sequence[Audit]) -> Html:
    """Return a row for each line and direction and each zone."""
    return _table(_HEADER, [_overview_row(audit) for audit in audits], "Errors by line and zone")


def worst_table(audit: Audit, zone: ZoneInfo) -> Html:
    """Return the stretches that differ most, with their times on the clock of `zone`."""
    worst = [_worst_row(one, zone) for one in _worst(audit)]
    if not worst:
        return element("p", {"class": "how"}, spoken("No stretch differs. 차이가 있는 구간이 없습니다."))
    return _table(_WORST_HEADER, worst, f"Worst stretches of {audit.subject}")


def _overview_row(audit: Audit) -> tuple[str, ...]:
    interval, absolute = audit.error_interval, audit.absolute_error
    sure = f"{report.percent(interval.low)} ~ {report.percent(interval.high)}"
    known = interval.method != NOT_KNOWN
    return (
        str(audit.subject),
        report.extent(audit),
        f"{audit.counted:.1f}".removesuffix(".0"),
        f"{audit.by_hand:.0f}",
        "–" if math.isnan(audit.error) else report.percent(audit.error),
        sure if known else "–",
        "–" if math.isnan(absolute) else report.percent(absolute).removeprefix("+"),
        "–" if math.isnan(audit.mean_absolute_error) else f"{audit.mean_absolute_error:.2f}",
    )


def _worst(audit: Audit) -> list[Stretch]:
    everything = (*audit.used, *audit.suspect, *audit.missing)
    worth_a_look = [one for one in everything if one.difference or one.counted.state != GOOD]
    return sorted(worth_a_look, key=lambda one: (-abs(one.difference), one.row.start_ms))[:WORST]


def _worst_row(one: Stretch, zone: ZoneInfo) -> tuple[str, ...]:
    start, end = (
        written_time(datetime.fromtimestamp(at / 1000, UTC), zone)
        for at in (one.row.start_ms, one.row.end_ms)
    )
    states = {GOOD: "used · 사용", SUSPECT: "suspect · 의심", MISSING: "not analysed · 분석 없음"}
    missing = one.counted.value is None
    return (
        start,
        "–" if one.row.end_ms == one.row.start_ms else end.rpartition(" ")[2],
        "–" if missing else f"{one.value:.1f}".removesuffix(".0"),
        f"{one.by_hand:.0f}",
        "–" if missing else _difference(one.difference),
        states[one.counted.state],
    )


def _difference(number: float) -> str:
    text = f"{number:+.1f}".removesuffix(".0").replace("-", "−")
    return "0" if number == 0 else text


def _table(header: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], caption: str) -> Html:
    head = [
        element("th", {"scope": "col", "class": "number" if right else None}, label(name))
        for name, right in header
    ]
    body = [element("tr", {}, *_cells(header, row)) for row in rows]
    table = element(
        "table",
        {},
        element("caption", {"class": "hidden"}, caption),
        element("thead", {}, element("tr", {}, *head)),
        element("tbody", {}, *body),
    )
    return element("div", {"class": "scroll", "role": "region", "tabindex": 0, "aria-label": caption}, table)


def _cells(header: Sequence[tuple[str, bool]], row: Sequence[str]) -> list[Html]:
    first = element("th", {"scope": "row"}, spoken(row[0]))
    rest = [
        element("td", {"class": "number" if right else None}, label(text))
        for (_, right), text in zip(header[1:], row[1:], strict=True)
    ]
    return [first, *rest]
