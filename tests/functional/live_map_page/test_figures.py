"""What the page shows of each place, how it keeps it fresh, and what it shows when it cannot."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.functional.live_map_page.conftest import PLACES, OpenPage
from tests.functional.live_map_page.fake_api import PIXEL, FakeApi, place

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LEVELS = [
    ("gangnam", "very_crowded", "매우 혼잡", "Very crowded", "5"),
    ("gwanghwamun", "crowded", "혼잡", "Crowded", "4"),
    ("haeundae", "normal", "보통", "Normal", "3"),
    ("jeju", "relaxed", "여유", "Relaxed", "2"),
    ("daejeon", "very_relaxed", "매우 여유", "Very relaxed", "1"),
]


@pytest.mark.parametrize(
    ("locale", "column"),
    [
        pytest.param("ko-KR", 2, id="Korean"),
        pytest.param("fr-FR", 3, id="English to the rest", marks=pytest.mark.e2e),
    ],
)
def test_each_level_has_words_a_number_and_a_shape(open_page: OpenPage, locale: str, column: int) -> None:
    opened = open_page(locale=locale)
    shapes = set()
    for row in LEVELS:
        item = opened.page.locator(f'#list [data-key="{row[0]}"]')
        assert item.locator(".level").inner_text() == row[column]
        assert item.locator(".icon text").text_content() == row[4]
        shapes.add(item.locator(".icon path").get_attribute("d"))
    assert len(shapes) == 5
    assert opened.page.evaluate("document.documentElement.lang") == ("ko" if column == 2 else "en")


def test_no_data_never_looks_like_an_empty_place(open_page: OpenPage) -> None:
    opened = open_page()
    looks = {}
    for name in ("gangneung", "daejeon"):  # nothing known, and nobody there
        row = opened.page.locator(f'#list [data-key="{name}"] .row')
        pill = opened.page.locator(f'[data-key="place-{name}"] .pill')
        looks[name] = [row.inner_text(), pill.inner_text()] + [
            one.evaluate("(element) => getComputedStyle(element).backgroundImage") for one in (row, pill)
        ]
    unknown, empty = looks["gangneung"], looks["daejeon"]
    assert "자료 없음" in unknown[0]
    assert "자료 없음" in unknown[1]
    assert not re.search(r"\d", unknown[0] + unknown[1].replace("경포대", ""))
    assert "0명" in empty[0]
    assert all("gradient" in one for one in unknown[2:])
    assert empty[2:] == ["none", "none"]
    opened.page.click('#list [data-key="gangneung"] button')
    assert "사람이 없다는 뜻이 아닙니다" in opened.see("#card .warnings").inner_text()
    assert "0" not in opened.see("#card .now dd").inner_text()


def test_a_place_that_is_seen_now_has_a_ring_and_says_so(open_page: OpenPage) -> None:
    opened = open_page("#place=gwanghwamun")
    ring = opened.see('[data-key="place-gwanghwamun"] .pill').evaluate(
        "(pill) => getComputedStyle(pill).outlineStyle"
    )
    assert ring == "solid"
    assert "지금 카메라가 보고 있음" in opened.page.get_attribute(
        '[data-key="place-gwanghwamun"]', "aria-label"
    )
    assert opened.page.locator("#list .ring:not(:empty)").count() == 1


def test_names_are_text_whatever_they_say(open_page: OpenPage, api: FakeApi) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"> & ${1} {count}"
    api.places = {"evil": place("evil", name=evil, name_en=evil, time_zone="No/Where")}
    opened = open_page("#place=evil")
    opened.see("#card h2", evil)
    assert opened.page.locator("#list .name").inner_text() == evil
    assert opened.page.locator("main img").count() == 0
    assert opened.page.title() == "CrowdLens 라이브 맵"


def test_figures_follow_the_server_and_an_unchanged_answer_is_304(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page("#place=haeundae")
    opened.see("#card .now dd", "120명")
    api.change("haeundae", count=205, change=40, percent=201, level="very_crowded")
    opened.refresh()
    opened.see("#card .now dd", "205명")
    opened.see('#list [data-key="haeundae"] .level', "매우 혼잡")
    assert opened.page.locator("#list .name").first.inner_text() == "강남역 11번 출구"  # 212 %
    opened.see("#spoken", "해운대 해수욕장: 매우 혼잡")
    for _ in range(2):
        before = len(api.of("GET", PLACES))
        opened.refresh()
        opened.asked_again(before)
    assert api.of("GET", PLACES)[-1].status == 304


def test_refresh_is_at_most_seven_seconds_apart_and_rests_while_hidden(
    open_page: OpenPage, api: FakeApi
) -> None:
    api.refresh_seconds = 600  # the page asks more often than a server that says so
    opened = open_page(own=True)
    opened.page.clock.install()
    opened.page.reload()  # every timer of the page is the clock's
    opened.see("body.ready")
    before = len(api.of("GET", PLACES))
    opened.page.clock.fast_forward(7100)
    opened.asked_again(before)
    hide(opened.page, hidden=True)
    # What the page sends is counted where it leaves, for on its way to the server it may take any time.
    sent: list[str] = []
    opened.page.on("request", lambda request: sent.append(request.url))
    for _ in range(5):
        opened.page.clock.fast_forward(10_000)
        opened.page.evaluate("1")
    assert [url for url in sent if url.endswith(PLACES)] == []
    hide(opened.page, hidden=False)
    opened.until(lambda: any(url.endswith(PLACES) for url in sent), "asked by who comes back")


def hide(page: Any, *, hidden: bool) -> None:
    """Let nobody, or somebody again, look at the page."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_a_server_that_is_away_greys_the_figures_and_is_asked_less_and_less(
    open_page: OpenPage, api: FakeApi
) -> None:
    opened = open_page(locale="en-US", own=True)
    opened.page.clock.install()
    api.away = "maintenance"
    opened.refresh()
    opened.see(
        "#banner", re.compile(r"The server does not answer.*received at \d\d:\d\d:\d\d.*Trying again in")
    )
    opened.see("body.away")
    assert "42 people" in opened.page.locator('#list [data-key="gwanghwamun"] .count').inner_text()
    grey = opened.page.locator(".marker .pill").first.evaluate("(pill) => getComputedStyle(pill).filter")
    assert grey == "grayscale(1)"
    before = len(api.of("GET", PLACES))
    for _ in range(30):
        opened.page.clock.fast_forward(1000)
        opened.page.wait_for_timeout(10)
    opened.asked_again(before)
    assert len(api.of("GET", PLACES)) - before <= 10
    api.away = None
    opened.page.click("#banner button")
    opened.gone("#banner")
    opened.gone("body.away")
    opened.see("#spoken", "answers again")


