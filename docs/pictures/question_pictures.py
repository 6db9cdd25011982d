"""Draws the pictures of docs/questions.md and holds their numbers against the truth.

``python docs/pictures/question_pictures.py`` makes the history that the pages speak of (the same bytes each
time), serves its map, draws its dashboards, runs the demo for its mail, loads a file of public data, takes
the pictures with Chromium and writes ``questions/*.webp`` and ``questions/answers.json``. It ends with an
error where a picture shows another number than the truth. ``--history FOLDER`` takes a history that is
there, which then gets the map's places; ``--only dashboards map mail`` draws a part.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
import question_mail
import question_map
from question_answers import Answer, answers_of_dashboards, answers_of_map, nearby, wrong
from question_dashboards import ASKED, OPEN_DATA, TIME_ZONE, Asked, Dashboards
from question_truth import Truth, read_truth

from cli.lake_location import open_lake
from cli.main import main
from cli.output import say
from infra.local.athena import LocalAthena

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "questions"
END, MAXIMUM_BYTES = "2026-11-19", 60_000
PARTS = ("map", "dashboards", "mail")
REAL_WIFI = ROOT.parent / "shared" / "data" / "opendata" / "free_wifi_standard_data_euckr.csv"
EXAMPLE_WIFI = ROOT / "examples" / "opendata" / "free_wifi.csv"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DRAWN = (
    "[...document.querySelectorAll('.chart')].every("
    "one => one.closest('[hidden]') || one.querySelector('.main-svg'))"
)
_PATIENCE_MS = 60_000
_SHARPNESS, _MARGIN = 1.4, 14
_ALONE = ".masthead, nav.jump, footer { display: none } .dashboard { margin-top: 20px }"


def draw(arguments: argparse.Namespace) -> int:
    """Make what was asked for, write it, and return 1 where a picture is not the truth."""
    work: Path = arguments.work
    history = arguments.history or _made_history(work)
    answers: list[Answer] = []
    with _browser() as browser:
        if "map" in arguments.only:
            with question_map.map_of(history, work) as (url, told):
                answers += answers_of_map(told, _athena(history, None, read_truth(history)))
                _save(question_map.take(browser, url))
        if "mail" in arguments.only:
            mails = question_mail.tell_by_mail(work / "mail")
            _save({"9-mail": question_mail.take(browser, mails)})
        if "dashboards" in arguments.only:
            answers += _dashboards(browser, history, work)
    _keep(answers)
    for answer in answers:
        say(answer.sentence())
    for sentence in (said := wrong(answers)):
        say(f"WRONG {sentence}")
    return 1 if said else 0


def _made_history(work: Path) -> Path:
    folder = work / "history"
    if not (folder / "truth.json").is_file():
        main(["history", "--days", "30", "--cameras", "20", "--end", END, "--out", str(folder)])
    return folder


def _athena(history: Path, open_data: Path | None, truth: Truth) -> LocalAthena:
    return LocalAthena(open_lake(history / "lake", open_data), now=lambda: truth.ended_at)


def _dashboards(browser: Any, history: Path, work: Path) -> list[Answer]:
    truth = read_truth(history)
    athena = _athena(history, _wifi(work), truth)
    yesterday = truth.ended_at.astimezone(ZoneInfo(TIME_ZONE)).date() - timedelta(days=1)
    dashboards = Dashboards(athena, truth.ended_at, yesterday)
    drawn = {one.name: (one, dashboards.draw(one)) for one in (*ASKED, OPEN_DATA)}
    page = work / "questions.html"
    dashboards.write(page, drawn)
    _save(_of_page(browser, page, {name: asked for name, (asked, _) in drawn.items()}))
    drawings = {name: drawing for name, (_, drawing) in drawn.items()}
    return [*answers_of_dashboards(drawings, truth, yesterday), *nearby(athena)]


def _wifi(work: Path) -> Path:
    """Return the folder of the public data: of the real file where it is there, else of the example."""
    folder = work / "opendata"
    file = REAL_WIFI if REAL_WIFI.is_file() else EXAMPLE_WIFI
    if file is EXAMPLE_WIFI:
        say("skipped: the real Wi-Fi file is not in ../shared; question 10 is drawn from the example")
    shutil.rmtree(folder, ignore_errors=True)
    main(["opendata", str(file), "--out", str(folder)])
    return folder


def _of_page(browser: Any, page: Path, asked: Mapping[str, Asked]) -> dict[str, bytes]:
    opened = browser.new_page(device_scale_factor=_SHARPNESS, reduced_motion="reduce")
    pictures = {}
    for name, one in asked.items():
        opened.set_viewport_size({"width": one.width, "height": 900})
        opened.goto(f"{page.resolve().as_uri()}#dashboard-{name}")
        opened.reload()
        section = opened.locator(f"#dashboard-{name}")
        section.wait_for(state="visible", timeout=_PATIENCE_MS)
        opened.wait_for_function(_DRAWN, timeout=_PATIENCE_MS)
        pictures[name] = _with_margin(opened, section)
    opened.close()
    return pictures


def _with_margin(page: Any, section: Any) -> bytes:
    page.add_style_tag(content=_ALONE)
    page.evaluate("window.scrollTo(0, 0)")
    box = section.bounding_box()
    clip = {"x": box["x"] - _MARGIN, "y": max(0, box["y"] - _MARGIN)}
    clip |= {"width": box["width"] + 2 * _MARGIN, "height": box["height"] + 2 * _MARGIN}
    picture: bytes = page.screenshot(clip=clip, full_page=True)
    return picture


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise SystemExit(f"no browser was found: expected one of {', '.join(_BROWSERS)}")
    with sync_playwright() as playwright:
        # Our own pages, which ask nothing of a network; root cannot have the sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _save(pictures: Mapping[str, bytes]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, png in pictures.items():
        data = _small(png)
        (FOLDER / f"{name}.webp").write_bytes(data)
        say(f"{name}.webp {len(data):,} bytes")


def _small(png: bytes) -> bytes:
    """Return a picture as WebP within the limit, as good as that allows."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("not a picture: expected a PNG of the browser")
    for scale, quality in ((1.0, 85), (1.0, 70), (0.85, 80), (0.85, 65), (0.7, 75), (0.7, 55)):
        resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        data = cv2.imencode(".webp", resized, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
        if len(data) <= MAXIMUM_BYTES:
            return data
    raise ValueError(f"a picture has {len(data):,} bytes: expected {MAXIMUM_BYTES:,} at most")


def _keep(answers: list[Answer]) -> None:
    """Write the answers down; those of parts that were not drawn stay."""
    path = FOLDER / "answers.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    drawn = {answer.question for answer in answers}
    together = [one for one in kept if one["question"] not in drawn] + [asdict(one) for one in answers]
    together.sort(key=lambda one: int(one["question"]))
    path.write_text(json.dumps(together, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, help="a history that is there; else one is made")
    parser.add_argument("--work", type=Path, default=Path("out/questions"), help="folder for what is made")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="draw these parts")
    raise SystemExit(draw(parser.parse_args()))
