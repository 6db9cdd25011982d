"""The scene editor in a real browser: what is drawn with the mouse is what stands in the file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cli.scene_editor.draft import existing_document, new_document
from cli.scene_editor.frames import FrameTaker
from cli.scene_editor.server import EditorServer
from cli.scene_editor.session import EditorSession
from contract.scene import Scene
from edge_components.vision.scene_file import read_scene

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
WIDTH, HEIGHT = 640, 360
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
Point = tuple[float, float]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six frames, each of another grey."""
    folder = tmp_path_factory.mktemp("frames")
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((HEIGHT, WIDTH, 3), 40 + 30 * number, np.uint8))
    return folder


@dataclass
class Editor:
    """The page and what a person does on it, in pixels of the frame."""

    page: Any
    url: str
    path: Path
    faults: list[str] = field(default_factory=list)

    def screen(self, point: Point) -> Point:
        box = self.page.locator("#canvas").bounding_box()
        return box["x"] + point[0] / WIDTH * box["width"], box["y"] + point[1] / HEIGHT * box["height"]

    def click(self, *points: Point) -> None:
        for point in points:
            self.page.mouse.click(*self.screen(point))

    def drag(self, start: Point, end: Point) -> None:
        self.page.mouse.move(*self.screen(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.screen(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)))
        self.page.mouse.move(*self.screen(end))
        self.page.mouse.up()

    def draw_zone(self, *corners: Point) -> None:
        self.page.click('[data-tool="zone"]')
        self.click(*corners, corners[0])

    def draw_line(self, *points: Point) -> None:
        self.page.click('[data-tool="line"]')
        self.click(*points)
        self.page.keyboard.press("Enter")

    def name(self, words: str) -> None:
        self.page.locator('#panel ul [data-focus="name"]').fill(words)

    def save(self) -> Scene:
        self.page.locator("#save:enabled").click()
        self.page.locator("#saving.good").wait_for()
        return read_scene(self.path)

    def expect(self, selector: str, words: str | re.Pattern[str]) -> None:
        """Wait until the page says so: reviews come from the server a moment after a change."""
        playwright_api.expect(self.page.locator(selector)).to_have_text(words)


