"""Signing in by code and PKCE where config.json asks for it, and not at all where it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.live_map_page.conftest import Opened, OpenPage
from tests.functional.live_map_page.fake_api import PIXEL, FakeApi
from tests.functional.live_map_page.fake_sign_in import CLIENT, FakeSignIn

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def sign_in(api: FakeApi) -> Iterator[FakeSignIn]:
    with FakeSignIn() as server:
        api.config = {
            "sign_in": "cognito",
            "domain": server.url,
            "client_id": CLIENT,
            "region": "ap-northeast-2",
        }
        api.connect_sources = server.url
        api.token = "id-1"
        yield server


def known(opened: Opened, sign_in: FakeSignIn) -> None:
    """Take the sign-in server for no stranger."""
    opened.strangers[:] = [url for url in opened.strangers if not url.startswith(sign_in.url)]


def test_one_signs_in_sees_the_map_and_signs_out(
    open_page: OpenPage, api: FakeApi, sign_in: FakeSignIn
) -> None:
    api.photos["gwanghwamun"] = ("image/png", PIXEL)
    api.change("gwanghwamun", photo="/api/v1/places/gwanghwamun/photo?v=1")
    opened = open_page("#place=gwanghwamun", ready="#gate")
    opened.see("#gate-words", "지도를 보려면 로그인하세요.")
    assert opened.page.locator("#list li").count() == 0
    assert not [one for one in api.asked if one.path.startswith("/api/")]
    opened.page.click("#sign-in")
    opened.see("#card h2", "광화문광장")  # where one wanted to go
    opened.see("#card .photo img")  # a photo needs the token too
    opened.wait("location.search === ''")
    assert sign_in.trades == ["authorization_code"]
    assert all(one.headers["authorization"] == "Bearer id-1" for one in api.asked if "/api/" in one.path)
    opened.page.reload()
    opened.see("#card h2", "광화문광장")
    opened.page.click("#sign-out")
    opened.see("#gate-words", "로그인")
    assert sign_in.redirects == ["/oauth2/authorize", "/logout"]
    known(opened, sign_in)


def test_a_token_is_renewed_and_a_refused_one_asks_to_sign_in_again(
    open_page: OpenPage, api: FakeApi, sign_in: FakeSignIn
) -> None:
    sign_in.lifetime_seconds = 1  # less than the minute before its end at which a token is renewed
    api.token = "id-2"
    opened = open_page(ready="#gate")
    opened.page.evaluate("sessionStorage.clear()")
    opened.page.click("#sign-in")
    opened.see(".gate, body:not(.signed-out)")
    opened.wait(
        "performance.getEntriesByType('resource').filter(({name}) => name.includes('/token')).length >= 2"
    )
    assert sign_in.trades[:2] == ["authorization_code", "refresh_token"]
    api.token = "another"
    opened.refresh()
    opened.see("#gate-words", "지도를 보려면 로그인하세요.")
    assert opened.page.locator("#list").is_hidden()
    known(opened, sign_in)


@pytest.mark.parametrize("address", ["?code=stolen&state=unknown", "?error=access_denied&state=unknown"])
def test_an_answer_that_nobody_asked_for_lets_nobody_in(
    open_page: OpenPage, sign_in: FakeSignIn, address: str
) -> None:
    opened = open_page(address, ready="#gate")
    opened.see("#gate-words", "요청과 응답이 맞지 않습니다")
    assert sign_in.trades == []
    opened.wait("location.search === ''")


def test_a_refusal_is_told_in_its_own_words(open_page: OpenPage, sign_in: FakeSignIn) -> None:
    sign_in.refuse = "User is disabled. <b>"
    opened = open_page(ready="#gate")
    opened.page.click("#sign-in")
    opened.see("#gate-words", "User is disabled. <b>")
    known(opened, sign_in)


def test_who_may_not_edit_is_not_offered_to(open_page: OpenPage, api: FakeApi) -> None:
    api.me = {"signed_in": True, "may_edit": False, "sites": ["seoul-1"]}
    opened = open_page("#edit=gwanghwamun")
    assert opened.page.locator("#add").is_hidden()
    assert opened.page.locator("#editor").is_hidden()
    opened.page.click('#list [data-key="gwanghwamun"] button')
    assert "수정" not in opened.see("#card .actions").inner_text()
    assert not [one for one in api.asked if "editor" in one.path.replace("messages_editor", "")]


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"sign_in": "cognito"}, id="no domain"),
        pytest.param({"sign_in": "carrier pigeon"}, id="unknown"),
    ],
)
def test_a_configuration_without_sense_shows_no_figures(
    open_page: OpenPage, api: FakeApi, config: dict[str, str]
) -> None:
    api.config = config
    opened = open_page(ready="#gate")
    opened.see("#gate-words", "config.json")
    assert not [one for one in api.asked if one.path.startswith("/api/")]
