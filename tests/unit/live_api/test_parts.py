"""The small parts: headers, tables, photos, settings, stores, the export."""

from __future__ import annotations

import base64
import tempfile
import zoneinfo
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.live_api import stores
from lambdas.live_api.errors import ApiError
from lambdas.live_api.export import export_places, place_lines
from lambdas.live_api.photos import checked_photo, kind_of
from lambdas.live_api.places import Place, time_text
from lambdas.live_api.requests import body_bytes, expected_version, has_already, json_body
from lambdas.live_api.settings import SignIn, live_api_settings
from lambdas.live_api.spreadsheet import as_csv
from lambdas.live_api.stores import FolderStore, store_and_name
from lambdas.shared import time_zones
from lambdas.shared.settings import SettingError

JSON = {"content-type": "application/json; charset=utf-8"}
JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40)
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('"v3-0a1b"', 3, id="the ETag of a place"),
        pytest.param('W/"v12"', 12, id="weak and without a digest"),
        pytest.param('"3"', 400, id="another ETag"),
        pytest.param("*", 400, id="any"),
        pytest.param("", 428, id="none"),
    ],
)
def test_if_match_names_a_version(value: str, expected: int) -> None:
    event = {"headers": {"if-match": value}}
    if expected < 400:
        assert expected_version(event) == expected
        return
    with pytest.raises(ApiError) as caught:
        expected_version(event)
    assert caught.value.status == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('W/"a"', True, id="the same"),
        pytest.param('"a"', True, id="strong for weak"),
        pytest.param('"b", W/"a"', True, id="one of two"),
        pytest.param("*", True, id="any"),
        pytest.param('"b"', False, id="another"),
        pytest.param("", False, id="none"),
    ],
)
def test_if_none_match(value: str, expected: bool) -> None:
    assert has_already({"headers": {"if-none-match": value}}, 'W/"a"') is expected


@pytest.mark.parametrize(
    ("event", "status"),
    [
        pytest.param({"headers": {}, "body": "{}"}, 415, id="no type"),
        pytest.param(
            {"headers": {"content-type": "text/plain"}, "body": "{}"}, 415, id="what a form can send"
        ),
        pytest.param({"headers": JSON, "body": "{"}, 400, id="half"),
        pytest.param({"headers": JSON, "body": '{"\\ud800": 1}'}, 400, id="half a pair as a name"),
        pytest.param({"headers": JSON, "body": '{"name": "\\udfff"}'}, 400, id="half a pair as a value"),
        pytest.param({"headers": JSON, "body": "[" * 100_000}, 400, id="deeper than the stack"),
        pytest.param({"headers": JSON, "body": "%%%", "isBase64Encoded": True}, 400, id="no base64"),
        pytest.param({"headers": JSON, "body": "x" * 300_000}, 413, id="too large"),
        pytest.param({"headers": JSON, "body": "/w==", "isBase64Encoded": True}, 400, id="no UTF-8"),
    ],
)
def test_a_body_that_cannot_be_read(event: dict[str, Any], status: int) -> None:
    with pytest.raises(ApiError) as caught:
        json_body(event)
    assert caught.value.status == status


