from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import pytest

from contract.errors import DiskFullError
from contract.records import StoredRecord
from infra.local.athena import LocalAthena
from quicksight.preview import ReportFacts, write_preview, write_report
from quicksight.preview.page import PageWriteError
from tests import quicksight_sample as sample

OpenLake = Callable[..., LocalAthena]
RecordFactory = Callable[..., list[StoredRecord]]
NO_DATA = "Nothing was recorded here, which is not the same as zero."
EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The cards of a page by id with their visible text, and what could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cards: dict[str, str] = {}
        self.charts: dict[str, str] = {}
        self.scripts = 0
        self.addresses: list[str] = []
        self._card = self._chart = ""
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [str(values[name]) for name in ("src", "href") if name in values]
        if tag == "article":
            self._card = str(values["id"])
            self.cards[self._card] = ""
        if tag == "script":
            self.scripts += 1
            self._chart = str(values.get("id", ""))
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._card = "" if tag == "article" else self._card
        self._hidden = self._hidden and tag not in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            self.charts[self._chart] = data
        elif self._card:
            self.cards[self._card] += data + " "


@dataclass
class NoRows:
    """The answer of a lake that holds nothing."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()


def nothing(sql: str) -> NoRows:
    """Answer every query with no rows."""
    return NoRows()


def written(path: Path) -> None:
    """Write a page for which nothing was asked of a lake."""
    write_preview(path, definition=sample.definition(), query=nothing)


def drawn(athena: LocalAthena, path: Path) -> Page:
    """Return the dashboard over the lake as a parsed page."""
    write_preview(path, definition=sample.definition(time_zone="Asia/Seoul"), query=athena.query)
    return Page(path.read_text(encoding="utf-8"))


def test_an_empty_lake_shows_no_data_and_no_zero_anywhere(open_lake: OpenLake, tmp_path: Path) -> None:
    page = drawn(open_lake(), tmp_path / "page.html")
    assert len(page.cards) == 11
    for identifier, text in page.cards.items():
        assert NO_DATA in text, identifier
        assert not re.search(r"\b0\b", text.replace("0이 아닙니다", "")), identifier
    assert not any(name.endswith("-chart-data") for name in page.charts)


def test_a_camera_that_counted_nobody_shows_zero_and_that_nothing_is_missing(
    open_lake: OpenLake, make_records: RecordFactory, tmp_path: Path
) -> None:
    nobody = dict.fromkeys(
        ("occupancy_maximum", "occupancy_last", "entries", "exits", "appeared", "vanished"), 0
    )
    records = make_records("zone_counts", zone="plaza", suspect=False, occupancy_mean=0.0, **nobody)
    page = drawn(open_lake(records), tmp_path / "page.html")
    for identifier in ("kpi-busiest", "kpi-findings"):
        assert page.cards[identifier].split()[-1] == "0"
    assert "nothing found missing" in page.cards["data-quality"]
    # No camera state and no crossing was ever sent.
    assert NO_DATA in page.cards["camera-states"]
    assert NO_DATA in page.cards["line-totals"]


def test_figures_of_the_lake_stand_on_the_page(
    open_lake: OpenLake, make_records: RecordFactory, tmp_path: Path
) -> None:
    page = drawn(
        open_lake(
            make_records(
                "line_crossings", count=1200, step_ms=1, line="gate", direction="in", object_class="person"
            ),
            make_records("gaps", count=2, reason="spool_full"),
        ),
        tmp_path / "page.html",
    )
    assert page.cards["kpi-in"].split()[-1] == "1,200"
    assert page.cards["kpi-out"].split()[-1] == "0"
    assert "gate person 1,200 0 1,200" in re.sub(r"\s+", " ", page.cards["line-totals"])
    assert page.cards["kpi-findings"].split()[-1] == "2"
    assert "spool_full" in page.cards["data-quality"]


def test_times_are_on_the_clock_of_the_dashboard(
    open_lake: OpenLake, make_records: RecordFactory, tmp_path: Path
) -> None:
    records = make_records("camera_status", count=1, state="dark")
    page = drawn(open_lake(records), tmp_path / "page.html")
    assert "2025-11-21 21:00:00" in page.cards["camera-states"]


def test_names_are_text_wherever_they_stand(
    open_lake: OpenLake, make_records: RecordFactory, tmp_path: Path
) -> None:
    just_now = round(datetime(2025, 11, 21, 12, 58, tzinfo=UTC).timestamp() * 1000)
    names = [EVIL, "광장 동쪽", "a\"b'c", "</script>", "%{y} $x$ &lt;"]
    page = drawn(
        open_lake(
            *(
                make_records(
                    "zone_counts", zone=name, epoch=f"{i:012x}", start_ms=just_now, count=1, suspect=False
                )
                for i, name in enumerate(names)
            ),
            *(make_records("line_crossings", line=name, epoch=f"{i:012x}") for i, name in enumerate(names)),
            make_records("camera_status", state="dark", detail=EVIL),
        ),
        tmp_path / "page.html",
    )
    # One a chart, plotly, and the page's own.
    assert page.scripts == 4 + 2
    for identifier in ("people-now", "line-totals"):
        assert [name for name in names if name not in page.cards[identifier]] == []
    assert EVIL in page.cards["camera-states"]
    shown = {trace["name"] for trace in json.loads(page.charts["occupancy-over-time-chart-data"])["data"]}
    escaped = [name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for name in names]
    assert shown == {f"seoul-1 / plaza-1 / {name}" for name in escaped}


def test_a_site_cannot_break_out_of_the_title(tmp_path: Path) -> None:
    facts = ReportFacts(
        site=f"</title>{EVIL}", camera='"><img src=x>', time_zone="UTC", generated_at=datetime.now(UTC)
    )
    path = tmp_path / "report.html"
    write_report(path, definition=sample.definition(), query=nothing, facts=facts)
    text = path.read_text(encoding="utf-8")
    assert EVIL not in text
    assert "<img src=x>" not in text


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    written(path)
    page = Page(path.read_text(encoding="utf-8"))
    assert {address for address in page.addresses if not address.startswith("#")} == {"data:,"}


def test_the_time_zone_of_the_site_wins(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    facts = ReportFacts(site="s", camera="c", time_zone="Asia/Seoul", generated_at=moment)
    path = tmp_path / "report.html"
    write_report(path, definition=sample.definition(), query=nothing, facts=facts)
    assert "Asia/Seoul (UTC+09:00)" in path.read_text(encoding="utf-8")


def test_a_page_is_written_whole_or_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def lost(sql: str) -> object:
        raise ConnectionError(sql)

    with pytest.raises(ConnectionError):
        write_preview(path, definition=sample.definition(), query=lost)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    written(path)
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["page.html"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, DiskFullError, id="disk full"),
        pytest.param(errno.EACCES, PageWriteError, id="not allowed"),
    ],
)
def test_a_page_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, number: int, expected: type[Exception]
) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    with (
        mock.patch.object(Path, "replace", autospec=True, side_effect=OSError(number, "refused")),
        pytest.raises(expected, match=str(path)),
    ):
        written(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["page.html"]


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(PageWriteError, match=r"out/page\.html cannot be written"):
        written(tmp_path / "out" / "page.html")
