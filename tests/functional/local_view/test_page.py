"""The page in a real browser: the picture moves, figures follow, and what is old says so."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE_MILLISECONDS = 60_000
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
GREY = """() => {
  const image = document.getElementById("picture"), canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  try {
    context.drawImage(image, -700, -400);
  } catch {
    return -1; // Between two streams there is nothing to draw.
  }
  return context.getImageData(0, 0, 1, 1).data[0];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, device: Any) -> Iterator[Callable[..., Any]]:
    """Open pages that must neither complain nor be wider than their screen."""
    opened: list[tuple[Any, list[str]]] = []

    def open_one(*, locale: str = "en-US", size: tuple[int, int] = (1280, 800), path: str = "/") -> Any:
        context = browser.new_context(locale=locale, viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        playwright_api.expect.set_options(timeout=PATIENCE_MILLISECONDS)
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        # A stream never ends, so there is no moment at which such a page has loaded.
        page.goto(f"http://127.0.0.1:{device.port}{path}", wait_until="commit")
        opened.append((page, faults))
        return page

    yield open_one
    for page, faults in opened:
        assert faults == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()


def tell_of_plaza(device: Any, **changes: Any) -> None:
    camera = {
        **{"state": "running", "camera_state": "ok", "frames_per_second": 24.8, "skipped_frames": 3},
        **{
            "provider": "CPUExecutionProvider",
            "provider_note": "CUDA is not there",
            "model": "person_demo@1",
        },
        **{"scene_version": "v7", "problem": None, "source": "rtsp://10.0.0.12/1"},
        **{"inference_milliseconds_p50": 11.4, "inference_milliseconds_p95": 15.2},
        **{"zones": {"입구": {"person": 2, "bicycle": 1}}, "lines": {"gate": {"in": 1234, "out": 9}}},
        **changes,
    }
    device.tell("vision", "running", cameras={"plaza-1": camera})


def wait_until(page: Any, condition: Callable[[], Any]) -> None:
    # Not by wait_for_function: it evaluates text as code, which the page's policy forbids.
    deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def wait_until_it_moves(page: Any) -> None:
    page.locator("#picture").wait_for(state="visible")
    before = page.evaluate(GREY)
    wait_until(page, lambda: page.evaluate(GREY) not in (before, -1))


@pytest.mark.parametrize(
    ("locale", "size", "words"),
    [
        pytest.param(
            "ko-KR", (1280, 800), ("정상", "초당 24.8장", "기록 128건", "구역 안"), id="Korean desktop"
        ),
        pytest.param(
            "en-US", (390, 844), ("OK", "24.8 frames/s", "128 records", "Inside"), id="English phone"
        ),
    ],
)
def test_the_picture_moves_and_the_figures_stand_beside_it(
    device: Any, open_page: Any, locale: str, size: tuple[int, int], words: tuple[str, ...]
) -> None:
    device.camera()
    tell_of_plaza(device)
    device.tell("publisher", "running", spool={"waiting_records": 128, "dropped_records": 5})
    device.view()
    page = open_page(locale=locale, size=size)
    wait_until_it_moves(page)
    told = page.locator("body")
    for expected in (
        *words,
        "5 records" if locale == "en-US" else "기록 5건",
        "입구",
        "person 2 · bicycle 1",
        "1,234",
        "CUDA is not there",
        "jetson-7",
        "v7",
    ):
        playwright_api.expect(told).to_contain_text(expected)
    page.click("#language")
    playwright_api.expect(page.locator("#language")).to_have_text(
        "English" if locale == "en-US" else "한국어"
    )


def test_the_page_says_why_no_faster_provider_runs_and_nothing_where_there_is_none(
    device: Any, open_page: Any
) -> None:
    refused = "TensorrtExecutionProvider: refused the model (no plugin GridSample)"
    device.camera()
    steps = {"provider_note": None, "provider_steps": [refused]}
    tell_of_plaza(device, provider="CUDAExecutionProvider", **steps)
    device.view()
    page = open_page()
    playwright_api.expect(page.locator("body")).to_contain_text(refused)
    tell_of_plaza(device, **steps)
    playwright_api.expect(page.locator("body")).not_to_contain_text(refused)


def test_another_size_and_another_camera_change_the_stream(device: Any, open_page: Any) -> None:
    device.camera()
    device.camera("gate-2")
    device.view()
    page = open_page()
    wait_until_it_moves(page)
    page.click('[data-size="720p"]')
    picture = "document.getElementById('picture')"
    wait_until(page, lambda: page.evaluate(f"{picture}.naturalWidth") == 1280)
    page.click('[data-camera="plaza-1"]')
    playwright_api.expect(page.locator("#camera-name")).to_have_text("plaza-1")
    wait_until(page, lambda: "/plaza-1.mjpeg" in page.evaluate(f"{picture}.src"))
    wait_until_it_moves(page)


def test_what_no_longer_speaks_is_said_to_be_silent(device: Any, open_page: Any) -> None:
    device.camera()
    tell_of_plaza(device)
    path = device.folders.status / "vision.json"
    path.write_text(
        path.read_text("utf-8").replace('"monotonic_seconds": ', '"monotonic_seconds": -'), "utf-8"
    )
    device.view()
    page = open_page()
    playwright_api.expect(page.locator("#camera-state")).to_have_text("Silent")
    playwright_api.expect(page.locator("#camera-facts .note.bad")).to_contain_text(
        "figures below are from before"
    )
    tell_of_plaza(device, zones={"<b>gate</b>": {"person": 1}}, problem="the camera <i>does not answer")
    playwright_api.expect(page.locator("#camera-state")).to_have_text("OK")
    playwright_api.expect(page.locator("#camera-facts")).to_contain_text("<b>gate</b>")
    playwright_api.expect(page.locator("#camera-facts .note.bad")).to_have_text(
        "the camera <i>does not answer"
    )


def test_a_view_that_is_full_or_gone_says_so_and_comes_back(device: Any, open_page: Any) -> None:
    device.camera()
    view = device.view(maximum_viewers=1)
    other = device.stream()
    other.picture()
    page = open_page()
    playwright_api.expect(page.locator("#no-picture")).to_contain_text("1 viewers are here already")
    other.close()
    wait_until_it_moves(page)
    port = device.port
    view.stop()
    playwright_api.expect(page.locator("#banner")).to_contain_text("The device has not answered for")
    device.view(port=port)
    playwright_api.expect(page.locator("#banner")).to_be_hidden()
    wait_until_it_moves(page)


def test_the_token_is_asked_for_and_leaves_the_address_bar(device: Any, open_page: Any) -> None:
    device.camera()
    device.view(token=TOKEN)
    page = open_page(locale="ko-KR")
    page.fill("input[name=token]", TOKEN)
    page.click("button[type=submit]", no_wait_after=True)
    wait_until_it_moves(page)
    assert TOKEN not in page.url
    assert page.evaluate("document.cookie") == ""
