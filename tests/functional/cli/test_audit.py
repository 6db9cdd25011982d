"""`crowdlens audit` from end to end: a lake as lake_writer makes it, a count by hand, sample and page."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cli.main import main
from contract.columns import Column, ColumnType
from contract.envelope import decode_message, pack_messages
from contract.identity import stream_name
from contract.lake import day_of, raw_key
from contract.records import Record, StoredRecord, Value
from contract.tables import TABLES
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

# Ten minutes before UTC midnight, so that the run lies on two days of the lake.
START_MS = round(datetime(2026, 11, 20, 23, 50, tzinfo=UTC).timestamp() * 1000)
MINUTE_MS = 60_000
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PLAIN: dict[ColumnType, Value] = {
    ColumnType.TEXT: "x",
    ColumnType.INTEGER: 0,
    ColumnType.REAL: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.TIMESTAMP: 0,
}


@dataclass
class RunLake:
    """A lake of one camera; times are ms from `START_MS`."""

    folder: Path
    stored: list[StoredRecord] = field(default_factory=list)

    def record(self, table: str, at_ms: int, *, camera: str = "plaza-1", **values: Value) -> None:
        stream = stream_name(camera, table)
        own = {column.name: _plain(column) for column in TABLES[table].own_columns}
        number = 1 + sum(one.stream == stream for one in self.stored)
        record = Record(table, camera, "v1", "Asia/Seoul", START_MS + at_ms, "synced", {**own, **values})
        self.stored.append(StoredRecord(record, "0123456789ab", stream, number))

    def minute(self, minute: int, crossings: int, *, people: int = 0, suspect: bool = False) -> None:
        """An analysed minute: `crossings` go in at "road", `people` are in the zone at its end."""
        for window in range(2):
            at_ms = minute * MINUTE_MS + window * 30_000
            counts: dict[str, Any] = {
                "occupancy_last": people,
                "occupancy_mean": float(people),
                "suspect": suspect,
            }
            self.record(
                "zone_counts", at_ms, zone="lawn", object_class="person", window_seconds=30.0, **counts
            )
        for place in range(crossings):
            at_ms = minute * MINUTE_MS + 1000 * (place + 1)
            self.record("line_crossings", at_ms, line="road", direction="in", object_class="person")

    def write(self) -> Path:
        """Write everything, and a part of it a second time, as a repeated message would."""
        for number, rows in enumerate((self.stored, self.stored[:7])):
            self._write(rows, f"object-{number}")
        return self.folder

    def _write(self, stored: Sequence[StoredRecord], name: str) -> None:
        messages = [decode_message(packed.body) for packed in pack_messages("seoul-1", "edge-1", stored)]
        for rows in build_tables(messages):
            days = [day_of(value) for value in rows.data["event_time"].cast("int64").to_pylist()]
            for day in sorted(set(days)):
                path = self.folder / raw_key(rows.table.name, day, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                chosen = rows.data.filter(pc.equal(pa.array(days), day))
                path.write_bytes(encode_parquet(chosen, rows.table))


def _plain(column: Column) -> Value:
    return None if column.nullable else PLAIN[column.type]


def by_hand(path: Path, counts: dict[int, int], people: dict[int, int] | None = None) -> Path:
    """Write a count by hand of whole minutes, in seconds from the start."""
    lines = ["start,end,line,direction,count,zone,people"]
    lines += [f"{60 * at},{60 * at + 60},road,in,{count},," for at, count in counts.items()]
    lines += [f"{60 * at + 60},,,,,lawn,{number}" for at, number in (people or {}).items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def lake(tmp_path: Path) -> RunLake:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text(json.dumps({"first_event_time_ms": START_MS}))
    return RunLake(tmp_path / "out" / "lake")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 0) -> Any:
    assert main(["audit", *map(str, arguments), "--json"]) == status
    return json.loads(capsys.readouterr().out)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main(["audit", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_the_error_of_a_line_and_a_zone(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for minute in range(20):
        lake.minute(minute, crossings=11 if minute % 2 else 9, people=3)
    hand = by_hand(tmp_path / "hand.csv", dict.fromkeys(range(20), 9), dict.fromkeys(range(20), 3))
    document = answer(capsys, "--hand", hand, "--counted", lake.write())
    line, zone = document["subjects"]
    assert (line["name"], line["direction"], line["stretches"], line["minutes"]) == ("road", "in", 20, 20)
    assert (line["counted"], line["by_hand"], line["error"]) == (200, 180, 20)
    assert line["error_percent"] == pytest.approx(100 * 20 / 180, abs=0.001)
    assert line["error_percent_low"] < 100 * 20 / 180 < line["error_percent_high"]
    assert (line["absolute_error"], line["absolute_error_mean"]) == (20, 1)
    assert line["sentence"].startswith(
        "road in: counted 200, by hand 180; error +11.1 %, 95 % sure between +"
    )
    assert (zone["kind"], zone["counted"], zone["by_hand"], zone["error_percent"]) == ("zone", 60, 60, 0)
    assert zone["widened"]
    assert not document["random_sample"]


def test_suspect_and_unseen_minutes_stand_apart(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for minute in range(12):
        if minute != 5:
            lake.minute(minute, crossings=0 if minute == 3 else 4, suspect=minute == 3)
    lost: dict[str, Any] = {"gap_start": START_MS + 7 * MINUTE_MS, "gap_end": START_MS + 7 * MINUTE_MS + 1}
    lake.record("gaps", 7 * MINUTE_MS, reason="spool_full", gap_stream="plaza-1/line_crossings", **lost)
    dropped: dict[str, Any] = {"gap_start": START_MS + 9 * MINUTE_MS, "gap_end": START_MS + 9 * MINUTE_MS + 1}
    lake.record("gaps", 9 * MINUTE_MS, reason="spool_full", gap_stream="plaza-1/tracks", **dropped)
    hand = by_hand(tmp_path / "hand.csv", dict.fromkeys(range(12), 4))
    (line,) = answer(capsys, "--hand", hand, "--counted", lake.write())["subjects"]
    assert (line["stretches"], line["counted"], line["by_hand"]) == (9, 36, 36)
    assert line["suspect"] == {"stretches": 2, "counted": 4, "by_hand": 8}
    assert line["missing"] == 1


def test_without_zones_a_device_without_power_counted_nothing(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.record("camera_status", 0, state="ok", previous_state=None)
    lake.record("camera_status", 14 * MINUTE_MS, state="ok", previous_state=None)
    lake.record("camera_status", 17 * MINUTE_MS, state="dark", previous_state="ok")
    lake.record("camera_status", 18 * MINUTE_MS, state="ok", previous_state="dark")
    lake.record("camera_status", 20 * MINUTE_MS, state="ended", previous_state="ok")
    for minute in (*range(6), *range(14, 20)):
        for second in (5, 59):
            at_ms = minute * MINUTE_MS + 1000 * second
            lake.record("line_crossings", at_ms, line="road", direction="in", object_class="person")
    hand = by_hand(tmp_path / "hand.csv", dict.fromkeys(range(20), 2))
    (line,) = answer(capsys, "--hand", hand, "--counted", lake.write())["subjects"]
    assert (line["missing"], line["suspect"]["stretches"]) == (8, 1)
    assert (line["stretches"], line["error"]) == (11, 0)


def test_a_line_that_no_record_and_no_scene_names_is_refused(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.minute(0, crossings=2)
    hand = by_hand(tmp_path / "hand.csv", {0: 2})
    hand.write_text(hand.read_text().replace("road", "raod"))
    said = complaint(capsys, "--hand", hand, "--counted", lake.write())
    assert "line 2: line is 'raod': the lines that were crossed in the run are road" in said


@pytest.mark.parametrize(
    ("maximum", "status"), [pytest.param("15", 0, id="within"), pytest.param("5", 1, id="not-shown")]
)
def test_a_maximum_error_decides_the_exit_status(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str], maximum: str, status: int
) -> None:
    for minute in range(10):
        lake.minute(minute, crossings=10)
    hand = by_hand(tmp_path / "hand.csv", {minute: 10 + minute % 2 for minute in range(10)})
    document = answer(
        capsys, "--hand", hand, "--counted", lake.write(), "--maximum-error", maximum, status=status
    )
    assert document["outside_maximum_error"] == (["road in"] if status else [])


def test_a_sample_is_drawn_filled_in_and_audited(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for minute in range(180):
        lake.minute(minute, crossings=(1, 3, 9)[minute // 60], people=minute % 4)
    hand = tmp_path / "hand.csv"
    period = ["--from", "2026-11-21T08:50:00+09:00", "--to", "2026-11-21T11:50:00+09:00"]
    plan: list[str | Path] = [
        "--sample",
        "--lake",
        lake.write(),
        *period,
        "--stratify",
        "--seed",
        "4",
        "--out",
        hand,
    ]
    document = answer(capsys, *plan, "--minutes", "30")
    assert (document["minutes"], document["analysed_minutes"], document["seed"]) == (30, 180, 4)
    assert document["minutes_needed"]["road in"] > 0
    rows = filled_in(hand, missed_below=2)
    assert {row["stratum"] for row in rows} == {"quiet", "middle", "busy"}
    per_minute = [float(row["weight"]) for row in rows if row["direction"] == "in"]
    assert sum(per_minute) == pytest.approx(180)
    line = answer(capsys, "--hand", hand, "--counted", lake.folder)["subjects"][0]
    assert (line["weighted"], line["sampled_from"], line["stretches"]) == (True, 180, 30)
    # By hand there is one more in each minute of the quiet hour alone.
    assert line["error_percent_low"] <= -100 * 60 / (60 * 14) <= line["error_percent_high"]
    assert "30 of 180 minutes" in line["sentence"]


def filled_in(path: Path, missed_below: int) -> list[dict[str, str]]:
    """Fill a drawn file in with the truth: what the lake has, and one more where it has few."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    for row in rows:
        at_ms = round(datetime.fromisoformat(row["start"]).timestamp() * 1000) - START_MS
        minute = at_ms // MINUTE_MS
        if row["zone"]:
            row["people"] = str((minute - 1) % 4)
        else:
            counted = (1, 3, 9)[minute // 60] if row["direction"] == "in" else 0
            row["count"] = str(counted + (row["direction"] == "in" and counted < missed_below))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def test_equal_seeds_draw_equal_minutes_and_no_file_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Path(__file__).parents[3] / "examples" / "plaza.yaml"
    plan: list[str | Path] = [
        "--sample",
        "--scene",
        scene,
        "--minutes",
        "5",
        "--from",
        "2026-11-21T00:00:00Z",
    ]
    texts = []
    for name, seed in (("a.csv", "1"), ("b.csv", "1"), ("c.csv", "2")):
        answer(capsys, *plan, "--to", "2026-11-21T05:00:00Z", "--seed", seed, "--out", tmp_path / name)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert texts[0].splitlines()[6:] != texts[2].splitlines()[6:]
    again = complaint(capsys, *plan, "--to", "2026-11-21T05:00:00Z", "--out", tmp_path / "a.csv")
    assert "expected a new file" in again


def test_a_page_holds_the_figures_and_asks_for_nothing(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for minute in range(8):
        lake.minute(minute, crossings=5, suspect=minute == 2)
    hand = by_hand(tmp_path / "hand <&>.csv", {minute: 5 + (minute == 6) for minute in range(8)})
    page = tmp_path / "page.html"
    answer(capsys, "--hand", hand, "--counted", lake.write(), "--page", page, "--maximum-error", "50")
    text = page.read_text(encoding="utf-8")
    assert "hand &lt;&amp;&gt;.csv" in text
    assert "road in: counted 35, by hand 36; error −2.8 %" in text
    assert "road in: 집계 35, 수기 36; 오차 −2.8 %" in text
    assert "2026-11-21 08:56:00" in text
    assert "의심" in text
    assert 'src="http' not in text
    assert 'rel="stylesheet"' not in text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.xdist_group("browser")
def test_the_page_draws_and_fits_a_laptop_and_a_phone(
    lake: RunLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    playwright_api = pytest.importorskip("playwright.sync_api")
    for minute in range(8):
        lake.minute(minute, crossings=5, people=2, suspect=minute == 2)
    hand = by_hand(tmp_path / "hand.csv", {minute: 5 + (minute == 6) for minute in range(8)}, {0: 2, 1: 3})
    page = tmp_path / "page.html"
    answer(capsys, "--hand", hand, "--counted", lake.write(), "--page", page)
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width in (1280, 390):
            shown = browser.new_page(viewport={"width": width, "height": 900})
            mistakes: list[str] = []
            shown.on("pageerror", lambda error, into=mistakes: into.append(str(error)))
            shown.goto(page.as_uri())
            playwright_api.expect(shown.locator(".chart svg.main-svg:first-child")).to_have_count(3)
            assert shown.evaluate("document.documentElement.scrollWidth") == width
            assert mistakes == []
        browser.close()


def test_a_summary_has_totals_of_the_whole_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = {"frames": 600, "frames_per_second": 10.0, "lines": {"road": {"in": 12, "out": 3}}}
    summary = tmp_path / "summary.json"
    summary.write_text(json.dumps(totals), encoding="utf-8")
    (line,) = answer(capsys, "--hand", by_hand(tmp_path / "h.csv", {0: 10}), "--counted", summary)["subjects"]
    assert (line["counted"], line["by_hand"], line["method"]) == (12, 10, "poisson_ratio")
    totals["frames"] = 1200
    summary.write_text(json.dumps(totals), encoding="utf-8")
    assert "totals of the whole run only" in complaint(
        capsys, "--hand", tmp_path / "h.csv", "--counted", summary
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--hand", "{hand}"], "--counted is missing", id="no-counted"),
        pytest.param(["--hand", "none.csv", "--counted", "{lake}"], "cannot be read", id="no-hand-count"),
        pytest.param(
            ["--hand", "{hand}", "--counted", "nowhere"], "expected a folder with raw/", id="no-lake"
        ),
        pytest.param(["--hand", "{hand}", "--counted", "{hand}"], "or a summary.json", id="no-summary"),
        pytest.param(
            ["--hand", "{hand}", "--counted", "{lake}", "--start", "2020-01-01T00:00:00Z"],
            "the lake holds no counts of 2019-12-31",
            id="other-days",
        ),
        pytest.param(
            ["--hand", "{hand}", "--counted", "{lake}", "--camera", "gate-9"],
            "expected one of plaza-1",
            id="camera",
        ),
        pytest.param(
            ["--hand", "{hand}", "--counted", "{lake}", "--class", "tram"], "counted none of it", id="class"
        ),
        pytest.param(["--sample", "--minutes", "3"], "expected --from TIME and --to TIME", id="no-period"),
        pytest.param(
            ["--sample", "--from", "2026-11-20T00:00Z", "--to", "2026-11-20T01:00Z", "--minutes", "3"],
            "expected --scene FILE or --lake DIR",
            id="nothing-to-count",
        ),
        pytest.param(
            ["--sample", "--from", "2026-11-20T00:00Z", "--to", "2026-11-20T01:00Z"],
            "--minutes is missing",
            id="n",
        ),
        pytest.param(
            [
                *("--sample", "--from", "2026-11-20T23:50Z", "--to", "2026-11-21T00:10Z"),
                *("--lake", "{lake}", "--minutes", "50"),
            ],
            "--minutes is 50: expected 1 to 6",
            id="more-than-there-are",
        ),
    ],
)
def test_a_mistake_gets_one_sentence(
    lake: RunLake,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    for minute in range(6):
        lake.minute(minute, crossings=2)
    hand = by_hand(tmp_path / "hand.csv", dict.fromkeys(range(6), 2))
    places = {"hand": str(hand), "lake": str(lake.write())}
    said = complaint(capsys, *(word.format(**places) for word in arguments))
    assert message in said
    assert said.count("\n") == 1
    assert "Traceback" not in said
