"""Files of places, and addresses of tile servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.map import TilesError, tile_origin
from cli.live_map.places_file import PlacesFileError, read_places_file


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("places:\n- {id: plaza, name: 광장}\n", id="as a history writes it"),
        pytest.param('[{"id": "plaza", "name": "광장"}]', id="a JSON list"),
    ],
)
def test_a_file_of_places_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "places.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_places_file(path) == [{"id": "plaza", "name": "광장"}]


@pytest.mark.parametrize("text", ["places: 5", "- text", "{", "places: {a: 1}", "\x00"])
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "places.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlacesFileError, match=r"places\.yaml") as caught:
        read_places_file(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tile_url", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("https://tiles.example.org/{z}/{x}/{y}.png", "https://tiles.example.org", id="a server"),
        pytest.param("http://127.0.0.1:8080/{z}/{x}/{y}", "http://127.0.0.1:8080", id="one's own"),
        pytest.param("https://{s}.example.org/{z}/{x}/{y}.png", "https://*.example.org", id="several hosts"),
    ],
)
def test_the_page_may_ask_the_tile_server(tile_url: str | None, expected: str | None) -> None:
    assert tile_origin(tile_url) == expected


@pytest.mark.parametrize(
    "tile_url", ["tiles", "ftp://a/{z}/{x}/{y}", "https:///{z}/{x}/{y}", "https://a/{z}/{x}"]
)
def test_an_address_without_tiles_is_refused(tile_url: str) -> None:
    with pytest.raises(TilesError, match="--tile-url"):
        tile_origin(tile_url)


def test_no_address_gets_more_into_the_policy_than_a_host() -> None:
    with pytest.raises(TilesError):
        tile_origin("https://a; script-src *//{z}/{x}/{y}")
