"""Takes a picture of every visual of a page with Chromium, and says whether two pictures are the same."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError

WIDTH, HEIGHT = 1280, 900
_READY_MILLISECONDS = 60_000
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_INVISIBLE = 8
"""A difference of a colour up to this (of 255) is not seen."""


class BrowserMissingError(CrowdLensError):
    """Raised when there is no Chromium, or no playwright to drive it."""


@dataclass(frozen=True)
class Picture:
    """One visual as drawn: its title and a PNG."""

    title: str
    png: bytes


def take_pictures(page: Path) -> dict[str, Picture]:
    """Return the picture of each visual by its id; raises `BrowserMissingError`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrowserMissingError(
            "playwright is missing: expected `make setup-dev` to have installed it"
        ) from error
    browser_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser_path is None:
        raise BrowserMissingError(f"no browser was found: expected one of {', '.join(_BROWSERS)}")
    with sync_playwright() as playwright:
        # Our own page, which asks nothing of a network; root cannot have the sandbox.
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        pictures: dict[str, Picture] = {}
        opened.goto(page.resolve().as_uri())
        names = opened.eval_on_selector_all(".dashboard", "all => all.map(one => one.id)")
        for name in names or [""]:
            if name:
                opened.evaluate("name => { location.hash = name; }", name)
                opened.wait_for_selector(f"#{name}:not([hidden])")
            opened.wait_for_function(
                "[...document.querySelectorAll('.chart')].every("
                "one => one.closest('[hidden]') || one.querySelector('.main-svg'))",
                timeout=_READY_MILLISECONDS,
            )
            for card in opened.query_selector_all(f"#{name} article.tile" if name else "article.tile"):
                heading = card.query_selector("h3")
                title = heading.inner_text() if heading else ""
                pictures[card.get_attribute("id") or title] = Picture(title, card.screenshot())
        browser.close()
    return pictures


def same(before: Picture, after: Picture) -> bool:
    """Return whether two pictures look alike."""
    if before.png == after.png:
        return True
    pixels = [_pixels(one.png) for one in (before, after)]
    if pixels[0].shape != pixels[1].shape:
        return False
    return int(np.abs(pixels[0] - pixels[1]).max()) <= _INVISIBLE


def paired(
    before: Mapping[str, Picture], after: Mapping[str, Picture]
) -> list[tuple[str, Picture | None, Picture | None]]:
    """Return each visual with its two pictures, in the order of the newer page, then those that are gone.

    Pages of one dashboard and of several are paired by the id of the visual alone.
    """
    alone = {_without_dashboard(name): name for name in before}
    pairs: list[tuple[str, Picture | None, Picture | None]] = []
    met = set()
    for name, picture in after.items():
        partner = name if name in before else alone.get(_without_dashboard(name))
        if partner is not None and (partner == name or "--" not in partner or "--" not in name):
            met.add(partner)
            pairs.append((name, before[partner], picture))
        else:
            pairs.append((name, None, picture))
    return pairs + [(name, picture, None) for name, picture in before.items() if name not in met]


def _without_dashboard(name: str) -> str:
    return name.rsplit("--", 1)[-1]


def _pixels(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("not a picture: expected a PNG of the browser")
    return image.astype(np.int16)
