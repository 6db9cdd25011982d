"""Weight of the live map's page, time to its first number, and what a refresh costs, in Chromium.

The server is the one in memory of the tests, with gzip as the cloud has it. `slow phone` is Lighthouse's
mobile setting: 150 ms round trip, 1.6 Mbit/s down, 0.75 up, a processor four times as slow. Medians of RUNS.
"""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.functional.live_map_page.fake_api import STATIC, FakeApi, sample_places

RUNS = 5
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FIRST_NUMBER = """new MutationObserver((_, watch) => {
  if (!document.querySelector('#list .count')?.textContent) return;
  window.firstNumber = performance.now();
  watch.disconnect();
}).observe(document, { childList: true, subtree: true, characterData: true });"""
DRAWING = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const map = document.getElementById('map');
  const spent = [];
  for (let step = 0; step < 30; step += 1) {
    const begin = performance.now();
    const key = step % 2 ? 'ArrowLeft' : 'ArrowRight';
    map.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    await frame(); await frame();
    spent.push(performance.now() - begin);
  }
  return spent.sort((a, b) => a - b)[15] / 2;
}"""
SETTINGS: dict[str, dict[str, Any] | None] = {
    "desktop, same machine": None,
    "slow phone": {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8},
}


def weight(names: list[str]) -> tuple[int, int]:
    """Return bytes as they are and as they travel (gzip)."""
    bodies = [(STATIC / name).read_bytes() for name in names]
    return sum(map(len, bodies)), sum(len(gzip.compress(body, 6)) for body in bodies)


def many(count: int) -> list[dict[str, Any]]:
    """Return so many places over Korea."""
    samples = sample_places()
    spread = ((index % 40, index // 40) for index in range(count))
    return [
        {**samples[index % 8], "id": f"p{index}", "name": f"장소 {index}",
         "longitude": 126.2 + column * 0.075, "latitude": 34.4 + row * 3.6 / max(1, count // 40)}
        for index, (column, row) in enumerate(spread)
    ]  # fmt: skip


def first_number(browser: Any, api: FakeApi, network: dict[str, Any] | None) -> tuple[float, float]:
    """Return seconds to the first number and to the drawn outline, with nothing cached."""
    phone = {"width": 390, "height": 844} if network else {"width": 1280, "height": 800}
    context = browser.new_context(viewport=phone, locale="ko-KR")
    context.add_init_script(FIRST_NUMBER)
    page = context.new_page()
    if network is not None:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {"offline": False, **network})
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(api.url)
    page.wait_for_selector("body.ready", timeout=120_000)
    entries = "performance.getEntriesByType('resource')"
    outline = f"{entries}.find(({{name}}) => name.endsWith('outline.json'))?.responseEnd"
    for _ in range(2400):
        if page.evaluate(outline):
            break
        page.wait_for_timeout(50)
    seconds = page.evaluate("window.firstNumber") / 1000, page.evaluate(outline) / 1000
    context.close()
    return seconds


def refresh(browser: Any, api: FakeApi, count: int) -> tuple[int, int, float]:
    """Return bytes of an answer (gzip), how many of 5 were 304, and milliseconds of a frame while panning."""
    api.places = {one["id"]: one for one in many(count)}
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ko-KR")
    page = context.new_page()
    page.goto(api.url)
    page.wait_for_selector("body.ready", timeout=120_000)
    asked = [one for one in api.asked if one.path == "/api/v1/places"]
    for _ in range(5):
        before = len(api.of("GET", "/api/v1/places"))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        while len(api.of("GET", "/api/v1/places")) == before:
            page.wait_for_timeout(20)
        page.wait_for_timeout(100)
    unchanged = sum(one.status == 304 for one in api.of("GET", "/api/v1/places")[len(asked) :][:5])
    frame = page.evaluate(DRAWING)
    context.close()
    api.compress = False
    body = api.answer(asked[-1]).body
    api.compress = True
    return len(gzip.compress(body, 6)), unchanged, frame


def main() -> int:
    """Print the tables."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.stderr.write("needs Chromium: apt-get install chromium\n")
        return 2
    index = (STATIC / "index.html").read_text("utf-8")
    first = ["index.html", *sorted(set(re.findall(r'href="([\w.]+)"', index)) - {"icon.svg"})]
    editor = sorted({path.name for path in STATIC.glob("*.js")} - set(first))
    parts = {
        "first view": first,
        "outline, after the figures": ["outline.json"],
        "editor, when opened": editor,
    }
    out = ["| part of the page | files | bytes | gzip |", "| --- | ---: | ---: | ---: |"]
    for name, files in parts.items():
        plain, travelling = weight(files)
        out.append(f"| {name} | {len(files)} | {plain:,} | {travelling:,} |")
    with FakeApi() as api, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        api.compress, api.refresh_seconds = True, 7
        first_number(browser, api, None)
        out += ["", "| setting | places | first number | outline there |", "| --- | ---: | ---: | ---: |"]
        for count in (8, 200, 1000):
            api.places = {one["id"]: one for one in many(count)}
            for setting, network in SETTINGS.items():
                runs = [first_number(browser, api, network) for _ in range(RUNS)]
                number, drawn = (statistics.median(column) for column in zip(*runs, strict=True))
                out.append(f"| {setting} | {count:,} | {number:.2f} s | {drawn:.2f} s |")
        out += ["", "| places | a changed answer, gzip | unchanged: 304 | frame while panning |"]
        out += ["| ---: | ---: | ---: | ---: |"]
        for count in (8, 200, 1000):
            size, unchanged, frame = refresh(browser, api, count)
            out.append(f"| {count:,} | {size:,} B | {unchanged} of 5, no body | {frame:.1f} ms |")
        browser.close()
    sys.stdout.write("\n".join(out) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
