"""Records and public data asked together: in one folder, in two beside each other, or in two named ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.lake_location import LakeNotFoundError, open_athena, open_lake
from cli.main import main
from cli.opendata.folder import DATA_FOLDER
from lambdas.open_data.places import DATA_PREFIX

PARKS = """name: parks
english: Parks
korean: 공원
columns:
  - {name: name, english: Name, korean: 공원명, in_header: true}
  - {name: area, type: number, english: Area, korean: 면적}
"""


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """What a demo leaves: a lake without a row."""
    lake = tmp_path / "demo" / "lake"
    (lake / "raw").mkdir(parents=True)
    return lake


@pytest.fixture
def load(tmp_path: Path, wifi: bytes) -> Callable[[Path], None]:
    """Load the three rows of Wi-Fi into a folder."""

    def into(folder: Path) -> None:
        path = tmp_path / "wifi.csv"
        path.write_bytes(wifi)
        assert main(["opendata", str(path), "--out", str(folder)]) == 0

    return into


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("demo/lake", id="in the lake"),
        pytest.param("demo/opendata", id="beside the lake"),
    ],
)
def test_public_data_is_found_by_itself(
    demo: Path, load: Callable[[Path], None], tmp_path: Path, place: str
) -> None:
    load(tmp_path / place)
    assert open_athena(demo, "crowdlens").query("SELECT count(*) FROM free_wifi").rows == [(2,)]
    assert open_athena(demo, "crowdlens").query("SELECT count(*) FROM zone_counts").rows == [(0,)]


def test_public_data_elsewhere_is_named(
    demo: Path, load: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path / "elsewhere")
    parks, profile = tmp_path / "parks.csv", tmp_path / "parks.yaml"
    parks.write_text("공원명,면적\n가,10\n나,20.5\n", encoding="utf-8")
    profile.write_text(PARKS, encoding="utf-8")
    out = ["--out", str(tmp_path / "elsewhere")]
    assert main(["opendata", str(parks), *out, "--profile", str(profile)]) == 0
    capsys.readouterr()
    asked = ["athena", "--lake", str(demo), "--open-data", str(tmp_path / "elsewhere"), "--json"]
    assert main([*asked, "SELECT sum(area) AS area FROM parks"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"area": 30.5}]


def test_public_data_alone_can_be_asked(load: Callable[[Path], None], tmp_path: Path) -> None:
    load(tmp_path / "elsewhere")
    for lake, public in ((tmp_path / "elsewhere", None), (tmp_path / "none", tmp_path / "elsewhere")):
        athena = open_athena(lake, "crowdlens", public)
        assert athena.query("SELECT entries FROM wifi_by_city").rows == [(2,)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("demo/lak",), r"expected a folder with raw/", id="a lake that is none"),
        pytest.param(("demo/lake", "demo"), r"open data is '.*demo': expected a folder that", id="no data"),
    ],
)
def test_a_folder_without_any_is_told(
    demo: Path, load: Callable[[Path], None], tmp_path: Path, arguments: tuple[Any, ...], sentence: str
) -> None:
    load(tmp_path / "demo" / "opendata")
    with pytest.raises(LakeNotFoundError, match=sentence):
        open_lake(*(tmp_path / one for one in arguments))


def test_the_folder_is_called_as_the_prefix_of_the_bucket() -> None:
    assert f"{DATA_FOLDER}/" == DATA_PREFIX
