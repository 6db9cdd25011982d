"""One self-contained HTML page: the run, when there is one, and every sheet of a dashboard."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from plotly.offline import get_plotlyjs

from contract.errors import CrowdLensError, DiskFullError
from contract.files import write_whole
from quicksight.data_set import DataSet
from quicksight.data_sets import DATA_SETS
from quicksight.preview.choosing import Chosen, chosen_from, read_choices
from quicksight.preview.conditions import described
from quicksight.preview.demo_section import demo_section
from quicksight.preview.drawing import Drawing, start_drawing
from quicksight.preview.facts import ReportFacts
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.querying import Query
from quicksight.preview.specs import Json, SheetSpec
from quicksight.preview.values import described_zone, time_zone, written_time
from quicksight.preview.visual_cards import card

_FOLDER = Path(__file__).parent
_LOGO = Html(
    '<svg viewBox="0 0 32 32" aria-hidden="true">'
    '<circle cx="16" cy="16" r="14.5" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<circle cx="16" cy="12" r="4" fill="currentColor"/>'
    '<path d="M8 25c1-5 4-7.5 8-7.5s7 2.5 8 7.5" fill="none" stroke="currentColor" stroke-width="2.6"'
    ' stroke-linecap="round"/></svg>'
)


class PageWriteError(CrowdLensError):
    """Raised when the page cannot be written where it was asked for."""


@dataclass(frozen=True)
class NamedDrawing:
    """A dashboard of a page: `key` stands in addresses and ids, `name` in its title in both languages."""

    key: str
    name: str
    drawing: Drawing


def write_preview(
    path: Path,
    *,
    definition: Json,
    query: Query,
    data_sets: Sequence[DataSet] = DATA_SETS,
    chosen: Chosen | None = None,
    now: datetime | None = None,
) -> None:
    """Write one dashboard to `path`, whole or not at all.

    Raises `DefinitionError` for what the preview does not draw, `PageWriteError` or `DiskFullError` when the
    page cannot be written, and whatever `query` raises.
    """
    _write(path, render(start_drawing(definition, query, data_sets, chosen=chosen, now=now)))


def write_dashboards(path: Path, dashboards: Sequence[NamedDrawing]) -> None:
    """Write several dashboards to one page, one of them shown at a time; as `write_preview`."""
    _write(path, render_dashboards(dashboards))


def write_report(
    path: Path,
    *,
    definition: Json,
    query: Query,
    facts: ReportFacts,
    data_sets: Sequence[DataSet] = DATA_SETS,
) -> None:
    """Write the dashboard over the days of a run, and above it what `facts` says; as `write_preview`."""
    zone = time_zone(facts.time_zone)
    chosen = _days_of(facts, definition, zone)
    drawing = start_drawing(definition, query, data_sets, chosen=chosen, now=facts.generated_at, zone=zone)
    _write(path, render(drawing, facts))


def render(drawing: Drawing, facts: ReportFacts | None = None) -> str:
    """Return the page of one dashboard as HTML; it needs no network and no other file."""
    sheets = drawing.dashboard.sheets
    run = demo_section(facts) if facts else Html("")
    title = f"{facts.site} / {facts.camera}" if facts else sheets[0].name
    targets = [("this-run", "This run · 이번 실행")] if facts else []
    targets += [(f"sheet-{sheet.sheet_id}", sheet.name) for sheet in sheets]
    period = _period(facts, drawing.zone) if facts else []
    return _page(title, period, targets, join([run, strip(drawing), *_sheets(drawing, "")]))


def render_dashboards(dashboards: Sequence[NamedDrawing]) -> str:
    """Return the page of several dashboards as HTML, which shows the one that its address names."""
    sections = [
        element(
            "section",
            {"id": f"dashboard-{one.key}", "class": "dashboard"},
            element("h2", {"class": "name"}, label(one.name)),
            strip(one.drawing),
            *_sheets(one.drawing, f"{one.key}--"),
        )
        for one in dashboards
    ]
    targets = [(f"dashboard-{one.key}", one.name) for one in dashboards]
    zone = dashboards[0].drawing.zone
    period = _described_rows([("Time zone · 시간대", described_zone(zone, datetime.now(UTC)))])
    return _page("Dashboards · 대시보드", period, targets, join(sections))


def strip(drawing: Drawing) -> Html:
    """Return the line that says what was chosen; nothing where there is nothing to choose."""
    said = described(drawing.dashboard.choices, drawing.chosen)
    if not said:
        return Html("")
    parts = [
        element("div", {}, element("dt", {}, label(name)), element("dd", {}, spoken(value)))
        for name, value in said
    ]
    return element("dl", {"class": "chosen", "aria-label": "What is shown · 표시 조건"}, *parts)


def _days_of(facts: ReportFacts, definition: Json, zone: ZoneInfo) -> Chosen:
    """Return the days of a run as the dashboard's period, so that a run of long ago is seen."""
    if facts.period_start is None or facts.period_end is None:
        return Chosen()
    first, last = (moment.astimezone(zone).date() for moment in (facts.period_start, facts.period_end))
    return chosen_from(read_choices(definition), (), first, last)