def test_a_page_that_never_got_figures_shows_none(open_page: OpenPage, api: FakeApi) -> None:
    api.away = "from the start"
    opened = open_page(ready="")
    opened.see("#banner", "아직 받은 값이 없습니다")
    assert opened.page.locator("#list li").count() == 0
    api.away = None
    opened.refresh()
    opened.see("#list .name >> nth=0", "강남역")


def test_no_places_are_said_in_words(open_page: OpenPage, api: FakeApi) -> None:
    api.places = {}
    opened = open_page(locale="en-US")
    opened.see("#empty", "There are no places yet. Add the first one.")
    opened.see("#summary", "No data received")


def test_the_card_tells_count_change_usual_photo_and_time(open_page: OpenPage, api: FakeApi) -> None:
    api.photos["gwanghwamun"] = ("image/png", PIXEL)
    # A time of today stands without its day, whichever day this test runs on.
    seen_at = datetime.now(tz=UTC).replace(microsecond=0)
    api.change(
        "gwanghwamun",
        photo="/api/v1/places/gwanghwamun/photo?v=1",
        seen_at=f"{seen_at:%Y-%m-%dT%H:%M:%SZ}",
    )
    opened = open_page(timezone_id="America/New_York")
    opened.page.click('#list [data-key="gwanghwamun"] button')
    opened.see("#card .photo img")
    assert opened.page.get_attribute("#card .photo img", "alt") == "광화문광장 사진"
    facts = opened.see("#card .facts").inner_text()
    local = f"{seen_at.astimezone(ZoneInfo('Asia/Seoul')):%H:%M:%S}"
    for words in ("42명", "▲ 5명 늘음", "162% · 평소 26명 (지난 4주 같은 요일·시각)", local):
        assert words in facts
    assert opened.page.evaluate("document.activeElement.id") == "card-name"
    opened.page.keyboard.press("Escape")
    opened.gone("#card")
    assert opened.page.evaluate("document.activeElement.closest('li').dataset.key") == "gwanghwamun"


