"""A small history: its views come to its truth, nothing is missing, and the seed decides everything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cli.history.folder import HistoryFolderError
from cli.history.history import HistorySettings, make_history
from cli.history.kinds import KINDS
from cli.main import main
from contract.records import TIMESTAMP_MAXIMUM_MILLISECONDS
from contract.scene import parse_scene
from infra.local.athena import LocalAthena, LocalFolderLake

END = date(2026, 11, 19)
AFTER = datetime(2026, 11, 20, 6, tzinfo=UTC)
History = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def few_levels() -> Iterator[None]:
    """Leave two crowd levels and one variant: each costs a second of replay."""
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in list(KINDS.items()):
            patch.setitem(KINDS, name, replace(kind, levels=(0.0, 1.5), busiest=1.2, inward=(0.5,)))
        yield


def make(out: Path, *, seed: int = 7, days: int = 4, cameras: int = 2, now: datetime = AFTER) -> History:
    return out, make_history(HistorySettings(days, cameras, seed, END, now), out)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, few_levels: None) -> History:
    out, _ = make(tmp_path_factory.mktemp("history") / "out")
    return out, json.loads((out / "truth.json").read_text(encoding="utf-8"))


def ask(history: History, sql: str) -> set[tuple[Any, ...]]:
    athena = LocalAthena(LocalFolderLake(history[0] / "lake"), now=lambda: AFTER)
    return set(athena.query(sql).rows)


def test_lines_come_to_the_truth(history: History) -> None:
    told = {
        tuple(one[name] for name in ("camera", "line", "object_class", "local_day", "direction")): one[
            "crossings"
        ]
        for one in history[1]["lines"]
    }
    found: dict[tuple[str, ...], int] = {}
    for *key, inward, outward in ask(
        history,
        "SELECT camera, line, object_class, local_day, sum(crossings_in), sum(crossings_out) "
        "FROM line_crossings_by_hour WHERE day >= '2026-11-15' "
        "GROUP BY camera, line, object_class, local_day",
    ):
        found |= {(*key, way): count for way, count in (("in", inward), ("out", outward)) if count}
    assert len(told) > 10
    assert found == told


def test_zones_come_to_the_truth(history: History) -> None:
    counted = ("minutes", "suspect_minutes", "occupancy_maximum", "entries", "exits", "dwell_count")
    told = {
        (one["camera"], one["zone"], one["local_day"], *(one[name] for name in counted)): one[
            "occupancy_mean"
        ]
        for one in history[1]["zones"]
    }
    rows = ask(
        history,
        "SELECT camera, zone, local_day, CAST(round(sum(observed_seconds) / 60) AS bigint), "
        "CAST(round(sum(suspect_share * observed_seconds) / 60) AS bigint), max(occupancy_maximum), "
        "sum(entries), sum(exits), sum(dwell_count), "
        "sum(occupancy_mean * observed_seconds) / sum(observed_seconds) "
        "FROM zone_counts_by_hour WHERE day >= '2026-11-15' GROUP BY camera, zone, local_day",
    )
    assert len(told) > 15
    assert {tuple(key): mean for *key, mean in rows} == pytest.approx(told, abs=1e-6)


@pytest.mark.parametrize(
    "table", ["zone_counts", "line_crossings", "tracks", "events", "gaps", "device_health"]
)
def test_every_record_is_there_once(history: History, table: str) -> None:
    where = f"unique_{table} WHERE day >= '2026-11-15'"
    rows = ask(history, f"SELECT count(*), count(DISTINCT record_id) FROM {where}")  # noqa: S608 - ours
    assert rows == {(history[1]["records"][table],) * 2}


def test_what_went_wrong_can_be_seen(history: History) -> None:
    kinds = {
        kind for (kind,) in ask(history, "SELECT DISTINCT kind FROM data_quality WHERE day >= '2026-11-15'")
    }
    assert kinds == {"gap", "camera_fault", "suspect", "clock"}
    assert {one["kind"] for one in history[1]["incidents"]} >= {
        "dark",
        "lost",
        "tracks_dropped",
        "clock_unsynced",
    }


def test_nothing_is_missing(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["reconcile", "--lake", str(history[0] / "lake"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert status == 0, told
    dropped = sum(day["dropped"] for day in told["days"]) if "dropped" in told["days"][0] else None
    assert dropped is None or dropped > 0


def test_past_days_are_compacted_and_new_ones_raw(history: History) -> None:
    lake = history[0] / "lake"
    days = {
        prefix: {path.name for path in (lake / prefix / "zone_counts").iterdir() if any(path.iterdir())}
        for prefix in ("raw", "compacted")
    }
    assert days == {
        "raw": {"day=2026-11-18", "day=2026-11-19"},
        "compacted": {"day=2026-11-16", "day=2026-11-17"},
    }


def test_speeds_and_places_where_there_is_ground(history: History) -> None:
    school = next(one["camera"] for one in history[1]["cameras"] if one["kind"] == "school")
    rows = ask(
        history,
        "SELECT camera, min(speed_mps) > 0, abs(avg(longitude) - 127.0417) < 0.001, "
        "abs(avg(latitude) - 37.5445) < 0.001 FROM unique_tracks WHERE day >= '2026-11-15' GROUP BY camera",
    )
    assert rows == {(school, True, True, True)}


def digests(lake: Path) -> dict[str, str]:
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in lake.rglob("*.parquet")
    }


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    first, second = (
        digests(make(tmp_path / name, days=1, cameras=1)[0] / "lake") for name in ("first", "second")
    )
    assert first == second
    assert len(first) >= 7


def test_today_ends_now(tmp_path: Path) -> None:
    now = datetime(2026, 11, 19, 10, 7, 31, tzinfo=UTC)
    out, truth = make(tmp_path / "out", days=1, cameras=1, now=now)
    newest = max(
        pq.read_table(path, columns=["event_time"], partitioning=None)["event_time"]
        .cast("int64")
        .to_numpy()
        .max()
        for path in out.joinpath("lake/raw").rglob("*.parquet")
    )
    assert truth["ended_ms"] == round(datetime(2026, 11, 19, 10, 7, tzinfo=UTC).timestamp() * 1000)
    assert truth["ended_ms"] - 61_000 <= newest < truth["ended_ms"] < TIMESTAMP_MAXIMUM_MILLISECONDS


def test_scenes_and_places_are_ready_to_use(history: History) -> None:
    import yaml

    scenes = [
        parse_scene(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in history[0].joinpath("scenes").glob("*.yaml")
    ]
    zones = {(scene.site, scene.camera, zone.name) for scene in scenes for zone in scene.zones}
    places = yaml.safe_load((history[0] / "places.yaml").read_text(encoding="utf-8"))["places"]
    assert len(places) == len(scenes) == 2
    assert {(one["site"], one["camera"], one["zone"]) for place in places for one in place["feeds"]} <= zones


def test_a_folder_that_is_not_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(HistoryFolderError, match=r"--out is .*expected an empty folder"):
        make(tmp_path, days=1, cameras=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--days", "0"], "expected a whole number above 0", id="no-day"),
        pytest.param(["--days", "5000"], "from 1 to 400", id="too-many-days"),
        pytest.param(["--end", "yesterday"], "expected a UTC day", id="no-date"),
        pytest.param(["--seed", "-1"], "expected a whole number from 0", id="no-seed"),
    ],
)
def test_wrong_calls_get_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as status:
        main(["history", "--out", str(tmp_path / "out"), *words])
    assert status.value.code == 2
    assert sentence in capsys.readouterr().err
