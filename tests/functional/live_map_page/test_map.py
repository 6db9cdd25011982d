"""The map itself: moved by mouse, touch and keys, with groups, with tiles and without, all round."""

from __future__ import annotations

import pytest

from tests.functional.live_map_page.conftest import Opened, OpenPage
from tests.functional.live_map_page.fake_api import FakeApi, place

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAME_BUILDING = {
    name: place(name, longitude=127.0276 + step * 1e-6, latitude=37.4979, level="relaxed", percent=60)
    for step, name in enumerate(("lobby", "roof", "cellar"))
}


def middle(opened: Opened, selector: str) -> tuple[float, float]:
    box = opened.page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixel(opened: Opened, x: int, y: int) -> list[int]:
    """Return the colour at a point of the drawing."""
    found: list[int] = opened.page.evaluate(
        """([x, y]) => {
          const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          copy.drawImage(document.getElementById('canvas'), -x, -y);
          return [...copy.getImageData(0, 0, 1, 1).data];
        }""",
        [x, y],
    )
    return found


def test_the_mouse_moves_and_zooms_and_a_drag_is_no_click(open_page: OpenPage) -> None:
    opened = open_page()
    pin = '[data-key="place-haeundae"] .stem'
    x, y = middle(opened, pin)
    opened.page.mouse.move(x, y - 20)  # on the marker itself
    opened.page.mouse.down()
    opened.page.mouse.move(x - 60, y - 60)
    opened.page.mouse.move(x - 100, y - 80)
    opened.page.mouse.up()
    now = middle(opened, pin)
    assert now == pytest.approx((x - 100, y - 60), abs=8)
    assert opened.page.locator("#card").is_hidden()
    before = opened.zoom()
    opened.page.mouse.move(*now)
    opened.page.mouse.wheel(0, -300)
    opened.wait(f"Number(document.getElementById('map').dataset.zoom) > {before}")
    assert middle(opened, pin) == pytest.approx(now, abs=4)  # what is under the mouse stays there
    before = opened.zoom()
    opened.page.mouse.dblclick(600, 600)
    opened.wait(f"Number(document.getElementById('map').dataset.zoom) > {before}")


@pytest.mark.e2e
def test_keys_move_zoom_and_show_all_again(open_page: OpenPage) -> None:
    opened = open_page(reduced_motion="reduce")
    pin = '[data-key="place-daejeon"] .stem'
    start, zoom = middle(opened, pin), opened.zoom()
    opened.page.focus("#map")
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("ArrowUp")
    assert middle(opened, pin) == pytest.approx((start[0] - 90, start[1] + 90), abs=2)
    opened.page.keyboard.press("+")
    assert opened.zoom() == pytest.approx(zoom + 1, abs=0.01)
    opened.page.keyboard.press("-")
    opened.page.keyboard.press("0")
    assert middle(opened, pin) == pytest.approx(start, abs=2)


