"""Making and changing places: what is typed, clicked and drawn is what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.functional.live_map_page.conftest import Opened, OpenPage
from tests.functional.live_map_page.fake_api import PIXEL, Answer, FakeApi

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ONE = "/api/v1/places/gwanghwamun"
PERSON = {"object_classes": ["person"]}
PLAZA = {"kind": "zone", "site": "seoul-1", "camera": "plaza-1"}


def at(path: str) -> str:
    return f'#editor [data-path="{path}"]'


def save(opened: Opened) -> None:
    opened.page.click("#editor .primary")


def test_a_place_is_made_with_a_zone_a_drone_box_and_a_photo(
    open_page: OpenPage, api: FakeApi, tmp_path: Path
) -> None:
    opened = open_page(reduced_motion="reduce")
    opened.page.click("#add")
    opened.page.fill(at("name"), "새 광장")
    opened.page.fill(at("name_en"), "New Square")
    opened.page.fill(at("manual_usual"), "12,5")
    canvas = opened.page.locator("#canvas").bounding_box()
    opened.page.mouse.click(canvas["x"] + 40, canvas["y"] + 500)  # beside the markers
    longitude = float(opened.page.input_value(at("longitude")))
    latitude = float(opened.page.input_value(at("latitude")))
    assert 123 < longitude < 127
    assert 33 < latitude < 37
    opened.page.click("text=구역 추가")
    opened.page.select_option(at("feeds[0].zone"), index=2)
    opened.page.check(f"{at('feeds[0].object_classes')} >> label:has-text('car') >> input")
    opened.page.click("text=드론 상자 추가")
    opened.page.select_option(at("feeds[1].device"), "drone-1")
    assert opened.page.input_value(at("feeds[1].west")) == "126.976"  # where the drone saw people
    opened.page.fill(at("feeds[1].azimuth_from"), "315")
    opened.page.fill(at("feeds[1].azimuth_to"), "45")
    opened.page.click("text=지도에 그리기")
    x, y = canvas["x"] + 60, canvas["y"] + 540
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 60, y + 30)
    opened.page.mouse.move(x + 120, y + 60)
    opened.page.mouse.up()
    sides = {
        side: float(opened.page.input_value(at(f"feeds[1].{side}")))
        for side in ("west", "south", "east", "north")
    }
    assert sides["west"] < sides["east"]
    assert sides["south"] < sides["north"] < latitude
    (tmp_path / "photo.png").write_bytes(PIXEL)
    opened.page.set_input_files(at("photo"), tmp_path / "photo.png")
    save(opened)
    opened.see("#card h2", "새 광장")
    opened.see("#card .photo img")
    assert api.of("POST", "/api/v1/places")[0].json() == {
        "name": "새 광장", "name_en": "New Square", "site": "seoul-1", "time_zone": None,
        "longitude": longitude, "latitude": latitude, "manual_usual": 12.5,
        "feeds": [
            {**PLAZA, "zone": "stairs", "object_classes": ["person", "car"]},
            {"kind": "box", "site": "seoul-1", "device": "drone-1", **sides, "azimuth_from": 315,
             "azimuth_to": 45, **PERSON},
        ],
    }  # fmt: skip
    assert api.photos["made-by-the-fake"] == ("image/png", PIXEL)


def test_a_place_is_changed_by_keyboard_and_only_where_it_was(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page("#place=gwanghwamun")
    opened.see(".actions button:has-text('수정')").focus()
    opened.page.keyboard.press("Enter")
    opened.see(at("name"))
    opened.gone('[data-key="place-gwanghwamun"]')  # the editor draws it itself
    assert opened.page.evaluate("document.activeElement.id") == "editor-name"
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("End")
    opened.page.keyboard.type(" 앞")
    opened.page.keyboard.press("Enter")
    opened.see("#card h2", "광화문광장 앞")
    sent = api.of("PUT", ONE)[0]
    assert sent.headers["if-match"] == '"v3"'
    assert sent.json() == {
        "name": "광화문광장 앞", "name_en": "Gwanghwamun Square", "site": "seoul-1", "time_zone": None,
        "longitude": 126.9769, "latitude": 37.5725, "manual_usual": 25,
        "feeds": [{**PLAZA, "zone": "entrance", **PERSON}],
    }  # fmt: skip
    opened.see("#notice", "저장했습니다")


@pytest.mark.e2e
def test_who_may_edit_is_told_late_and_offered_it_all_the_same(open_page: OpenPage) -> None:
    opened = open_page()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    opened.page.route("**/api/v1/me", hold)
    opened.page.goto(opened.api.url + "#place=jeju")
    opened.page.reload()
    opened.see("#card .facts")
    assert opened.page.locator("#card .edit").is_hidden()
    opened.until(lambda: bool(held), "rights asked for")
    held.pop().abort()  # once away
    opened.refresh()
    opened.until(lambda: bool(held), "rights asked for again")
    held.pop().continue_()
    opened.see("#card .edit")
    opened.page.unroute("**/api/v1/me")


def test_faults_are_shown_at_their_fields(open_page: OpenPage, api: FakeApi, tmp_path: Path) -> None:
    opened = open_page("#new")
    opened.see(at("name"))
    opened.page.fill(at("latitude"), "north")
    opened.page.fill(at("longitude"), "200")
    opened.page.click("text=구역 추가")
    save(opened)
    opened.see("#editor .trouble", "4개")  # name, two numbers, a zone
    assert "-180에서 180" in opened.page.locator(".field:has(> [data-path=longitude]) .wrong").inner_text()
    assert opened.page.evaluate("document.activeElement.dataset.path") == "name"
    assert api.of("POST", "/api/v1/places") == []
    opened.page.fill(at("name"), "x")
    opened.page.fill(at("longitude"), "127")
    opened.page.fill(at("latitude"), "37")
    opened.page.select_option(at("feeds[0].zone"), index=1)
    for field, shown_at in (
        ("feeds[0].object_classes[2]", "feeds[0].object_classes"),
        ("id", "id"),
        ("feeds", "feeds"),
    ):
        api.refuse_next = Answer.refused(422, f"{field} is wrong: <expected> another", field)
        save(opened)
        wrong = opened.see(f'{at(shown_at)}[aria-invalid="true"]')
        line = opened.page.locator(f"#{wrong.get_attribute('id')}-wrong")
        assert line.inner_text().endswith(f"{field} is wrong: <expected> another")
        assert opened.page.locator('#editor [aria-invalid="true"]').count() == 1
    (tmp_path / "large.png").write_bytes(PIXEL + bytes(2 * 1024 * 1024))
    opened.page.set_input_files(at("photo"), tmp_path / "large.png")
    opened.see(f'{at("photo")}[aria-invalid="true"]')
    api.refuse_next = Answer.refused(409, "the id is taken")
    save(opened)
    opened.see("#editor .trouble", "the id is taken")


@pytest.mark.parametrize(
    ("button", "name"),
    [
        pytest.param("내 내용으로 저장", "mine", id="mine"),
        pytest.param("바뀐 내용 불러오기", "theirs", id="theirs", marks=pytest.mark.e2e),
    ],
)
def test_a_conflict_lets_one_choose(open_page: OpenPage, api: FakeApi, button: str, name: str) -> None:
    opened = open_page("#edit=gwanghwamun")
    opened.page.fill(at("name"), "mine")
    api.change("gwanghwamun", name="theirs")
    api.details["gwanghwamun"]["version"] += 1
    save(opened)
    opened.see("#editor .trouble", "다른 사람이")
    opened.page.click(f"text={button}")
    if name == "theirs":
        opened.wait("document.querySelector('#editor [data-path=name]')?.value === 'theirs'")
        assert api.places["gwanghwamun"]["name"] == "theirs"
    else:
        opened.see("#card h2", "mine")
        assert api.places["gwanghwamun"]["name"] == "mine"


def test_a_place_is_removed_after_a_question(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page("#edit=gwanghwamun")
    opened.page.click("#editor .danger")
    opened.see("dialog", "‘광화문광장’ 장소를 지울까요?")
    opened.page.click("dialog button:has-text('취소')")
    assert "gwanghwamun" in api.places
    opened.page.click("#editor .danger")
    opened.page.click("dialog .danger")
    opened.see("#notice", "지웠습니다")
    opened.gone("#editor")
    opened.gone('#list [data-key="gwanghwamun"]')
    assert api.of("DELETE", ONE)[0].headers["if-match"] == '"v3"'


def test_what_is_not_saved_is_not_lost_by_a_slip(open_page: OpenPage) -> None:
    opened = open_page("#edit=gwanghwamun")
    opened.page.fill(at("name"), "half done")
    opened.page.click('#list [data-key="jeju"] button')
    opened.page.click("dialog button:has-text('계속 수정')")
    assert opened.page.input_value(at("name")) == "half done"
    opened.wait("location.hash === '#edit=gwanghwamun'")
    opened.page.click('#list [data-key="jeju"] button')
    opened.page.click("dialog .danger")
    opened.see("#card h2", "동문시장")
    opened.gone("#editor")


def test_a_save_that_the_server_does_not_answer_keeps_the_form(open_page: OpenPage, api: FakeApi) -> None:
    opened = open_page("#edit=gwanghwamun")
    opened.page.fill(at("name"), "kept")
    api.away = "now of all times"
    save(opened)
    opened.see("#editor .trouble", "저장하지 못했습니다")
    assert opened.page.input_value(at("name")) == "kept"
    api.away = None
    save(opened)
    opened.see("#card h2", "kept")


@pytest.mark.e2e
def test_a_place_that_is_not_there_is_said(open_page: OpenPage) -> None:
    opened = open_page("#edit=atlantis", locale="en-US")
    opened.see("#editor", "There is no such place.")
    opened.page.click("#editor button")
    opened.gone("#editor")
