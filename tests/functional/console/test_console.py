"""The console over a real lake and the local Athena endpoint, driven without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from streamlit.testing.v1 import AppTest

import quicksight.console
from contract.envelope import decode_message, pack_messages
from contract.lake import day_of, raw_key
from contract.records import StoredRecord
from infra.local.athena import AthenaEndpoint, LocalAthena, LocalFolderLake
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet
from quicksight.console import history_views
from quicksight.console.settings import ConsoleSettings
from quicksight.dashboard import Dashboard
from tests import quicksight_sample as sample

RecordFactory = Callable[..., list[StoredRecord]]
PAGE = Path(quicksight.console.__file__).with_name("app.py")
PATIENCE_SECONDS = 240
pytestmark = pytest.mark.timeout(300)
OpenConsole = Callable[..., AppTest]


def put(folder: Path, stored: list[StoredRecord], name: str) -> None:
    """Write records as one object a table and day."""
    messages = [decode_message(packed.body) for packed in pack_messages("seoul-1", "edge-1", stored)]
    for rows in build_tables(messages):
        days = [day_of(value or 0) for value in rows.data["event_time"].cast(pa.int64()).to_pylist()]
        for day in sorted(set(days)):
            path = folder / raw_key(rows.table.name, day, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            one_day = rows.data.filter(pc.equal(pa.array(days), pa.scalar(day)))
            path.write_bytes(encode_parquet(one_day, rows.table))


@pytest.fixture
def open_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenConsole]:
    """Return a function that puts records into a lake and opens the console over it."""
    endpoints: list[AthenaEndpoint] = []

    def opened(*stored: list[StoredRecord], **choices: str) -> AppTest:
        (tmp_path / "raw").mkdir(exist_ok=True)
        for index, records in enumerate(stored):
            put(tmp_path, records, f"object-{index}")
        endpoint = AthenaEndpoint(LocalAthena(LocalFolderLake(tmp_path)))
        endpoints.append(endpoint)
        endpoint.__enter__()
        settings = ConsoleSettings(endpoint.url, "crowdlens", "Asia/Seoul", language="en")
        for name, value in settings.written().items():
            monkeypatch.setenv(name, value)
        console = AppTest.from_file(str(PAGE), default_timeout=PATIENCE_SECONDS)
        for name, value in choices.items():
            console.session_state[name] = value
        return console.run()

    yield opened
    for endpoint in endpoints:
        endpoint.__exit__(None, None, None)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.fixture
def counts(make_records: RecordFactory) -> Callable[..., list[StoredRecord]]:
    """Return a function that makes one zone's count, so many seconds ago."""

    def made(zone: str, inside: int, *, ago_seconds: float, epoch: str) -> list[StoredRecord]:
        start = datetime.now(UTC) - timedelta(seconds=ago_seconds + 10)
        return make_records(
            "zone_counts",
            count=1,
            start_ms=milliseconds(start),
            zone=zone,
            occupancy_last=inside,
            window_seconds=10.0,
            epoch=epoch,
        )

    return made


def metrics(console: AppTest) -> dict[str, str]:
    assert not console.exception
    return {one.label: one.value for one in console.metric}


def test_an_empty_lake_says_no_data_and_never_zero(open_console: OpenConsole) -> None:
    console = open_console()
    assert set(metrics(console).values()) == {"no data"}
    assert [one.value for one in console.info] == [
        "Nothing was ever counted here, which is not the same as zero."
    ]


def test_only_what_is_live_is_added_up_and_what_is_stale_is_said(
    open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    console = open_console(
        counts("entrance", 7, ago_seconds=5, epoch="0" * 12),
        counts("stairs", 90, ago_seconds=3600, epoch="1" * 12),
    )
    figures = metrics(console)
    assert (figures["Inside live zones"], figures["Live zones"], figures["Stale zones"]) == ("7", "1", "1")
    assert [one.value for one in console.warning] == ["1 zones are stale and are not added up."]
    states = dict(zip(console.dataframe[0].value["Place"], console.dataframe[0].value["State"], strict=True))
    assert states["plaza-1 / entrance"].startswith("live (")
    assert states["plaza-1 / stairs"] == "stale (1 h)"


def test_when_nothing_is_live_nothing_is_added_up(
    open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    console = open_console(counts("stairs", 90, ago_seconds=7200, epoch="0" * 12))
    assert metrics(console)["Inside live zones"] == "no data"
    (warning,) = console.warning
    assert warning.value.startswith("No zone is live: the newest count is 2 h old")


def test_a_live_zone_with_nobody_is_zero(
    open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    assert (
        metrics(open_console(counts("stairs", 0, ago_seconds=5, epoch="0" * 12)))["Inside live zones"] == "0"
    )


def test_the_zone_that_is_chosen_is_shown_alone_and_in_korean(
    open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    console = open_console(
        counts("entrance", 7, ago_seconds=5, epoch="0" * 12),
        counts("stairs", 2, ago_seconds=5, epoch="1" * 12),
        language="ko",
    )
    console.multiselect(key="zone").set_value(["stairs"]).run()
    assert metrics(console)["실시간 구역 안 인원"] == "2"
    assert console.title[0].value == "실시간"


@pytest.fixture
def small_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the history show one small dashboard: the product's own take a while to draw."""
    small = Dashboard("small", sample.NAME, sample.NAME, (sample._sheet(),))
    monkeypatch.setattr(history_views, "DASHBOARDS", (small,))


@pytest.mark.parametrize("view", ["cameras", "movement"])
def test_every_view_is_drawn(
    open_console: OpenConsole, counts: Callable[..., list[StoredRecord]], view: str
) -> None:
    console = open_console(counts("entrance", 7, ago_seconds=5, epoch="0" * 12), view=view)
    assert not console.exception
    assert not console.error
    assert console.metric


def test_the_history_is_drawn_by_the_definition(
    small_dashboard: None, open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    console = open_console(counts("entrance", 7, ago_seconds=5, epoch="0" * 12), view="history")
    assert metrics(console)["Came in"] == "no data"
    titles = [one.value for one in console.markdown]
    assert "**People in each zone**" in titles


def test_a_period_that_shows_nothing_offers_the_newest_week(
    small_dashboard: None, open_console: OpenConsole, counts: Callable[..., list[StoredRecord]]
) -> None:
    console = open_console(counts("stairs", 9, ago_seconds=40 * 86_400, epoch="0" * 12), view="history")
    day = (datetime.now(UTC) - timedelta(days=40)).date()
    assert console.button[0].label == "Show the newest week"
    console.button[0].click().run()
    assert not console.exception
    assert abs((console.date_input(key="last").value - day).days) <= 1
    assert not console.button


def test_an_endpoint_that_is_gone_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ConsoleSettings("http://127.0.0.1:9", "crowdlens", "UTC", language="en")
    for name, value in settings.written().items():
        monkeypatch.setenv(name, value)
    console = AppTest.from_file(str(PAGE), default_timeout=PATIENCE_SECONDS).run()
    assert not console.exception
    assert console.error[0].value.startswith("Athena: Athena cannot be reached")


def test_without_settings_the_page_says_how_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROWDLENS_CONSOLE", raising=False)
    console = AppTest.from_file(str(PAGE), default_timeout=PATIENCE_SECONDS).run()
    assert "crowdlens console" in console.error[0].value