@pytest.mark.e2e
def test_two_fingers_zoom_and_one_moves(open_page: OpenPage) -> None:
    opened = open_page(size=(390, 844), has_touch=True, is_mobile=True)
    opened.page.tap("#view-map")
    opened.see('[data-key="place-daejeon"]')
    touch = opened.page.context.new_cdp_session(opened.page)

    def send(kind: str, *points: tuple[int, int]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    before = opened.zoom()
    send("touchStart", (180, 500), (220, 500))
    for step in range(1, 6):
        send("touchMove", (180 - 15 * step, 500), (220 + 15 * step, 500))
    send("touchEnd")
    assert opened.zoom() > before + 1
    before = float(opened.page.get_attribute("#map", "data-latitude"))
    send("touchStart", (200, 600))
    for step in range(1, 5):
        send("touchMove", (200, 600 - 20 * step))
    send("touchEnd")
    assert float(opened.page.get_attribute("#map", "data-latitude")) < before


@pytest.mark.e2e
def test_places_in_one_spot_are_joined_then_told_apart(open_page: OpenPage, api: FakeApi) -> None:
    api.places |= SAME_BUILDING
    opened = open_page(reduced_motion="reduce")
    group = opened.see(".marker.group:has-text('5곳')")
    assert "5곳, 가장 혼잡한 곳 매우 혼잡" in group.get_attribute("aria-label")
    group.click()
    opened.page.evaluate("for (let n = 0; n < 9; n += 1) document.getElementById('zoom-in').click()")
    for name in SAME_BUILDING:
        opened.page.click(f'#list [data-key="{name}"] button')
        opened.see(f'[data-key="place-{name}"].chosen')
    opened.page.focus("#map")
    for _ in range(14):
        opened.page.keyboard.press("+")
    pills = [opened.see(f'[data-key="place-{name}"] .pill').bounding_box() for name in SAME_BUILDING]
    tops = sorted(pill["y"] for pill in pills)
    assert tops[1] - tops[0] >= 30
    assert tops[2] - tops[1] >= 30


@pytest.mark.e2e
def test_the_world_is_drawn_and_goes_round(open_page: OpenPage, api: FakeApi) -> None:
    api.places = {
        "fiji": place("fiji", longitude=178.4, latitude=-18.1),
        "samoa": place("samoa", longitude=-171.8, latitude=-13.8),
    }
    opened = open_page()
    left, right = (
        middle(opened, '[data-key="place-fiji"] .stem'),
        middle(opened, '[data-key="place-samoa"] .stem'),
    )
    assert 0 < right[0] - left[0] < 900  # neighbours across the date line
    opened.page.focus("#map")
    for _ in range(8):
        opened.page.keyboard.press("-")
    opened.wait("Number(document.getElementById('map').dataset.zoom) < 2.5")
    opened.until(
        lambda: len({tuple(pixel(opened, x, 400)) for x in range(20, 920, 20)}) >= 3, "sea, land, lines"
    )


def test_the_outline_shows_korea_without_any_tile(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page()
    canvas = opened.page.locator("#canvas").bounding_box()
    x, y = middle(opened, '[data-key="place-daejeon"] .stem')
    land, sea = (int(x - canvas["x"]) + 60, int(y - canvas["y"]) - 60), (30, 500)
    opened.until(lambda: pixel(opened, *land) != pixel(opened, *sea), "land is not sea")
    assert opened.see("#map-source").inner_text() == "해안선: Natural Earth"
    assert tiles(api) == []


def tiles(api: FakeApi) -> list[str]:
    with api.lock:
        return [one.path for one in api.asked if one.path.startswith("/tiles/")]


@pytest.mark.e2e
@pytest.mark.parametrize(
    "there", [pytest.param(True, id="server answers"), pytest.param(False, id="server is away")]
)
def test_tiles_of_the_configured_server_lie_over_the_outline(
    open_page: OpenPage, api: FakeApi, there: bool
) -> None:
    api.tiles_there = there
    api.map = {
        "tile_url": f"{api.url}tiles/{{z}}/{{x}}/{{y}}.png",
        "attribution": "© Tiles & Co",
        "outline": "korea",
    }
    opened = open_page()
    opened.see("#map-source", "© Tiles & Co")
    opened.until(lambda: bool(tiles(api)), "tiles are asked for")
    z, x, y = (int(part) for part in tiles(api)[0].removeprefix("/tiles/").removesuffix(".png").split("/"))
    assert 5 <= z <= 8
    assert 0 <= x < 2**z
    assert 0 <= y < 2**z


def test_phones_show_the_list_first(open_page: OpenPage) -> None:
    opened = open_page(size=(390, 844))
    opened.see("#list li >> nth=0")
    assert opened.page.locator("#map").is_hidden()
    opened.page.click("#view-map")
    opened.see('[data-key="place-jeju"]').click()
    opened.see("#card h2", "동문시장")
    opened.page.click("#card .close")
    opened.see("#map")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