def test_statistics_are_drawn_in_the_place_s_own_days_and_told_in_a_table(open_page: OpenPage) -> None:
    opened = open_page("#place=gwanghwamun", timezone_id="America/Los_Angeles")
    opened.see(".charts[data-drawn]")
    days, hours = opened.page.locator(".charts figure").all()
    assert days.locator(".bar").count() == 5
    assert days.locator(".bar.missing").count() == 1
    assert hours.locator(".bar").count() == 18
    assert hours.locator(".bar.missing").count() == 2
    assert "11. 18. (수): 자료 없음" in days.locator("svg").get_attribute("aria-label")
    days.locator("summary").click()
    rows = days.locator("tbody tr")
    assert [cell.inner_text() for cell in rows.nth(1).locator("th, td").all()] == [
        "11. 18. (수)", "자료 없음", "자료 없음", "0",
    ]  # fmt: skip
    assert rows.nth(3).locator("td").first.inner_text() == "0"  # an empty day is a figure
    assert "진행 중" in rows.nth(4).inner_text()
    hours.locator("summary").click()
    assert hours.locator("tbody th").last.inner_text() == "12:00"  # 03:00 UTC in Seoul


def test_figures_can_be_kept_as_csv(open_page: OpenPage) -> None:
    opened = open_page("#place=gwanghwamun")
    opened.see("#card")
    for selector, name in (("#csv", "places.csv"), (".actions button", "gwanghwamun-statistics.csv")):
        with opened.page.expect_download() as waiting:
            opened.page.locator(selector).first.click()
        assert waiting.value.suggested_filename == name
        assert waiting.value.path().read_bytes().startswith("\ufeff".encode())


SEARCHES = [
    ("해", 8, "두 글자 이상 입력하세요."),
    ("해운", 1, "1곳"),  # part of a name
    ("NAM ST", 1, "1곳"),  # English, any case, without spaces
    ("ㄱㄴㅇ", 1, "1곳"),  # initial consonants
    ("ㅎ운ㄷ", 1, "1곳"),  # mixed
    ("seoul-1", 2, "2곳"),  # site
    ("부산행", 0, "맞는 장소가 없습니다"),  # nothing
]


def test_search_by_name_site_and_initial_consonants(open_page: OpenPage) -> None:
    opened = open_page()
    for query, count, told in SEARCHES:
        opened.page.fill("#search", query)
        opened.see("#search-told", told)
        assert opened.page.locator("#list li").count() == count, query
    opened.page.fill("#search", "ㄱㄴㅇ")
    opened.page.press("#search", "Enter")
    opened.see("#card h2", "강남역 11번 출구")


def test_the_link_of_an_alert_shows_the_places_of_its_site(open_page: OpenPage) -> None:
    opened = open_page("#site=seoul-1")
    opened.see("#search-told", "2곳")
    assert opened.page.locator("#list li").count() == 2
    opened.page.fill("#search", "")
    opened.page.wait_for_function("document.querySelectorAll('#list li').length === 8")


def test_the_language_is_switched_and_remembered(open_page: OpenPage) -> None:
    opened = open_page("#place=jeju")
    opened.page.click("#language")
    opened.see("#card h2", "Dongmun Market")
    opened.see(".charts figcaption >> nth=0", "Last five days")
    opened.page.reload()
    opened.see("#card h2", "Dongmun Market")
    assert opened.page.evaluate("document.documentElement.lang") == "en"


def test_a_place_that_is_removed_closes_its_card(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page("#place=jeju")
    opened.see("#card")
    del api.places["jeju"]
    opened.refresh()
    opened.gone("#card")
    assert opened.page.locator("#list li").count() == 7
