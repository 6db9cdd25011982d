"""One browser and one server for a module; each test opens pages that must not complain."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.functional.live_map_page.fake_api import FakeApi

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE_MS = 60_000
PLACES = "/api/v1/places"
WATCHED = """document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""


@dataclass
class Opened:
    """A page, and what it complained about or asked of strangers."""

    page: Any
    api: FakeApi
    faults: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def see(self, selector: str, words: Any = None) -> Any:
        """Wait until the element is seen (and says the words), and return it."""
        found = self.page.locator(selector)
        expect = playwright_api.expect(found.first if words is None else found)
        if words is None:
            expect.to_be_visible(timeout=PATIENCE_MS)
        else:
            expect.to_contain_text(words, timeout=PATIENCE_MS)
        return found

    def gone(self, selector: str) -> None:
        """Wait until nothing of the kind is seen."""
        self.page.locator(selector).first.wait_for(state="hidden", timeout=PATIENCE_MS)

    def refresh(self) -> None:
        """Let the page ask at once, as it does when somebody comes back to it."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def zoom(self) -> float:
        """Return the zoom of the map."""
        return float(self.page.get_attribute("#map", "data-zoom"))

    def wait(self, script: str) -> None:
        """Wait until the expression is true in the page."""
        # wait_for_function would need eval, which the policy forbids.
        self.until(lambda: bool(self.page.evaluate(script)), script)

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so; `what` says it where it never is."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not is_so():
            assert time.monotonic() < deadline, f"never true: {what}"
            self.page.wait_for_timeout(50)

    def asked_again(self, since: int) -> None:
        """Wait until the server has got more than so many questions for the places."""
        self.until(lambda: len(self.api.of("GET", PLACES)) > since, "the places are asked for again")


OpenPage = Callable[..., Opened]


@pytest.fixture(scope="module")
def map_browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def map_server() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def api(map_server: FakeApi) -> FakeApi:
    """The server, as new."""
    map_server.reset()
    return map_server


@dataclass
class Tab:
    """A page that several tests use one after another; what it complains about goes to the one in `use`."""

    page: Any
    use: Opened | None = None

    def take(self, use: Opened) -> None:
        """Let the page belong to a test, without what the one before left in the browser."""
        if self.use is None:
            self.page.on("console", lambda message: _note(self.use, message))
            self.page.on("pageerror", lambda error: _note_error(self.use, error))
            self.page.on("request", lambda request: _note_stranger(self.use, request.url))
        self.use = use

    def leave(self) -> None:
        """Stop what runs in the page, and forget what it kept."""
        self.page.evaluate("(localStorage.clear(), sessionStorage.clear())")
        self.page.goto("about:blank")


@pytest.fixture(scope="module")
def tabs(map_browser: Any) -> dict[str, Tab]:
    """The pages of a module by their options: a fresh one would cost more than the test."""
    return {}


@pytest.fixture
def open_page(map_browser: Any, tabs: dict[str, Tab], api: FakeApi) -> Iterator[OpenPage]:
    """Open the page; at the end none may have complained or asked anybody but its server."""
    opened: list[Tab] = []

    def open_one(
        address: str = "",
        *,
        size: tuple[int, int] = (1280, 800),
        locale: str = "ko-KR",
        ready: str = "body.ready",
        own: bool = False,
        **options: Any,
    ) -> Opened:
        wanted = {"viewport": {"width": size[0], "height": size[1]}, "locale": locale, **options}
        key = f"{wanted}{len(tabs) if own else ''}"
        if key not in tabs:
            context = map_browser.new_context(**wanted)
            context.set_default_timeout(PATIENCE_MS)
            context.add_init_script(WATCHED)
            tabs[key] = Tab(context.new_page())
        tab = tabs[key]
        use = Opened(tab.page, api)
        tab.take(use)
        opened.append(tab)
        tab.page.goto(api.url + address)
        if ready:
            use.see(ready)
        return use

    yield open_one
    uses = [tab.use for tab in opened if tab.use is not None]
    for tab in opened:
        tab.leave()
    assert [fault for use in uses for fault in use.faults] == []
    assert [url for use in uses for url in use.strangers] == []


def _note(opened: Opened | None, message: Any) -> None:
    # The browser itself writes down each answer of 400 and more; those are what such a test is about.
    if (
        opened is not None
        and message.type in ("error", "warning")
        and "Failed to load resource" not in message.text
    ):
        opened.faults.append(message.text)


def _note_error(opened: Opened | None, error: Any) -> None:
    if opened is not None:
        opened.faults.append(str(error))


def _note_stranger(opened: Opened | None, url: str) -> None:
    if opened is not None and not url.startswith((opened.api.url, "blob:", "data:", "about:")):
        opened.strangers.append(url)