def test_a_body_in_base64() -> None:
    encoded = base64.b64encode("가".encode()).decode()
    assert body_bytes({"body": encoded, "isBase64Encoded": True}, 100) == "가".encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(JPEG, "image/jpeg", id="jpeg"),
        pytest.param(PNG, "image/png", id="png"),
        pytest.param(WEBP, "image/webp", id="webp"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'>" + bytes(40), None, id="svg can run scripts"),
        pytest.param(b"GIF89a" + bytes(40), None, id="gif"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), None, id="a sound"),
        pytest.param(JPEG[:8], None, id="only a beginning"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_a_photo_is_what_its_first_bytes_say(content: bytes, expected: str | None) -> None:
    assert kind_of(content) == expected
    if expected is None:
        with pytest.raises(ApiError) as caught:
            checked_photo(content)
        assert caught.value.status == 415


def test_a_photo_of_more_than_a_mebibyte_is_refused() -> None:
    assert checked_photo(JPEG + bytes(1024 * 1024 - len(JPEG))).content_type == "image/jpeg"
    with pytest.raises(ApiError) as caught:
        checked_photo(JPEG + bytes(1024 * 1024))
    assert caught.value.status == 413


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(value: str) -> None:
    table = as_csv(["a"], [[value]]).decode("utf-8-sig")
    assert f"'{value}" in table


def test_a_table_opens_in_korean_and_keeps_what_is_missing_empty() -> None:
    assert as_csv(["이름", "count"], [["광장", None], ["역", 0]]) == b"\xef\xbb\xbf" + (
        "이름,count\r\n광장,\r\n역,0\r\n".encode()
    )


def test_a_machine_without_time_zones_takes_those_of_dateutil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = zoneinfo.TZPATH
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    try:
        zoneinfo.reset_tzpath([])
        zoneinfo.ZoneInfo.clear_cache()
        for cached in (time_zones.is_time_zone, time_zones.use_other_data):
            cached.cache_clear()
        assert time_zones.is_time_zone("Asia/Seoul")
        assert not time_zones.is_time_zone("Asia")
        assert next(tmp_path.glob("*/Asia/Seoul")).is_file()
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()
        for cached in (time_zones.is_time_zone, time_zones.use_other_data):
            cached.cache_clear()


MYSQL = {"MYSQL_HOST": "db", "MYSQL_USER": "crowdlens_reader"}


def test_settings_without_a_word_let_nobody_in() -> None:
    settings = live_api_settings(MYSQL)
    assert settings.sign_in is SignIn.COGNITO
    assert settings.places_mysql.user == "crowdlens_reader"
    assert (settings.photos, settings.tile_url, settings.time_zone) == (None, None, "UTC")


def test_places_are_written_by_an_account_of_their_own() -> None:
    settings = live_api_settings({**MYSQL, "MYSQL_PLACES_USER": "crowdlens_places"})
    assert (settings.mysql.user, settings.places_mysql.user) == ("crowdlens_reader", "crowdlens_places")


@pytest.mark.parametrize(
    ("name", "value"), [("CROWDLENS_SIGN_IN", "off"), ("CROWDLENS_TIME_ZONE", "Mars/Olympus")]
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        live_api_settings({**MYSQL, name: value})


def place(place_id: str, minute: int = 0) -> Place:
    moment = datetime.fromisoformat(f"2026-03-01T00:{minute:02}")
    return Place(place_id, "광장", None, "seoul-1", None, 127.0, 37.5, None, None, None, 1, moment)


def test_the_export_has_a_line_a_place() -> None:
    assert place_lines([place("b"), place("a")]).decode().splitlines() == [
        '{"place_id": "a", "name": "광장", "name_en": null, "site": "seoul-1", "longitude": 127.0, '
        '"latitude": 37.5, "updated_at": "2026-03-01T00:00:00Z"}',
        '{"place_id": "b", "name": "광장", "name_en": null, "site": "seoul-1", "longitude": 127.0, '
        '"latitude": 37.5, "updated_at": "2026-03-01T00:00:00Z"}',
    ]


def test_an_edit_that_comes_during_an_export_is_exported_too(tmp_path: Path) -> None:
    states = [[place("a")], [place("a", 1)], [place("a", 1)]]
    store = FolderStore(tmp_path)
    export_places(store, "places.json", lambda: states.pop(0))
    assert store.read("places.json") == place_lines([place("a", 1)])


def test_a_folder_keeps_bytes_by_name(tmp_path: Path) -> None:
    store, name = store_and_name(str(tmp_path / "new"), "places.json")
    assert store.read(name) is None
    store.write(name, b"one", "text/plain")
    store.write(name, b"two", "text/plain")
    assert store.read(name) == b"two"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["places.json"]


class RefusingBucket:
    """A bucket that answers every question with one error."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self.code}}, "GetObject")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("NoSuchKey", False, id="there is none"),
        pytest.param("AccessDenied", True, id="none, or a policy that lets nobody read"),
    ],
)
def test_an_object_that_may_not_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, code: str, told: bool
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(stores.logger, "warning", lambda message, **_: lines.append(message))
    assert stores.BucketStore("bucket", "photos/", RefusingBucket(code)).read("plaza/1.png") is None
    assert bool(lines) is told


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(datetime.fromisoformat("2026-03-01"), "2026-03-01T00:00:00Z", id="whole seconds"),
        pytest.param(
            datetime.fromisoformat("2026-03-01T00:00:00.005"), "2026-03-01T00:00:00.005Z", id="milliseconds"
        ),
    ],
)
def test_times_are_iso_8601(moment: datetime, expected: str) -> None:
    assert time_text(moment) == expected
