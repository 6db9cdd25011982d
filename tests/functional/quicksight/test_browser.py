"""The page in a real browser, at the width of a phone and of a laptop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, sync_playwright
from playwright.sync_api import Page as BrowserPage

from quicksight.preview import ConservationRow, Fact, FilePlace, NextStep, ReportFacts, TruthRow, write_report
from quicksight.preview.reading import read_definition
from quicksight.preview.server import serve_page
from quicksight.preview.specs import VisualSpec
from tests import quicksight_sample as sample

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}"),
]
MOMENT = datetime(2026, 11, 21, 3, 0, 0, tzinfo=UTC)
ZONES = ("<script>alert(1)</script>", "광장 동쪽 출입구 앞 아주 긴 이름의 구역", "plaza_west")
WIDTHS = [pytest.param(390, id="phone"), pytest.param(1280, id="laptop")]


@dataclass
class Rows:
    """What the lake answers."""

    rows: list[tuple[object, ...]]
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def rows_of(visual: VisualSpec) -> list[tuple[object, ...]]:
    """Return rows that fit the fields of `visual`: twelve windows, three long or evil names."""
    return [
        tuple(_value(field.column, field.aggregation, window, zone) for field in visual.fields)
        for window in range(12 if visual.dimensions or visual.plain else 1)
        for zone in (ZONES if visual.color else (ZONES[window % 3],))
    ][: 3 if visual.visual_id in ("people-now", "zone-traffic", "line-totals") else None]


def _value(column: str, aggregation: str | None, window: int, zone: str) -> object:
    if aggregation is not None:
        return window % 5 + ZONES.index(zone)
    if column in ("event_time", "minute_start", "started_at", "ended_at", "since"):
        return MOMENT + timedelta(minutes=window)
    return window if column == "records" else zone


def answers() -> Callable[[str], Rows]:
    """Return a query that answers the visuals in the order in which the page asks them."""
    waiting = iter([rows_of(visual) for visual in read_definition(sample.definition()).visuals])
    return lambda sql: Rows(next(waiting))


def facts() -> ReportFacts:
    """Return facts with long values, as a real run has them."""
    picture = cv2.imencode(".jpg", np.full((540, 960, 3), 90, np.uint8))[1].tobytes()
    path = "/home/operator/a/rather/long/folder/name/without/any/space/out/demo/lake"
    return ReportFacts(
        site="seoul-demo",
        camera="plaza-1",
        time_zone="Asia/Seoul",
        generated_at=MOMENT,
        period_start=MOMENT,
        period_end=MOMENT,
        key_frame_jpeg=picture,
        headline=(Fact("Crossed in", "들어온 수", "1,234"), Fact("Records made", "만든 레코드", "123,456")),
        run=(Fact("Detector", "검출기", "person_demo (CPUExecutionProvider)"),),
        conservation=(ConservationRow("line_crossings", 123_456, 123_456, 123_456, 0, 0),),
        truth=(TruthRow("plaza_west mean", "plaza_west 평균", 3.4, 2.9, 2),),
        files=(FilePlace("Lake (parquet)", "데이터 레이크", path),),
        next_steps=(
            NextStep("Ask the lake", "레이크에 묻기", f"crowdlens athena --lake {path} 'SHOW TABLES'"),
        ),
    )


@dataclass
class Opened:
    """A page that is open, what its console said and what it asked the network for."""

    page: BrowserPage
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def all(self, selector: str) -> list[Locator]:
        """Return every element of the selector; there is at least one."""
        found = self.page.locator(selector).all()
        assert found, selector
        return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The page is our own: the sandbox would only keep the test from running as root.
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_report(path, definition=sample.definition(), query=answers(), facts=facts())
    return path


@pytest.fixture
def open_page(browser: Browser, report: Path) -> Iterator[Callable[[int], Opened]]:
    contexts = []

    def opened(width: int) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 844})
        contexts.append(context)
        result = Opened(context.new_page())
        result.page.on("console", lambda message: result.complaints.append(message.text))
        result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
        result.page.on("dialog", lambda dialog: result.complaints.append(dialog.message))
        result.page.on("request", lambda request: result.requests.append(request.url))
        result.page.goto(report.as_uri())
        result.page.wait_for_selector(".chart .main-svg")
        return result

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_seen_and_nothing_sticks_out(open_page: Callable[[int], Opened], width: int) -> None:
    opened = open_page(width)
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    charts = opened.all(".chart > .plot-container")
    assert len(charts) == 4
    for box in (*opened.all("article"), *charts, *opened.all("figure img")):
        size = box.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) > 80
        assert size["x"] >= 0
        assert size["x"] + size["width"] <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_and_lines_have_room_beside_their_legend(open_page: Callable[[int], Opened], width: int) -> None:
    # The rectangle that catches the pointer covers exactly the plot without axes and legend.
    for plot in open_page(width).all(".chart rect.nsewdrag"):
        size = plot.bounding_box()
        assert size is not None
        assert size["height"] > 60
        assert size["width"] > 120


@pytest.mark.parametrize("width", WIDTHS)
def test_values_are_not_broken_letter_by_letter(open_page: Callable[[int], Opened], width: int) -> None:
    for value in open_page(width).all(".facts dd"):
        size = value.bounding_box()
        assert size is not None
        assert size["width"] >= 120


def test_names_are_shown_as_written_and_never_run(open_page: Callable[[int], Opened]) -> None:
    opened = open_page(1280)
    legend = opened.page.locator("#occupancy-over-time-chart .legendtext").all_text_contents()
    assert sorted(legend) == sorted(ZONES)
    assert opened.complaints == []


def test_no_request_leaves_the_page(open_page: Callable[[int], Opened], report: Path) -> None:
    opened = open_page(1280)
    away = [url for url in opened.requests if not url.startswith(("data:", "blob:"))]
    assert away == [report.as_uri()]


def test_the_served_page_asks_only_its_own_server(browser: Browser, report: Path) -> None:
    with serve_page(report) as served:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.url)
        page.wait_for_selector(".chart .main-svg")
        page.close()
        assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [served.url]


def test_the_numbers_of_a_chart_open_by_keyboard(open_page: Callable[[int], Opened]) -> None:
    page = open_page(1280).page
    details = page.locator("#people-now details")
    assert not details.locator("table").is_visible()
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.locator("table").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"


def test_the_first_key_leads_past_the_head(open_page: Callable[[int], Opened]) -> None:
    page = open_page(390).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    size = page.locator(".skip").bounding_box()
    assert size is not None
    assert size["x"] >= 0