def _page(title: str, period: Sequence[Html], targets: Sequence[tuple[str, str]], content: Html) -> str:
    body = element(
        "body",
        {},
        element("a", {"class": "skip", "href": "#content"}, "Skip to the content · 본문으로 가기"),
        _masthead(title, period),
        _jumps(targets),
        element("main", {"id": "content", "class": "wide"}, content),
        _footer(),
        element("script", {}, Html(get_plotlyjs())),
        element("script", {}, Html((_FOLDER / "page.js").read_text(encoding="utf-8"))),
    )
    return f'<!doctype html>\n<html lang="en">{_head(title)}{body}</html>\n'


def _head(title: str) -> Html:
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        # An icon of its own, or the browser asks the server for one.
        element("link", {"rel": "icon", "href": "data:,"}),
        element("title", {}, f"CrowdLens: {title}"),
        element("style", {}, Html((_FOLDER / "page.css").read_text(encoding="utf-8"))),
    )


def _masthead(title: str, period: Sequence[Html]) -> Html:
    left = element(
        "div",
        {},
        element("div", {"class": "brand"}, _LOGO, "CrowdLens"),
        element("h1", {}, label(title)),
    )
    right = element("dl", {"class": "period"}, *period) if period else Html("")
    return element("header", {"class": "masthead"}, element("div", {"class": "wide"}, left, right))


def _period(facts: ReportFacts, zone: ZoneInfo) -> list[Html]:
    rows = [("Time zone · 시간대", described_zone(zone, facts.generated_at))]
    if facts.period_start and facts.period_end:
        rows.insert(0, ("From · 시작", written_time(facts.period_start, zone)))
        rows.insert(1, ("Until · 끝", written_time(facts.period_end, zone)))
    return _described_rows([*rows, ("Drawn · 작성", written_time(facts.generated_at, zone))])


def _described_rows(rows: Sequence[tuple[str, str]]) -> list[Html]:
    return [
        part for name, value in rows for part in (element("dt", {}, label(name)), element("dd", {}, value))
    ]


def _jumps(targets: Sequence[tuple[str, str]]) -> Html:
    items = [element("li", {}, element("a", {"href": f"#{target}"}, label(name))) for target, name in targets]
    inside = element("div", {"class": "wide"}, element("ul", {}, *items))
    return element("nav", {"class": "jump", "aria-label": "Sections"}, inside)


def _sheets(drawing: Drawing, prefix: str) -> list[Html]:
    return [_sheet(sheet, drawing, prefix) for sheet in drawing.dashboard.sheets]


def _sheet(sheet: SheetSpec, drawing: Drawing, prefix: str) -> Html:
    # QuickSight's rows are of fixed height; the page's are as high as what stands in them.
    starts = sorted({tile.row for tile in sheet.tiles})
    cards = [
        card(
            tile,
            starts.index(tile.row) + 1,
            drawing.rows(tile.visual, sheet.sheet_id),
            drawing.dashboard,
            drawing.zone,
            prefix=prefix,
        )
        for tile in sheet.tiles
    ]
    head = element(
        "div",
        {"class": "section-head"},
        element("h3" if prefix else "h2", {}, label(sheet.name)),
        element("p", {}, spoken(sheet.description)),
    )
    return element(
        "section", {"id": f"{prefix}sheet-{sheet.sheet_id}"}, head, element("div", {"class": "grid"}, *cards)
    )


def _footer() -> Html:
    english = "Drawn from the lake by the definition that QuickSight gets; pictures never leave the device."
    korean = "QuickSight에 배포되는 정의 그대로 레이크에서 그렸습니다. 영상은 기기를 떠나지 않습니다."
    return element(
        "footer", {"class": "wide"}, element("p", {}, english), element("p", {"lang": "ko"}, korean)
    )


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, join([Html(text)]))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"page {path}: no room left on the disk") from error
        raise PageWriteError(f"page {path} cannot be written: {error.strerror or error}") from error
