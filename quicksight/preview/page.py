"""One self-contained HTML page: the run, when there is one, and every sheet of a dashboard."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from plotly.offline import get_plotlyjs

from contract.errors import CrowdLensError, DiskFullError
from contract.files import write_whole
from quicksight.data_set import DataSet
from quicksight.data_sets import DATA_SETS
from quicksight.preview.demo_section import demo_section
from quicksight.preview.facts import ReportFacts
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.querying import Query, fetch
from quicksight.preview.reading import DashboardSpec, Json, SheetSpec, read_definition
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


def write_preview(
    path: Path, *, definition: Json, query: Query, data_sets: Sequence[DataSet] = DATA_SETS
) -> None:
    """Write the dashboard alone to `path`, whole or not at all.

    Raises `DefinitionError` for what the preview does not draw, `PageWriteError` or `DiskFullError` when the
    page cannot be written, and whatever `query` raises.
    """
    _write(path, render(definition, query, data_sets))


def write_report(
    path: Path,
    *,
    definition: Json,
    query: Query,
    facts: ReportFacts,
    data_sets: Sequence[DataSet] = DATA_SETS,
) -> None:
    """Write the dashboard and, above it, what `facts` says of one run; as `write_preview`."""
    _write(path, render(definition, query, data_sets, facts))


def render(
    definition: Json, query: Query, data_sets: Sequence[DataSet], facts: ReportFacts | None = None
) -> str:
    """Return the page as HTML; it needs no network and no other file."""
    dashboard = read_definition(definition)
    zone = time_zone(facts.time_zone if facts else dashboard.time_zone)
    by_identifier = {data_set.identifier: data_set for data_set in data_sets}
    sheets = [_sheet(sheet, dashboard, by_identifier, query, zone) for sheet in dashboard.sheets]
    run = demo_section(facts) if facts else Html("")
    main = element("main", {"id": "content", "class": "wide"}, run, *sheets)
    body = element(
        "body",
        {},
        element("a", {"class": "skip", "href": "#content"}, "Skip to the content · 본문으로 가기"),
        _masthead(dashboard, facts, zone),
        _jumps(dashboard, has_run=facts is not None),
        main,
        _footer(),
        element("script", {}, Html(get_plotlyjs())),
        element("script", {}, Html((_FOLDER / "page.js").read_text(encoding="utf-8"))),
    )
    return f'<!doctype html>\n<html lang="en">{_head(dashboard, facts)}{body}</html>\n'


def _head(dashboard: DashboardSpec, facts: ReportFacts | None) -> Html:
    where = f"{facts.site} / {facts.camera}" if facts else dashboard.sheets[0].name
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        # An icon of its own, or the browser asks the server for one.
        element("link", {"rel": "icon", "href": "data:,"}),
        element("title", {}, f"CrowdLens: {where}"),
        element("style", {}, Html((_FOLDER / "page.css").read_text(encoding="utf-8"))),
    )


def _masthead(dashboard: DashboardSpec, facts: ReportFacts | None, zone: ZoneInfo) -> Html:
    title = f"{facts.site} / {facts.camera}" if facts else dashboard.sheets[0].name
    left = element(
        "div",
        {},
        element("div", {"class": "brand"}, _LOGO, "CrowdLens"),
        element("h1", {}, label(title)),
    )
    period = element("dl", {"class": "period"}, *_period(facts, zone)) if facts else Html("")
    return element("header", {"class": "masthead"}, element("div", {"class": "wide"}, left, period))


def _period(facts: ReportFacts, zone: ZoneInfo) -> list[Html]:
    rows = [("Time zone · 시간대", described_zone(zone, facts.generated_at))]
    if facts.period_start and facts.period_end:
        rows.insert(0, ("From · 시작", written_time(facts.period_start, zone)))
        rows.insert(1, ("Until · 끝", written_time(facts.period_end, zone)))
    rows.append(("Drawn · 작성", written_time(facts.generated_at, zone)))
    return [
        part for name, value in rows for part in (element("dt", {}, label(name)), element("dd", {}, value))
    ]


def _jumps(dashboard: DashboardSpec, *, has_run: bool) -> Html:
    targets = [("this-run", "This run · 이번 실행")] if has_run else []
    targets += [(f"sheet-{sheet.sheet_id}", sheet.name) for sheet in dashboard.sheets]
    items = [element("li", {}, element("a", {"href": f"#{target}"}, label(name))) for target, name in targets]
    inside = element("div", {"class": "wide"}, element("ul", {}, *items))
    return element("nav", {"class": "jump", "aria-label": "Sections"}, inside)


def _sheet(
    sheet: SheetSpec,
    dashboard: DashboardSpec,
    data_sets: Mapping[str, DataSet],
    query: Query,
    zone: ZoneInfo,
) -> Html:
    # QuickSight's rows are of fixed height; the page's are as high as what stands in them.
    starts = sorted({tile.row for tile in sheet.tiles})
    cards = [
        card(tile, starts.index(tile.row) + 1, fetch(tile.visual, data_sets, query), dashboard, zone)
        for tile in sheet.tiles
    ]
    head = element(
        "div",
        {"class": "section-head"},
        element("h2", {}, label(sheet.name)),
        element("p", {}, spoken(sheet.description)),
    )
    return element(
        "section", {"id": f"sheet-{sheet.sheet_id}"}, head, element("div", {"class": "grid"}, *cards)
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