@pytest.fixture
def open_editor(browser: Any, source: Path, tmp_path: Path) -> Iterator[Callable[..., Editor]]:
    """Open editors whose pages must neither complain nor ask anyone but their own server."""
    opened: list[tuple[Editor, Any, Any, EditorServer, FrameTaker]] = []

    def open_one(
        *, locale: str = "en-US", size: tuple[int, int] = (1280, 800), scene: str | None = None
    ) -> Editor:
        path = tmp_path / "scene.yaml"
        frames = FrameTaker(str(source))
        names = {"site": "seoul-1", "camera": "plaza-1"}
        if scene is None:
            document = new_document(WIDTH, HEIGHT, **names)
        else:
            path.write_text(scene, encoding="utf-8")
            document = existing_document(path, WIDTH, HEIGHT, site=None, camera=None)
        server = EditorServer(EditorSession(frames, document, path))
        server.__enter__()
        context = browser.new_context(locale=locale, viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(5_000)
        page = context.new_page()
        editor = Editor(page, server.url, path)
        page.on("console", lambda message: editor.faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: editor.faults.append(str(error)))
        page.on("request", lambda request: note_stranger(editor, request.url))
        page.on("response", lambda response: note_failure(editor, response))
        page.goto(server.url)
        page.locator('#canvas image[href="frame?0"]').wait_for(state="attached")
        page.locator("#hint:not(:empty)").wait_for()
        opened.append((editor, page, context, server, frames))
        return editor

    yield open_one
    for editor, page, context, server, frames in opened:
        page.close()
        context.close()
        server.__exit__(None, None, None)
        frames.close()
        assert editor.faults == []


def note_stranger(editor: Editor, url: str) -> None:
    if not url.startswith((editor.url, "data:")):
        editor.faults.append(f"asked {url}")


def note_failure(editor: Editor, response: Any) -> None:
    if response.status >= 400:
        editor.faults.append(f"{response.status} {response.url}")


ZONE = [(80, 60), (300, 60), (300, 250), (80, 250)]
LINE = [(400, 40), (430, 180), (400, 320)]
BOW_TIE = [(80, 60), (300, 250), (300, 60), (80, 250)]


def assert_close(found: Any, wanted: list[Point]) -> None:
    np.testing.assert_allclose(np.array(found), np.array(wanted), atol=1.0)


def test_what_is_drawn_named_moved_and_reversed_stands_in_the_file(
    open_editor: Callable[..., Editor],
) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    editor.name("정문 앞 광장")
    editor.drag((300, 250), (330, 280))
    editor.draw_line(*LINE)
    editor.name("횡단보도")
    editor.expect("#lines .fact", "Left to right counts as “in”")
    editor.page.click('[data-focus="reverse"]')
    scene = editor.save()
    assert_close(scene.zones[0].polygon, [*ZONE[:2], (330, 280), ZONE[3]])
    assert_close(scene.lines[0].points, LINE[::-1])
    assert (scene.zones[0].name, scene.lines[0].name) == ("정문 앞 광장", "횡단보도")
    assert (scene.site, scene.camera, scene.classes) == ("seoul-1", "plaza-1", ("person",))
    text = editor.path.read_text(encoding="utf-8")
    assert 'right to left counts as "in"' in text
    editor.expect("#saving", f"Saved to {editor.path}.")


def test_a_line_drawn_downwards_points_its_arrow_to_the_right(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_line((320, 40), (320, 300))
    arrow = editor.page.locator("#canvas .arrow.over")
    before = [float(arrow.get_attribute(side)) for side in ("x1", "x2")]
    assert before[1] > before[0]
    editor.page.click('[data-focus="reverse"]')
    after = [float(arrow.get_attribute(side)) for side in ("x1", "x2")]
    assert after[1] < after[0]


def test_a_polygon_that_crosses_itself_shows_the_sentence_and_cannot_be_saved(
    open_editor: Callable[..., Editor],
) -> None:
    editor = open_editor()
    editor.draw_zone(*BOW_TIE)
    problem = editor.page.locator('#zones li[data-index="0"] .problem')
    problem.wait_for()
    assert problem.inner_text() == (
        "zone 'zone-1' polygon crosses itself (edge 0 and edge 2): expected a simple outline"
    )
    assert editor.page.locator("#save").is_disabled()
    editor.page.keyboard.press("Control+s")
    assert not editor.path.exists()
    # Exchanging the two points that are the wrong way round mends it.
    editor.page.locator("#canvas").focus()
    editor.drag((300, 250), (300, 20))
    editor.drag((300, 60), (310, 250))
    editor.drag((300, 20), (300, 60))
    problem.wait_for(state="hidden")
    assert_close(editor.save().zones[0].polygon, [(80, 60), (300, 60), (310, 250), (80, 250)])


def close_by_double_click(editor: Editor) -> None:
    editor.click(*ZONE[:3])
    editor.page.mouse.dblclick(*editor.screen(ZONE[3]))


def close_by_enter(editor: Editor) -> None:
    editor.click(*ZONE)
    editor.page.keyboard.press("Enter")


def close_by_first_point(editor: Editor) -> None:
    editor.click(*ZONE, ZONE[0])


def close_by_button(editor: Editor) -> None:
    editor.click(*ZONE)
    editor.page.click("#finish")


@pytest.mark.parametrize(
    "close",
    [
        pytest.param(close_by_double_click, id="double click"),
        pytest.param(close_by_enter, id="Enter"),
        pytest.param(close_by_first_point, id="click on the first point"),
        pytest.param(close_by_button, id="button"),
    ],
)
def test_a_zone_can_be_closed(open_editor: Callable[..., Editor], close: Callable[[Editor], None]) -> None:
    editor = open_editor()
    editor.page.click('[data-tool="zone"]')
    close(editor)
    assert_close(editor.save().zones[0].polygon, ZONE)


def test_the_keyboard_deletes_undoes_and_walks_the_lists(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    keyboard, zones = editor.page.keyboard, editor.page.locator("#canvas .zone")
    editor.draw_zone(*ZONE)
    editor.draw_zone((400, 60), (600, 60), (600, 200))
    editor.page.locator('#zones button.head[data-index="1"]').focus()
    keyboard.press("ArrowUp")
    assert editor.page.locator('#zones li[data-index="0"]').get_attribute("class") == "item chosen"
    keyboard.press("Delete")
    assert zones.count() == 1
    keyboard.press("Control+z")
    assert zones.count() == 2
    keyboard.press("Control+Shift+z")
    assert zones.count() == 1
    # A point of the zone that is left: one of four goes, of three the zone goes.
    keyboard.press("Control+z")
    editor.click((190, 150))
    editor.click(ZONE[0])
    keyboard.press("Delete")
    assert_close(editor.save().zones[0].polygon, ZONE[1:])
    editor.click(ZONE[1])
    keyboard.press("Backspace")
    assert zones.count() == 1


def test_right_after_drawing_undo_takes_the_shape_back(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    keyboard, zones = editor.page.keyboard, editor.page.locator("#canvas .zone")
    editor.draw_zone(*ZONE)
    assert zones.count() == 1
    keyboard.press("Control+z")
    assert zones.count() == 0
    keyboard.press("Control+Shift+z")
    assert zones.count() == 1


def test_escape_leaves_the_name_so_that_delete_is_meant_for_the_shape(
    open_editor: Callable[..., Editor],
) -> None:
    editor = open_editor()
    keyboard, zones = editor.page.keyboard, editor.page.locator("#canvas .zone")
    editor.draw_zone(*ZONE)
    keyboard.type("hall")
    keyboard.press("Control+z")
    assert zones.count() == 1, "while a name is being typed, undo is meant for the text"
    keyboard.press("Escape")
    keyboard.press("Delete")
    assert zones.count() == 0


def test_delete_in_a_field_deletes_no_shape(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    editor.page.keyboard.press("Delete")
    editor.page.keyboard.type("hall")
    editor.page.keyboard.press("Backspace")
    assert editor.save().zones[0].name == "hal"


def test_arrow_keys_move_a_point(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    editor.click(ZONE[2])
    editor.page.keyboard.press("ArrowRight")
    editor.page.keyboard.press("Shift+ArrowDown")
    assert_close(editor.save().zones[0].polygon[2:3], [(ZONE[2][0] + 1, ZONE[2][1] + 10)])


def test_a_point_can_be_added_and_a_whole_zone_moved(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    editor.drag((190, 60), (190, 30))
    editor.drag((190, 200), (220, 210))
    moved = [(x + 30, y + 10) for x, y in [ZONE[0], (190, 30), *ZONE[1:]]]
    assert_close(editor.save().zones[0].polygon, moved)


def test_points_near_the_edge_or_outside_lie_on_the_edge(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone((3, 2), (200, 3), (200, 200), (2, 200))
    editor.drag((200, 200), (200, 420))
    assert editor.save().zones[0].polygon == ((0, 0), (200, 0), (200, 360), (0, 200))


def test_events_and_area_are_written(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    page = editor.page
    page.locator('[data-focus="area"]').fill("24.5")
    page.locator('summary:has-text("Events")').click()
    page.check('[data-focus="event-crowding"]')
    page.locator('[data-focus="event-crowding-threshold"]').fill("12")
    page.locator('[data-focus="event-crowding-minimum_seconds"]').fill("five")
    problem = page.locator('#zones li[data-index="0"] .problem:has-text("expected a number")')
    problem.wait_for()
    assert problem.inner_text() == (
        "zone 'zone-1' events.crowding.minimum_seconds is 'five': expected a number"
    )
    page.locator('[data-focus="event-crowding-minimum_seconds"]').fill("5")
    zone = editor.save().zones[0]
    rule = zone.events[0]
    assert (zone.area_m2, rule.kind, rule.threshold, rule.minimum_seconds) == (24.5, "crowding", 12, 5)
    assert rule.hysteresis == pytest.approx(1.2)


def test_ground_points_take_metres_and_show_their_fit(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_line(*LINE)
    pairs = {(100, 300): (0, 0), (540, 300): (8, 0), (420, 120): (8, 10), (220, 120): (0, 10)}
    editor.page.click('[data-tool="ground"]')
    for image, world in pairs.items():
        editor.click(image)
        editor.page.keyboard.type(str(world[0]))
        editor.page.keyboard.press("Tab")
        editor.page.keyboard.type(str(world[1]))
    editor.page.locator("#canvas .grid").first.wait_for(state="attached")
    editor.expect(
        "#ground-fact",
        "Four points fit exactly whatever they are; a fifth shows how good they are. One square is 2 m.",
    )
    scene = editor.save()
    assert_close([point.image for point in scene.ground], list(pairs))
    assert [point.world_m for point in scene.ground] == list(pairs.values())


def test_the_page_speaks_korean_to_a_korean_browser_and_can_be_switched(
    open_editor: Callable[..., Editor],
) -> None:
    editor = open_editor(locale="ko-KR")
    editor.expect("#save", "저장")
    editor.draw_line(*LINE)
    assert editor.page.locator('#panel ul [data-focus="name"]').input_value() == "선-1"
    editor.expect("#lines .fact", "왼쪽에서 오른쪽으로 건너면 ‘들어옴’")
    editor.page.click("#language")
    editor.expect("#save", "Save")
    editor.expect("#lines .fact", "Left to right counts as “in”")


SCENE = """\
# written by hand
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 1280, height: 720}
zones: [{name: hall, polygon: [[100, 100], [600, 100], [600, 500]], area_m2: 24.0}]
lines: [{name: gate, points: [[800, 50], [800, 600]]}]
classes: [person, bicycle]
"""


def test_an_existing_scene_of_another_frame_size_is_edited_in_its_own_pixels(
    open_editor: Callable[..., Editor],
) -> None:
    editor = open_editor(scene=SCENE)
    editor.drag((400, 300), (450, 310))
    scene = editor.save()
    assert (scene.frame_width, scene.frame_height) == (1280, 720)
    np.testing.assert_allclose(scene.lines[0].points, [(800, 50), (900, 620)], atol=2.0)
    assert scene.zones[0].polygon == ((100, 100), (600, 100), (600, 500))
    assert scene.classes == ("person", "bicycle")
    assert editor.path.with_name("scene.yaml.bak").read_text(encoding="utf-8") == SCENE


def test_another_frame_of_the_source_is_shown(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.expect("#source", re.compile("frame 1 of 6"))
    editor.page.click("#another")
    editor.page.locator('#canvas image[href="frame?1"]').wait_for(state="attached")
    editor.page.locator("#another:enabled").wait_for()
    editor.expect("#source", re.compile("frame 2 of 6"))


@pytest.mark.parametrize(
    "size", [pytest.param((1280, 800), id="desktop"), pytest.param((820, 1180), id="tablet")]
)
def test_the_page_fits_and_draws_at_every_size(
    open_editor: Callable[..., Editor], size: tuple[int, int]
) -> None:
    editor = open_editor(size=size)
    assert editor.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    box = editor.page.locator("#canvas").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    assert box["width"] > 0.6 * size[0]
    editor.draw_zone(*ZONE)
    assert_close(editor.save().zones[0].polygon, ZONE)


def test_a_finger_draws_as_a_mouse_does(browser: Any, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    session = editor.page.context.new_cdp_session(editor.page)
    editor.page.click('[data-tool="line"]')
    for point in LINE:
        x, y = editor.screen(point)
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    editor.page.click("#finish")
    assert_close(editor.save().lines[0].points, LINE)


def test_a_name_with_markup_stays_a_name(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor()
    editor.draw_zone(*ZONE)
    editor.name("<img src=x onerror=alert(1)>: [a, b] # c")
    assert editor.save().zones[0].name == "<img src=x onerror=alert(1)>: [a, b] # c"
    assert json.loads(editor.page.evaluate("JSON.stringify(document.images.length)")) == 0
