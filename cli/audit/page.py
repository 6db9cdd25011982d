"""The page of an audit: every line and zone counted against by hand, self-contained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

import quicksight.preview
from cli.audit import report
from cli.audit.compare import Audit
from cli.audit.page_charts import AXIS_PIXELS, ROW_PIXELS, error_chart, stretch_chart
from cli.audit.page_tables import overview_table, worst_table
from contract.files import write_whole
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.values import described_zone
from quicksight.preview.visual_cards import script_json

_PREVIEW = Path(quicksight.preview.__file__).parent
_STYLE = Path(__file__).with_name("page.css")


def write_page(
    path: Path,
    audits: Sequence[Audit],
    *,
    hand: Path,
    counted: Path,
    time_zone: str,
    remarks: Sequence[str] = (),
    maximum_percent: float | None = None,
) -> None:
    """Write the page to `path`, whole or not at all; raises OSError when that cannot be."""
    text = render(
        audits,
        facts=[("Count by hand · 수기 집계", hand.name), ("Counts · 집계", str(counted))],
        zone=ZoneInfo(time_zone),
        now=datetime.now(UTC),
        remarks=remarks,
        maximum_percent=maximum_percent,
    )
    write_whole(path, text)


def render(
    audits: Sequence[Audit],
    *,
    facts: Sequence[tuple[str, str]],
    zone: ZoneInfo,
    now: datetime,
    remarks: Sequence[str] = (),
    maximum_percent: float | None = None,
) -> str:
    """Return the page as HTML; it needs no network and no other file."""
    sections = [_subject_section(audit, index, zone) for index, audit in enumerate(audits)]
    content = element(
        "main",
        {"id": "content", "class": "wide audit"},
        _overview(audits, remarks, maximum_percent),
        *sections,
    )
    body = element(
        "body",
        {},
        element("a", {"class": "skip", "href": "#content"}, "Skip to the content · 본문으로 가기"),
        _masthead([*facts, ("Times · 시간대", described_zone(zone, now))]),
        _jumps(audits),
        content,
        _footer(),
        element("script", {}, Html(get_plotlyjs())),
        element("script", {}, Html((_PREVIEW / "page.js").read_text(encoding="utf-8"))),
    )
    return f'<!doctype html>\n<html lang="en">{_head()}{body}</html>\n'


def _head() -> Html:
    style = "".join(path.read_text(encoding="utf-8") for path in (_PREVIEW / "page.css", _STYLE))
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("link", {"rel": "icon", "href": "data:,"}),
        element("title", {}, "CrowdLens: audit"),
        element("style", {}, Html(style)),
    )


def _masthead(facts: Sequence[tuple[str, str]]) -> Html:
    rows = [
        part for name, value in facts for part in (element("dt", {}, label(name)), element("dd", {}, value))
    ]
    left = element(
        "div",
        {},
        element("div", {"class": "brand"}, "CrowdLens"),
        element("h1", {}, label("Counted against by hand · 집계와 수기 비교")),
    )
    inside = element("div", {"class": "wide"}, left, element("dl", {"class": "period"}, *rows))
    return element("header", {"class": "masthead"}, inside)


def _jumps(audits: Sequence[Audit]) -> Html:
    targets = [("overview", label("Overview · 요약"))]
    targets += [(f"subject-{index}", spoken(str(audit.subject))) for index, audit in enumerate(audits)]
    items = [element("li", {}, element("a", {"href": f"#{target}"}, name)) for target, name in targets]
    return element(
        "nav",
        {"class": "jump", "aria-label": "Sections"},
        element("div", {"class": "wide"}, element("ul", {}, *items)),
    )


def _overview(audits: Sequence[Audit], remarks: Sequence[str], maximum_percent: float | None) -> Html:
    known = sum(math.isfinite(audit.error) for audit in audits)
    chosen = [] if report.is_random(audits) else [" · ".join(report.NOT_RANDOM).replace("`", "")]
    return element(
        "section",
        {"id": "overview"},
        _section_head(
            "Overview · 요약",
            "Signed error as a share of the count by hand, with 95 % limits. "
            "수기 집계 대비 오차와 95 % 신뢰구간.",
        ),
        _verdict(audits, maximum_percent) if maximum_percent is not None else "",
        element(
            "div",
            {"class": "card"},
            _box(
                error_chart(audits, maximum_percent),
                "errors",
                "Errors with limits",
                known * ROW_PIXELS + AXIS_PIXELS,
            )
            if known
            else "",
            overview_table(audits),
        ),
        *(element("p", {"class": "note"}, spoken(text)) for text in (*remarks, *chosen)),
    )


def _verdict(audits: Sequence[Audit], maximum_percent: float) -> Html:
    failed = [str(audit.subject) for audit in audits if not audit.within(maximum_percent)]
    english = f"Not shown to be within ±{maximum_percent:g} %: {', '.join(failed)}"
    korean = f"±{maximum_percent:g} % 이내임이 입증되지 않음"
    if not failed:
        english = f"Within ±{maximum_percent:g} %, surely, for every line and zone"
        korean = f"모든 계수선·구역이 ±{maximum_percent:g} % 이내"
    inside = element("div", {}, element("p", {}, english), element("p", {"lang": "ko"}, korean))
    return element("div", {"class": f"verdict {'bad' if failed else 'good'}"}, inside)


def _subject_section(audit: Audit, index: int, zone: ZoneInfo) -> Html:
    said = [
        element("p", {"class": "said"}, report.sentence(audit)),
        element("p", {"class": "said", "lang": "ko"}, report.sentence_in_korean(audit)),
        element(
            "p",
            {"class": "how"},
            spoken(" · ".join(report.method(audit.error_interval, at) for at in (0, 1))),
        ),
        *(element("p", {"class": "note"}, text) for text in report.remarks(audit)),
    ]
    chart = element(
        "article",
        {"class": "card"},
        element("h3", {}, label("Each stretch · 구간별")),
        _box(stretch_chart(audit), f"stretches-{index}", f"Counted against by hand, {audit.subject}", 340),
    )
    worst = element(
        "article",
        {"class": "card"},
        element("h3", {}, label("Worst stretches · 오차가 큰 구간")),
        worst_table(audit, zone),
    )
    return element(
        "section",
        {"id": f"subject-{index}"},
        element("div", {"class": "section-head"}, element("h2", {}, spoken(str(audit.subject)))),
        element("div", {"class": "card"}, *said),
        element("div", {"class": "pair"}, chart, worst),
    )


def _box(chart: go.Figure, name: str, spoken_text: str, height: int) -> Html:
    attributes = {
        "class": "chart",
        "id": name,
        "role": "img",
        "aria-label": spoken_text,
        "style": f"--height:{height}px",
    }
    data = {"type": "application/json", "id": f"{name}-data"}
    return join([element("div", attributes), element("script", data, script_json(chart.to_json()))])


def _section_head(name: str, text: str) -> Html:
    return element(
        "div", {"class": "section-head"}, element("h2", {}, label(name)), element("p", {}, spoken(text))
    )


def _footer() -> Html:
    english = (
        "The stretch is the sampling unit: the limits come from how counted and by hand differ from one to "
        "the next. Suspect and missing stretches are left out of the figures and listed."
    )
    korean = "신뢰구간은 구간별 차이에서 구했습니다. 의심·누락 구간은 수치에서 제외하고 따로 표시합니다."
    return element(
        "footer", {"class": "wide"}, element("p", {}, english), element("p", {"lang": "ko"}, korean)
    )
