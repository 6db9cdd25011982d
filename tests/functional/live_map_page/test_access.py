"""Usable by keyboard and screen reader, readable in light and dark: checks in the manner of axe, our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.functional.live_map_page.conftest import Opened, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("browser")]

AUDIT = Path(__file__).with_name("audit.js").read_text("utf-8")


def faults(opened: Opened) -> Any:
    return opened.page.evaluate(AUDIT)


@pytest.mark.parametrize(
    ("size", "locale", "scheme"),
    [
        pytest.param((1280, 800), "ko-KR", "light", id="desktop, Korean, light"),
        pytest.param((390, 844), "en-US", "dark", id="phone, English, dark"),
    ],
)
def test_everything_has_a_name_and_can_be_read(
    open_page: OpenPage, size: tuple[int, int], locale: str, scheme: str
) -> None:
    opened = open_page(size=size, locale=locale, color_scheme=scheme)
    assert faults(opened) == {}
    if size[0] < 800:
        opened.page.click("#view-map")
    opened.page.click("#legend summary")
    assert faults(opened) == {}
    opened.page.evaluate("location.hash = 'place=jeonju'")
    opened.see(".charts[data-drawn]")
    assert faults(opened) == {}
    opened.api.away = "for a while"
    opened.refresh()
    opened.see("#banner")
    assert faults(opened) == {}
    opened.api.away = None
    opened.refresh()
    opened.gone("#banner")
    opened.page.evaluate("location.hash = 'edit=gwanghwamun'")
    opened.page.fill('[data-path="name"]', "")
    opened.page.click("#editor .primary")
    opened.see('[data-path="name"][aria-invalid="true"]')
    assert faults(opened) == {}


def test_tab_goes_through_the_page_in_its_order(open_page: OpenPage) -> None:
    opened = open_page("#place=gangnam")
    opened.see(".charts[data-drawn]")
    opened.page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    opened.page.evaluate("document.getElementById('skip-list').focus()")
    order = []
    for _ in range(40):
        order.append(
            opened.page.evaluate(
                "(() => { const e = document.activeElement; return e.id || e.closest('[id]')?.id || ''; })()"
            )
        )
        opened.page.keyboard.press("Tab")
    seen = list(dict.fromkeys(order))
    wanted = ["skip-list", "skip-map", "search", "add", "language", "order", "list", "csv", "map", "markers"]
    assert [name for name in seen if name in wanted] == wanted
    assert seen.index("card") > seen.index("markers")


def test_the_live_region_says_changes_and_not_every_figure(open_page: OpenPage) -> None:
    opened = open_page("#place=gangnam")
    opened.page.evaluate(
        """() => {
          const spoken = document.getElementById('spoken');
          window.told = [];
          const watch = new MutationObserver(() => window.told.push(spoken.textContent));
          watch.observe(spoken, { childList: true, characterData: true, subtree: true });
        }"""
    )
    for count in (320, 325, 330):
        opened.api.change("gangnam", count=count)
        opened.refresh()
        opened.see("#card .now dd", f"{count}명")
    assert opened.page.evaluate("window.told") == []
    opened.api.change("gangnam", state="no_data", count=None, percent=None, level=None, seen_at=None)
    opened.refresh()
    opened.see("#spoken", "강남역 11번 출구: 자료 없음")


def test_nothing_moves_for_those_who_do_not_want_it(open_page: OpenPage) -> None:
    look = "(pill) => getComputedStyle(pill).animationName"
    still, moving = (
        open_page("#place=gwanghwamun", reduced_motion=wish).see(".marker.seen-now .pill").evaluate(look)
        for wish in ("reduce", "no-preference")
    )
    assert (still, moving) == ("none", "seen")


def test_the_page_can_be_read_at_twice_the_size(open_page: OpenPage) -> None:
    opened = open_page(size=(640, 400))  # a window of 1280 at 200 %
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 640
    opened.see("#list li >> nth=0")
