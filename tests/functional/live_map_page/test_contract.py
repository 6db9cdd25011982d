"""The server in memory says what the contract says, so that what passes here passes with the real one."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from tests.functional.live_map_page.fake_api import PIXEL, ROOT, FakeApi

CONTRACT = json.loads((ROOT / "lambdas" / "live_api" / "openapi.json").read_text("utf-8"))
BODY = {
    "name": "새 광장", "name_en": None, "site": "seoul-1", "time_zone": None, "longitude": 127.0,
    "latitude": 37.5, "manual_usual": None,
    "feeds": [{"kind": "zone", "site": "seoul-1", "camera": "a", "zone": "b", "object_classes": ["person"]}],
}  # fmt: skip
CALLS = [
    pytest.param("GET", "/places", None, id="places"),
    pytest.param("GET", "/places/{id}", None, id="one place"),
    pytest.param("GET", "/places/{id}/statistics", None, id="statistics"),
    pytest.param("GET", "/feeds", None, id="feeds"),
    pytest.param("GET", "/me", None, id="me"),
    pytest.param("POST", "/places", BODY, id="make"),
    pytest.param("PUT", "/places/{id}", BODY, id="change"),
    pytest.param("PUT", "/places/{id}/photo", PIXEL, id="photo"),
    pytest.param("GET", "/places/none-such", None, id="no such place"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


def ask(api: FakeApi, method: str, path: str, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=60)
    sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, "/api/v1" + path.replace("{id}", "gwanghwamun"), sent, headers)
    response = connection.getresponse()
    answer = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return answer


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_each_answer_has_the_shape_of_the_contract(
    server: FakeApi, method: str, path: str, body: Any
) -> None:
    server.reset()
    match = ask(server, "GET", "/places/{id}", None)[1]["ETag"]
    status, headers, answer = ask(
        server, method, path, body, **{"If-Match": match, "Content-Type": "image/png"}
    )
    described = CONTRACT["paths"][path if "none-such" not in path else "/places/{id}"][method.lower()]
    schema = described["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(json.loads(answer), {**schema, "components": CONTRACT["components"]})
    assert headers["ETag"]


def test_an_unchanged_answer_costs_no_body(server: FakeApi) -> None:
    server.reset()
    etag = ask(server, "GET", "/places", None)[1]["ETag"]
    assert ask(server, "GET", "/places", None, **{"If-None-Match": etag})[::2] == (304, b"")
    server.change("gangnam", count=1)
    assert ask(server, "GET", "/places", None, **{"If-None-Match": etag})[0] == 200


def test_an_edit_with_an_old_version_is_refused(server: FakeApi) -> None:
    server.reset()
    status, _, answer = ask(server, "PUT", "/places/{id}", BODY, **{"If-Match": '"v1"'})
    assert status == 409
    assert json.loads(answer)["error"]["field"] is None
